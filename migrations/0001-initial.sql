-- Accounts, groups, images and grants. Times are seconds since 1970; word lists are comma-separated in fixed order.

CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'robot')),
  permissions TEXT NOT NULL,
  email TEXT,
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  password_hash TEXT,
  password_changed_at INTEGER,
  credential_version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE account_group (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE group_member (
  group_id INTEGER NOT NULL REFERENCES account_group (id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  PRIMARY KEY (group_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_member_by_account ON group_member (account_id);

CREATE TABLE image (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  repository TEXT NOT NULL,
  tag TEXT NOT NULL DEFAULT '',
  service TEXT NOT NULL DEFAULT '',
  is_exclusive INTEGER NOT NULL CHECK (is_exclusive IN (0, 1)),
  is_pattern INTEGER NOT NULL CHECK (is_pattern IN (0, 1)),
  literal_prefix TEXT NOT NULL,
  digest TEXT,
  size INTEGER,
  created TEXT,
  description TEXT,
  registered_at INTEGER NOT NULL,
  UNIQUE (repository, tag, service)
) STRICT;
CREATE INDEX image_pattern_by_prefix ON image (literal_prefix) WHERE is_pattern = 1;
CREATE INDEX image_with_tag ON image (tag) WHERE tag <> '';

CREATE TABLE image_grant (
  image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
  subject TEXT NOT NULL,
  account_id INTEGER REFERENCES account (id) ON DELETE CASCADE,
  group_id INTEGER REFERENCES account_group (id) ON DELETE CASCADE,
  actions TEXT NOT NULL CHECK (actions <> ''),
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (image_id, subject),
  CHECK (
    subject = CASE
      WHEN account_id IS NOT NULL THEN 'account:' || account_id
      WHEN group_id IS NOT NULL THEN 'group:' || group_id
      ELSE subject
    END
  ),
  CHECK (account_id IS NOT NULL OR group_id IS NOT NULL OR subject IN ('@authenticated', '@anonymous'))
) STRICT, WITHOUT ROWID;
CREATE INDEX image_grant_by_subject ON image_grant (subject);
CREATE INDEX image_grant_by_account ON image_grant (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX image_grant_by_group ON image_grant (group_id) WHERE group_id IS NOT NULL;
