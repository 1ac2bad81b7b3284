# The figures beside socket.io, whose connections are WebSockets, behind the same nginx and without it: opening, memory,
# one message to all.
package SocketIo;

use strict;
use warnings;
use utf8;
use Fastchat::Stack;
use IPC::Open2 ();
use List::Util qw(sum);
use Time::HiRes qw(sleep);
use Live;
use Load;
use Peers;
use Place;
use Table;

sub rows {
    my ($place, $live) = @_;
    my $stack = $place->stack;
    Peers::compile('sockets');
    my ($count, $times) = $Table::quick ? (2_000, 3) : (10_000, 10);
    my ($port, $pid)    = start($place, @{ $live->{tokens} }[ 0 .. $count - 1 ]);
    my %server = (
        ours => {
            hold => sub { $live->hold($stack->port, '/api/events', $count, $times + 3) },
            port => $stack->port, path => "/api/rooms/$live->{big}/messages",
            pids => [ $stack->workers('events'), $stack->workers('nginx') ]
        },
        'socket.io' => {
            hold => sub { hold($live, $stack->port, $count, $times + 3) },
            port => $port, path => '/pub', pids => [ children($pid), $stack->workers('nginx') ]
        },
        'socket.io, direct' => {
            hold => sub { hold($live, $port, $count, $times + 3) },
            port => $port, path => '/pub', pids => [ children($pid) ]
        }
    );
    $_->{empty} = memory($_) for values %server;
    my $got = in_turn(
        map {
            my $server = $server{$_};
            ($_ => sub { fan_out($live, $server, $count, $times) })
        } sort keys %server
    );
    for my $other ('socket.io', 'socket.io, direct') {
        my ($ours, $theirs) = @$got{ 'ours', $other };
        for (
            map({ [ "one message to $count, $_ ms", $_ ] } qw(p50 p99 max)),
            [ "$count opened, 200 at a time, ms", 'ms' ],
            [ 'memory a connection, ours with nginx, bytes', 'bytes' ]
            )
        {
            my ($figure, $key) = @$_;
            row(
                figure => $figure, with => $other, ours => middle($ours, $key), other => middle($theirs, $key),
                ratio  => ratio($ours, $theirs, $key), form => '%.0f'
            );
        }
    }
    Peers::stop_all();
}

sub memory { my ($server) = @_; return 1024 * 1024 * sum(Load::resident(@{ $server->{pids} })) }

# Opens connections, sends `times` messages to all of them, one a second, and closes them. Processes keep memory that is
# freed, so the difference is always to the memory before the first connection.
sub fan_out {
    my ($live, $server, $count, $times) = @_;
    my $held = $server->{hold}->();
    sleep 1;
    my $bytes = (memory($server) - $server->{empty}) / $count;
    $live->say_all($server->{port}, 1, $times, $count, $server->{path});
    my $result = Live::result($held);
    $result->{heard} == $count or die "$result->{heard} of $count connections got the message\n";
    sleep 2;
    return { %$result, ms => $held->{ms}, bytes => $bytes };
}

# As Live::hold does, with WebSockets.
sub hold {
    my ($live, $port, $count, $seconds) = @_;
    my $pid = IPC::Open2::open2(my $out, my $in, 'build/bench/sockets', $port, $count, $seconds, 200);
    print $in map { "$_\n" } @{ $live->{tokens} }[ 0 .. $count - 1 ];
    close $in;
    my $line = <$out> // '';
    my ($ms, $connected, $failed) = $line =~ /^ready (\d+) (\d+) (\d+)/ or die "sockets: $line\n";
    $connected == $count && !$failed or die "$connected of $count connections began, $failed ended\n";
    return { pid => $pid, out => $out, ms => $ms, count => $count };
}

# Returns the port, and the process.
sub start {
    my ($place, @tokens) = @_;
    my $stack = $place->stack;
    my $port  = Fastchat::Stack::free_port();
    my $file  = $stack->dir . '/tmp/tokens';
    Place::spew($file, join '', map { "$_\n" } @tokens);
    Peers::npm_ci('t/bench/peers/socketio');
    chomp(my $processes = `nproc`);
    my %env = (
        NODE_ENV => 'production', PORT => $port, PROCESSES => $processes, REDIS => $stack->setting('REDIS_HOST'),
        TOKENS   => $file
    );
    my $pid = Peers::start($stack, 'socketio', \%env, 'etc/node', 'node', 't/bench/peers/socketio/server.mjs');
    my $url = "http://127.0.0.1:$port/";
    $stack->wait_for(30, sub { Peers::get($url)->{status} == 201 && children($pid) == $processes })
        or die "socket.io does not start\n";
    $place->add_to_nginx("upstream peer_socketio {\n    server 127.0.0.1:$port;\n}\n", <<'END');
    location /socket.io/ {
        proxy_pass http://peer_socketio;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
    }
END
    sleep 3;    # the workers of the old configuration end
    return ($port, $pid);
}

sub children {
    my ($pid) = @_;
    open my $in, '<', "/proc/$pid/task/$pid/children" or die "process $pid has ended\n";
    my @pids = split ' ', <$in> // '';
    return @pids;
}

1;
