-- What makes a copy in Redis void, who may sign in, and the key by which the hosts know each other's copies and hints.

ALTER TABLE users ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0
    COMMENT 'when `changes` last grew, by the clock of the database';

ALTER TABLE users ADD KEY changed_at (changed_at, changes);

ALTER TABLE users ADD COLUMN state TINYINT NOT NULL DEFAULT 0 COMMENT '0 active, 1 disabled, 2 deleted';

CREATE TABLE secrets (
    name  VARBINARY(40) NOT NULL PRIMARY KEY,
    value VARBINARY(64) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
