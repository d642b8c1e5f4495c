-- Passwords that came as a hash, out of a file or an import: by what they are known when they are stated again, and whether
-- somebody has set another one since.
ALTER TABLE account ADD COLUMN password_origin TEXT;
ALTER TABLE account ADD COLUMN is_password_stated INTEGER NOT NULL DEFAULT 0 CHECK (is_password_stated IN (0, 1));
