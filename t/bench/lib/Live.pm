# The live figures of t/bench/run: thousands of users and streams, and nchan beside them.
package Live;

use strict;
use warnings;
use IPC::Open2 ();
use POSIX ();
use Time::HiRes qw(time sleep);
use Load;

our $users          = 18_000;
our $wide           = 1_000;     # rooms; each user is in 20 of them
our $big_room_users = 10_000;    # users in the one room of the fan-out
our $online         = 1_000;     # users of the latency figure, 20 in each of 50 rooms
my @running;

sub compile {
    mkdir 'build/bench';
    my $command = join ' ', $ENV{CC} || 'cc',
        '-std=c17 -D_GNU_SOURCE -I. -Wall -Wextra -O2 -g -o build/bench/streams t/bench/streams.c',
        'build/release/libfastchat.a', `pkg-config --libs libsodium` =~ s/\n//r, '-lpthread';
    system($command) == 0 or die "t/bench/streams.c does not compile\n";
}

# Inserts rows, a thousand at a time.
sub insert {
    my ($stack, $into, @rows) = @_;
    while (my @some = splice @rows, 0, 1000) { $stack->sql("INSERT INTO $into VALUES " . join ',', @some) }
}

# Users with sessions, written into the database as if they had signed up. Returns the first id, and the tokens.
sub sign_up {
    my ($stack, $count) = @_;
    my @lines   = map { [split] } split /\n/, `build/bench/streams tokens $count`;
    my $later   = int(time * 1000) + 86_400_000 * 30;
    my ($first) = map { $_ + 1 } $stack->sql('SELECT COALESCE(MAX(id), 0) FROM users');
    insert(
        $stack,
        'users (id, username, username_key, nickname, password_hash, created_at)',
        map { my $id = $first + $_; "($id,'live$id','live$id','live $_','x',0)" } 0 .. $#lines
    );
    insert(
        $stack,
        'sessions (user_id, token_hash, device, created_at, last_seen_at, expires_at)',
        map { sprintf "(%d,UNHEX('%s'),'bench',0,%d,%d)", $first + $_, $lines[$_][1], time * 1000, $later }
            0 .. $#lines
    );
    return ($first, [ map { $_->[0] } @lines ]);
}

# Adds users and rooms of `size` members; each user is in `each` of them, with different neighbours in each.
sub crowd {
    my ($class, $stack, $count, $size, $each) = @_;
    my $self = bless { stack => $stack, users => $count }, $class;
    (my $first, $self->{tokens}) = sign_up($stack, $count);
    my ($room) = map { $_ + 1 } $stack->sql('SELECT COALESCE(MAX(id), 0) FROM rooms');
    my $wide = int(($count + $size - 1) / $size);
    insert(
        $stack,
        'rooms (id, kind, name, last_at, created_at)',
        map { '(' . ($room + $_) . ",0,'crowd',0,0)" } 0 .. $wide * $each - 1
    );
    insert(
        $stack,
        'members (room_id, user_id, role, joined_at)',
        map {
            my $k = $_;
            map { sprintf '(%d,%d,0,0)', $room + $k * $wide + int($_ * (2 * $k + 1) % $count / $size), $first + $_ }
                0 .. $count - 1
        } 0 .. $each - 1
    );
    return $self;
}

# Users with sessions, and rooms, written into the database as if they had signed up and joined.
sub new {
    my ($class, $stack, $count) = @_;
    my $self = bless { stack => $stack, users => $count // $users }, $class;
    (my $first, $self->{tokens}) = sign_up($stack, $self->{users});
    my @lines  = @{ $self->{tokens} };
    my $insert = sub { insert($stack, @_) };
    my ($room) = map { $_ + 1 } $stack->sql('SELECT COALESCE(MAX(id), 0) FROM rooms');
    my ($big, $small) = ($room + $wide, $room + $wide + 1);
    $insert->(
        'rooms (id, kind, name, last_at, created_at)',
        map { '(' . ($room + $_) . ",0,'live',0,0)" } 0 .. $wide + 50
    );
    $insert->(
        'members (room_id, user_id, role, joined_at)',
        map {
            my $u = $_;
            map { sprintf '(%d,%d,0,0)', $room + ($u + $_ * 50) % $wide, $first + $u } 0 .. 19
        } 0 .. $#lines
    );
    $insert->(
        'members (room_id, user_id, role, joined_at)',
        map { sprintf '(%d,%d,0,0)', $big, $first + $_ } 0 .. ($big_room_users < @lines ? $big_room_users : @lines) - 1
    );
    $insert->(
        'members (room_id, user_id, role, joined_at)',
        map { sprintf '(%d,%d,0,0)', $small + $_ % 50, $first + $_ } 0 .. ($online < @lines ? $online : @lines) - 1
    );
    @$self{qw(big small)} = ($big, $small);
    return $self;
}

# Holds streams of the users from number `from` on. Returns a handle for `result` once all have begun. How: `hold`, or
# `storm`: all of them are opened at once.
sub hold {
    my ($self, $place, $path, $count, $seconds, $from, $how) = @_;
    my $pid =
        IPC::Open2::open2(my $out, my $in, 'build/bench/streams', $how // 'hold', $place, $path, $count, $seconds);
    push @running, $pid;
    my $tokens = $self->{tokens};
    print $in map { $tokens->[ (($from // 0) + $_) % @$tokens ] . "\n" } 0 .. $count - 1;
    close $in;
    my $line = <$out> // '';
    my ($ms, $greeted, $failed) = $line =~ /^ready (\d+) (\d+) (\d+)/ or die "streams: $line\n";
    $greeted == $count && !$failed or die "$greeted of $count streams began, $failed ended\n";
    return { pid => $pid, out => $out, ms => $ms, count => $count };
}

# In milliseconds: arrived, p50, p99, max; and the number of streams that received something.
sub result {
    my ($held) = @_;
    my $line = readline $held->{out};
    waitpid $held->{pid}, 0;
    @running = grep { $_ != $held->{pid} } @running;
    my ($arrived, $p50, $p99, $max, $heard) = ($line // '') =~ /^result (\d+) (\d+) (\d+) (\d+) (\d+)/
        or die "streams said nothing\n";
    return { arrived => $arrived, p50 => $p50 / 1000, p99 => $p99 / 1000, max => $max / 1000, heard => $heard };
}

sub let_go {
    my ($held) = @_;
    kill 'KILL', $held->{pid};
    waitpid $held->{pid}, 0;
    @running = grep { $_ != $held->{pid} } @running;
}

# Sends messages to the paths in turn.
sub say_all {
    my ($self, $port, $rate, $seconds, $count, @paths) = @_;
    my $pid = IPC::Open2::open2(my $out, my $in, 'build/bench/streams', 'send', $port, $rate, $seconds, @paths);
    print $in map { "$self->{tokens}[$_]\n" } 0 .. $count - 1;
    close $in;
    my $said = <$out> // '';
    waitpid $pid, 0;
    $said =~ /^sent/ or die "the messages were not sent\n";
}

sub resident { my ($pid) = @_; return (Load::resident($pid))[0] * 1024 * 1024 }

# Starts a separate nginx with nchan. Returns its port and process id.
sub nchan {
    my ($self)   = @_;
    my ($module) = grep { -e } map { "$_/ngx_nchan_module.so" } qw(/usr/lib/nginx/modules /usr/lib64/nginx/modules);
    $module or die "nchan is not installed; on Debian: etc/install-packages bench\n";
    my $dir  = $self->{stack}->dir . '/nchan';
    my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
    mkdir $dir;
    chomp(my $files = `sh -c 'ulimit -Hn'`);
    $files = 65536 if $files !~ /^\d+$/ || $files > 65536;
    open my $conf, '>', "$dir/nginx.conf" or die "$dir: $!\n";
    print $conf <<"END";
load_module $module;
@{[ $> == 0 ? 'user root;' : '' ]}
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log warn;
worker_processes 2;
worker_rlimit_nofile $files;
events { worker_connections $files; }
http {
    access_log off;
    client_body_temp_path $dir/body;
    fastcgi_temp_path $dir/f; proxy_temp_path $dir/p; scgi_temp_path $dir/s; uwsgi_temp_path $dir/u;
    nchan_shared_memory_size 256M;
    server {
        listen 127.0.0.1:$port backlog=4096;
        location = /sub { nchan_subscriber eventsource; nchan_channel_id x; nchan_subscriber_first_message newest; }
        location = /pub { nchan_publisher; nchan_channel_id x; }
    }
}
END
    close $conf;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>', "$dir/stderr";
        exec 'nginx', '-e', 'stderr', '-p', "$dir/", '-c', "$dir/nginx.conf" or POSIX::_exit(127);
    }
    push @running, $pid;
    for (1 .. 100) {
        last if IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
        sleep 0.05;
    }
    return ($port, $pid);
}

sub stop {
    my ($pid) = @_;
    kill 'TERM', $pid;
    waitpid $pid, 0;
    @running = grep { $_ != $pid } @running;
}

END {
    my $status = $?;
    kill 'TERM', @running if @running;
    waitpid $_, 0 for @running;
    $? = $status;
}

1;
