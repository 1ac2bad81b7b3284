# The figures of what one caller may cost: another's requests beside a hostile caller at default limits, memory after
# hostile bodies, reads beside a lock.
package Hostile;

use strict;
use warnings;
use utf8;
use Fastchat::Bodies;
use Fastchat::Stack;
use IO::Socket::INET;
use Time::HiRes qw(time sleep);
use List::Util qw(max);
use Load;
use Table;

our $users       = 400;     # who share the others' load, so that nobody reaches a limit
our $rooms       = 32;      # of the others
our $own_rooms   = 2000;    # of the hostile caller
our $connections = 32;

# A stack with the limits that are the default.
sub new {
    my ($class) = @_;
    my %limits = (
        LIMIT_LOGIN   => 10, LIMIT_REGISTER     => 5, LIMIT_SEND => 120, LIMIT_GENERAL => 600, LIMIT_ADD => 300,
        ROOMS_PER_DAY => 100, STRANGERS_PER_DAY => 200, EVENTS_PER_ADDRESS => 200, CONNECTIONS_PER_ADDRESS => 500
    );
    my $stack = Fastchat::Stack->new(own => 1, env => { %limits, WORKER_MAX_REQUESTS => 0, TASK_DEMO_SECONDS => 0 });
    my $self  = bless { stack => $stack, callers => 0 }, $class;
    $self->{tokens} = [ $self->add_users('other', $users) ];
    $self->add_others_rooms;
    return $self;
}

sub forget { my ($self) = @_; $self->{stack}->forget }

# Inserts users with sessions and names that a search finds. Returns their tokens.
sub add_users {
    my ($self, $name, $count) = @_;
    my $stack = $self->{stack};
    my @lines = map { [split] } split /\n/, `build/bench/streams tokens $count`;
    my $first = 1 + $stack->sql('SELECT COALESCE(MAX(id), 0) FROM users');
    my ($now, $later) = (int(time * 1000), int(time * 1000) + 86_400_000);
    $self->insert(
        'users (id, username, username_key, nickname, nickname_key, password_hash, created_at)',
        map { my $id = $first + $_; "($id,'$name$id','$name$id','sender $id','sender $id','x',0)" } 0 .. $#lines
    );
    $self->insert(
        'sessions (user_id, token_hash, device, created_at, last_seen_at, expires_at)',
        map { sprintf "(%d,UNHEX('%s'),'bench',0,%d,%d)", $first + $_, $lines[$_][1], $now, $later } 0 .. $#lines
    );
    for my $gram (qw(s e n d r se en nd de er)) {
        $self->insert('user_grams (gram, user_id)', map { "('$gram'," . ($first + $_) . ')' } 0 .. $#lines);
    }
    $self->{first_user} //= $first;
    return map { $_->[0] } @lines;
}

sub insert {
    my ($self, $into, @rows) = @_;
    while (my @some = splice @rows, 0, 1000) { $self->{stack}->sql("INSERT INTO $into VALUES " . join ',', @some) }
}

# Inserts rooms with `entries` messages each. Returns the first id.
sub add_rooms {
    my ($self, $count, $entries, $body) = @_;
    my $stack = $self->{stack};
    my $first = 1000 + $stack->sql('SELECT COALESCE(MAX(id), 0) FROM rooms');    # others may just make some
    $self->insert(
        'rooms (id, kind, name, last_seq, last_message_seq, last_at, created_at)',
        map { '(' . ($first + $_) . ",0,'bench',$entries,$entries,1000,0)" } 0 .. $count - 1
    );
    my $ids = "SELECT id FROM rooms WHERE id >= $first";
    $stack->sql('INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) '
            . "SELECT r.id, s.seq, 0, $self->{first_user}, s.seq, $body, 1000 FROM ($ids) r JOIN seq_1_to_$entries s"
            =~ s/seq_1_to_(\d+) s/(SELECT seq FROM seq_1_to_$1) s/r);
    return $first;
}

sub add_members {
    my ($self, $room, $count, @user_ids) = @_;
    $self->insert(
        'members (room_id, user_id, role, joined_at)',
        map {
            my $id = $_;
            map { '(' . ($room + $_) . ",$id,0,0)" } 0 .. $count - 1
        } @user_ids
    );
}

sub add_others_rooms {
    my ($self) = @_;
    my $room = $self->add_rooms($rooms, 100, "'a message as people write them'");
    $self->add_members($room, $rooms, $self->{first_user} .. $self->{first_user} + $users - 1);
    $self->{rooms} = [ $room .. $room + $rooms - 1 ];
}

# The requests of others, for some seconds: t/bench/mixed.lua. Dies if any of them fails.
sub others {
    my ($self, $seconds) = @_;
    return Load::run(
        $self->{stack}->url . '/', clients => 4, seconds => $seconds, script => 'mixed',
        arguments => [ 'w' . time, join(',', @{ $self->{rooms} }), join(',', @{ $self->{tokens} }) ]
    );
}

# A new hostile caller, who has used nothing of the limits yet, in many rooms, with news in each.
sub add_caller {
    my ($self) = @_;
    my $stack  = $self->{stack};
    my $number = ++$self->{callers};
    my $name   = "hostile_$number";
    $stack->redis_cli('FLUSHALL');    # signing up is limited by address
    my $user = $stack->user('hostile', username => $name);
    my $room = $self->add_rooms($own_rooms, 2, "'news'");
    my $long = $self->add_rooms(1, 100, "REPEAT('长', 8000)");
    $self->add_members($room, $own_rooms, $user->id);
    $self->add_members($long, 1, $user->id);
    $stack->sql('UPDATE users SET changes = changes + 1 WHERE id = ' . $user->id);
    my $marks = join ',', map { "\"$_\":1" } $room .. $room + 1999;
    my $ids   = join ',', map { $self->{first_user} + $_ } 0 .. 99;
    return [ $user->token, $name, $long, $marks, $ids ];
}

# The others' figures while a hostile caller does its worst, from its first request on.
sub beside_caller {
    my ($self, $seconds) = @_;
    my $arguments = $self->add_caller;
    my $hostile   = Load::start(
        $self->{stack}->url . '/', clients => $connections, seconds => $seconds, script => 'hostile',
        arguments                          => $arguments
    );
    my $result = $self->others($seconds);
    Load::discard($hostile);
    sleep 2;    # what it has begun ends
    return $result;
}

# Sends `count` hostile bodies over as many connections at once as there are.
sub storm {
    my ($self, $count) = @_;
    my $stack = $self->{stack};
    my @names = sort keys %Fastchat::Bodies::kinds;
    my @paths = ('/api/users', '/api/sessions', '/api/rooms', '/api/sync', '/api/sync/wait');
    $stack->at_once(
        $connections,
        sub {
            my ($number) = @_;
            binmode STDOUT;    # which takes the result, in bytes
            my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $stack->port)
                or die "connect: $!\n";
            for my $n (1 .. $count / $connections) {
                my $body  = $Fastchat::Bodies::kinds{ $names[ ($n + $number) % @names ] }->($n % 7 ? 8_000 : 900_000);
                my $token = $self->{tokens}[ ($n * $connections + $number) % $users ];
                Fastchat::Bodies::send($socket, $token, 'POST', $paths[ $n % @paths ], $body);
            }
            return 1;
        }
    );
}

# Reads that do not wait: each one's milliseconds, sorted, during `seconds` of a lock.
sub reads_beside_lock {
    my ($self, $lock, $seconds, $path) = @_;
    my $stack = $self->{stack};
    my $hold  = $stack->sql_session;
    my $room  = $self->{rooms}[0];
    $stack->redis_cli('FLUSHALL');
    $hold->($lock);
    my $sending = Load::start(
        $stack->url . '/', clients => 40, seconds => $seconds, script => 'send',
        arguments => [ '/api/rooms/', '/messages', 'l' . time, $room, join(',', @{ $self->{tokens} }[ 40 .. 399 ]) ]
    );
    my ($until, $n, @ms) = (time + $seconds, 0);
    while (time < $until) {
        my $began  = time;
        my $status = $stack->get($path, token => $self->{tokens}[ $n++ % 40 ])->status;
        push @ms, (time - $began) * 1000;
        $status == 200 or die "$path beside a lock: $status\n";
        sleep 0.02;
    }
    Load::discard($sending);
    $hold->('UNLOCK TABLES');
    return [ sort { $a <=> $b } @ms ];
}

# The rows: how much one caller can cost, at the default limits.
sub rows {
    my $hostile  = Hostile->new;
    my $stack    = $hostile->{stack};
    my $for      = $Table::quick ? 2 : 10;
    my @workers  = map { $stack->workers($_) } qw(api cpu);
    my ($events) = $stack->workers('events');
    $hostile->storm(320);    # buffers grow to their size at first
    my ($before) = Load::resident($events);
    my $count = $Table::quick ? 1_000 : 10_000;
    $hostile->storm($count);
    sleep 1;
    row(
        figure => "memory of a worker after $count hostile bodies, MB", ours => max(Load::resident(@workers)),
        most   => 16,
        form   => '%.1f'
    );
    row(
        figure => "memory of the event loop after them, MB", with => 'before', ours => (Load::resident($events))[0],
        other  => $before, ratio => (Load::resident($events))[0] / $before, most    => 1.1, form => '%.1f'
    );
    my $got = in_turn(alone => sub { $hostile->others($for) }, beside => sub { $hostile->beside_caller($for) });
    row(
        figure => "others beside a hostile caller, $_ ms", with => 'alone', ours => middle($got->{beside}, $_),
        other  => middle($got->{alone}, $_), ratio              => ratio(@$got{qw(beside alone)}, $_), form => '%.2f',
        $_ eq 'p99' ? (most => 5) : ()
    ) for qw(p50 p99);
    for (
        [ 'the global read lock', 'FLUSH TABLES WITH READ LOCK', "/api/rooms/$hostile->{rooms}[1]/messages" ],
        [ 'a locked table', 'LOCK TABLES room_log WRITE', '/api/users/me' ]
        )
    {
        my ($name, $lock, $path) = @$_;
        my $ms = $hostile->reads_beside_lock($lock, $Table::quick ? 10 : 20, $path);
        row(figure => "a read beside $name, p99 ms", ours     => $ms->[ 0.99 * @$ms ], most => 50, form => '%.1f');
        row(figure => "a read beside $name, slowest ms", ours => $ms->[-1], form            => '%.1f');
    }
    $hostile->forget;
}

1;
