-- Work longer than a request, and who may see everybody's.

ALTER TABLE users ADD COLUMN is_admin TINYINT NOT NULL DEFAULT 0;

CREATE TABLE tasks (
    id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    kind         VARCHAR(40)     NOT NULL,
    owner_id     BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0: the system''s own',
    state        TINYINT         NOT NULL DEFAULT 0
                 COMMENT '0 queued, 1 running, 2 done, 3 failed (to be tried again), 4 dead, 5 cancelled',
    ready        TINYINT         NOT NULL DEFAULT 1 COMMENT 'queued or failed: to be claimed from run_at on',
    priority     SMALLINT        NOT NULL DEFAULT 0 COMMENT 'lower is sooner',
    run_at       BIGINT          NOT NULL,
    attempts     INT             NOT NULL DEFAULT 0,
    max_attempts INT             NOT NULL,
    claim        BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'random; only who knows it may end the run',
    runner       VARCHAR(100)    NOT NULL DEFAULT '' COMMENT 'host:pid of the last run',
    until_at     BIGINT          NOT NULL DEFAULT 0 COMMENT 'running: the lease ends; ended: may be deleted',
    cancel_asked TINYINT         NOT NULL DEFAULT 0,
    progress     TINYINT         NOT NULL DEFAULT 0 COMMENT 'percent',
    arguments    MEDIUMTEXT      NOT NULL COMMENT 'JSON',
    result       MEDIUMTEXT      NULL COMMENT 'JSON',
    error        TEXT            NULL COMMENT 'of the last run',
    dedupe_key   VARBINARY(160)  NULL COMMENT 'given up at the end, but for those that begin with @',
    created_at   BIGINT          NOT NULL,
    started_at   BIGINT          NOT NULL DEFAULT 0 COMMENT 'of the last run',
    ended_at     BIGINT          NOT NULL DEFAULT 0,
    UNIQUE KEY dedupe_key (dedupe_key),
    KEY ready (ready, kind, priority, run_at),
    KEY state (state, until_at),
    KEY owner_id (owner_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a user has exported: a file of chunks, since hosts share no other storage. `run` tells the chunks of one run of the task from
-- those of another, which did not come to its end.

CREATE TABLE exports (
    id         BIGINT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'the task''s',
    user_id    BIGINT UNSIGNED NOT NULL,
    run        BIGINT UNSIGNED NOT NULL,
    bytes      BIGINT          NOT NULL,
    made_at    BIGINT          NOT NULL,
    expires_at BIGINT          NOT NULL,
    KEY user_id (user_id),
    KEY expires_at (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE export_chunks (
    export_id BIGINT UNSIGNED NOT NULL,
    run       BIGINT UNSIGNED NOT NULL,
    number    INT             NOT NULL COMMENT '0, 1, 2 … in the file',
    bytes     MEDIUMBLOB      NOT NULL,
    PRIMARY KEY (export_id, run, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
