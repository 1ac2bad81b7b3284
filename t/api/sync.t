#!/usr/bin/perl
# Catching up: everything that is new, in bounded pages.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
sub sync_it { my ($who, $rooms, %more) = @_; return $who->post('/api/sync', { rooms => $rooms, %more })->json }

my @rooms;

subtest 'a client that names no rooms is sent those of its user, without entries' => sub {
    is_deeply(
        sync_it($alice, {}),
        { entries => [], rooms => [], left => [], restarted => [], more => JSON::PP::false, after_room => 0 },
        'a user without rooms has nothing to catch up'
    );
    @rooms = map { $alice->post('/api/rooms', { name => "s$_", member_ids => [ $bob->id ] })->json->{id} } 1 .. 3;
    my $new = sync_it($bob, {});
    is_deeply(
        [ sort { $a <=> $b } map { $_->{id} } @{ $new->{rooms} } ], \@rooms,
        'rooms that the client did not name are returned'
    );
    is_deeply([ map { $_->{last_seq} } @{ $new->{rooms} } ], [ 2, 2, 2 ], 'new rooms come with their last number');
    is_deeply($new->{entries}, [], 'new rooms come without their entries');
};

my %marks = map { $_ => 2 } @rooms;
$alice->post("/api/rooms/$rooms[0]/messages", { client_id => "a$_", body => "第 $_ 条" }) for 1 .. 5;
$alice->post("/api/rooms/$rooms[2]/messages", { client_id => "c$_", body => "c$_" })    for 1 .. 2;

subtest 'missed entries come in order' => sub {
    my $page = sync_it($bob, \%marks);
    is_deeply(
        [ map { "$_->{room_id}:$_->{seq}" } @{ $page->{entries} } ],
        [ (map { "$rooms[0]:$_" } 3 .. 7), (map { "$rooms[2]:$_" } 3 .. 4) ], 'missed entries come in order'
    );
    ok(!$page->{more}, 'more is false if nothing is left out');
    is_deeply(
        sync_it($bob, { %marks, $rooms[0] => 7, $rooms[2] => 4 })->{entries}, [],
        'a client that is up to date gets no entries'
    );
};

my %have = %marks;

subtest 'a client that reads in bounded pages gets every entry once' => sub {
    my ($page, $rounds, @got) = (undef, 0);
    do {
        $page = sync_it($bob, \%have, limit => 3);
        cmp_ok(scalar @{ $page->{entries} }, '<=', 3, 'a page is bounded');
        push @got, map { "$_->{room_id}:$_->{seq}" } @{ $page->{entries} };
        $have{ $_->{room_id} } = $_->{seq} for @{ $page->{entries} };
    } while ($page->{more} && ++$rounds < 10);
    is(scalar @got, 7, 'page by page, every entry comes once');
};

subtest 'a room that is gone is in left, and a new name is an entry' => sub {
    $alice->delete("/api/rooms/$rooms[1]/members/" . $bob->id);
    my $page = sync_it($bob, \%have);
    is_deeply($page->{left}, [ $rooms[1] ], 'a room that the user was removed from is in left');
    is_deeply(sync_it($bob, { 999999999 => 5 })->{left}, [999999999], 'a room that does not exist is in left');
    $alice->patch("/api/rooms/$rooms[0]", { name => '新名字' });
    is(sync_it($bob, \%have)->{entries}[0]{kind}, 'rename', 'a rename is an entry');
};

subtest 'many new rooms come in several pages' => sub {
    $alice->post('/api/rooms', { name => "many$_", member_ids => [ $bob->id ] }) for 1 .. 120;
    my %seen = %have;
    my ($page, $rounds) = (undef, 0);
    do {
        $page                  = sync_it($bob, \%seen);
        $seen{ $_->{room_id} } = $_->{seq}      for @{ $page->{entries} };
        $seen{ $_->{id} }      = $_->{last_seq} for @{ $page->{rooms} };
        delete $seen{$_} for @{ $page->{left} };
    } while ($page->{more} && ++$rounds < 10);
    is(scalar keys %seen, 122, 'a hundred and twenty new rooms come in several pages');
};

subtest 'a client may sync a range of rooms' => sub {
    my %range = (after_room => $rooms[0], through_room => $rooms[2]);
    my $page  = sync_it($bob, {}, %range);
    is_deeply([ map { $_->{id} } @{ $page->{rooms} } ], [ $rooms[2] ], 'only rooms of the range are returned');
    $page = sync_it($bob, { $rooms[1] => 2, $rooms[2] => 2 }, %range);
    is_deeply([ map { $_->{room_id} } @{ $page->{entries} } ], [ ($rooms[2]) x 2 ], 'only their entries are returned');
    is_deeply($page->{left}, [ $rooms[1] ], 'only those of the range may be in left');
    $page = sync_it($bob, {}, after_room => $rooms[2], limit => 1);
    my %next = (after_room => $page->{after_room});
    ok($page->{more} && $page->{after_room} >= $page->{rooms}[-1]{id}, 'after_room is where the next page begins');
    my %twice = map { $_->{id} => 1 } @{ $page->{rooms} };
    is((grep { $twice{ $_->{id} } } @{ sync_it($bob, {}, %next)->{rooms} }), 0, 'the next page has other rooms');
    $page = sync_it($bob, { map { $_ => 0 } @rooms[ 0, 2 ] }, through_room => $rooms[2], limit => 5);
    ok($page->{more}, 'a page that ends within a room has more');
    is($page->{after_room}, $rooms[0] - 1, 'the next page begins with that room');
};

subtest 'bad input is refused' => sub {
    is(
        $bob->post('/api/sync', { rooms => {}, limit => 501 })->status, 422,
        'more than 500 entries at once are refused'
    );
    is($bob->post('/api/sync', {})->json->{detail}[0]{type}, 'missing', 'rooms is required');
    is($bob->post('/api/sync', { rooms => [1] })->json->{detail}[0]{type}, 'dict_type', 'rooms must be an object');
    is(
        $bob->post('/api/sync', { rooms => { map { $_ => 0 } 1 .. 2001 } })->json->{detail}[0]{type}, 'too_long',
        'more than 2000 rooms are refused'
    );
    for my $room ($rooms[0], $rooms[2]) {
        my $answer =
            $bob->post('/api/sync', { rooms => { $room => 1 }, after_room => $rooms[0], through_room => $rooms[1] });
        is_deeply($answer->json->{detail}[0]{loc}, [ 'body', 'rooms' ], 'a mark outside the range is refused');
    }
    my $faults = $bob->post('/api/sync', { rooms => { x => 1, 5 => 'y', 6 => -1 } })->json->{detail};
    is(scalar @$faults, 3, 'every bad member of rooms is reported');
    is_deeply(
        $bob->post(
            '/api/sync', content => qq({"rooms":{"$rooms[0]":0,"0$rooms[0]":0}}),
            headers              => { 'Content-Type' => 'application/json' }
        )->json->{left} // [],
        [],
        'a room named in two spellings is not in left'
    );
};

subtest 'every limit yields all entries once' => sub {
    my $long = $alice->post('/api/rooms', { name => '长', member_ids => [ $bob->id ] })->json->{id};
    $alice->post("/api/rooms/$long/messages", { client_id => "l$_", body => "$_" }) for 1 .. 30;
    for my $limit (1, 7, 31, 32, 33, 500) {
        my %at = ($long => 0);
        my @seqs;
        for (1 .. 40) {
            my $answer = sync_it($bob, \%at, limit => $limit);
            my @of     = grep { $_->{room_id} == $long } @{ $answer->{entries} };
            push @seqs, map { $_->{seq} } @of;
            last if @of < $limit;
            $at{$long} = $seqs[-1];
        }
        is_deeply(\@seqs, [ 1 .. 32 ], "in pages of $limit every entry comes once, in order");
    }
    is_deeply(sync_it($bob, { $long => 99 })->{entries}, [], 'a mark beyond the last entry yields nothing');
};

# Catches up page by page, from copies of the marks; returns the entries and the restarted rooms.
sub sync_through {
    my ($user, $marks, $times, $limit)     = @_;
    my (%at, %times, @entries, %restarted) = %$marks;
    %times = %$times;
    for (1 .. 500) {
        my $page = sync_it($user, \%at, times => \%times, limit => $limit);
        cmp_ok(scalar @{ $page->{entries} }, '<=', $limit, 'a page is bounded') if @{ $page->{entries} } > $limit;
        push @entries, map { "$_->{room_id}:$_->{seq}" } @{ $page->{entries} };
        ($at{ $_->{room_id} }, $times{ $_->{room_id} }) = ($_->{seq}, 0) for @{ $page->{entries} };
        $restarted{$_} = 1 for @{ $page->{restarted} };
        ($at{ $_->{id} }, $times{ $_->{id} }) = ($_->{last_seq}, 0) for @{ $page->{rooms} };
        return (\@entries, [ sort { $a <=> $b } keys %restarted ]) if !$page->{more};
    }
    return;
}

# Makes rooms of carol's with 0 to 40 entries; returns the last number of each by its id.
sub rooms_of_all_lengths {
    my ($carol) = @_;
    my $first   = 1_000_000 + 1000 * $carol->id;
    my $where   = "BETWEEN $first AND $first + 159";
    $stack->sql('INSERT INTO rooms (id, kind, name, last_seq, last_message_seq, last_at, created_at) '
            . "SELECT $first + seq - 1, 0, 'r', seq * 7 % 41, seq * 7 % 41, 1000 * (seq * 7 % 41), 1 "
            . 'FROM seq_1_to_160');
    $stack->sql('INSERT INTO members (room_id, user_id, role, joined_at) '
            . "SELECT id, @{[ $carol->id ]}, 0, 0 FROM rooms WHERE id $where");
    $stack->sql('INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) '
            . "SELECT r.id, s.seq, 0, @{[ $alice->id ]}, s.seq, REPEAT('x', IF(s.seq % 9 = 0, 8000, 20)), 1000 * s.seq "
            . "FROM rooms r JOIN (SELECT seq FROM seq_1_to_40) s WHERE r.id $where AND s.seq <= r.last_seq");
    return { map { $_->[0] => $_->[1] + 0 } $stack->sql("SELECT id, last_seq FROM rooms WHERE id $where") };
}

subtest 'limits and long texts change only where pages end' => sub {
    my $carol = $stack->user('carol');
    my $last  = rooms_of_all_lengths($carol);
    my (%marks, %times, @entries, @restarted);
    for my $id (sort { $a <=> $b } keys %$last) {
        my $seq      = $marks{$id} = $id % 5 ? int($last->{$id} * ($id % 7) / 6) : $last->{$id};
        my $is_wrong = $id % 11 == 0 && $seq > 0;
        $times{$id} = $is_wrong ? 7 : $id % 3 ? 1000 * $seq : 0;
        push @restarted, $id if $is_wrong;
        push @entries, map { "$id:$_" } $seq + 1 .. $last->{$id} if !$is_wrong;
    }
    for my $limit (3, 32, 33, 200, 500) {
        my ($got, $again) = sync_through($carol, \%marks, \%times, $limit);
        is_deeply($got, \@entries, "in pages of $limit every entry comes once, by room and number");
        is_deeply($again, \@restarted, "in pages of $limit the rooms with other marks are restarted");
    }
};

subtest 'entries after a gap in a log are not missed' => sub {
    my @gaps = map { $alice->post('/api/rooms', { name => "gap$_", member_ids => [ $bob->id ] })->json->{id} } 1 .. 2;
    for my $room (@gaps) {
        $alice->post("/api/rooms/$room/messages", { client_id => "g$_", body => "g$_" }) for 1 .. 6;
        $stack->sql("DELETE FROM room_log WHERE room_id = $room AND seq IN (3, 4, 6)");
    }
    my %range = (after_room => $gaps[0] - 1, through_room => $gaps[1]);
    my $page  = sync_it($bob, { map { $_ => 2 } @gaps }, %range);
    is_deeply(
        [ map { "$_->{room_id}:$_->{seq}" } @{ $page->{entries} } ],
        [
            map {
                my $room = $_;
                map { "$room:$_" } 5, 7, 8
            } @gaps
        ],
        'all entries that there are come in order'
    );
    $stack->sql("DELETE FROM room_log WHERE room_id = $gaps[0] AND seq > 2");
    $page = sync_it($bob, { map { $_ => 2 } @gaps }, %range);
    is(scalar @{ $page->{entries} }, 3, 'a room whose new entries are gone does not hold up the others');
    ok(!$page->{more}, 'a room without them has no more');
};

done_testing;
