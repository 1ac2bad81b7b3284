#!/usr/bin/perl
# The cost of hostile bodies: they are refused with a small answer, and no process keeps memory for them.
use lib 't/lib';
use Fastchat::Test;
use IO::Socket::INET;

my $CONNECTIONS = 32;
my $ANSWER_MAX  = 64 * 1024;
my $RESTING_KB  = 8 * 1024;     # of a worker, without the pages of libraries, which all processes share
my $PEAK_KB     = 32 * 1024;    # while eight threads of it read the largest bodies there are

my $stack = Fastchat::Stack->new(own => 1);
my $alice = $stack->user('alice');
$stack->fastchat('user', 'admin', $alice->username);
my $room   = $alice->post('/api/rooms', { name => '大包' })->json->{id};
my ($text) = $stack->fastchat('openapi');
my $paths  = JSON::PP->new->utf8->decode($text)->{paths};

# [method, path] of each route that takes a body.
my @routes;
for my $path (sort keys %$paths) {
    my $at = $path =~ s/\{room_id\}/$room/r =~ s/\{user_id\}/${\$alice->id}/r;
    push @routes, map { [ uc $_, $at ] } grep { $paths->{$path}{$_}{requestBody} } sort keys %{ $paths->{$path} };
}

# Bodies of about `size` bytes, by kind.
sub repeated { my ($part, $size) = @_; return join ',', ($part) x ($size / (1 + length $part)) }

sub numbered {
    my ($size, $format) = @_;
    my $count = int($size / (1 + length sprintf $format, 99999));
    return join ',', map { sprintf $format, $_ } 10001 .. 10000 + $count;
}
my %kinds = (
    'empty objects'              => sub { '{"x":[' . repeated('{}', $_[0]) . ']}' },
    'empty lists'                => sub { '{"x":[' . repeated('[]', $_[0]) . ']}' },
    'small objects'              => sub { '{"x":[' . repeated('{"a":{"b":[1]}}', $_[0]) . ']}' },
    'objects of odd keys'        => sub { '{"x":[' . repeated('{"\u0061":1}', $_[0]) . ']}' },
    'short numbers'              => sub { '{"x":[' . repeated('1', $_[0]) . ']}' },
    'exponents'                  => sub { '{"x":[' . repeated('1e1', $_[0]) . ']}' },
    'deep lists'                 => sub { '{"x":[' . repeated('[' x 30 . ']' x 30, $_[0]) . ']}' },
    'one huge number'            => sub { '{"x":1.' . '7' x $_[0] . '}' },
    'one long text'              => sub { '{"x":"' . 'y' x $_[0] . '"}' },
    'one text of escapes'        => sub { '{"x":"' . '\u0001' x ($_[0] / 6) . '"}' },
    'a name of escapes'          => sub { '{"' . '\u0001' x ($_[0] / 6) . '":1}' },
    'unknown members'            => sub { '{' . numbered($_[0], '"k%d":1') . '}' },
    'unknown members in escapes' => sub { '{' . numbered($_[0], '"\u006b%d":{}') . '}' },
    'rooms that are no ids'      => sub { '{"rooms":{' . numbered($_[0], '"r%d":"x"') . '}}' },
    'rooms'                      => sub {
        '{"wait":1,"rooms":{' . join(',', map { "\"$_\":$_" } 1 .. 2000) . '}}';
    },
    'members that are no ids' => sub { '{"member_ids":[' . repeated('{}', $_[0]) . ']}' },
    'a list'                  => sub { '[' . repeated('{}', $_[0]) . ']' },
    'an open list'            => sub { '{"x":[' . repeated('{}', $_[0]) },
    'a duplicate key'         => sub { '{' . numbered($_[0], '"k%d":1') . ',"k10001":2}' },
);

# Sends a body over a connection that is kept. Returns status and length of the answer; dies if there is none.
sub send_body {
    my ($socket, $route, $body) = @_;
    my ($method, $path) = @$route;
    my $head = join "\r\n", "$method $path HTTP/1.1", 'Host: x', 'Authorization: Bearer ' . $alice->token,
        'Content-Type: application/json', 'Content-Length: ' . length $body, '', '';
    print $socket $head . $body or die "$method $path: $!\n";
    my ($status, $length, $answer) = (0, 0, '');
    while (my $line = <$socket>) {
        $status = $1 if $line =~ m{^HTTP/1.1 (\d+)};
        $length = $1 if $line =~ /^Content-Length: (\d+)/i;
        last if $line eq "\r\n";
    }
    die "$method $path: no answer\n" if !$status;
    read($socket, $answer, $length) == $length or die "$method $path: half an answer\n" if $length;
    return ($status, length $answer, $answer);
}

sub connected {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $stack->port) // die "connect: $!\n";
}

# The largest body of a route, from its answer to a larger one.
sub limit_of {
    my ($route) = @_;
    my (undef, undef, $answer) = send_body(connected(), $route, '{' . ' ' x 1_000_000 . '}');
    return $answer =~ /larger than (\d+) bytes/ ? $1 : 0;
}
my %limits = map { ("@$_" => limit_of($_)) } @routes;

# The memory of processes in kB: VmRSS, now; VmHWM, the most there was.
sub memory {
    my ($what, @pids) = @_;
    return map {
        open my $in, '<', "/proc/$_/status" or die "$_: $!\n";
        join('', <$in>) =~ /^$what:\s+(\d+) kB/m;
    } @pids;
}

# A body of the route's limit, or of a megabyte. Each is made once: the connections' processes inherit those of the first.
my %bodies;

sub body {
    my ($kind, $limit, $large) = @_;
    return $bodies{$kind}{1_000_000} //= $kinds{$kind}->(1_000_000) if $large;
    return $bodies{$kind}{$limit} //= substr $kinds{$kind}->($limit), 0, $limit;
}

# Every kind at every route; returns the answers that should not be, as texts.
sub storm {
    my ($number) = @_;
    my ($socket, @wrong) = connected();
    my @names = sort keys %kinds;
    for my $i (0 .. $#names) {
        for my $j (0 .. $#routes) {
            my $route = $routes[$j];
            my $limit = $limits{"@$route"};
            my $large = ($i + $j + $number) % @names == 0;    # now and then a megabyte, which is refused unread
            my ($status, $length) = send_body($socket, $route, body($names[$i], $limit, $large));
            push @wrong, "$names[$i] at @$route: $status, $length bytes"
                if $length > $ANSWER_MAX || $status !~ /^(?:200|4\d\d)$/;
        }
    }
    return \@wrong;
}

subtest 'each route refuses a body beyond its limit' => sub {
    cmp_ok($limits{"@$_"}, '>', 4000, "@$_ names its limit") for @routes;
};

my @workers = map { $stack->workers($_) } qw(api cpu);
my %others  = (events => $stack->workers('events'), tasks => $stack->pid('tasks'));
storm(0);    # each process has all that it needs in its ordinary work
my %before = map { ($_ => memory(VmRSS => $others{$_})) } keys %others;

subtest 'a hostile body gets a small answer' => sub {
    my @wrong = map { ref eq 'ARRAY' ? @$_ : "a connection died: $_->{died}" } $stack->at_once($CONNECTIONS, \&storm);
    is_deeply(\@wrong, [], "$CONNECTIONS connections send bodies of every kind to every route");
    is_deeply([ sort map { $stack->workers($_) } qw(api cpu) ], [ sort @workers ], 'no worker ends');
};

subtest 'a process keeps no memory for hostile bodies' => sub {
    plan skip_all => 'a sanitizer keeps freed memory' if ($ENV{FASTCHAT_FLAVOUR} || 'release') ne 'release';
    ok(
        $stack->wait_for(
            3,
            sub {
                !grep { $_ > $RESTING_KB } memory(RssAnon => @workers);
            }
        ),
        'each worker holds less than 8 MB of its own again'
    ) or diag join ' ', memory(RssAnon => @workers);
    ok(!grep({ $_ > $PEAK_KB } memory(VmHWM => @workers)), 'no worker was above 32 MB at any time')
        or diag join ' ', memory(VmHWM => @workers);
    for my $part (sort keys %others) {
        my ($pid, $most) = ($others{$part}, 1.1 * $before{$part});
        ok($stack->wait_for(3, sub { (memory(VmRSS => $pid))[0] <= $most }), "the process of $part has its size again")
            or diag "$before{$part} kB, then ", memory(VmRSS => $pid);
    }
};

done_testing;
