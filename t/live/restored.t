#!/usr/bin/perl
# A database that was restored from a backup: clients and streams begin again with the rooms that went back.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;

my $stack = Fastchat::Stack->new(own => 1);
my ($ann, $bob) = map { $stack->user($_) } qw(ann bob);
my $n = 0;

sub new_room { return $ann->post('/api/rooms', { name => 'r', member_ids => [ $bob->id ] })->json->{id} }

sub say_it {
    my ($room) = @_;
    return $ann->post("/api/rooms/$room/messages", { client_id => 'c' . ++$n, body => "m$n" })->json;
}

# The database as it was when the room's last entry had this number.
sub restore {
    my ($room, $seq) = @_;
    my $at = time_of({ room_id => $room, seq => $seq });
    $stack->sql("DELETE FROM room_log WHERE room_id = $room AND seq > $seq");
    $stack->sql("UPDATE rooms SET last_seq = $seq, last_message_seq = $seq, last_at = $at WHERE id = $room");
    return;
}

# The time of an entry in ms since 1970, as a mark has it.
sub time_of {
    my ($entry) = @_;
    return 0 + $stack->sql("SELECT created_at FROM room_log WHERE room_id = $entry->{room_id} AND seq = $entry->{seq}");
}

sub sync_it {
    my ($room, $seq, $time) = @_;
    return $bob->post(
        '/api/sync',
        {
            rooms => { $room => $seq }, (defined $time ? (times => { $room => $time }) : ()), after_room => $room - 1,
            through_room => $room
        }
    )->json;
}

sub seqs {
    my ($page) = @_;
    return [ map { $_->{seq} } @{ $page->{entries} } ];
}

subtest 'times in a log never decrease' => sub {
    my $room   = new_room();
    my $future = 4102444800123;
    $stack->sql("UPDATE rooms SET last_at = $future WHERE id = $room");
    my $said = say_it($room);
    is($said->{created_at}, $bob->get("/api/rooms/$room")->json->{last_at}, 'a reply has the time of the log');
    is(time_of($said), $future, 'a slow clock does not turn time back');
    $ann->patch("/api/rooms/$room", { name => 'other' });
    is(time_of({ room_id => $room, seq => $said->{seq} + 1 }), $future, 'a change of the room has such a time, too');
    my ($entry) = @{ $bob->get("/api/rooms/$room/messages?after=$said->{seq}")->json->{items} };
    is($entry->{kind}, 'rename', 'the change has its number');
};

subtest 'a sync with times notices that a room went back' => sub {
    my $room = new_room();
    my @said = map { say_it($room) } 1 .. 20;    # 3 … 22
    my $time = time_of($said[-1]);
    is_deeply(sync_it($room, 22, $time)->{restarted}, [], 'a room that did not go back is not restarted');
    is_deeply(seqs(sync_it($room, 20, time_of($said[17]))), [ 21, 22 ], 'entries after a mark with its time follow');
    restore($room, 16);
    my $page = sync_it($room, 22, $time);
    is_deeply($page->{restarted}, [$room], 'a mark beyond the end restarts its room');
    is_deeply([ map { $_->{last_seq} } @{ $page->{rooms} } ], [16], 'the room is returned with its last number');
    is_deeply(sync_it($room, 22)->{restarted}, [$room], 'a mark without a time does so, too');
    say_it($room) for 1 .. 6;
    is_deeply(sync_it($room, 22, $time)->{restarted}, [$room], 'another entry with the same number restarts the room');
    say_it($room) for 1 .. 4;
    $page = sync_it($room, 22, $time);
    is_deeply(
        [ $page->{restarted}, $page->{entries} ], [ [$room], [] ],
        'numbers beyond the mark do so, too, without entries'
    );
    is_deeply(seqs(sync_it($room, 16, time_of($said[13]))), [ 17 .. 26 ], 'a mark before the restore goes on');
    is(
        $bob->put("/api/rooms/$room/read", { seq => 99 })->json->{read_seq}, 26,
        'a read mark never passes the last entry'
    );
};

subtest 'a stream begins a room again that went back' => sub {
    my $room   = new_room();
    my @said   = map { say_it($room) } 1 .. 5;    # 3 … 7
    my $stream = Fastchat::Stream->new($bob);
    $stream->next;
    my $seen = do { say_it($room); $stream->await('entry', 3) };
    is($seen->{data}{seq}, 8, 'the stream is live');
    restore($room, 5);
    is_deeply(
        $stream->await('rooms', 8)->{data}{restarted}, { $room => 5 },
        'the stream names the room and its last number'
    );
    my $next = say_it($room);
    is_deeply($stream->await('entry', 3)->{data}, $next, 'entries follow from there');
    my $again = Fastchat::Stream->new($bob, after => $seen->{id});
    ok(!$again->next->{data}{resumed}, 'a stream from before the restore is not resumed');
};

subtest 'a stream notices a restore whose numbers have passed it already' => sub {
    my $room   = new_room();
    my @said   = map { say_it($room) } 1 .. 5;
    my $stream = Fastchat::Stream->new($bob);
    $stream->next;
    restore($room, 4);
    my @new = map { say_it($room) } 1 .. 6;     # 5 … 10
    my $got = $stream->await('rooms', 8);
    my $at  = $got->{data}{restarted}{$room};
    ok($at, 'the room is restarted');
    my @after = grep { $_->{seq} > $at } @new;
    is_deeply([ map { $stream->await('entry', 3)->{data} } @after ], \@after, 'entries after that number follow');
};

subtest 'a long poll ends when a room goes back' => sub {
    my $room = new_room();
    my $last = do { say_it($room); say_it($room) };
    my %body = (
        rooms        => { $room => $last->{seq} }, times => { $room => time_of($last) }, after_room => $room - 1,
        through_room => $room, wait                      => 10
    );
    my $waiting = $stack->begin_at_once(1, sub { $bob->post('/api/sync/wait', \%body)->json });
    restore($room, 3);
    say_it($room);
    is_deeply(($waiting->())[0]{restarted}, [$room], 'the reply names the room');
};

subtest 'an entry over a new connection never follows one of another history' => sub {
    my $room   = new_room();
    my $last   = (map { say_it($room) } 1 .. 5)[-1]{seq};
    my $stream = Fastchat::Stream->new($bob);
    $stream->next;

    # As after a restore, and a message with the last number whose hint was lost.
    $stack->sql(
        "UPDATE room_log SET body = 'another', created_at = created_at + 1 WHERE room_id = $room AND seq = $last");
    $stack->sql("UPDATE rooms SET last_at = last_at + 1 WHERE id = $room");
    my @connections = $stack->sql("SELECT id FROM information_schema.processlist WHERE user = 'fastchat'");
    $stack->sql(join ';', map { "KILL $_->[0]" } @connections);
    say_it($room);
    my $event;
    do { $event = $stream->next } until !$event || $event->{event} =~ /^(?:rooms|entry)$/;
    my $at = ($event->{data}{restarted} || {})->{$room} // 'nowhere';

    # At the number before it if the comparison with the database, once a second, came first.
    like($at, qr/^(?:$last|${\($last + 1)})$/, 'the room begins again before the entry is delivered');
};

subtest 'rooms joined after a restore are joined, whatever the number of changes was' => sub {
    my $gone   = new_room();
    my $id     = $bob->id;
    my $stream = Fastchat::Stream->new($bob);
    $stream->next;
    $stack->sql("DELETE FROM members WHERE room_id = $gone AND user_id = $id");
    $stack->sql("UPDATE users SET changes = changes - 1 WHERE id = $id");
    my $room = new_room();
    my $event;
    do { $event = $stream->await('rooms', 8) } until !$event || @{ $event->{data}{left} };
    is_deeply([ keys %{ $event->{data}{joined} } ], [$room], 'the stream names the new room');
    is_deeply($event->{data}{left}, [$gone], 'the stream names the room that is gone');
};

subtest 'a session since the backup is gone, and its stream ends' => sub {
    my $room  = new_room();
    my $said  = (map { say_it($room) } 1 .. 3)[0];
    my %form  = (username => $bob->username, password => $bob->password);
    my $token = $stack->post('/api/sessions', \%form)->json->{token};
    my $other = Fastchat::Stream->new($bob, token => $token);
    $other->next;
    $stack->sql('DELETE FROM sessions WHERE user_id = ' . $bob->id . ' ORDER BY id DESC LIMIT 1');
    restore($room, $said->{seq});
    ok($other->ends, 'the stream ends');
    is($bob->get('/api/users/me', token => $token)->status, 401, 'the token is not known');
    is($bob->get('/api/users/me')->status, 200, 'an older session goes on');
};

subtest 'rooms joined since the backup are left' => sub {
    my $room   = new_room();
    my $stream = Fastchat::Stream->new($bob);
    $stream->next;
    my $id = $bob->id;
    $stack->sql("DELETE FROM members WHERE room_id = $room AND user_id = $id");
    $stack->sql("UPDATE users SET changes = changes - 1 WHERE id = $id");
    my $event;    # a room of an earlier subtest may begin again meanwhile
    do { $event = $stream->await('rooms', 8) } until !$event || @{ $event->{data}{left} };
    is_deeply($event->{data}{left}, [$room], 'the stream names them');
};

# The state of a user's rooms and sessions, to which restore_user goes back.
sub state_of {
    my ($user) = @_;
    return $stack->sql('SELECT changes FROM users WHERE id = ' . $user->id);
}

subtest 'a change after a restore is never taken for one before it' => sub {
    my ($kept, $lost) = (new_room(), new_room());
    my $id     = $bob->id;
    my $before = state_of($bob);
    my $stream = Fastchat::Stream->new($bob);
    $stream->next;
    # Joined since the backup, and gone with the restore; the same number of changes follows.
    $ann->delete("/api/rooms/$lost/members/$id");
    $stream->await('rooms', 8);
    my $after = state_of($bob);
    $stack->sql("UPDATE users SET changes = $before WHERE id = $id");
    $ann->delete("/api/rooms/$kept/members/$id");
    cmp_ok(state_of($bob), '>', $after, 'the number of a change after a restore is a new one');
    is_deeply($stream->await('rooms', 8)->{data}{left}, [$kept], 'the stream names the room that was left then');
};

subtest 'a session that has the id of a lost one is another session' => sub {
    my $old    = $stack->user('old');
    my $stream = Fastchat::Stream->new($old);
    my $id     = $stream->next->{data}{session};
    is($old->get('/api/users/me')->status, 200, 'the token of a session is accepted') for 1 .. 4;
    # After a restore ids are given again: to another user's session, with another token.
    $stack->sql("UPDATE sessions SET created_at = created_at + 1, token_hash = REPEAT('x', 32) WHERE id = $id");
    ok(
        $stack->wait_for(2, sub { $old->get('/api/users/me')->status == 401 }),
        'the token of the lost session is not accepted'
    );
    ok($stream->ends(8), 'the stream of the lost session ends');
};

done_testing;
