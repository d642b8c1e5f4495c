-- What a restore leaves in the store: credentials of an earlier epoch than the newest one must be confirmed before they work again.

CREATE TABLE credential_epoch (
  epoch INTEGER PRIMARY KEY CHECK (epoch > 0),
  began_at INTEGER NOT NULL,
  backup_taken_at INTEGER NOT NULL
) STRICT;
