-- Wrong passwords as they are counted, beside the policy's store. Times are seconds of a steady clock, but for seen_at of
-- known_network (seconds since 1970). No password, and no name that nobody has, stands in here.

-- Random; marks of passwords, numbers of networks and digests of names are made with it.
CREATE TABLE mark_key (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  bytes BLOB NOT NULL
) STRICT;

-- subject: account:ID:UNLOCKS, name:DIGEST or network:ADDRESS; kind: what stands before its colon. failures: JSON, [[mark, network, at], …], the oldest first.
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  failures TEXT NOT NULL,
  locked_until INTEGER NOT NULL,
  lock_seconds INTEGER NOT NULL,
  is_shut INTEGER NOT NULL,
  noted_at INTEGER NOT NULL,
  kept_until INTEGER NOT NULL
) STRICT;
-- Where there are too many of a kind, the one that matters for the shortest time goes first.
CREATE INDEX attempts_by_end ON attempts (kind, kept_until);

CREATE TABLE attempts_count (
  kind TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO attempts_count (kind, count) VALUES ('account', 0), ('name', 0), ('network', 0);
CREATE TRIGGER attempts_added AFTER INSERT ON attempts BEGIN
  UPDATE attempts_count SET count = count + 1 WHERE kind = NEW.kind;
END;
CREATE TRIGGER attempts_removed AFTER DELETE ON attempts BEGIN
  UPDATE attempts_count SET count = count - 1 WHERE kind = OLD.kind;
END;

-- Networks that an account has signed in from.
CREATE TABLE known_network (
  account_id INTEGER NOT NULL,
  network INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, network)
) STRICT, WITHOUT ROWID;
