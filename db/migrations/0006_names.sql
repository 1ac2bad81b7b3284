-- What user names are told apart by, and what users are found by. `fastchat migrate` then fills it for the users who are there.

ALTER TABLE users
    ADD COLUMN skeleton VARBINARY(1024) NULL
        COMMENT 'equal for user names that look alike (UTS #39); NULL: another user has it',
    ADD COLUMN nickname_key VARBINARY(256) NULL COMMENT 'folded, its beginning; NULL: not yet in user_grams',
    ADD COLUMN unicode_version SMALLINT NOT NULL DEFAULT 0 COMMENT 'of the keys; 0: they are missing';

ALTER TABLE users ADD UNIQUE KEY skeleton (skeleton);

ALTER TABLE users ADD KEY unicode_version (unicode_version);

CREATE TABLE user_grams (
    gram    VARBINARY(8)    NOT NULL COMMENT 'one character of a folded name, or two that follow one another',
    user_id BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (gram, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
