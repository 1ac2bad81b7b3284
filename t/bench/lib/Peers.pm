# The figures beside web frameworks (make bench-peers): Fastify, PHP-FPM and FastAPI on the same tables behind the same
# nginx. Their programs are in t/bench/peers. As the bare programs, they look at neither session nor membership.
# SocketIo.pm and Ejabberd.pm start their servers with this module, too.
package Peers;

use strict;
use warnings;
use utf8;
use Cwd qw(abs_path);
use Fastchat::Stack;
use HTTP::Tiny;
use POSIX ();
use Time::HiRes qw(sleep);
use Load;
use Place;
use Table;

my %running;    # process groups by process id
my $messages = 0;
my @web      = qw(fastify php fastapi);

# Rates and latencies beside each web framework, through nginx, and without it those that have an HTTP server.
sub http {
    my ($place) = @_;
    my %port = map { $_ => Fastchat::Stack::free_port() } qw(fastify fastapi);
    start_web($place, %port);
    my %base = (
        map({ $_ => $place->url("/peer_$_") } @web),
        map({ ("$_, no nginx" => "http://127.0.0.1:$port{$_}") } keys %port)
    );
    same_bytes($place, \%base);
    my $room  = $place->{room};
    my $token = $place->{users}[0]->token;
    my $run   = 0;
    my $get   = sub {
        my ($clients, $path) = @_;
        return sub { Load::run($path, clients => $clients, seconds => $_[0], token => $token) };
    };
    my $send = sub {
        my ($url, $behind)  = @_;
        my ($host, $before) = $url =~ m{^(http://[^/]+)(.*)};
        return sub {
            Load::run(
                "$host/", clients => 16, seconds => $_[0], script => 'send',
                arguments         => [ $before, $behind, 'peer' . ++$run, $place->rooms, $place->tokens ]
            );
        };
    };
    my @base  = map { [ $_, $base{$_} ] } sort keys %base;
    my %loads = (
        hello   => [ ours => $get->(32, $place->url('/api')), map { ($_->[0] => $get->(32, "$_->[1]/hello")) } @base ],
        history => [
            ours => $get->(16, $place->url("/api/rooms/$room/messages")),
            map { ($_->[0] => $get->(16, "$_->[1]/history/$room")) } @base
        ],
        send => [
            ours => $send->($place->url('/api/rooms/'), '/messages'),
            map { ($_->[0] => $send->("$_->[1]/send/", '')) } @base
        ]
    );
    my %least = (history => 2.5, send => 2.2);
    my $hello;
    for my $work (qw(hello history send)) {
        my %warm_up = @{ $loads{$work} };    # what is compiled while it runs needs some seconds
        $warm_up{$_}->($Table::quick ? 1 : 4) for sort keys %warm_up;
        my $got = in_turn(@{ $loads{$work} });
        for my $peer (map { $_->[0] } @base) {
            my $least = $peer =~ /fastify/ ? $least{$work} // 1 : 1;
            rows_of($work, $peer, @$got{ 'ours', $peer }, least => $least);
        }
        $hello //= $got->{ours};
    }
    row(figure => 'hello, 32 clients, p99 ms', ours => middle($hello, 'p99'), most => 2, form => '%.2f');
    stop_all();
}

# As many connections to the database as our api pool has, and a process a core where the peer has processes at all.
sub start_web {
    my ($place, %port) = @_;
    my $stack     = $place->stack;
    my $dir       = $stack->dir;
    my $processes = () = $place->workers;
    my %env       = (
        map({ $_ => $stack->setting($_) } qw(DB_SOCKET DB_USER DB_DATABASE)),
        PROCESSES => $processes, CONNECTIONS => int(16 / $processes),
        HELLO     => $stack->get('/api')->content
    );
    npm_ci('t/bench/peers/fastify');
    my @node = ('etc/node', 'node', 't/bench/peers/fastify/server.mjs');
    start($stack, 'fastify', { %env, NODE_ENV => 'production', SOCKET => "$dir/tmp/fastify.sock" }, @node);
    start($stack, 'fastify-direct', { %env, NODE_ENV => 'production', PORT => $port{fastify} }, @node);
    my @uvicorn = (
        qw(uvicorn server:app --app-dir t/bench/peers/fastapi --loop uvloop --http httptools --no-access-log),
        qw(--log-level warning --workers), $processes
    );
    start($stack, 'fastapi', \%env, @uvicorn, '--uds', "$dir/tmp/fastapi.sock");
    start($stack, 'fastapi-direct', \%env, @uvicorn, '--port', $port{fastapi});
    start_php($stack, %env);
    my $proxy = <<'END';
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
END
    my $php = join '',
        map { "        fastcgi_param $_;\n" } "SCRIPT_FILENAME " . abs_path('t/bench/peers/php/index.php'),
        'REQUEST_METHOD $request_method', 'REQUEST_URI $request_uri', 'CONTENT_TYPE $content_type',
        'CONTENT_LENGTH $content_length';
    $place->add_to_nginx(
        join(
            '',
            map { "upstream peer_$_ {\n    server unix:$dir/tmp/$_.sock;\n    keepalive 32;\n}\n" } qw(fastify fastapi)
        ),
        join(
            '',
            map { "    location /peer_$_/ {\n        proxy_pass http://peer_$_/;\n$proxy    }\n" } qw(fastify fastapi)
            )
            . "    location /peer_php/ {\n        fastcgi_pass unix:$dir/tmp/php.sock;\n$php    }\n"
    );
    for my $url (map({ $place->url("/peer_$_/hello") } @web), map { "http://127.0.0.1:$_/hello" } values %port) {
        $stack->wait_for(30, sub { get($url)->{status} == 200 })
            or die "$url does not answer; $dir/log/peer-*.log\n";
    }
}

sub start_php {
    my ($stack, %env) = @_;
    my $dir = $stack->dir;
    my ($program) = grep { -x } reverse sort glob('/usr/sbin/php-fpm*');
    $program or die "PHP-FPM is not installed; on Debian: etc/install-packages peers\n";
    Place::spew("$dir/conf/php-fpm.conf", <<"END");
[global]
error_log = $dir/log/peer-php.log
daemonize = no
[www]
@{[ $> == 0 ? "user = root\ngroup = root" : '' ]}
listen = $dir/tmp/php.sock
listen.mode = 0666
listen.backlog = 1024
pm = static
pm.max_children = 16
clear_env = no
END
    start($stack, 'php', \%env, $program, '-F', ($> == 0 ? '-R' : ()), '-y', "$dir/conf/php-fpm.conf");
}

# Every peer replies the bytes that we do; to a new message, except for its numbers and time.
sub same_bytes {
    my ($place, $base) = @_;
    my $user = $place->{users}[0];
    my $room = $place->{rooms}[0];
    my $sent = sub {
        my ($url) = @_;
        my $reply = HTTP::Tiny->new->post(
            $url,
            {
                headers => { 'Content-Type' => 'application/json', Authorization => 'Bearer ' . $user->token },
                content => '{"client_id":"same-' . ++$messages . '","body":"\"bytes\""}'
            }
        );
        return $reply->{content} =~ s/\d+/0/gr;
    };
    my %ours = (
        'hello'                  => $user->get('/api')->content,
        "history/$place->{room}" => $user->get("/api/rooms/$place->{room}/messages")->content,
        "send/$room"             => $sent->($place->url("/api/rooms/$room/messages"))
    );
    for my $name (sort keys %$base) {
        for my $path (sort keys %ours) {
            my $url    = "$base->{$name}/$path";
            my $theirs = $path =~ /^send/ ? $sent->($url) : get($url)->{content};
            $theirs eq $ours{$path} or die "$name does not answer $path as we do:\n$theirs\n$ours{$path}\n";
        }
    }
}

sub npm_ci { my ($dir) = @_; system("etc/npm-ci $dir >&2") == 0 or die "etc/npm-ci $dir failed\n" }

# Compiles a client of ours.
sub compile {
    my ($name) = @_;
    my $command = ($ENV{CC} || 'cc') . ' -std=c17 -D_GNU_SOURCE -Wall -Wextra -O2 -g';
    system("$command -o build/bench/$name t/bench/$name.c") == 0 or die "t/bench/$name.c does not compile\n";
}

sub get { my ($url) = @_; return HTTP::Tiny->new(timeout => 5)->get($url) }

# Starts a program in a process group of its own; its output goes to the stack's logs.
sub start {
    my ($stack, $name, $env, @command) = @_;
    my $log = $stack->dir . "/log/peer-$name.log";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        POSIX::setpgid(0, 0);
        $ENV{$_} = $env->{$_} for keys %$env;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $log;
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }
    $running{$pid} = 1;
    return $pid;
}

sub stop_all {
    kill 'TERM', map { -$_ } keys %running if %running;
    for (1 .. 50) {
        waitpid $_, POSIX::WNOHANG() for keys %running;
        last unless grep { kill 0, -$_ } keys %running;
        sleep 0.1;
    }
    kill 'KILL', map { -$_ } keys %running if %running;
    waitpid $_, 0 for keys %running;
    %running = ();
}

END { my $status = $?; stop_all(); $? = $status }

1;
