-- Personal tokens, robots' secrets and the logins that refresh tokens keep; who owns a robot; locks that were lifted.

ALTER TABLE account ADD COLUMN owner_id INTEGER REFERENCES account (id) ON DELETE SET NULL;
CREATE INDEX account_by_owner ON account (owner_id) WHERE owner_id IS NOT NULL;

-- Another random number with each `user unlock`: failures that were counted under an earlier one count no longer.
ALTER TABLE account ADD COLUMN unlock_mark INTEGER NOT NULL DEFAULT 0;

-- `digest` is the SHA-256 of the secret, which itself is never stored; `images` is JSON, NULL for every image.
CREATE TABLE credential (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('token', 'secret', 'refresh')),
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  epoch INTEGER NOT NULL,
  service TEXT,
  images TEXT,
  actions TEXT,
  description TEXT,
  created_at INTEGER NOT NULL,
  created_address TEXT,
  created_program TEXT,
  expires_at INTEGER,
  used_at INTEGER,
  used_address TEXT,
  used_program TEXT,
  ended_at INTEGER,
  end_reason TEXT,
  CHECK ((kind = 'refresh') = (service IS NOT NULL)),
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;
CREATE INDEX credential_by_account ON credential (account_id, kind);
CREATE INDEX credential_by_end ON credential (ended_at) WHERE ended_at IS NOT NULL;
