#!/usr/bin/perl
# The cost of one request is bounded: the size of a page, the entries that are counted, the queries of a sync or
# of a new room.
use lib 't/lib';
use Fastchat::Test;

my $PAGE_MAX = 2 * 1024 * 1024;    # bytes of a page whose texts are the longest there are
my $ALWAYS   = 6;                  # queries of any request, and of a process once a second

my $stack = Fastchat::Stack->new(own => 1);
my ($ann, $bob) = map { $stack->user($_) } qw(ann bob);

sub new_room { return $ann->post('/api/rooms', { name => $_[0], member_ids => [ $bob->id ] })->json->{id} }

# Appends `count` messages of a user to the log, as if they had been sent.
sub add_messages {
    my ($room, $user, $count, $body) = @_;
    my $last = $stack->sql("SELECT last_seq FROM rooms WHERE id = $room");
    $stack->sql("INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) SELECT $room, "
            . "$last + seq, 0, @{[ $user->id ]}, CONCAT('m', $last + seq), $body, 1767225600000 FROM seq_1_to_$count");
    $stack->sql("UPDATE rooms SET last_seq = last_seq + $count, last_message_seq = last_seq, "
            . "last_at = 1767225600000 WHERE id = $room");
}

# The queries of a request, from the log.
sub queries_of {
    my ($answer, $at) = (@_, $stack);
    my $id = $answer->header('X-Request-ID');
    my @counts;
    $at->wait_for(
        5,
        sub {
            @counts = $at->log_text('api') =~ /"request_id":"\Q$id\E"[^\n]*"queries":(\d+)/;
            return @counts;
        }
    );
    return $counts[0];
}

subtest 'a page of long messages ends early, and the next one goes on' => sub {
    my $room = new_room('long');
    add_messages($room, $ann, 60, "REPEAT('长', 8000)");
    add_messages($room, $ann, 60, "CONCAT('x', REPEAT(CHAR(1), 7999))");
    my ($path, @newer, @older) = ("/api/rooms/$room/messages?limit=100");
    for (my $after = 0; defined $after;) {
        my $page = $ann->get("$path&after=$after");
        cmp_ok(length $page->content, '<', $PAGE_MAX, "a page after $after is bounded");
        push @newer, map { $_->{seq} } @{ $page->json->{items} };
        $after = $page->json->{next};
    }
    is_deeply(\@newer, [ 1 .. 122 ], 'pages forwards have every entry once');
    for (my $before = 1000; defined $before;) {
        my $page = $ann->get("$path&before=$before");
        cmp_ok(length $page->content, '<', $PAGE_MAX, "a page before $before is bounded");
        unshift @older, map { $_->{seq} } @{ $page->json->{items} };
        $before = $page->json->{next};
    }
    is_deeply(\@older, [ 1 .. 122 ], 'pages backwards have every entry once');
};

subtest 'a thread keeps no memory of a long page' => sub {
    plan skip_all => 'a sanitizer keeps freed memory' if ($ENV{FASTCHAT_FLAVOUR} || 'release') ne 'release';
    my $room = new_room('longer');
    add_messages($room, $ann, 60, "CONCAT('x', REPEAT(CHAR(1), 7999))");
    $stack->at_once(16, sub { $ann->get("/api/rooms/$room/messages?limit=100") for 1 .. 10; return 1 });
    my $own_kb = sub {
        open my $in, '<', "/proc/$_[0]/status" or die "$_[0]: $!\n";
        return join('', <$in>) =~ /^RssAnon:\s+(\d+) kB/m ? $1 : 0;
    };
    ok(
        $stack->wait_for(
            3,
            sub {
                !grep { $own_kb->($_) > 8 * 1024 } $stack->workers('api');
            }
        ),
        'each worker holds less than 8 MB of its own again'
    ) or diag join ' ', map { $own_kb->($_) } $stack->workers('api');
};

subtest 'a sync of long messages ends early, and the next one goes on' => sub {
    my @rooms = map { new_room("sync $_") } 1 .. 3;
    add_messages($_, $ann, 40, "REPEAT('长', 8000)") for @rooms;
    for my $with_times (0, 1) {
        my $page  = $bob->post('/api/sync', { rooms => {} });
        my %marks = map { $_->{id} => $_->{last_seq} } @{ $page->json->{rooms} };
        my %times;
        for my $room (@rooms) {
            my $first = $bob->get("/api/rooms/$room/messages?after=2&limit=1")->json->{items}[0];
            ($marks{$room}, $times{$room}) = ($first->{seq}, 1767225600000);
        }
        my (@got, $calls);
        do {
            $page =
                $bob->post('/api/sync', { rooms => \%marks, limit => 500, ($with_times ? (times => \%times) : ()) });
            cmp_ok(length $page->content, '<', $PAGE_MAX, 'a page is bounded');
            push @got, map { "$_->{room_id}:$_->{seq}" } @{ $page->json->{entries} };
            $marks{ $_->{room_id} } = $_->{seq} for @{ $page->json->{entries} };
        } while ($page->json->{more} && ++$calls < 100);
        is_deeply(
            [ sort @got ],
            [
                sort map {
                    my $room = $_;
                    map { "$room:$_" } 4 .. 42
                } @rooms
            ],
            'every entry comes once' . ($with_times ? ', with times' : '')
        );
    }
};

subtest 'unread messages are counted among the newest 1,000 entries' => sub {
    my $room   = new_room('bot');
    my $unread = sub { $ann->get("/api/rooms/$room")->json->{unread} };
    add_messages($room, $bob, 5, "'old'");
    is($unread->(), 5, 'messages of others are unread');
    add_messages($room, $ann, 900, "'own'");
    is($unread->(), 5, "one's own are not");
    add_messages($room, $ann, 200, "'own'");
    is($unread->(), 0, 'a message that 1,000 entries follow is not counted');
    add_messages($room, $bob, 3, "'new'");
    is($unread->(), 3, 'new messages are counted');
    is($ann->get('/api/rooms')->json->{items}[0]{unread} + 0, 3, 'a list counts alike');
    is($ann->put("/api/rooms/$room/read", { seq => 20 })->json->{unread}, 3, 'a read mark counts alike');
    is(
        $ann->put("/api/rooms/$room/read", { seq => 100_000 })->json->{unread}, 0,
        'nothing is unread after the last entry'
    );
};

# Makes users whose ids are `step` apart and who have never been seen; returns their ids.
sub add_senders {
    my ($count, $step) = @_;
    my $id = 1 + $stack->sql('SELECT MAX(id) FROM users') . " + $step * seq";
    $stack->sql('INSERT INTO users (id, username, username_key, nickname, nickname_key, password_hash, created_at) '
            . "SELECT $id, CONCAT('u', $id), CONCAT('u', $id), CONCAT('N', $id), CONCAT('n', $id), '', 0 "
            . "FROM seq_1_to_500 WHERE seq <= $count");
    return map { $_->[0] } $stack->sql("SELECT id FROM users ORDER BY id DESC LIMIT $count");
}

# Makes a room in which these users have sent one message after the other, twice.
sub room_of_senders {
    my @ids  = (@_, @_);
    my $room = new_room('senders');
    my $last = $stack->sql("SELECT last_seq FROM rooms WHERE id = $room");
    add_messages($room, $ann, scalar @ids, "'x'");
    my $cases = join ' ', map { 'WHEN ' . ($last + 1 + $_) . " THEN $ids[$_]" } 0 .. $#ids;
    $stack->sql("UPDATE room_log SET sender_id = CASE seq $cases END WHERE room_id = $room AND seq > $last");
    return ($room, $last);
}

# "id username nickname" of each entry's sender.
sub senders {
    return [ map { join q{ }, @{ $_->{sender} }{qw(id username nickname)} } @_ ];
}

subtest 'the names of any number of unknown senders are one query' => sub {
    my @ids = add_senders(250, 1);
    my ($room, $seq) = room_of_senders(@ids);
    my $page = $ann->post('/api/sync', { rooms => { $room => $seq }, limit => 500, after_room => $room - 1 });
    is_deeply(
        senders(@{ $page->json->{entries} }),
        [ map { "$_ u$_ N$_" } @ids, @ids ],
        'each entry of a sync has the names of its sender'
    );
    cmp_ok(queries_of($page), '<=', 1 + 1 + 1 + 5 + $ALWAYS, 'a sync with 250 unknown senders costs a few queries');
    @ids = add_senders(100, 1);
    ($room, $seq) = room_of_senders(@ids);
    $page = $ann->get("/api/rooms/$room/messages?limit=100&after=$seq");
    is_deeply(senders(@{ $page->json->{items} }), [ map { "$_ u$_ N$_" } @ids ], 'so has each entry of a page');
    cmp_ok(queries_of($page), '<=', 1 + 1 + $ALWAYS, 'a page with 100 unknown senders costs one query for them');
};

subtest 'each entry has the names of its sender, known or not, existing or not' => sub {
    my @ids = add_senders(4, 1024);    # which have the same place among the known names
    my ($room, $seq) = room_of_senders(@ids);
    $stack->sql("DELETE FROM users WHERE id = $ids[1]");
    my @names = map { $_ == $ids[1] ? "$_  " : "$_ u$_ N$_" } @ids, @ids;
    for my $how ('unknown', 'known') {
        my $page = $ann->get("/api/rooms/$room/messages?limit=100&after=$seq");
        is_deeply(senders(@{ $page->json->{items} }), \@names, "senders are named when they are $how");
    }
};

# Puts a user into new rooms with as many entries each, whose times are 1000, 2000 …; returns the rooms' ids.
sub add_rooms {
    my ($user, $count, $entries, $body) = @_;
    my $first = 1 + $stack->sql('SELECT MAX(id) FROM rooms');
    my $many  = "(SELECT seq - 1 AS n FROM seq_1_to_$count) ns";
    $stack->sql('INSERT INTO rooms (id, kind, name, last_seq, last_message_seq, last_at, created_at) '
            . "SELECT $first + n, 0, 'r', $entries, $entries, 1000 * $entries, 1000 FROM $many");
    $stack->sql('INSERT INTO members (room_id, user_id, role, joined_at) '
            . "SELECT $first + n, @{[ $user->id ]}, 0, 0 FROM $many");
    $stack->sql('INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) '
            . "SELECT $first + n, s.seq, 0, @{[ $ann->id ]}, s.seq, $body, 1000 * s.seq "
            . "FROM $many JOIN (SELECT seq FROM seq_1_to_$entries) s");
    return $first .. $first + $count - 1;
}

# A sync that knows the first entry of each room.
sub sync_after_first {
    my ($user, $rooms, $limit, $time) = @_;
    my %times = map { $_ => $time } @$rooms;
    return $user->post(
        '/api/sync',
        {
            rooms      => { map { $_ => 1 } @$rooms }, limit => $limit, (defined $time ? (times => \%times) : ()),
            after_room => $rooms->[0] - 1, through_room      => $rooms->[-1]
        }
    );
}

# By how much a counter of the database grows while the code runs.
sub counted {
    my ($counter, $code) = @_;
    my $now    = sub { ($stack->sql("SHOW GLOBAL STATUS LIKE '$counter'"))[0][1] };
    my $before = $now->();
    $code->();
    return $now->() - $before;
}

subtest 'a list of rooms costs the same for long rooms' => sub {
    my $eve    = $stack->user('eve');
    my $list   = sub { $eve->get('/api/rooms')->json->{items}[0] };
    my ($room) = add_rooms($eve, 1, 1, "'x'");
    add_messages($room, $ann, 2000, "'x'") for 1 .. 4;
    $stack->sql("UPDATE members SET read_seq = 7996 WHERE room_id = $room");
    is($list->()->{unread}, 5, 'the entries after the read mark are unread');
    cmp_ok(counted('Handler_read_next', $list), '<', 4000, 'the entries before it are not read');
};

subtest 'the queries of a sync are bounded' => sub {
    my $eve   = $stack->user('eve');
    my @rooms = add_rooms($eve, 2000, 2, "'x'");
    my $page  = sync_after_first($eve, \@rooms, 500, 7);
    is(scalar @{ $page->json->{restarted} }, 100, 'as many rooms restart in a page as fit');
    ok($page->json->{more}, 'more follow');
    cmp_ok(queries_of($page), '<=', 1 + 1 + 1 + $ALWAYS, 'times are compared for many rooms at once');
    $page = $eve->post('/api/sync', { rooms => {} });
    is(scalar @{ $page->json->{rooms} }, 100, 'a page has as many new rooms as it may');
    cmp_ok(queries_of($page), '<=', 1 + 1 + $ALWAYS, 'new rooms are read by one query');
    for my $time (undef, 1000) {
        my $how = defined $time ? ', with times' : '';
        $page = sync_after_first($eve, \@rooms, 500, $time);
        is(scalar @{ $page->json->{entries} }, 500, "a page has as many entries as it may$how");
        cmp_ok(queries_of($page), '<=', 1 + 2 + 5 + $ALWAYS, "entries are read for many rooms at once$how");
        $page = sync_after_first($eve, [ @rooms[ 0 .. 199 ] ], 500, $time);
        is(scalar @{ $page->json->{entries} }, 200, "each of 200 rooms has its entry$how");
        cmp_ok(queries_of($page), '<=', 1 + 1 + 3 + 2 + $ALWAYS, "200 rooms cost a few queries$how");
    }
    $page = sync_after_first($eve, \@rooms, 1);
    is(scalar @{ $page->json->{entries} }, 1, 'a page may have one entry');
    cmp_ok(queries_of($page), '<=', 1 + 1 + $ALWAYS, 'entries beyond the page are not read');
    $page = sync_after_first($eve, [ add_rooms($eve, 1, 800, "'x'") ], 500, 1000);
    cmp_ok(queries_of($page), '<=', 1 + 1 + 5 + $ALWAYS, 'many entries of one room cost a few queries');
    my $almost = "IF(s.seq < 12, REPEAT('长', 8000), 'x')";
    $page = sync_after_first($eve, [ add_rooms($eve, 1, 800, $almost) ], 500);
    is(scalar @{ $page->json->{entries} }, 500, 'ten long texts leave a page room for short ones');
    cmp_ok(queries_of($page), '<=', 1 + 16 + $ALWAYS, 'short texts after long ones cost a few queries');
};

subtest 'a sync reads not much more text than its page has' => sub {
    my $eve   = $stack->user('eve');
    my @rooms = add_rooms($eve, 40, 40, "REPEAT('长', 8000)");
    for my $time (undef, 1000, 7) {
        my $how   = !defined $time ? 'without times' : $time == 7 ? 'with wrong times' : 'with times';
        my $bytes = counted('Bytes_sent', sub { sync_after_first($eve, \@rooms, 500, $time)->json });
        cmp_ok($bytes, '<', 2 * 1024 * 1024, "the database sends little to a sync $how");
    }
};

# Makes as many users; returns their ids, the highest first.
sub add_users {
    my ($at, $count) = @_;
    my $first = 1 + $at->sql('SELECT MAX(id) FROM users');
    $at->sql( 'INSERT INTO users (id, username, username_key, skeleton, nickname, password_hash, created_at) '
            . "SELECT $first + seq - 1, CONCAT('p', $first + seq), CONCAT('p', $first + seq), "
            . "CONCAT('p', $first + seq), 'p', '', 1 FROM seq_1_to_$count");
    return reverse $first .. $first + $count - 1;
}

# The changes of each user, and the users for whom they have grown since.
sub changes_of {
    my ($at) = @_;
    return { map { @$_ } $at->sql('SELECT id, changes FROM users') };
}

sub changed_since {
    my ($at, $before) = @_;
    my $now = changes_of($at);
    return [ sort { $a <=> $b } grep { $now->{$_} > $before->{$_} } keys %$before ];
}

# The log of a room: [number, kind, user], and the role and the read mark of that user.
sub log_with_marks {
    my ($at, $room) = @_;
    return [
        $at->sql(
                  'SELECT l.seq, l.kind, l.sender_id, m.role, m.read_seq FROM room_log l LEFT JOIN members m '
                . "ON m.room_id = l.room_id AND m.user_id = l.sender_id WHERE l.room_id = $room ORDER BY l.seq"
        )
    ];
}

subtest 'the queries of a new room do not grow with its people' => sub {
    my @ids     = add_users($stack, 97);
    my $before  = changes_of($stack);
    my $hold    = $stack->sql_session;
    my $outside = $stack->user('outside')->id;
    $hold->("BEGIN; UPDATE users SET changes = changes WHERE id = $outside");
    my $made = $ann->post('/api/rooms', { name => 'x', member_ids => [ @ids, $ids[3], $ann->id, $ids[0] ] });
    $hold->('ROLLBACK');
    is($made->status, 201, 'a room of 98 people is made while the row of somebody else is locked');
    cmp_ok(queries_of($made), '<=', 16 + $ALWAYS, 'it costs a few queries');
    my ($seq, $room) = (1, $made->json->{id});
    is_deeply(
        log_with_marks($stack, $room),
        [ [ 1, 1, $ann->id, 2, 1 ], map { $seq++; [ $seq, 1, $_, 0, $seq ] } @ids ],
        'each person joins once, in the order of the request, with the read mark at the join'
    );
    is_deeply([ @{ $made->json }{qw(member_count last_seq)} ], [ 98, 98 ], 'the room counts its people and entries');
    is_deeply(
        changed_since($stack, $before),
        [ sort { $a <=> $b } $ann->id, @ids ],
        "everybody's rooms have changed, and nobody else's"
    );
    my $gone = $ann->post('/api/rooms', { name => 'x', member_ids => [ @ids[ 0 .. 90 ], 999_999_999, $ids[95] ] });
    is($gone->status, 404, 'one user who does not exist refuses the room');
    is($stack->sql('SELECT COUNT(*) FROM members WHERE user_id = ' . $ids[95]), 1, 'a refused room adds nobody');
};

subtest 'the queries of a new room do not grow with those who are invited to it' => sub {
    my $public = Fastchat::Stack->new(env => { ROOMS_CONSENT => 'true', STRANGERS_PER_DAY => 96 });
    my ($eve, $friend, $outside) = map { $public->user($_) } qw(eve friend outside);
    my @ids = add_users($public, 97);
    my ($full, $refuser) = @ids[ 5, 50 ];
    my $shared = $eve->post('/api/rooms', { name => 'friends', member_ids => [ $friend->id ] })->json->{id};
    $friend->post("/api/invitations/$shared/accept", {});
    $public->sql('DELETE FROM daily_counts');
    $public->sql(
              "INSERT INTO invitations (room_id, user_id, inviter_id, state, created_at) SELECT 100000 + seq, $full, "
            . '1, 0, 1 FROM seq_1_to_100');
    $public->sql("INSERT INTO invitations (room_id, user_id, inviter_id, state, created_at) VALUES (100000, $refuser, "
            . $eve->id
            . ', 1, 1)');
    my $before = changes_of($public);
    my $hold   = $public->sql_session;
    $hold->('BEGIN; UPDATE users SET changes = changes WHERE id = ' . $outside->id);
    my $made = $eve->post('/api/rooms', { name => 'x', member_ids => [ @ids, $ids[2], $friend->id ] });
    $hold->('ROLLBACK');
    is($made->status, 201, 'a room is made for 97 strangers while the row of somebody else is locked');
    cmp_ok(queries_of($made, $public), '<=', 20 + $ALWAYS, 'it costs a few queries');
    my $room = $made->json->{id};
    is_deeply(
        log_with_marks($public, $room),
        [ [ 1, 1, $eve->id, 2, 1 ], [ 2, 1, $friend->id, 0, 2 ] ],
        'only the user who shares a group is in the room'
    );
    is_deeply(
        [ map { $_->[0] } $public->sql("SELECT user_id FROM invitations WHERE room_id = $room ORDER BY user_id DESC") ],
        [ grep { $_ != $full && $_ != $refuser } @ids ],
        'each stranger is invited but those who have refused, or have too many invitations'
    );
    is_deeply(
        changed_since($public, $before),
        [ sort { $a <=> $b } $eve->id, $friend->id ],
        'an invitation changes nobody\'s rooms'
    );
    is($public->sql('SELECT strangers FROM daily_counts'), 95, 'those who are invited count as strangers');
    my $gone = $eve->post('/api/rooms', { name => 'x', member_ids => [ $ids[0], 999_999_999, $friend->id ] });
    is($gone->status, 404, 'one user who does not exist refuses the room');
    my $more = $eve->post('/api/rooms', { name => 'x', member_ids => [ @ids[ 0, 1 ] ] });
    is($more->json->{code}, 'too_many_strangers', 'the strangers of the day are counted one by one');
};

done_testing;
