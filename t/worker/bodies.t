#!/usr/bin/perl
# The cost of hostile bodies: they are refused with a small answer, and no process keeps memory for them.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Bodies;
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

# Sends a body over a connection that is kept. Returns status and length of the answer; dies if there is none.
sub send_body {
    my ($socket, $route, $body) = @_;
    return Fastchat::Bodies::send($socket, $alice->token, @$route, $body);
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

# A body of the route's limit, or of a megabyte. Each is made once: the connections' processes inherit them.
my %bodies;

sub body {
    my ($kind, $limit, $large) = @_;
    return $bodies{$kind}{1_000_000} //= $Fastchat::Bodies::kinds{$kind}->(1_000_000) if $large;
    return $bodies{$kind}{$limit} //= substr $Fastchat::Bodies::kinds{$kind}->($limit), 0, $limit;
}

# Every kind at every route; returns the answers that should not be, as texts.
sub storm {
    my ($number) = @_;
    my ($socket, @wrong) = connected();
    my @names = sort keys %Fastchat::Bodies::kinds;
    for my $i (0 .. $#names) {
        for my $j (0 .. $#routes) {
            my $route = $routes[$j];
            my $limit = $limits{"@$route"};
            my $large = ($i + $j + $number) % @names == 0;    # now and then a megabyte, which is refused unread
            my ($status, $length);
            for my $try (1 .. 5) {    # a busy machine may be late for a deadline, but not always
                ($status, $length) = send_body($socket, $route, body($names[$i], $limit, $large));
                last if $status != 503;
            }
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
