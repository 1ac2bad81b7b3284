-- How many are in a room, who has left or was removed, who is invited, and how much a user did today.

ALTER TABLE rooms ADD COLUMN member_count INT NOT NULL DEFAULT 0;

UPDATE rooms SET member_count = (SELECT COUNT(*) FROM members WHERE members.room_id = rooms.id);

CREATE TABLE departures (
    room_id     BIGINT UNSIGNED NOT NULL,
    user_id     BIGINT UNSIGNED NOT NULL,
    kind        TINYINT         NOT NULL COMMENT '0 left, 1 was removed; the row ends when the user is in the room again',
    departed_at BIGINT          NOT NULL,
    PRIMARY KEY (room_id, user_id),
    KEY user_id (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The log does not tell who was removed from who left: a removal before this migration counts as leaving.
INSERT IGNORE INTO departures (room_id, user_id, kind, departed_at)
SELECT l.room_id, l.sender_id, 0, MAX(l.created_at)
FROM room_log l LEFT JOIN members m ON m.room_id = l.room_id AND m.user_id = l.sender_id
WHERE l.kind = 2 AND m.user_id IS NULL
GROUP BY l.room_id, l.sender_id;

CREATE TABLE invitations (
    room_id    BIGINT UNSIGNED NOT NULL,
    user_id    BIGINT UNSIGNED NOT NULL COMMENT 'who is invited',
    inviter_id BIGINT UNSIGNED NOT NULL,
    state      TINYINT         NOT NULL COMMENT '0 waiting, 1 refused for good',
    created_at BIGINT          NOT NULL,
    PRIMARY KEY (room_id, user_id),
    KEY user_id (user_id, state, inviter_id),
    KEY created_at (state, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE daily_counts (
    user_id   BIGINT UNSIGNED NOT NULL,
    day       INT             NOT NULL COMMENT 'since 1970, UTC',
    rooms     INT             NOT NULL DEFAULT 0 COMMENT 'that the user made',
    strangers INT             NOT NULL DEFAULT 0 COMMENT 'that the user added or invited',
    PRIMARY KEY (user_id, day),
    KEY day (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
