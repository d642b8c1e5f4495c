-- The ledger: what registries hold, as their notifications and they themselves told it. Losing it loses no right.
-- `*_us` are microseconds since 1970, other times seconds; days are whole ones since 1970.

CREATE TABLE ledger_repository (
  id INTEGER PRIMARY KEY,
  service TEXT NOT NULL,
  name TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  read_us INTEGER,
  UNIQUE (service, name)
) STRICT;

-- `is_complete`: what it references is known. A deleted one stays, so that a late notification does not revive it;
-- `deleted_us` is NULL again when it was pushed again, `last_delete_us` stays and keeps older pushes from counting.
CREATE TABLE ledger_manifest (
  repository_id INTEGER NOT NULL REFERENCES ledger_repository (id) ON DELETE CASCADE,
  digest TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size INTEGER,
  created TEXT,
  pushed_us INTEGER,
  pushed_by TEXT,
  deleted_us INTEGER,
  last_delete_us INTEGER,
  is_complete INTEGER NOT NULL CHECK (is_complete IN (0, 1)),
  PRIMARY KEY (repository_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_reference (
  repository_id INTEGER NOT NULL REFERENCES ledger_repository (id) ON DELETE CASCADE,
  parent TEXT NOT NULL,
  child TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size INTEGER,
  is_manifest INTEGER NOT NULL CHECK (is_manifest IN (0, 1)),
  PRIMARY KEY (repository_id, parent, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_reference_by_child ON ledger_reference (repository_id, child);

-- What was last said of the tag itself, at changed_us. `digest` NULL: it was deleted, then or with its manifest later.
CREATE TABLE ledger_tag (
  repository_id INTEGER NOT NULL REFERENCES ledger_repository (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  digest TEXT,
  changed_us INTEGER NOT NULL,
  pushed_by TEXT,
  PRIMARY KEY (repository_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_tag_by_digest ON ledger_tag (repository_id, digest);

CREATE TABLE ledger_past_tag (
  repository_id INTEGER NOT NULL REFERENCES ledger_repository (id) ON DELETE CASCADE,
  digest TEXT NOT NULL,
  tag TEXT NOT NULL,
  until_us INTEGER NOT NULL,
  PRIMARY KEY (repository_id, digest, tag)
) STRICT, WITHOUT ROWID;

-- Pushes and deletes, bounded by age and number.
CREATE TABLE ledger_act (
  id INTEGER PRIMARY KEY,
  repository_id INTEGER NOT NULL REFERENCES ledger_repository (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  tag TEXT,
  digest TEXT,
  account TEXT NOT NULL,
  address TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_act_by_repository ON ledger_act (repository_id, at);
CREATE INDEX ledger_act_by_time ON ledger_act (at);

-- `tag` empty: by a digest that no single tag explains. `account` empty: anonymous.
CREATE TABLE ledger_pull (
  day INTEGER NOT NULL,
  repository_id INTEGER NOT NULL REFERENCES ledger_repository (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  account TEXT NOT NULL,
  method TEXT NOT NULL,
  count INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (day, repository_id, tag, account, method)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_pull_by_repository ON ledger_pull (repository_id, account, last_at);

-- Kept when the pulls themselves are forgotten.
CREATE TABLE ledger_last_pull (
  repository_id INTEGER NOT NULL REFERENCES ledger_repository (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  last_at INTEGER NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (repository_id, tag)
) STRICT, WITHOUT ROWID;

-- Notifications that came, so that none counts twice.
CREATE TABLE ledger_event (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_event_by_time ON ledger_event (at);

CREATE TABLE ledger_instance (
  service TEXT NOT NULL,
  instance TEXT NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (service, instance)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_trouble (
  service TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (service, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_bypass (
  service TEXT NOT NULL,
  repository TEXT NOT NULL,
  account TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (service, repository, account)
) STRICT, WITHOUT ROWID;
