-- Tokens given and requests refused, summed by the hour; beside the policy's store. Numbers of words stand for texts.
-- Times are seconds since 1970, hours whole ones since then; first_at and last_at count from the start of their hour.

CREATE TABLE word (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE,
  last_hour INTEGER NOT NULL
) STRICT;

-- `number` counts the rows of one writer in one hour; the words of the row for all the rest are NULL.
CREATE TABLE token_sum (
  hour INTEGER NOT NULL,
  writer INTEGER NOT NULL,
  number INTEGER NOT NULL,
  account INTEGER,
  account_id INTEGER,
  credential INTEGER,
  service INTEGER,
  image INTEGER,
  actions INTEGER,
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  address_1 INTEGER,
  address_2 INTEGER,
  address_3 INTEGER,
  address_4 INTEGER,
  other_count INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  PRIMARY KEY (hour, writer, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE refusal_sum (
  hour INTEGER NOT NULL,
  writer INTEGER NOT NULL,
  number INTEGER NOT NULL,
  reference INTEGER NOT NULL,
  tried INTEGER,
  credential INTEGER,
  service INTEGER,
  image INTEGER,
  asked INTEGER,
  given INTEGER,
  reason INTEGER,
  path INTEGER,
  program INTEGER,
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  address_1 INTEGER,
  address_2 INTEGER,
  address_3 INTEGER,
  address_4 INTEGER,
  other_count INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  PRIMARY KEY (hour, writer, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusal_by_reference ON refusal_sum (reference);

-- The last token of each account, kept when its sums are gone; and of each account for each image.
CREATE TABLE account_use (
  account_id INTEGER PRIMARY KEY,
  last_at INTEGER NOT NULL
) STRICT;

CREATE TABLE image_use (
  account_id INTEGER NOT NULL,
  image TEXT NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, image)
) STRICT, WITHOUT ROWID;

-- What happened before is no longer on record.
CREATE TABLE forgotten (
  up_to INTEGER NOT NULL
) STRICT;
INSERT INTO forgotten (up_to) VALUES (0);

-- Rises with each batch that is written, for those who follow.
CREATE TABLE batch (
  number INTEGER NOT NULL
) STRICT;
INSERT INTO batch (number) VALUES (0);
