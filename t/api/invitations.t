#!/usr/bin/perl
# Nobody is put into a room against their will, removals last, and what one user may do to others on a day is bounded.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use List::Util ();

my $stack = Fastchat::Stack->new;

sub told { my ($answer) = @_; return $answer->status . ($answer->status >= 400 ? ' ' . $answer->json->{code} : '') }

sub group {
    my ($owner, @members) = @_;
    return $owner->post('/api/rooms', { name => '邀请', member_ids => [ map { $_->id } @members ] })->json->{id};
}
sub add   { my ($by, $room, $whom) = @_; return $by->put("/api/rooms/$room/members/" . $whom->id, {}) }
sub leave { my ($by, $room, $whom) = @_; return $by->delete("/api/rooms/$room/members/" . ($whom // $by)->id) }

sub rooms_in {
    my ($who, $path) = @_;
    return [ map { $_->{room_id} } @{ $who->get($path)->json->{items} } ];
}
sub invitations { my ($who) = @_; return rooms_in($who, '/api/invitations') }
sub refusals    { my ($who) = @_; return rooms_in($who, '/api/refusals') }
sub take_up     { my ($who, $room) = @_; return $who->post("/api/invitations/$room/accept", {}) }

subtest 'a user who has left is invited, not put back' => sub {
    my ($owner, $guest) = map { $stack->user($_) } qw(owner guest);
    my $room = group($owner, $guest);
    leave($guest, $room);
    my $answer = add($owner, $room, $guest);
    is($answer->status, 202, 'adding a user who has left is answered 202');
    ok($answer->json->{invited}, 'the answer says that the user is invited');
    is(told($guest->get("/api/rooms/$room")), '403 not_a_member', 'a user who has left is not put back');
    is(told(add($owner, $room, $guest)), 202, 'inviting twice is answered like once');
    my ($invitation, @more) = @{ $guest->get('/api/invitations')->json->{items} };
    is(scalar @more, 0, 'inviting twice makes one invitation');
    is_deeply(
        [ @$invitation{qw(room_id name member_count)}, $invitation->{inviter}{id} ], [ $room, '邀请', 1, $owner->id ],
        'an invitation names the room, its size and the inviter'
    );
    my $joined = take_up($guest, $room);
    is($joined->status, 200, 'an invitation is accepted');
    is_deeply([ @{ $joined->json }{qw(id role unread)} ], [ $room, 'member', 0 ], 'a user who accepts is in the room');
    is_deeply(invitations($guest), [], 'an accepted invitation is over');
    is(take_up($guest, $room)->status, 200, 'accepting again after a lost reply does no harm');
};

subtest 'an invitation is refused once or for good, and refusals are taken back' => sub {
    my ($owner, $guest) = map { $stack->user($_) } qw(owner guest);
    my ($room, $other)  = (group($owner, $guest), group($owner, $guest));
    leave($guest, $_) for $room, $other;
    add($owner, $room, $guest);
    is($guest->delete("/api/invitations/$room")->status, 204, 'an invitation is refused');
    is(told(take_up($guest, $room)), '404 no_such_invitation', 'a refused invitation cannot be accepted');
    is(told(add($owner, $room, $guest)), 202, 'after a refusal the user can be invited again');
    is($guest->delete("/api/invitations/$room?forever=true")->status, 204, 'an invitation is refused for good');
    is(told(add($owner, $room, $guest)), '403 invitation_refused', 'after a refusal for good nobody invites again');
    is(told(add($owner, $other, $guest)), '403 invitation_refused', 'a refusal for good holds for all of the inviter');
    my $third = group($owner, $guest);
    is(
        $owner->get("/api/rooms/$third")->json->{member_count}, 1,
        'a new room of a refused inviter is made without the user'
    );
    is(
        told($owner->put('/api/dms/' . $guest->id, {})), '403 invitation_refused',
        'a refused inviter makes no direct room'
    );
    is_deeply(invitations($guest), [], 'refusals for good are no invitations');
    my ($refusal) = @{ $guest->get('/api/refusals')->json->{items} };
    is_deeply(
        [ @$refusal{qw(room_id name)}, $refusal->{inviter}{id} ], [ $room, '邀请', $owner->id ],
        'a refusal for good is listed with the room and the inviter'
    );
    is_deeply(refusals($owner), [], 'an inviter does not see refusals');
    is($guest->delete("/api/refusals/$room")->status, 204, 'a refusal for good is taken back');
    is_deeply(refusals($guest), [], 'a refusal that was taken back is not listed');
    is(told($guest->delete("/api/refusals/$room")), '404 no_such_refusal', 'a refusal is taken back once');
    is_deeply(invitations($guest), [], 'taking a refusal back is no invitation');
    is(told(add($owner, $room, $guest)), 202, 'after that the user can be invited to the room again');
    is(told(add($owner, $other, $guest)), 202, 'after that the inviter can invite again');
    is(told($guest->delete("/api/refusals/$room")), '404 no_such_refusal', 'an invitation that waits is no refusal');
    is(told($guest->delete('/api/invitations/999999999')), '404 no_such_invitation', 'no invitation, no refusal');
};

subtest 'only taking it back ends a refusal for good' => sub {
    my ($owner, $guest, $third) = map { $stack->user($_) } qw(owner guest third);
    my $room = $owner->post('/api/rooms', { name => '开放', open => JSON::PP::true, member_ids => [ $guest->id ] });
    $room = $room->json->{id};
    my $other = group($owner, $third);
    leave($guest, $room);
    add($owner, $room, $guest);
    $guest->delete("/api/invitations/$room?forever=true") for 1 .. 2;    # the second reply may be a retry's
    is(
        told($guest->delete("/api/invitations/$room")), '404 no_such_invitation',
        'declining once on another device does not take a refusal back'
    );
    is(told(take_up($guest, $room)), '404 no_such_invitation', 'a refused invitation cannot be accepted');
    is(told($owner->delete("/api/refusals/$room")), '404 no_such_refusal', 'an inviter cannot take it back');
    is(add($guest, $room, $guest)->status, 200, 'a user joins an open room in spite of the own refusal');
    is(
        told(add($owner, $other, $guest)), '403 invitation_refused',
        'joining a room does not take back the refusal of its inviter'
    );
    leave($guest, $room);
    is(told(add($owner, $room, $guest)), '403 invitation_refused', 'leaving a room again does not, either');
    is_deeply(refusals($guest), [$room], 'the refusal is still listed');
};

subtest 'refusals for good are listed page by page' => sub {
    my ($owner, $guest) = map { $stack->user($_) } qw(owner guest);
    my @rooms = map { group($owner, $guest) } 1 .. 3;
    leave($guest, $_)                                  for @rooms;
    add($owner, $_, $guest)                            for @rooms;
    $guest->delete("/api/invitations/$_?forever=true") for @rooms;
    my $first = $guest->get('/api/refusals?limit=2')->json;
    my $rest  = $guest->get("/api/refusals?limit=2&cursor=$first->{next}")->json;
    is_deeply(
        [ map { $_->{room_id} } @{ $first->{items} }, @{ $rest->{items} } ],
        [ reverse @rooms ],
        'the pages have each refusal once'
    );
    is($rest->{next}, undef, 'the last page leads nowhere');
};

subtest 'an admin withdraws an invitation, and the last member takes all along' => sub {
    my ($owner, $guest, $third) = map { $stack->user($_) } qw(owner guest third);
    my $room = group($owner, $guest, $third);
    leave($guest, $room);
    add($owner, $room, $guest);
    is(told(leave($third, $room, $guest)), '404 no_such_member', 'a member withdraws nothing');
    is(leave($owner, $room, $guest)->status, 204, 'an owner withdraws an invitation');
    is_deeply(invitations($guest), [], 'a withdrawn invitation is over');
    add($owner, $room, $guest);
    leave($_, $room) for $owner, $third;
    is(told(take_up($guest, $room)), '404 no_such_invitation', 'nobody is invited to a room that all have left');
};

subtest 'a removed user stays out of an open room until an admin adds them' => sub {
    my ($owner, $guest) = map { $stack->user($_) } qw(owner guest);
    my $room = $owner->post('/api/rooms', { name => '开放', open => JSON::PP::true })->json->{id};
    is(add($guest, $room, $guest)->status, 200, 'anybody joins an open room');
    leave($guest, $room);
    is(add($guest, $room, $guest)->status, 200, 'a user who has left joins again');
    leave($owner, $room, $guest);
    is(told(add($guest, $room, $guest)), '403 removed_from_room', 'a removed user does not join again') for 1 .. 2;
    is(add($owner, $room, $guest)->status, 200, 'an owner adds a removed user');
    leave($guest, $room);
    is(add($guest, $room, $guest)->status, 200, 'the removal is over after that');
    is($owner->get("/api/rooms/$room")->json->{member_count}, 2, 'the number of members is right after all of it');
};

sub removed {
    my ($who, $room, $query) = @_;
    return [ map { $_->{user}{id} } @{ $who->get("/api/rooms/$room/removals" . ($query // ''))->json->{items} } ];
}
sub lift { my ($by, $room, $whom) = @_; return $by->delete("/api/rooms/$room/removals/" . $whom->id) }

subtest 'an admin sees who was removed, and lifts it without adding them' => sub {
    my ($owner, $admin, $member, $guest, $other) = map { $stack->user($_) } qw(owner admin member guest other);
    my $room = $owner->post(
        '/api/rooms',
        { name => '开放', open => JSON::PP::true, member_ids => [ map { $_->id } $admin, $member, $guest, $other ] }
    );
    $room = $room->json->{id};
    $owner->put("/api/rooms/$room/members/" . $admin->id, { role => 'admin' });
    is_deeply(removed($owner, $room), [], 'nobody is removed at first');
    leave($other, $room);
    leave($owner, $room, $guest);
    is_deeply(removed($_, $room), [ $guest->id ], 'owner and admins see who was removed, not who left')
        for $owner, $admin;
    my ($removal) = @{ $admin->get("/api/rooms/$room/removals")->json->{items} };
    is_deeply(
        [ @{ $removal->{user} }{qw(username nickname)} ], [ $guest->username, $guest->nickname ],
        'a removal names the user'
    );
    like($removal->{removed_at}, qr/^\d{4}-/, 'a removal has its time');
    is(told(lift($admin, $room, $guest)), 204, 'an admin lifts a removal');
    is_deeply(removed($admin, $room), [], 'a lifted removal is not listed');
    is(told($guest->get("/api/rooms/$room/messages")), '403 not_a_member', 'a lifted removal adds nobody');
    is(told(lift($admin, $room, $guest)), '404 no_such_removal', 'a removal is lifted once');
    is(told(lift($admin, $room, $other)), '404 no_such_removal', 'a user who has left was not removed');
    is(told(add($owner, $room, $other)), 202, 'a user who has left is still asked first');
    is(add($guest, $room, $guest)->status, 200, 'after that the user joins the open room');
};

subtest 'removals are for the owner and admins of a group' => sub {
    my ($owner, $member, $guest, $outsider) = map { $stack->user($_) } qw(owner member guest outsider);
    my $room = $owner->post(
        '/api/rooms',
        { name => '开放', open => JSON::PP::true, member_ids => [ map { $_->id } $member, $guest ] }
    );
    $room = $room->json->{id};
    leave($owner, $room, $guest);
    my $dm = $owner->put('/api/dms/' . $member->id, {})->json->{id};
    for my $case (
        [ $member, $room, '403 not_allowed' ], [ $guest, $room, '403 not_a_member' ],
        [ $outsider, $room, '403 not_a_member' ], [ $owner, $dm, '409 is_a_dm' ],
        [ $outsider, $dm, '403 not_a_member' ],
        [ $owner, 999_999_999, '404 no_such_room' ]
        )
    {
        my ($who, $where, $refusal) = @$case;
        is(told($who->get("/api/rooms/$where/removals")), $refusal, "removals are not listed: $refusal");
        is(told(lift($who, $where, $guest)), $refusal, "a removal is not lifted: $refusal");
    }
    is_deeply(removed($owner, $room), [ $guest->id ], 'the removal is as before');
};

subtest 'removals are listed page by page' => sub {
    my ($owner, @guests) = map { $stack->user($_) } qw(owner a b c d);
    my $room = group($owner, @guests);
    leave($owner, $room, $_) for @guests[ 0, 1, 3 ];
    leave($guests[2], $room);
    my $first = $owner->get("/api/rooms/$room/removals?limit=2")->json;
    is_deeply(
        [ [ map { $_->{user}{id} } @{ $first->{items} } ], removed($owner, $room, "?limit=2&cursor=$first->{next}") ],
        [ [ map { $_->id } @guests[ 0, 1 ] ], [ $guests[3]->id ] ],
        'the pages have each removal once'
    );
};

subtest 'a stream learns of an invitation and of its end' => sub {
    my ($owner, $guest) = map { $stack->user($_) } qw(owner guest);
    my $room = group($owner, $guest);
    leave($guest, $room);
    my $stream = Fastchat::Stream->new($guest);
    $stream->await('hello', 5);
    add($owner, $room, $guest);
    is_deeply($stream->await('invitation', 5)->{data}, { room_id => $room }, 'the event names the room');
    $guest->delete("/api/invitations/$room");
    ok($stream->await('invitation', 5), 'an answer on another device is announced');
};

subtest 'at most a hundred invitations wait for one user' => sub {
    my ($owner, $guest, $other) = map { $stack->user($_) } qw(owner guest other);
    my $room = group($owner, $guest);
    leave($guest, $room);
    $stack->sql(
        'INSERT INTO rooms (kind, name, last_at, created_at) SELECT 0, \'full\', 1, 1 FROM seq_1_to_500 WHERE seq <= 99'
    );
    $stack->sql('INSERT INTO invitations (room_id, user_id, inviter_id, state, created_at) SELECT id, '
            . $guest->id . ', '
            . $other->id
            . ", 0, 1 FROM rooms WHERE name = 'full'");
    is(told(add($owner, $room, $guest)), 202, 'the hundredth invitation is made');
    my $more = group($owner, $guest);
    leave($guest, $more);
    is(told(add($owner, $more, $guest)), '409 too_many_invitations', 'the next one is refused');
    my ($first, @pages) = $guest->get('/api/invitations?limit=60')->json;
    @pages = @{ $guest->get("/api/invitations?limit=60&cursor=$first->{next}")->json->{items} };
    is(@{ $first->{items} } + @pages, 100, 'invitations are listed page by page');
};

subtest 'at most ten invitations of one inviter wait for one user' => sub {
    my ($owner, $guest, $other) = map { $stack->user($_) } qw(owner guest other);
    my ($more, @rooms) = map { group($owner, $guest, $other) } 1 .. 11;
    leave($guest, $_) for @rooms, $more;
    is_deeply([ map { told(add($owner, $_, $guest)) } @rooms ], [ (202) x 10 ], 'ten invitations are made');
    is(told(add($owner, $more, $guest)), '409 too_many_invitations', 'the eleventh is refused');
    is(told(add($owner, $rooms[0], $guest)), 202, 'inviting again to the same room is answered as before');
    leave($other, $more);
    is(told(add($owner, $more, $other)), 202, 'another user is still invited');
    my $theirs = group($other, $guest);
    leave($guest, $theirs);
    is(told(add($other, $theirs, $guest)), 202, 'another inviter is not kept out');
    leave($owner, $rooms[0], $guest);
    is(told(add($owner, $more, $guest)), 202, 'an invitation that is withdrawn makes place for the next one');
    $guest->delete("/api/invitations/$rooms[1]?forever=true");
    is(scalar @{ invitations($guest) }, 10, 'the user sees those that wait');
};

subtest 'with ROOMS_CONSENT strangers are asked first' => sub {
    my $public = Fastchat::Stack->new(env => { ROOMS_CONSENT => 'true', APP_WORKERS => 1 });
    my ($owner, $guest, $friend) = map { $public->user($_) } qw(owner guest friend);
    my $made = $owner->post('/api/rooms', { name => '公开', member_ids => [ ($guest->id) x 2, $friend->id ] });
    my $room = $made->json->{id};
    is($made->json->{member_count}, 1, 'strangers are not in a new room');
    is_deeply(invitations($guest), [$room], 'strangers are invited to a new room, once');
    is(take_up($friend, $room)->status, 200, 'a stranger accepts');
    my $second = $owner->post('/api/rooms', { name => '第二个', member_ids => [ $guest->id, $friend->id ] })->json;
    is($second->{member_count}, 2, 'a user who shares a group is added at once, a stranger is not');
    is(told(add($owner, $second->{id}, $guest)), 202, 'a stranger who is added is invited');
    is($owner->put('/api/dms/' . $guest->id, {})->status, 200, 'a direct room needs no consent');
    my $third = $owner->post('/api/rooms', { name => '第三个', member_ids => [ $guest->id ] })->json;
    is($third->{member_count}, 1, 'a direct room does not replace consent');
};

subtest 'rooms of the same people that are made at once never deadlock' => sub {
    my $public =
        Fastchat::Stack->new(env => { ROOMS_CONSENT => 'true', ROOMS_PER_DAY => 10_000, STRANGERS_PER_DAY => 10_000 });
    my @people = map { $public->user("p$_") } 1 .. 12;
    my $count  = sub {
        return $public->sql("SELECT `count` FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'");
    };
    my $before = $count->();
    my @made   = $public->at_once(
        8,
        sub {
            srand $$;
            my ($owner, @others) = List::Util::shuffle(@people);
            my $direct = sub { $owner->put('/api/dms/' . $_[0]->id, {})->status };
            my $group  = sub {
                my @ids = map { $_->id } List::Util::shuffle(@others);
                my $new = $owner->post('/api/rooms', { name => '同时', member_ids => \@ids });
                return $new->status != 201 ? $new->status : map { take_up($_, $new->json->{id})->status }
                    @others[ 0, 1 ];
            };
            return join ' ', map { ($group->(), $direct->($_)) } @others[ 0 .. 3 ];
        }
    );
    is_deeply(\@made, [ (join ' ', (200) x 12) x 8 ], 'each room is made, and joined');
    is($count->(), $before, 'no transaction had to run again');
};

for my $redis (1, 0) {
    my $with  = $redis ? 'with Redis' : 'without Redis';
    my $small = Fastchat::Stack->new(env => { LIMIT_ADD => 5, APP_WORKERS => 1, ($redis ? () : (REDIS_HOST => '')) });
    my ($owner, @others) = map { $small->user($_) } qw(owner a b c d e f);
    my @ids = map { $_->id } @others;

    subtest "$with: people added are counted one by one" => sub {
        my %got = in_one_minute(sub {
            my $make = sub { return $owner->post('/api/rooms', { name => 'x', member_ids => [ @ids[@_] ] }) };
            my $made = $make->(0 .. 3);
            return (
                made    => $made,
                refused => $make->(0, 1),
                alone   => $make->(),
                added   => add($owner, $made->json->{id}, $others[4]),
            );
        });
        is($got{made}->status, 201, "$with: a room with four people is made");
        is(told($got{refused}), '429 too_many_requests', "$with: two more people in the same minute are refused");
        like($got{refused}->header('Retry-After'), qr/^[1-9]\d?$/, "$with: the refusal carries Retry-After");
        is($got{alone}->status, 201, "$with: a room without others is not counted");
        is(told($got{added}), '429 too_many_requests', "$with: adding a member is counted, too");
    };
}

subtest 'rooms and strangers of a day are bounded, whatever happens to Redis' => sub {
    sleep 86400 - time % 86400 if time % 86400 > 86400 - 60;    # the day must not end meanwhile
    my $small = Fastchat::Stack->new(env => { ROOMS_PER_DAY => 3, STRANGERS_PER_DAY => 3, APP_WORKERS => 1 });
    my ($owner, @others) = map { $small->user($_) } qw(owner a b c d);
    my $room =
        $owner->post('/api/rooms', { name => '一', member_ids => [ map { $_->id } @others[ 0, 1 ] ] })->json->{id};
    is($owner->put('/api/dms/' . $others[2]->id, {})->status, 200, 'a direct room with a third stranger is made');
    $small->redis_cli('FLUSHALL');
    my $answer = add($owner, $room, $others[3]);
    is(told($answer), '429 too_many_strangers', 'the fourth stranger is refused');
    cmp_ok($answer->header('Retry-After'), '>', 0, 'the refusal names the time until tomorrow');
    is(told($owner->put('/api/dms/' . $others[3]->id, {})), '429 too_many_strangers', 'direct rooms count, too');
    is(
        told($owner->post('/api/rooms', { name => '二', member_ids => [ $others[3]->id ] })), '429 too_many_strangers',
        'strangers in a new room count, too'
    );
    is(
        $owner->post('/api/rooms', { name => '二', member_ids => [ $others[0]->id ] })->status, 201,
        'somebody one shares a group with is no stranger'
    );
    is($owner->put('/api/dms/' . $others[2]->id, {})->status, 200, 'an existing direct room is not counted');
    is($owner->post('/api/rooms', { name => '三' })->status, 201, 'a refused room does not count');
    $answer = $owner->post('/api/rooms', { name => '四' });
    is(told($answer), '429 too_many_rooms', 'the fourth room of a day is refused');
    cmp_ok($answer->header('Retry-After'), '<=', 86400, 'the refusal ends with the day');
    is(told($others[0]->post('/api/rooms', { name => '四' })), 201, 'another user is counted separately');
    $small->sql('UPDATE daily_counts SET day = day - 1');
    is($owner->post('/api/rooms', { name => '五' })->status, 201, 'counting starts again on the next day');
    my @made = $small->at_once(8, sub { return $others[1]->post('/api/rooms', { name => '并发' })->status });
    is_deeply([ sort @made ], [ (201) x 3, (429) x 5 ], 'concurrent requests do not exceed the limit together');
};

subtest 'old invitations and counts are deleted' => sub {
    my ($owner, $guest) = map { $stack->user($_) } qw(owner guest);
    my ($room, $kept)   = (group($owner, $guest), group($owner, $guest));
    leave($guest, $_) for $room, $kept;
    add($owner, $_, $guest) for $room, $kept;
    $guest->delete("/api/invitations/$kept?forever=true");
    my $month = 31 * 86400 * 1000;
    $stack->sql("UPDATE invitations SET created_at = created_at - $month WHERE user_id = " . $guest->id);
    $stack->sql('INSERT INTO daily_counts (user_id, day, rooms, strangers) VALUES (' . $guest->id . ', 1, 1, 1)');
    $stack->sql("DELETE FROM tasks WHERE kind = 'clean_up.rooms'");
    $stack->sql('INSERT INTO tasks (kind, run_at, max_attempts, arguments, created_at) VALUES '
            . "('clean_up.rooms', 0, 5, '{}', 0)");
    ok(
        $stack->wait_for(
            20, sub { !$stack->sql('SELECT COUNT(*) FROM daily_counts WHERE day = 1 AND user_id = ' . $guest->id) }
        ),
        'counts of former days are deleted'
    );
    is_deeply(invitations($guest), [], 'an invitation that nobody answered for a month is deleted');
    is_deeply(refusals($guest), [$kept], 'a refusal for good is kept');
};

done_testing;
