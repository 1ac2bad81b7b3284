-- Whoever was found in a room is still in it while this has not changed: a message need not look again.

ALTER TABLE rooms ADD COLUMN members_changed_at BIGINT NOT NULL DEFAULT 0
    COMMENT 'microseconds; grows whenever somebody joins or leaves';
