-- Fair turns among the owners of tasks, and at most one unfinished task of a key, also after a retry.

ALTER TABLE tasks
    ADD COLUMN turn     BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'within a kind and priority, the lowest is next' AFTER priority,
    ADD COLUMN work_key VARBINARY(160)  NULL COMMENT 'the dedupe key that a retry takes again' AFTER dedupe_key;

UPDATE tasks SET work_key = dedupe_key WHERE dedupe_key IS NOT NULL;
UPDATE tasks SET work_key = CONCAT('export:', owner_id) WHERE kind = 'export';
UPDATE tasks SET work_key = 'lab' WHERE kind = 'lab';

ALTER TABLE tasks ADD KEY turn (ready, kind, priority, turn);
ALTER TABLE tasks ADD KEY owner_state (owner_id, state, kind, priority, turn);
ALTER TABLE tasks DROP KEY ready;
