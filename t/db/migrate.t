#!/usr/bin/perl
# Migrations: each runs once, in order; what failed half-way goes on where it stopped.
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

my ($text, $status) = migrate('m1', '--status');
is($status, 1, 'a database that is not there is not up to date');
($text, $status) = migrate('m1');
is($status, 0, 'the first run makes the database and its tables') or diag $text;
like($text, qr/migration 1 \(chat\): done/, 'and says what it did');
is((migrate('m1'))[0], "the database is up to date\n", 'the next has nothing to do');
($text, $status) = migrate('m1', '--status');
is($status, 0, 'the status is good');
like($text, qr/1  chat\s+done/, 'and lists what was done');

my @both = map {
    open my $p, '-|',
        "DB_DATABASE=m2 DB_SOCKET=${\$stack->setting('DB_SOCKET')} DB_USER=fastchat '$binary' migrate 2>&1; echo \"exit \$?\""
        or die $!;
    $p
} 1 .. 2;
my @said = map { local $/; readline $_ } @both;
is_deeply([ map { /exit (\d+)/ } @said ], [ 0, 0 ], 'two that start at once both succeed') or diag @said;
is(scalar(grep { /migration 1 / } @said), 1, 'and one of them did it');

is((migrate('m3', '--to', 0))[1], 0, '--to 0 runs none');
is(
    $stack->sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'm3' AND table_name = 'users'"), 0,
    'and makes no table'
);

$stack->sql("UPDATE m1.schema_migrations SET checksum = REPEAT('0', 64)");
($text, $status) = migrate('m1');
is($status, 1, 'a past migration that has changed is refused');
like($text, qr/migration 1 \(chat\).*text has changed/s, 'with its number');
like((migrate('m1', '--status'))[0], qr/CHANGED/, 'and the status tells it');
$stack->sql(
    "INSERT INTO m2.schema_migrations (number, name, checksum, started_at, finished_at) VALUES (900, 'future', '', 1, 1)"
);
($text, $status) = migrate('m2');
is($status, 1, 'a database of a newer program is refused');
like($text, qr/made by a newer fastchat/, 'and says so');

$stack->sql('CREATE DATABASE m4');
$stack->sql('CREATE TABLE m4.rooms (x INT)');
($text, $status) = migrate('m4');
is($status, 1, 'a migration that fails');
like($text, qr/failed at its statement 3 \(line \d+\).*already exists/s, 'says where and why');
like($text, qr/2 statements before it|statements: 2/, 'what state it left');
like($text, qr/run `fastchat migrate` again/, 'and how to go on');
is((migrate('m4', '--status'))[1], 1, 'the status is not good');
$stack->sql('DROP TABLE m4.rooms');
($text, $status) = migrate('m4');
is($status, 0, 'when the cause is removed, it goes on where it stopped') or diag $text;
is(
    $stack->sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'm4'"),
    $stack->sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'fastchat'"),
    'and all tables are there'
);

$stack->sql('CREATE DATABASE m5');
$stack->sql("CREATE TABLE m5.schema_lock (id INT PRIMARY KEY, holder VARCHAR(128) NOT NULL, ends_at BIGINT NOT NULL)");
$stack->sql("INSERT INTO m5.schema_lock VALUES (1, 'a host that died', UNIX_TIMESTAMP() + 2)");
($text, $status) = migrate('m5');
is($status, 0, 'the lock of a host that died ends');
like($text, qr/waiting.* a host that died/, 'and who waits says for whom');

# Five at once, of a database that is there and one that is not.
for my $ran (1, 0) {
    my @all = $stack->at_once(5, sub { my ($said, $ended) = migrate('m6'); return { said => $said, ended => $ended } });
    is_deeply([ map { $_->{ended} } @all ], [ (0) x 5 ], 'five that start at once all succeed') or diag explain \@all;
    is(scalar(grep { $_->{said} =~ /: done in/ } @all), $ran, $ran ? 'and one of them did it' : 'and later none');
}
is(
    $stack->sql('SELECT COUNT(*) FROM m6.schema_migrations'), scalar(@{ [ glob 'db/migrations/*.sql' ] }),
    'and each is noted once'
);
is($stack->sql("SELECT LENGTH(holder) FROM m6.schema_lock"), 0, 'the lock is free again');

($text, $status) = with('m7', 'migrate', '--status');
is($status, 1, 'asking for the status');
is($stack->sql("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'm7'"), 0, 'makes nothing');

for my $bad (
    [ DB_PORT         => 70000 ], [ APP_TIMEZONE => 'Mars/Olympus' ], [ DB_CHARSET => 'latin1' ],
    [ DB_POOL_MAXSIZE => 0 ], [ LIMIT_SEND => 'many' ], [ APP_DEBUG => 'perhaps' ], [ DB_SOCKET => 'relative.sock' ],
    [ CORS_ORIGINS    => 'chat.example' ]
    )
{
    my ($key, $value) = @$bad;
    ($text, $status) = with({ DB_DATABASE => 'm6', $key => $value }, 'migrate');
    is($status, 1, "$key=$value stops it");
    like($text, qr/^environment: $key: "\Q$value\E".*\n\z/, 'in one line that names the key and the value');
}
($text, $status) = with({ DB_DATABASE => 'm6', DB_SOCKET => '/nowhere/db.sock' }, 'migrate');
is($status, 1, 'a database that does not answer stops it');
like($text, qr/^fastchat migrate: the database cannot be (?:used|reached)/m, 'and is told');

is((with('m1', 'migrate', '--to', 'x'))[1], 2, 'a number that is none is refused');
($text, $status) = with('not/a/name', 'migrate');
is($status, 1, 'a bad setting stops it');
like($text, qr/^environment: DB_DATABASE: "not\/a\/name"/, 'in one line that names the key');

done_testing;
