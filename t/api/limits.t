#!/usr/bin/perl
# Rate limits, with Redis and without.
use lib 't/lib';
use Fastchat::Test;

# Counters start again with every minute of the clock: wait if one is about to end.
sub settle { sleep 60 - time % 60 if time % 60 > 45 }

for my $redis (1, 0) {
    my $with  = $redis ? 'with Redis' : 'without Redis';
    my $stack = Fastchat::Stack->new(
        env => {
            LIMIT_LOGIN => 5, LIMIT_SEND => 5, LIMIT_GENERAL => 40, APP_WORKERS => 1, ($redis ? () : (REDIS_HOST => ''))
        }
    );
    settle();
    my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
    my $room = $alice->post('/api/rooms', { name => 'x', member_ids => [ $bob->id ] })->json->{id};

    subtest "$with: sending is limited by user" => sub {
        my @sent =
            map { $alice->post("/api/rooms/$room/messages", { client_id => "m$_", body => 'x' })->status } 1 .. 6;
        is_deeply(\@sent, [ 201, 201, 201, 201, 429, 429 ], "$with: sending is limited");
        my $refused = $alice->post("/api/rooms/$room/messages", { client_id => 'm9', body => 'x' });
        like($refused->header('Retry-After'), qr/^(?:[1-9]|[1-5]\d|60)$/, "$with: the denial carries Retry-After");
        is($refused->json->{code}, 'too_many_requests', "$with: the denial has a code");
        is(
            $bob->post("/api/rooms/$room/messages", { client_id => 'b', body => 'x' })->status, 201,
            "$with: another user is counted separately"
        );
        is($alice->get("/api/rooms/$room")->status, 200, "$with: another class of calls is counted separately");
    };

    subtest "$with: wrong passwords are limited by address" => sub {
        my $most = 5 * ($redis ? 1 : $stack->workers('cpu'));    # without Redis every process counts for itself
        my @signed =
            map { $stack->post('/api/sessions', { username => "nobody$_", password => 'x' })->status } 1 .. $most + 1;
        is_deeply([ @signed[ 0 .. 4 ] ], [ (401) x 5 ], "$with: wrong passwords below the limit are checked");
        is($signed[-1], 429, "$with: wrong passwords are counted by address");
    };

    subtest "$with: typing is limited to a tenth of other calls" => sub {
        my @typing = map { $alice->post("/api/rooms/$room/typing")->status } 1 .. 6;
        is_deeply(\@typing, [ (204) x 4, (429) x 2 ], "$with: typing is limited");
    };

    subtest "$with: all other calls are limited by user, health is not" => sub {
        my @general = map { $bob->get('/api/users/me')->status } 1 .. 41;
        is($general[-1], 429, "$with: all other calls are counted by user");
        is($stack->get('/api/healthz')->status, 200, "$with: health is never limited");
    };
}

subtest 'several processes count together' => sub {
    my ($limit, $workers) = (48, 2);
    my $stack = Fastchat::Stack->new(env => { LIMIT_GENERAL => $limit, APP_WORKERS => $workers });
    settle();
    my ($serial, $parallel) = map { $stack->user($_) } qw(serial parallel);
    my $most   = $limit + ($workers - 1) * $limit / 16;
    my $passed = grep { $serial->get('/api/users/me')->status == 200 } 1 .. 2 * $limit;
    cmp_ok($passed, '>=', $limit, 'a user may make as many calls as the limit says');
    cmp_ok($passed, '<=', $most, 'each further process lets at most a sixteenth more pass');
    my $begun = $stack->begin_at_once(
        8,
        sub {
            scalar grep { $parallel->get('/api/users/me')->status == 200 } 1 .. 12;
        }
    );
    $passed = 0;
    $passed += $_ for $begun->();
    cmp_ok($passed, '>=', $limit, 'calls at once may be as many as the limit says');
    cmp_ok($passed, '<=', $most, 'calls at once are counted one by one');
    is($parallel->get('/api/users/me')->status, 429, 'beyond the limit every process refuses');
};

subtest 'whatever appends to the log of a room is limited as messages are' => sub {
    my $stack = Fastchat::Stack->new(env => { LIMIT_SEND => 6, APP_WORKERS => 1 });
    settle();
    my ($owner, $guest, $other) = map { $stack->user($_) } qw(owner guest other);
    my $room   = $owner->post('/api/rooms', { name => 'x', open => JSON::PP::true })->json->{id};
    my $second = $guest->post('/api/rooms', { name => 'y', member_ids => [ $owner->id ] })->json->{id};
    my $member = sub { return "/api/rooms/$room/members/" . $_[0]->id };
    $guest->put($member->($guest), {});
    $owner->delete("/api/rooms/$second/members/" . $owner->id);
    $guest->put("/api/rooms/$second/members/" . $owner->id, {});
    my @renamed = map { $owner->patch("/api/rooms/$room", { name => "x$_" })->status } 1 .. 2;
    is_deeply(\@renamed, [ 200, 200 ], 'renames below the limit are done');
    my $both = $owner->patch("/api/rooms/$room", { name => 'z', open => JSON::PP::false });
    is($both->status, 200, 'a change of name and openness is done');
    my $last = $owner->get("/api/rooms/$room")->json->{last_seq};
    is($last, 6, 'a change of both appends two entries');
    my %refused = (
        'a rename'                => $owner->patch("/api/rooms/$room", { name => 'again' }),
        'opening'                 => $owner->patch("/api/rooms/$room", { open => JSON::PP::true }),
        'a role'                  => $owner->put($member->($guest), { role => 'admin' }),
        'adding'                  => $owner->put($member->($other), {}),
        'removing'                => $owner->delete($member->($guest)),
        'leaving'                 => $owner->delete($member->($owner)),
        'a new room'              => $owner->post('/api/rooms', { name => 'new' }),
        'accepting an invitation' => $owner->post("/api/invitations/$second/accept", {}),
        'a message'               => $owner->post("/api/rooms/$room/messages", { client_id => 'm', body => 'x' }),
    );
    is($refused{$_}->status, 429, "$_ beyond the limit is refused") for sort keys %refused;
    is($owner->get("/api/rooms/$room")->json->{last_seq}, $last, 'nothing was appended beyond the limit');
    is($guest->delete($member->($guest))->status, 204, 'another user is counted separately');
};

subtest 'guesses at tokens do not reach the database' => sub {
    my $stack = Fastchat::Stack->new(own => 1, env => { LIMIT_GENERAL => 5, APP_WORKERS => 1 });
    settle();
    my $alice = $stack->user('alice');
    my $guess = sub { $stack->get('/api/users/me', token => substr(rand() . 'x' x 43, 2, 43))->status };
    is($alice->get('/api/users/me')->status, 200, 'a session is known');
    my %status = map { $_ => 1 } map { $guess->() } 1 .. 60;
    is_deeply([ sort keys %status ], [ 401, 429 ], 'guesses beyond the limit are refused');
    is($alice->get('/api/users/me')->status, 200, 'a known session is served at the same address');
    my %form = (username => $alice->username, password => $alice->password);
    is($stack->post('/api/sessions', \%form)->status, 201, 'signing in is counted by itself');
    is($alice->get('/api/users/me')->status, 200, 'a session that is read again is served at the same address');
};

subtest 'a token that has ended costs no look-up when it is repeated' => sub {
    my $stack = Fastchat::Stack->new(own => 1, env => { LIMIT_GENERAL => 5, APP_WORKERS => 1 });
    settle();
    my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
    is($alice->delete('/api/sessions/current')->status, 204, 'a session ends');
    my %status = map { $_ => 1 } map { $alice->get('/api/users/me')->status } 1 .. 60;
    is_deeply([ sort keys %status ], [ 401, 429 ], 'its token is refused');
    is($bob->get('/api/users/me')->status, 200, 'a session that is not known yet is served at the same address');
};

subtest 'a limit of 0 is off' => sub {
    my $stack = Fastchat::Stack->new(
        env => { LIMIT_GENERAL => 0, LIMIT_SEND => 0, LIMIT_LOGIN => 0, LIMIT_REGISTER => 3, APP_WORKERS => 1 });
    settle();
    my $alice = $stack->user('alice');
    my $room  = $alice->post('/api/rooms', { name => 'x' })->json->{id};
    is_deeply(
        [
            grep { $_ != 201 }
            map  { $alice->post("/api/rooms/$room/messages", { client_id => "m$_", body => 'x' })->status } 1 .. 150
        ],
        [],
        'a limit of 0 turns the limit off: sending'
    );
    is_deeply(
        [
            grep { $_ != 401 }
            map  { $stack->post('/api/sessions', { username => 'nobody', password => 'x' })->status } 1 .. 30
        ],
        [],
        'a limit of 0 turns the limit off: signing in'
    );
    is_deeply(
        [ grep { $_ != 200 } map { $alice->get("/api/rooms/$room")->status } 1 .. 150 ], [],
        'a limit of 0 turns the limit off: all other calls'
    );
    my @made = map {
        $stack->post('/api/users', { username => sprintf('reg_%06x', rand 1 << 24), password => '12345678' })->status
    } 1 .. 4;
    is_deeply(\@made, [ 201, 201, 429, 429 ], 'one limit applies while others are off');
    $stack->redis_cli('FLUSHALL');
    is(
        $stack->post('/api/users', { username => 'x', password => 'y' })->status, 422,
        'counting starts again after Redis was wiped'
    );
    is_deeply(
        [ map { $stack->get('/api/users/me', token => 'x' x 43)->status } 1 .. 3 ], [ (401) x 3 ],
        'a wiped Redis lets nobody in'
    );
};

done_testing;
