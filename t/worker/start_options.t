#!/usr/bin/perl
# Options that only the start of a database server can set: everything works, or the start of fastchat names the option.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Server qw(start_database);

# A stack on a database server with these options.
sub stack_on {
    my @options  = @_;
    my $dir      = File::Temp::tempdir('fastchat-options-XXXXXX', DIR => '/tmp', CLEANUP => 1);
    my $database = start_database($dir, @options);
    my %env      = (DB_SOCKET => $database->socket, DB_USER => 'root', DB_PASSWORD => '', DB_DATABASE => 'fastchat');
    return ($database, eval { Fastchat::Stack->new(own => 1, env => \%env) });
}

subtest 'a server with unusual options' => sub {
    my ($database, $stack) = stack_on(
        qw(--log-bin --binlog-format=MIXED --default-storage-engine=MyISAM --autocommit=0),
        qw(--character-set-server=latin1 --collation-server=latin1_swedish_ci --innodb-file-per-table=0),
        qw(--transaction-isolation=SERIALIZABLE --transaction-read-only=1 --completion-type=CHAIN --wait-timeout=1),
        qw(--explicit-defaults-for-timestamp=0 --default-time-zone=+13:00),
        Database::kind() eq 'mysql' ? '--sql-mode=ANSI' : qw(--sql-mode=ORACLE --lower-case-table-names=1),
    );
    ok($stack, 'migrations run') or return diag $@;
    my $ann  = $stack->user('ann');
    my $room = $ann->post('/api/rooms', { name => '“Grüße” 世界' })->json;
    my $at   = "/api/rooms/$room->{id}/messages";
    is($room->{name}, '“Grüße” 世界', 'a room is made');
    is($ann->post($at, { client_id => "c$_", body => "🌏 $_" })->status, 201, 'a message is sent') for 1 .. 3;
    my @bodies = map { $_->{body} // () } @{ $ann->get($at)->json->{items} };
    is_deeply(\@bodies, [ map { "🌏 $_" } 1 .. 3 ], 'the messages are read as they were sent');
};

# InnoDB cannot log statements of READ COMMITTED, and setting the format needs a right that fastchat has not.
subtest 'a server that logs statements' => sub {
    my ($database, $stack) = stack_on(qw(--log-bin --binlog-format=STATEMENT));
    my $why = $@;
    ok(!$stack, 'fastchat does not start');
    like($why, qr/BINLOG_FORMAT = STATEMENT/, 'the reason names the option');
};

done_testing;
