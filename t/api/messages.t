#!/usr/bin/perl
# Messages: sent exactly once, numbered without gaps, read in pages.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my ($alice, $bob, $eve) = map { $stack->user($_) } qw(alice bob eve);
my $room = $alice->post('/api/rooms', { name => '消息', member_ids => [ $bob->id ] })->json->{id};
my $at   = "/api/rooms/$room";
sub say_it { my ($who, $id, $body) = @_; return $who->post("$at/messages", { client_id => $id, body => $body // $id }) }

subtest 'a message is sent exactly once, whatever its sender repeats' => sub {
    my $first = say_it($alice, 'one', '大家好 👋');
    is($first->status, 201, 'a message is sent');
    is_deeply(
        [ sort keys %{ $first->json } ], [qw(body client_id created_at kind ref_seq room_id sender seq)],
        'an entry has every field'
    );
    is_deeply(
        $first->json->{sender},
        {
            id             => $alice->id, username => $alice->username, nickname => $alice->nickname,
            nickname_taken => JSON::PP::false
        },
        'an entry names its sender'
    );
    my $again = say_it($alice, 'one', '大家好 👋');
    is($again->status, 200, 'a repeated message is answered 200');
    is_deeply($again->json, $first->json, 'a repeated message returns the existing entry');
    is(say_it($bob, 'one', '我也好')->status, 201, 'client ids of different senders do not collide');
};

subtest 'a client_id with another text is refused, not dropped in silence' => sub {
    my $before = $alice->get($at)->json->{last_seq};
    for my $body ('another', '大家好', '大家好 👋 ', 'ONE') {
        my $answer = say_it($alice, 'one', $body);
        is($answer->status, 409, "a used client_id with another text is refused ($body)");
        is($answer->json->{code}, 'client_id_reused', 'the refusal has a code');
    }
    is($alice->get($at)->json->{last_seq}, $before, 'a refused message is not stored');
    my $elsewhere = $alice->post('/api/rooms', { name => '别处' })->json->{id};
    is(
        $alice->post("/api/rooms/$elsewhere/messages", { client_id => 'one', body => 'another' })->status,
        201, 'a client_id used in one room is free in another'
    );
};

subtest 'only members of a room can send to it' => sub {
    is(say_it($eve, 'one')->json->{code}, 'not_a_member', 'a user outside the room cannot send');
    is(
        $eve->post('/api/rooms/999999999/messages', { client_id => 'x', body => 'x' })->json->{code}, 'no_such_room',
        'nobody can send to a room that does not exist'
    );
};

my @seqs;

subtest 'concurrent sends are numbered without gaps, each stored once' => sub {
    $stack->at_once(
        16,
        sub {
            my ($n) = @_;
            my $who = $n % 2 ? $alice : $bob;
            say_it($who, "same-$_", "同一条 $_") for 1 .. 5;
            say_it($who, "own-$n-$_") for 1 .. 10;
            return 1;
        }
    );
    @seqs = map { $_->[0] } $stack->sql("SELECT seq FROM fastchat.room_log WHERE room_id = $room ORDER BY seq");
    is_deeply(\@seqs, [ 1 .. @seqs ], 'concurrent sends leave no hole in the numbers');
    is(scalar @seqs, 2 + 2 + 2 * 5 + 16 * 10, 'concurrent sends store no message twice');
    is($alice->get($at)->json->{last_seq}, scalar @seqs, 'the room\'s last_seq is the last number');
};

subtest 'concurrent sends of one client_id store one message' => sub {
    my @once = $stack->at_once(
        20,
        sub { my $answer = say_it($bob, 'once'); return { status => $answer->status, seq => $answer->json->{seq} } }
    );
    is_deeply(
        [ sort map { $_->{status} } @once ], [ (200) x 19, 201 ],
        'one of twenty concurrent sends of a client_id creates the message'
    );
    is_deeply([ grep { $_->{seq} != @seqs + 1 } @once ], [], 'all twenty return the same message');
    push @seqs, scalar @seqs + 1;
};

my $last = @seqs;

subtest 'reading back page by page yields every entry once' => sub {
    my $page = $bob->get("$at/messages?limit=10")->json;
    is_deeply(
        [ map { $_->{seq} } @{ $page->{items} } ], [ $last - 9 .. $last ],
        'a page holds the newest entries in ascending order'
    );
    is($page->{next}, $last - 9, 'next is the before of the older page');
    my (@all, $before);
    do {
        my $p = $bob->get("$at/messages?limit=100" . ($before ? "&before=$before" : ''))->json;
        unshift @all, map { $_->{seq} } @{ $p->{items} };
        $before = $p->{next};
    } while ($before);
    is_deeply(\@all, \@seqs, 'reading page by page yields every entry once');
};

subtest 'reading on with after= yields the entries after a number' => sub {
    my $after = $bob->get("$at/messages?after=3&limit=5")->json;
    is_deeply([ map { $_->{seq} } @{ $after->{items} } ], [ 4 .. 8 ], 'after= reads the entries after a number');
    is($after->{next}, 8, 'next is the after of the newer page');
    is(
        $bob->get("$at/messages?after=" . ($last - 5) . '&limit=5')->json->{next}, undef,
        'next is null on the last page'
    );
    is_deeply(
        $bob->get("$at/messages?after=$last")->json, { items => [], next => undef },
        'the page after the last entry is empty'
    );
};

subtest 'a page with bad bounds is refused' => sub {
    is($bob->get("$at/messages?after=1&before=5")->status, 422, 'before= and after= together are refused');
    is($bob->get("$at/messages?$_")->status, 422, "$_ is refused")
        for 'limit=0', 'limit=101', 'before=0', 'before=x', 'after=-1', 'limit=1e1', 'limit=';
};

sub unread {
    my ($who) = @_;
    return (grep { $_->{id} == $room } @{ $who->get('/api/rooms')->json->{items} })[0]{unread};
}

subtest 'a read mark only moves forward, up to the last entry' => sub {
    is(unread($bob), 86, 'before the mark moves, unread counts the messages of others');
    is_deeply($bob->put("$at/read", { seq => 10 })->json->{read_seq}, 10, 'a read mark moves forward');
    is($bob->put("$at/read", { seq => 5 })->json->{read_seq}, 10, 'a read mark never moves backwards');
    my $mark = $bob->put("$at/read", { seq => 999999 })->json;
    is_deeply(
        $mark, { room_id => $room, read_seq => $last, unread => 0 },
        'a read mark never moves beyond the last entry'
    );
};

subtest 'unread begins at the join, also for a member who comes back' => sub {
    my $open = $alice->post('/api/rooms', { name => '后来者', open => JSON::PP::true })->json->{id};
    my $say  = sub { $alice->post("/api/rooms/$open/messages", { client_id => "m$_", body => "第 $_ 条" }) for @_ };
    my $own  = sub { return $_[0]->get("/api/rooms/$open")->json };
    my $mark = sub {
        return { map { $_->{user}{id} => $_->{read_seq} } @{ $alice->get("/api/rooms/$open/members")->json->{items} } }
            ->{ $bob->id };
    };
    $say->(1 .. 5);
    my $member = $bob->put("/api/rooms/$open/members/" . $bob->id, {})->json;
    is($member->{read_seq}, 7, 'the read mark of a new member is at the join');
    is($own->($bob)->{unread}, 0, 'messages before the join are not unread');
    $say->(6, 7);
    is($own->($bob)->{unread}, 2, 'messages after the join are unread');
    $bob->put("/api/rooms/$open/read", { seq => 9 });
    my $read = $mark->();
    $bob->delete("/api/rooms/$open/members/" . $bob->id);
    $say->(8 .. 20);
    $bob->put("/api/rooms/$open/members/" . $bob->id, {});
    is($own->($bob)->{unread}, 0, 'messages sent while a member was away are not unread');
    cmp_ok($mark->(), '>=', $read, 'the read mark of a member who comes back does not fall');
    my ($listed) = grep { $_->{id} == $open } @{ $bob->post('/api/sync', { rooms => {} })->json->{rooms} };
    is($listed->{unread}, 0, 'a sync counts unread from the join');
};

subtest 'unread counts the messages of others, up to 99' => sub {
    say_it($alice, "more-$_") for 1 .. 120;
    is(unread($bob), 99, 'unread is counted up to 99');
    is(
        unread($alice),
        (
            grep { $_->[0] == $bob->id } map { [ $_->[0] ] } $stack->sql(
                "SELECT sender_id FROM fastchat.room_log WHERE room_id = $room AND kind = 0 AND sender_id <> "
                    . $alice->id
            )
            )
            + 0,
        'one\'s own messages do not count'
    );
};

subtest 'a user outside the room has no read mark' => sub {
    is($eve->put("$at/read", { seq => 1 })->status, 403, 'a user outside the room has no read mark');
};

# More entries than the window of the list: own messages between the mark and those of others.
subtest 'unread is exact however far back the mark is' => sub {
    my $long = $alice->post('/api/rooms', { name => '很长', member_ids => [ $bob->id ] })->json->{id};
    $stack->sql("INSERT INTO fastchat.room_log (room_id, seq, kind, sender_id, client_id, body, created_at) SELECT "
            . "$long, seq + 2, 0, IF(seq > 490, ${\$alice->id}, ${\$bob->id}), CONCAT('s', seq), 'x', 1 FROM "
            . "seq_1_to_500");
    $stack->sql("UPDATE fastchat.rooms SET last_seq = 502, last_message_seq = 502 WHERE id = $long");
    is(
        (grep { $_->{id} == $long } @{ $bob->get('/api/rooms')->json->{items} })[0]{unread}, 10,
        'unread is exact however far back the mark is'
    );
};

for my $sent (0, 8) {    # messages after which the workers know the sender
    subtest "a message never follows its sender's leave, after $sent others" => sub {
        my ($owner, $leaver) = map { $stack->user($_) } qw(owner leaver);
        my $left = $owner->post('/api/rooms', { name => 'leave', member_ids => [ $leaver->id ] })->json->{id};
        my $send = sub { $leaver->post("/api/rooms/$left/messages", { client_id => shift, body => 'x' })->status };
        $send->("early $_") for 1 .. $sent;
        my $other = $stack->sql_session;
        $other->("START TRANSACTION; SELECT 1 FROM rooms WHERE id = $left FOR UPDATE");
        my $sending = $stack->begin_at_once(1, sub { return $send->('late') });
        my $waits   = q(SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT');
        $stack->wait_for(5, sub { $stack->sql($waits) });
        $other->(
            "DELETE FROM members WHERE room_id = $left AND user_id = ${\$leaver->id};
            UPDATE rooms SET members_changed_at = members_changed_at + 1 WHERE id = $left; COMMIT"
        );
        is(($sending->())[0], 403, 'a member who leaves while a message waits for the room is refused');
        is(
            $stack->sql(
                "SELECT last_seq - (SELECT COUNT(*) FROM room_log WHERE room_id = $left) FROM rooms WHERE id = $left"),
            0,
            'a refused message takes no number'
        );
    };
}

done_testing;
