-- The lowest hour that each batch wrote to, so that those who follow need not look at all hours, whatever the clock did.

CREATE TABLE batch_hour (
  batch INTEGER PRIMARY KEY,
  hour INTEGER NOT NULL
) STRICT;
