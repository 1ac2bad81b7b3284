# The parts of a stack: how each is configured and started, and how it is checked to serve.
package Parts;

use strict;
use warnings;
use IO::Socket::IP;
use IO::Socket::UNIX;

# The pools of fastchat: name, arguments, processes, niceness. A process shape is a line here; its socket is NAME.sock.
# 0 processes: the program itself runs, without multiwatch.
sub pools {
    my ($stack) = @_;
    return (
        [ 'api', [qw(worker --pool api)], $stack->{workers}, 0 ],
        [ 'cpu', [qw(worker --pool cpu)], $stack->{cores}, 5 ],
        [ 'events', ['events'], 1, 0 ],
    );
}

# When multiwatch stops, it does not send its children the signal that -s names: rc1 (Debian 12) sends that name's index
# in its own list, so SIGINT for QUIT and SIGQUIT for TERM. A worker ends properly on SIGTERM and SIGINT.
sub pool {
    my ($stack, $name, $arguments, $processes, $nice) = @_;
    my $socket = "$stack->{sockets}/$name.sock";
    return {
        name    => $name,
        before  => sub { unlink $socket },
        command => [
            ($nice ? ('nice', '-n', $nice) : ()),
            'spawn-fcgi', '-n', '-s', $socket, '-b', 4096, '-M', '0660', '--',
            ($processes ? (program('multiwatch'), '-f', $processes, '-t', 500, '-s', 'QUIT', '--') : ()),
            @{ $stack->{wrap} }, $stack->{binary}, @$arguments,
        ],
        ready    => sub { defined connected($socket) },
        finishes => 1,
        patience => 5,
    };
}

# The task runner listens on no socket. On SIGTERM it gives its tasks TASK_DRAIN_SECONDS, which etc/stack makes short.
sub tasks {
    my ($stack) = @_;
    return {
        name     => 'tasks',
        command  => [ @{ $stack->{wrap} }, $stack->{binary}, 'tasks' ],
        ready    => sub { 1 },
        finishes => 1,
        patience => 5,
    };
}

# redis-server or valkey-server, redis-cli or valkey-cli: as REDIS says (redis, valkey), else the one that is installed.
sub redis_program {
    my ($what) = @_;
    my $wanted = $ENV{REDIS} || (program("redis-$what") ne "redis-$what" ? 'redis' : 'valkey');
    return program(program("$wanted-$what") ne "$wanted-$what" ? "$wanted-$what" : "redis-$what");
}

sub redis {
    my ($stack) = @_;
    my $socket = "$stack->{sockets}/redis.sock";
    return {
        name    => 'redis',
        before  => sub { unlink $socket },
        command => [
            redis_program('server'), '--port', 0, '--unixsocket', $socket, '--unixsocketperm', 700,
            '--save', '', '--appendonly', 'no', '--daemonize', 'no', '--dir', "$stack->{dir}/tmp",
            '--loglevel', 'warning', '--maxmemory', '128mb', '--maxmemory-policy', 'allkeys-lru',
        ],
        ready => sub {
            my $server = connected($socket) or return 0;
            syswrite $server, "PING\r\n";
            my $answer = '';
            return sysread($server, $answer, 5) && $answer eq '+PONG';
        },
        showing => qr/^(?!.*(?:overcommit|WARNING\ Your\ system|oO0OoO0|Redis\ version=|
            Configuration\ loaded|Server\ initialized))./x,
        patience => 3,
    };
}

sub nginx {
    my ($stack) = @_;
    return {
        name    => 'nginx',
        command => [ nginx_command($stack) ],
        ready   =>
            sub { defined IO::Socket::IP->new(PeerHost => $stack->{reach}, PeerPort => $stack->{port}, Timeout => 2) },
        stop     => 'QUIT',
        patience => 4,
    };
}

sub nginx_command {
    my ($stack, @more) = @_;
    return ('nginx', '-e', 'stderr', '-p', "$stack->{dir}/", '-c', "$stack->{dir}/conf/nginx.conf", @more);
}

# Paths are relative to the stack's directory (in an include: to conf/), so none needs quoting.
sub nginx_conf {
    my ($stack) = @_;
    my $open_files = `sh -c 'ulimit -Hn'`;
    chomp $open_files;
    $open_files = 65536 if $open_files !~ /^\d+$/ || $open_files > 65536;
    my $user  = $> == 0                    ? "user root;\n"          : '';
    my $types = -e '/etc/nginx/mime.types' ? '/etc/nginx/mime.types' : 'mime.types';
    return <<"END";
# Written by etc/stack at each start.
${user}daemon off;
pid tmp/nginx.pid;
error_log stderr warn;
worker_processes $stack->{cores};
worker_rlimit_nofile $open_files;
worker_shutdown_timeout 2s;
events { worker_connections $open_files; }
http {
    include $types;
    default_type application/octet-stream;
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path tmp/nginx-body;
    fastcgi_temp_path tmp/nginx-fastcgi;
    proxy_temp_path tmp/nginx-proxy;
    scgi_temp_path tmp/nginx-scgi;
    uwsgi_temp_path tmp/nginx-uwsgi;
    include fastchat.conf;
}
END
}

# The full path of a program, or its name if it is not found. spawn-fcgi does not search PATH.
sub program {
    my ($name) = @_;
    for my $dir (split(/:/, $ENV{PATH}), qw(/usr/local/sbin /usr/sbin /sbin)) {
        return "$dir/$name" if -x "$dir/$name";
    }
    return $name;
}

sub connected {
    my ($socket) = @_;
    return IO::Socket::UNIX->new(Peer => $socket, Timeout => 2);
}

1;
