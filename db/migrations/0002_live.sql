-- What open streams must notice.

ALTER TABLE users ADD COLUMN changes BIGINT UNSIGNED NOT NULL DEFAULT 0
    COMMENT 'grows with each change of the user''s rooms or sessions';
