-- Images whose tags can be made once and neither overwritten nor deleted.
ALTER TABLE image ADD COLUMN is_immutable INTEGER NOT NULL DEFAULT 0 CHECK (is_immutable IN (0, 1));
