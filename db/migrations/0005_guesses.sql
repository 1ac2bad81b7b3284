-- Password guesses: what is counted by account, and where the account's owner has signed in before.

CREATE TABLE guesses (
    subject    VARBINARY(200) NOT NULL PRIMARY KEY COMMENT 'the account, or the account and a network',
    failures   INT            NOT NULL,
    next_at    BIGINT         NOT NULL COMMENT 'no further guess before',
    updated_at BIGINT         NOT NULL,
    KEY updated_at (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE known_addresses (
    user_id BIGINT UNSIGNED NOT NULL,
    address VARBINARY(46)   NOT NULL COMMENT 'of IPv6 the /64',
    seen_at BIGINT          NOT NULL COMMENT 'the last sign-in, to the day',
    PRIMARY KEY (user_id, address),
    KEY seen_at (seen_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
