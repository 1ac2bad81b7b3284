-- Users, their sessions, rooms and each room's log.
-- Times are milliseconds since 1970 UTC. The text of a row is utf8mb4; keys that are compared byte by byte are binary.

CREATE TABLE users (
    id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    username      VARCHAR(32)     NOT NULL,
    username_key  VARBINARY(255)  NOT NULL COMMENT 'NFKC, case folded: what is unique and searched',
    nickname      VARCHAR(64)     NOT NULL,
    password_hash VARBINARY(255)  NOT NULL COMMENT 'argon2id, in its own text form',
    created_at    BIGINT          NOT NULL,
    UNIQUE KEY username_key (username_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE sessions (
    id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id      BIGINT UNSIGNED NOT NULL,
    token_hash   BINARY(32)      NOT NULL COMMENT 'BLAKE2b-256 of the token; the token itself is kept nowhere',
    device       VARCHAR(100)    NOT NULL,
    created_at   BIGINT          NOT NULL,
    last_seen_at BIGINT          NOT NULL COMMENT 'to the hour: it is written at most once an hour',
    expires_at   BIGINT          NOT NULL,
    UNIQUE KEY token_hash (token_hash),
    KEY user_id (user_id, id),
    KEY expires_at (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE rooms (
    id               BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    kind             TINYINT         NOT NULL COMMENT '0 group, 1 direct',
    name             VARCHAR(64)     NOT NULL,
    is_open          TINYINT         NOT NULL DEFAULT 0,
    dm_key           VARBINARY(48)   NULL COMMENT 'lower id:higher id of a direct room',
    last_seq         BIGINT UNSIGNED NOT NULL DEFAULT 0,
    last_message_seq BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0 where nothing was said yet',
    last_at          BIGINT          NOT NULL,
    created_at       BIGINT          NOT NULL,
    UNIQUE KEY dm_key (dm_key),
    KEY open_rooms (is_open, last_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE members (
    room_id   BIGINT UNSIGNED NOT NULL,
    user_id   BIGINT UNSIGNED NOT NULL,
    role      TINYINT         NOT NULL COMMENT '0 member, 1 admin, 2 owner',
    read_seq  BIGINT UNSIGNED NOT NULL DEFAULT 0,
    joined_at BIGINT          NOT NULL,
    PRIMARY KEY (room_id, user_id),
    KEY user_id (user_id, room_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE room_log (
    room_id    BIGINT UNSIGNED NOT NULL,
    seq        BIGINT UNSIGNED NOT NULL COMMENT '1, 2, 3 … without holes in each room',
    kind       TINYINT         NOT NULL COMMENT '0 message, 1 join, 2 leave, 3 rename, 4 role, 5 open',
    sender_id  BIGINT UNSIGNED NOT NULL,
    client_id  VARBINARY(256)  NULL COMMENT 'the sender''s own id of a message: sent twice, kept once',
    body       TEXT            NULL,
    ref_seq    BIGINT UNSIGNED NULL,
    created_at BIGINT          NOT NULL,
    PRIMARY KEY (room_id, seq),
    UNIQUE KEY client_id (room_id, sender_id, client_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
