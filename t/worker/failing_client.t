#!/usr/bin/perl
# The database's client library fails at each of its calls in turn: the reply to a change that was made is never an
# error that says that nothing was changed.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(sleep);

my $shim = "$Fastchat::Stack::root/build/" . ($ENV{FASTCHAT_FLAVOUR} || 'release') . '/t/shim/failing_client.so';
-e $shim or BAIL_OUT("$shim is not built (make tests)");
my $orders = File::Temp->new;

# Makes call number `call` fail (0: none) with an error, before or after it is made.
sub order {
    my ($call, $after, $error) = @_;
    sysseek $orders, 0, 0;
    syswrite $orders, pack('l5', $call, $after, $error, 0, 0) . "\0" x 4000;
}

# Stops failing calls. Returns whether the call was reached, and the names of the calls that were made.
sub observed {
    sysseek $orders, 0, 0;
    sysread $orders, my $bytes, 4020;
    order(0, 0, 0);
    my ($failed, $names) = (unpack 'l5 Z*', $bytes)[ 4, 5 ];
    return ($failed, split /\n/, $names);
}

my @ways = (
    [ 'before', 2013, 'the connection is lost' ],
    [ 'after', 2013, 'the connection is lost' ],
    [ 'before', 2006, 'the connection was gone' ],
    [ 'after', 5025, 'the library fails' ],
    [ 'before', 0, 'the library fails without a number' ],
    [ 'before', 1317, 'the statement is interrupted' ],
    [ 'before', 1213, 'a conflict is met' ],
);

order(0, 0, 0);
# One process with one thread: all calls of a request use the same connection, and nothing else does.
my $stack = Fastchat::Stack->new(
    env => {
        FASTCHAT_WRAP => "/usr/bin/env LD_PRELOAD=$shim FASTCHAT_FAIL=$orders", REDIS_HOST => '',
        APP_WORKERS   => 1, DB_POOL_MINSIZE                                                => 1, DB_POOL_MAXSIZE => 1,
    }
);
my ($ann, $bob, $eve)          = map { $stack->user($_) } qw(ann bob eve);
my ($ann_id, $bob_id, $eve_id) = map { $_->id } $ann, $bob, $eve;
my $room = $ann->post('/api/rooms', { name => '周末爬山', member_ids => [ $bob_id, $eve_id ] })->json->{id};
my @task = map { $ann->post('/api/task/7', {})->json->{id} } 1 .. 2;
my $last = 0;
my $sql  = $stack->sql_session;
$ann->post("/api/rooms/$room/messages", { client_id => "first $_", body => 'x' }) for 1 .. 3;

# A change: before (SQL that makes it possible again), send (a number gives each trial its own names), state (SQL that
# returns whether it was made).
my %changes = (
    'a message' => {
        send  => sub { $ann->post("/api/rooms/$room/messages", { client_id => "c$_[0]", body => '你好' }) },
        state => "SELECT COUNT(*) FROM room_log WHERE client_id = 'cN'", most => 1
    },
    'a new room' => {
        send  => sub { $ann->post('/api/rooms', { name => "room $_[0]", member_ids => [$bob_id] }) },
        state => "SELECT COUNT(*) FROM rooms WHERE name = 'room N'"
    },
    'a room\'s name' => {
        send  => sub { $ann->patch("/api/rooms/$room", { name => "name $_[0]" }) },
        state => "SELECT name = 'name N' FROM rooms WHERE id = $room"
    },
    'a member' => {
        before => "DELETE FROM members WHERE room_id = $room AND user_id = $bob_id",
        send   => sub { $ann->put("/api/rooms/$room/members/$bob_id", {}) },
        state  => "SELECT COUNT(*) FROM members WHERE room_id = $room AND user_id = $bob_id"
    },
    'a removal' => {
        before => "INSERT IGNORE INTO members (room_id, user_id, role, joined_at) VALUES ($room, $bob_id, 0, 1)",
        send   => sub { $ann->delete("/api/rooms/$room/members/$bob_id") },
        state  => "SELECT COUNT(*) = 0 FROM members WHERE room_id = $room AND user_id = $bob_id"
    },
    'a direct room' => {
        before => 'DELETE FROM rooms WHERE kind = 1',
        send   => sub { $ann->put("/api/dms/$bob_id", {}) }, state => 'SELECT COUNT(*) FROM rooms WHERE kind = 1'
    },
    'a read mark' => {
        before => "UPDATE members SET read_seq = 0 WHERE room_id = $room AND user_id = $ann_id",
        send   => sub { $ann->put("/api/rooms/$room/read", { seq => 3 }) },
        state  => "SELECT read_seq > 0 FROM members WHERE room_id = $room AND user_id = $ann_id"
    },
    'a nickname' => {
        send  => sub { $ann->patch('/api/users/me', { nickname => "n$_[0]" }) },
        state => "SELECT nickname = 'nN' FROM users WHERE id = $ann_id"
    },
    'a new user' => {
        send  => sub { $stack->post('/api/users', { username => "user_$_[0]", password => 'long enough' }) },
        state => "SELECT COUNT(*) FROM users WHERE username = 'user_N'"
    },
    'a sign-in' => {
        send => sub {
            $stack->post(
                '/api/sessions',
                { username => $bob->username, password => $bob->password, device => "d$_[0]" }
            );
        },
        state => "SELECT COUNT(*) FROM sessions WHERE device = 'dN'"
    },
    'a sign-out' => {
        before => "INSERT INTO sessions (id, user_id, token_hash, device, created_at, last_seen_at, expires_at) "
            . "VALUES (1000000 + N, $ann_id, RANDOM_BYTES(32), '', 1, 1, 9999999999999)",
        send  => sub { $ann->delete('/api/sessions/' . (1_000_000 + $_[0])) },
        state => 'SELECT COUNT(*) = 0 FROM sessions WHERE id = 1000000 + N'
    },
    'a task' => {
        before => "DELETE FROM tasks WHERE arguments LIKE '%4711%'", send => sub { $ann->post('/api/task/4711', {}) },
        state  => "SELECT COUNT(*) FROM tasks WHERE arguments LIKE '%4711%'"
    },
    'a cancelled task' => {
        before => "UPDATE tasks SET state = 0, ready = 0, ended_at = 0, cancel_asked = 0 WHERE id = $task[0]; "
            . "UPDATE tasks SET state = 3, ready = 1, run_at = 9999999999999 WHERE id = $task[0]",
        send  => sub { $ann->post("/api/tasks/$task[0]/cancel", {}) },
        state => "SELECT cancel_asked FROM tasks WHERE id = $task[0]"
    },
    'a retried task' => {
        before => "UPDATE tasks SET state = 4, ready = 0, attempts = 7, run_at = 9999999999999 WHERE id = $task[1]",
        send   => sub { $ann->post("/api/tasks/$task[1]/retry", {}) },
        state  => "SELECT attempts < 7 FROM tasks WHERE id = $task[1]"
    },
    'an export' => {
        before => "DELETE FROM tasks WHERE kind = 'export'", send => sub { $ann->post('/api/exports', {}) },
        state  => "SELECT COUNT(*) FROM tasks WHERE kind = 'export'"
    },
    'a password' => {
        before => "DELETE FROM sessions WHERE device = 'other'; INSERT INTO sessions (user_id, token_hash, device, "
            . "created_at, last_seen_at, expires_at) "
            . "VALUES ($eve_id, RANDOM_BYTES(32), 'other', 1, 1, 9999999999999)",
        send =>
            sub { $eve->put('/api/users/me/password', { old_password => $eve->password, password => $eve->password }) },
        state => "SELECT COUNT(*) = 0 FROM sessions WHERE user_id = $eve_id AND device = 'other'"
    },
);
my %readings = (
    'a page of history'    => sub { $eve->get("/api/rooms/$room/messages") },
    'the list of rooms'    => sub { $eve->get('/api/rooms') },
    'the list of members'  => sub { $eve->get("/api/rooms/$room/members") },
    'what is new'          => sub { $eve->post('/api/sync', { rooms => {} }) },
    'the list of tasks'    => sub { $eve->get('/api/tasks') },
    'the list of sessions' => sub { $eve->get('/api/sessions') },
    'whether it is ready'  => sub { $stack->get('/api/readyz') },
);

# Fails each call of a request in turn, in one way. Returns the number of failed calls, and every wrong outcome.
sub try_all {
    my ($way, $send, $check)   = @_;
    my ($when, $error, $about) = @$way;
    my (@wrong, $waited);
    for (my $call = 1; $call <= 60; $call++) {
        $check->{before}->();
        order($call, $when eq 'after', $error);
        my $answer = $send->();
        my ($failed, @names) = observed();
        if (!$failed && $answer->status == 503 && $waited++ < 100) {    # for a second after it could not connect
            sleep 0.05;
            redo;
        }
        my $at = "$about $when call $call of @names";
        push @wrong, "$at: " . $answer->status . ' ' . $answer->content if $answer->status !~ /^(?:20[0-4]|50[03])$/;
        push @wrong, map { "$at: $_" } $check->{after}->($answer);
        return ($call - 1, @wrong) if !$failed;
    }
    return (60, @wrong, 'its calls never end');
}

# A process that could not connect tries again after a second.
sub until_served {
    my ($send) = @_;
    my $answer;
    for (1 .. 100) {
        $answer = $send->();
        return $answer if $answer->status != 503 && $answer->status != 500;
        sleep 0.05;
    }
    return $answer;
}

for my $name (sort keys %changes) {
    my $change = $changes{$name};
    subtest "$name: an error is never the answer to a change that was made" => sub {
        for my $way (@ways) {
            my $now;
            my $ask = sub { return $sql->($_[0] =~ s/\bN\b|(?<=[a-z_])N\b/$now/gr) };
            my ($count, @wrong) = try_all(
                $way,
                sub { $change->{send}->($now) },
                {
                    before => sub { $now = ++$last; $ask->($change->{before}) if $change->{before} },
                    after  => sub {
                        my ($answer) = @_;
                        my $made = $ask->($change->{state}) || 0;
                        my @found;
                        push @found, 'answered ' . $answer->status . " with $made made"
                            if $answer->status < 300 ? $made < 1 : $answer->status == 500 && $made;
                        if ($change->{most}) {
                            my $again = until_served(sub { $change->{send}->($now) });
                            $made = $ask->($change->{state});
                            push @found, 'sent again: ' . $again->status . ", $made made"
                                if $again->status !~ /^20[01]$/ || $made != 1;
                        }
                        return @found;
                    },
                }
            );
            is_deeply(\@wrong, [], "$way->[2] $way->[0] (error $way->[1]) each of its $count calls");
            cmp_ok($count, '>', 0, "$way->[2] $way->[0] (error $way->[1]): calls were failed");
        }
    };
}

for my $name (sort keys %readings) {
    subtest "$name: 503 or 500, and the next one is served" => sub {
        for my $way (@ways) {
            my ($count, @wrong) = try_all(
                $way,
                $readings{$name},
                {
                    before => sub { },
                    after  => sub {
                        my $again = until_served($readings{$name});
                        return $again->status == 200 ? () : $again->status . ' ' . $again->content;
                    },
                }
            );
            is_deeply(\@wrong, [], "$way->[2] $way->[0] (error $way->[1]) each of its $count calls");
        }
    };
}

subtest 'a library that cannot end a compound: messages are appended by plain transactions' => sub {
    order(-1, 1, 5025);
    my @statuses =
        map { $ann->post("/api/rooms/$room/messages", { client_id => "plain $_", body => '你好' })->status } 1 .. 8;
    observed();
    is("@statuses", join(' ', (201) x 8), 'every message is answered 201');
    is($stack->sql("SELECT COUNT(*) FROM room_log WHERE client_id LIKE 'plain %'"), 8, 'every message is stored once');
    like(
        $stack->log_text('api'), qr/appended by plain transactions .*5025/,
        'the log gives the reason for plain transactions'
    ) if Database::kind() eq 'mariadb';
};

subtest 'a change that must not be repeated runs no statement after its commit' => sub {
    for my $name ('a new room', 'a member', 'a cancelled task', 'a password') {
        $stack->sql($changes{$name}{before} =~ s/\bN\b/++$last/ger) if $changes{$name}{before};
        order(1000, 0, 0);
        cmp_ok($changes{$name}{send}->(++$last)->status, '<', 300, "$name is done");
        my (undef, @names) = observed();
        is($names[-1], 'mysql_real_query', "$name ends with COMMIT");
    }
};
done_testing;
