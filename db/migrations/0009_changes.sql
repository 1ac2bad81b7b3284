-- `changes` is the time of the last change, so that no number comes again after the database was restored.

ALTER TABLE users DROP KEY changed_at, DROP COLUMN changed_at;
