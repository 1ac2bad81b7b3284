#!/usr/bin/perl
# Two event loops side by side: a client of either sees the same.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new(own => 1);
my ($ann, $bob) = map { $stack->user($_) } qw(ann bob);
my $room = $ann->post('/api/rooms', { name => 'x', member_ids => [ $bob->id ] })->json->{id};

# A second event loop, started as by spawn-fcgi: its socket is its standard input.
my $path   = $stack->dir . '/sock/second.sock';
my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 100) or die "$path: $!\n";
my $pid    = fork // die "fork: $!\n";
if ($pid == 0) {
    %ENV = (
        %ENV, $stack->environment,
        map      { $_ => $stack->setting($_) }
            grep { defined $stack->setting($_) } qw(DB_SOCKET DB_HOST DB_USER DB_DATABASE DB_PASSWORD REDIS_HOST)
    );
    open STDIN, '<&', $listen;
    open STDERR, '>>', $stack->dir . '/log/second.log';
    open STDOUT, '>&', \*STDERR;
    exec Fastchat::Stack::binary(), 'events' or POSIX::_exit(127);
}

sub record { my ($type, $content) = @_; return pack('CCnnCC', 1, $type, 1, length $content, 0, 0) . $content }
sub pair   { my ($name, $value)   = @_; return pack('CC', length $name, length $value) . $name . $value }
my $there  = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n";
my %params = (
    REQUEST_METHOD     => 'GET', REQUEST_URI => '/api/events', REMOTE_ADDR => '127.0.0.1',
    HTTP_AUTHORIZATION => 'Bearer ' . $bob->token
);
syswrite $there,
    record(1, pack 'nCx5', 1, 0)
    . record(4, join '', map { pair($_, $params{$_}) } sort keys %params)
    . record(4, '')
    . record(5, '');
my $got = '';

sub hears {
    my ($what, $seconds) = @_;
    my $until = time + $seconds;
    while ($got !~ $what && time < $until) {
        IO::Select->new($there)->can_read($until - time) or last;
        sysread $there, $got, 65536, length $got         or last;
    }
    return $got =~ $what;
}

subtest 'a client of either event loop gets the same events' => sub {
    ok(hears(qr/event: hello/, 10), 'a second event loop sends hello');
    my $here = Fastchat::Stream->new($bob);
    $here->next;
    $ann->post("/api/rooms/$room/messages", { client_id => 'a', body => 'to both' });
    is(
        ($here->await('entry') || { data => {} })->{data}{body}, 'to both',
        'an entry arrives at the first event loop'
    );
    ok(hears(qr/"to both"/, 3), 'an entry arrives at the second event loop');
    $ann->post("/api/rooms/$room/typing");
    ok(hears(qr/event: typing/, 3), 'typing reaches the second event loop');
    my $own = Fastchat::Stream->new($ann);
    ok(
        hears(qr/event: presence\ndata: \{"user_id":@{[ $ann->id ]},"online":true\}/, 6),
        'a user online at the first event loop is announced at the second'
    );
    my $second = $ann->post('/api/rooms', { name => 'y', member_ids => [ $bob->id ] })->json->{id};
    ok(hears(qr/"joined":\{"$second":/, 3), 'a new room is announced at the second event loop');
    $stack->redis_cli('FLUSHALL');
    $ann->post("/api/rooms/$second/messages", { client_id => 'b', body => 'after the wipe' });
    ok(hears(qr/"after the wipe"/, 3), 'entries reach the second event loop after Redis was wiped');
};

subtest 'a token of the other event loop yields resync' => sub {
    my ($token) = $got =~ /id: (\S+)\nevent: entry/;
    my $again = Fastchat::Stream->new($bob, after => $token);
    is($again->status, 200, "a stream opens with a token of the other event loop") or diag $token, $again->content;
    my $greeting = $again->next || {};
    ok($greeting->{event} && !$greeting->{data}{resumed}, "a token of the other event loop is not resumed");
    is($again->next->{event}, 'resync', 'a token of the other event loop yields resync');
};

subtest 'SIGTERM ends an event loop after a bye to its streams' => sub {
    kill 'TERM', $pid;
    ok(hears(qr/event: bye/, 3), 'SIGTERM sends bye');
    is(waitpid($pid, 0), $pid, 'SIGTERM ends the event loop');
    is($? >> 8, 0, 'the event loop exits with status 0');
};

done_testing;
