#!/usr/bin/perl
# Migrations: each runs once, in order; one that failed half-way continues where it stopped.
use lib 't/lib';
use Fastchat::Test;

my $binary = Fastchat::Stack::binary();    # before a test makes an environment of its own

my $stack = Fastchat::Stack->new(own => 1, expect => [qr/./]);
$stack->sql("GRANT ALL ON `m%`.* TO fastchat\@localhost");
sub migrate { my ($database, @words) = @_; return with($database, 'migrate', @words) }

sub with {
    my ($database, @words) = @_;
    my %more = ref $database ? %$database : (DB_DATABASE => $database);
    local %ENV = (
        PATH => $ENV{PATH}, APP_ENV => 'test',
        (map { $_ => $stack->setting($_) // '' } qw(DB_SOCKET DB_USER DB_PASSWORD REDIS_HOST)), %more
    );
    my $text = qx{'$binary' @words 2>&1};
    return ($text, $? >> 8);
}

subtest 'the first run creates the database, and later runs have nothing to do' => sub {
    my ($text, $status) = migrate('m1', '--status');
    is($status, 1, 'a database that does not exist is not up to date');
    ($text, $status) = migrate('m1');
    is($status, 0, 'the first run creates the database and its tables') or diag $text;
    like($text, qr/migration 1 \(chat\): done/, 'the first run reports what it did');
    is((migrate('m1'))[0], "the database is up to date\n", 'the second run has nothing to do');
    ($text, $status) = migrate('m1', '--status');
    is($status, 0, '--status succeeds if the database is up to date');
    like($text, qr/1  chat\s+done/, '--status lists the migrations that were run');
};

subtest 'one of two concurrent runs runs the migrations' => sub {
    my @both = map {
        open my $p, '-|',
            "DB_DATABASE=m2 DB_SOCKET=${\$stack->setting('DB_SOCKET')} DB_USER=fastchat '$binary' migrate 2>&1; "
            . "echo \"exit \$?\""
            or die $!;
        $p
    } 1 .. 2;
    my @said = map { local $/; readline $_ } @both;
    is_deeply([ map { /exit (\d+)/ } @said ], [ 0, 0 ], 'two concurrent runs both succeed') or diag @said;
    is(scalar(grep { /migration 1 / } @said), 1, 'only one of two concurrent runs runs the migration');
};

subtest '--to 0 runs no migration' => sub {
    is((migrate('m3', '--to', 0))[1], 0, '--to 0 succeeds');
    is(
        $stack->sql(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'm3' AND table_name = 'users'"),
        0,
        '--to 0 creates no table'
    );
};

subtest 'users of an older program are indexed, and keep their names' => sub {
    my $user = sub {
        my ($id, $name, $nickname, $key) = @_;
        $stack->sql('INSERT INTO m1.users (id, username, username_key, nickname, password_hash, created_at) VALUES '
                . "($id, '$name', '$key', '$nickname', 'x', 1)");
    };
    $user->(1, 'Paypa1', 'Old One', 'paypa1');
    $user->(2, 'paypal', 'Old Two', 'paypal');
    $user->($_, "many$_", "Nick $_", "many$_") for 100 .. 220;
    my ($text, $status) = migrate('m1');
    is($status, 0, 'users are indexed') or diag $text;
    like($text, qr/names indexed: 123/, 'the run reports how many users it indexed');
    is(
        $stack->sql("SELECT GROUP_CONCAT(id) FROM m1.users WHERE skeleton = 'paypal'"), 1,
        'of two names that look alike, the first has the skeleton'
    );
    is(
        $stack->sql("SELECT COUNT(*) FROM m1.users WHERE unicode_version > 0 AND nickname_key LIKE 'nick %'"), 121,
        'all users are indexed, in several transactions'
    );
    is(
        $stack->sql("SELECT GROUP_CONCAT(user_id ORDER BY user_id) FROM m1.user_grams WHERE gram = 'o'"), '1,2',
        'users are found by a character of their nickname'
    );
    is((migrate('m1'))[0], "the database is up to date\n", 'users are indexed once');
};

subtest 'users who were indexed with an older Unicode are indexed again' => sub {
    $stack->sql("UPDATE m1.users SET unicode_version = 1, nickname_key = 'zz', skeleton = NULL WHERE id = 2");
    $stack->sql("INSERT INTO m1.user_grams (gram, user_id) VALUES ('zz', 2), ('z', 2)");
    like((migrate('m1'))[0], qr/names indexed: 1/, 'only users of an older Unicode are indexed');
    is($stack->sql("SELECT nickname_key FROM m1.users WHERE id = 2"), 'old two', 'the key is made again');
    is(
        $stack->sql("SELECT COUNT(*) FROM m1.user_grams WHERE gram LIKE 'z%'"), 0,
        'the grams of an older key are removed'
    );
};

subtest 'a migration that was changed after it ran is refused' => sub {
    $stack->sql("UPDATE m1.schema_migrations SET checksum = REPEAT('0', 64)");
    my ($text, $status) = migrate('m1');
    is($status, 1, 'a changed migration ends the run with status 1');
    like($text, qr/migration 1 \(chat\).*text has changed/s, 'the message names the changed migration');
    like((migrate('m1', '--status'))[0], qr/CHANGED/, '--status marks the changed migration');
};

subtest 'a database of a newer program is refused' => sub {
    $stack->sql("INSERT INTO m2.schema_migrations (number, name, checksum, started_at, finished_at) VALUES (900, "
            . "'future', '', 1, 1)");
    my ($text, $status) = migrate('m2');
    is($status, 1, 'a newer migration in the database ends the run with status 1');
    like($text, qr/made by a newer fastchat/, 'the message names the newer program');
};

subtest 'a failed migration goes on where it stopped' => sub {
    $stack->sql('CREATE DATABASE m4');
    $stack->sql('CREATE TABLE m4.rooms (x INT)');
    my ($text, $status) = migrate('m4');
    is($status, 1, 'a migration that fails ends with status 1');
    like(
        $text, qr/failed at its statement 3 \(line \d+\).*already exists/s,
        'a failed migration reports the statement, the line and the reason'
    );
    like($text, qr/2 statements before it|statements: 2/, 'a failed migration reports the state that it left');
    like($text, qr/run `fastchat migrate` again/, 'a failed migration reports how to go on');
    is((migrate('m4', '--status'))[1], 1, '--status fails after a failed migration');
    $stack->sql('DROP TABLE m4.rooms');
    ($text, $status) = migrate('m4');
    is($status, 0, 'a failed migration goes on where it stopped once the cause is removed') or diag $text;
    is(
        $stack->sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'm4'"),
        $stack->sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'fastchat'"),
        'a migration that was continued creates all tables'
    );
};

subtest 'the lock of a host that died expires' => sub {
    $stack->sql('CREATE DATABASE m5');
    $stack->sql(
        "CREATE TABLE m5.schema_lock (id INT PRIMARY KEY, holder VARCHAR(128) NOT NULL, ends_at BIGINT NOT NULL)");
    $stack->sql("INSERT INTO m5.schema_lock VALUES (1, 'a host that died', UNIX_TIMESTAMP() + 2)");
    my ($text, $status) = migrate('m5');
    is($status, 0, 'the lock of a host that died expires');
    like($text, qr/waiting.* a host that died/, 'a waiting run names the holder of the lock');
};

# Five processes at once, for an existing database and for a missing one.
subtest 'one of five concurrent runs runs the migrations' => sub {
    for my $ran (1, 0) {
        my @all =
            $stack->at_once(5, sub { my ($said, $ended) = migrate('m6'); return { said => $said, ended => $ended } });
        is_deeply([ map { $_->{ended} } @all ], [ (0) x 5 ], 'five concurrent runs all succeed') or diag explain \@all;
        is(
            scalar(grep { $_->{said} =~ /: done in/ } @all), $ran,
            $ran ? 'one of five concurrent runs runs the migrations' : 'later runs have nothing to do'
        );
    }
    is(
        $stack->sql('SELECT COUNT(*) FROM m6.schema_migrations'), scalar(@{ [ glob 'db/migrations/*.sql' ] }),
        'every migration is recorded once'
    );
    is($stack->sql("SELECT LENGTH(holder) FROM m6.schema_lock"), 0, 'the lock is released at the end');
};

subtest '--status of a missing database creates nothing' => sub {
    my ($text, $status) = with('m7', 'migrate', '--status');
    is($status, 1, '--status of a database that does not exist ends with status 1');
    is(
        $stack->sql("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'm7'"), 0,
        '--status does not create the missing database'
    );
};

subtest 'a bad setting is refused in one line' => sub {
    for my $bad (
        [ DB_PORT         => 70000 ], [ APP_TIMEZONE => 'Mars/Olympus' ], [ DB_CHARSET => 'latin1' ],
        [ DB_POOL_MAXSIZE => 0 ], [ LIMIT_SEND => 'many' ], [ APP_DEBUG => 'perhaps' ],
        [ DB_SOCKET       => 'relative.sock' ],
        [ CORS_ORIGINS    => 'chat.example' ]
        )
    {
        my ($key, $value)   = @$bad;
        my ($text, $status) = with({ DB_DATABASE => 'm6', $key => $value }, 'migrate');
        is($status, 1, "$key=$value is refused");
        like($text, qr/^environment: $key: "\Q$value\E".*\n\z/, "$key=$value: one line names the key and the value");
    }
};

subtest 'a database that does not answer ends the run' => sub {
    my ($text, $status) = with({ DB_DATABASE => 'm6', DB_SOCKET => '/nowhere/db.sock' }, 'migrate');
    is($status, 1, 'a database that does not answer ends the run with status 1');
    like(
        $text, qr/^fastchat migrate: the database cannot be (?:used|reached)/m,
        'the message names the database that does not answer'
    );
};

subtest 'a number and a database name that are malformed are refused' => sub {
    is((with('m1', 'migrate', '--to', 'x'))[1], 2, '--to refuses what is not a number');
    my ($text, $status) = with('not/a/name', 'migrate');
    is($status, 1, 'a bad database name is refused');
    like($text, qr/^environment: DB_DATABASE: "not\/a\/name"/, 'the message names DB_DATABASE');
};

done_testing;
