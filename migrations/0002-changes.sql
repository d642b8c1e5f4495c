-- What was changed, by whom: written in the transaction of the change itself. Names are those of that time.

CREATE TABLE change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  is_actor_claimed INTEGER NOT NULL CHECK (is_actor_claimed IN (0, 1)),
  verb TEXT NOT NULL,
  object TEXT NOT NULL,
  before TEXT,
  after TEXT
) STRICT;
CREATE INDEX change_by_time ON change (at);

CREATE TABLE change_name (
  kind TEXT NOT NULL CHECK (kind IN ('account', 'group', 'image')),
  name TEXT NOT NULL,
  change_id INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE,
  PRIMARY KEY (kind, name, change_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_name_by_change ON change_name (change_id);
