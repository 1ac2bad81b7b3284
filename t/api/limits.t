#!/usr/bin/perl
# Rate limits, with Redis and without.
use lib 't/lib';
use Fastchat::Test;

# The statuses of `n` calls.
sub statuses {
    my ($n, $call) = @_;
    return [ map { $call->($_)->status } 1 .. $n ];
}

for my $redis (1, 0) {
    my $with  = $redis ? 'with Redis' : 'without Redis';
    my $stack = Fastchat::Stack->new(
        env => {
            LIMIT_LOGIN => 5, LIMIT_SEND => 5, LIMIT_GENERAL => 40, APP_WORKERS => 1, ($redis ? () : (REDIS_HOST => ''))
        }
    );
    my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
    my $typed_in = $bob->post('/api/rooms', { name => 'x', member_ids => [ $alice->id ] })->json->{id};

    subtest "$with: sending is limited by user" => sub {
        my %got = in_one_minute(sub {
            my $room = $alice->post('/api/rooms', { name => 'x', member_ids => [ $bob->id ] })->json->{id};
            my $path = "/api/rooms/$room/messages";
            my $send = sub { return $_[0]->post($path, { client_id => "m$_[1]", body => 'x' }) };
            return (
                sent    => statuses(6, sub { $send->($alice, @_) }),
                refused => $send->($alice, 9),
                bob     => $send->($bob, 'b'),
                room    => $alice->get("/api/rooms/$room"),
            );
        });
        is_deeply($got{sent}, [ (201) x 4, 429, 429 ], "$with: sending is limited");
        like($got{refused}->header('Retry-After'), qr/^(?:[1-9]|[1-5]\d|60)$/, "$with: the denial carries Retry-After");
        is($got{refused}->json->{code}, 'too_many_requests', "$with: the denial has a code");
        is($got{bob}->status, 201, "$with: another user is counted separately");
        is($got{room}->status, 200, "$with: another class of calls is counted separately");
    };

    subtest "$with: wrong passwords are limited by address" => sub {
        my $most = 5 * ($redis ? 1 : $stack->workers('cpu'));         # without Redis every process counts for itself
        my ($guesses) = in_one_minute(sub {
            return statuses(
                $most + 1,
                sub { $stack->post('/api/sessions', { username => "nobody$_[0]", password => 'x' }) }
            );
        });
        is_deeply([ @$guesses[ 0 .. 4 ] ], [ (401) x 5 ], "$with: wrong passwords below the limit are checked");
        ok((grep { $_ == 429 } @$guesses), "$with: wrong passwords are counted by address");
    };

    subtest "$with: other calls are limited by user" => sub {
        my ($typing, $general, $health) = in_one_minute(sub {
            return statuses(6, sub { $alice->post("/api/rooms/$typed_in/typing") }),
                statuses(41, sub { $bob->get('/api/users/me') }), $stack->get('/api/healthz')->status;
        });
        is_deeply($typing, [ (204) x 4, 429, 429 ], "$with: typing is limited to a tenth of other calls");
        is($general->[-1], 429, "$with: all other calls are counted by user");
        is($health, 200, "$with: health is never limited");
    };
}

subtest 'several processes count together' => sub {
    my ($limit, $workers) = (48, 2);
    my $stack = Fastchat::Stack->new(env => { LIMIT_GENERAL => $limit, APP_WORKERS => $workers });
    my ($serial, $parallel) = map { $stack->user($_) } qw(serial parallel);
    my $most = $limit + ($workers - 1) * $limit / 16;
    my ($passed) = in_one_minute(sub {
        return scalar grep { $_ == 200 } @{ statuses(2 * $limit, sub { $serial->get('/api/users/me') }) };
    });
    cmp_ok($passed, '>=', $limit, 'a user may make as many calls as the limit says');
    cmp_ok($passed, '<=', $most, 'each further process lets at most a sixteenth more pass');
    my ($later, @passed) = in_one_minute(sub {
        my $begun = $stack->begin_at_once(
            8,
            sub {
                scalar grep { $_ == 200 } @{ statuses(12, sub { $parallel->get('/api/users/me') }) };
            }
        );
        my @passed = $begun->();
        return $parallel->get('/api/users/me')->status, @passed;
    });
    $passed = 0;
    $passed += $_ for @passed;
    cmp_ok($passed, '>=', $limit, 'calls at once may be as many as the limit says');
    cmp_ok($passed, '<=', $most, 'calls at once are counted one by one');
    is($later, 429, 'beyond the limit every process refuses');
};

subtest 'whatever appends to the log of a room is limited as messages are' => sub {
    my $stack = Fastchat::Stack->new(env => { LIMIT_SEND => 6, APP_WORKERS => 1 });
    my ($owner, $guest, $other) = map { $stack->user($_) } qw(owner guest other);
    my %got = in_one_minute(sub {
        my $room   = $owner->post('/api/rooms', { name => 'x', open => JSON::PP::true })->json->{id};
        my $second = $guest->post('/api/rooms', { name => 'y', member_ids => [ $owner->id ] })->json->{id};
        my $member = sub { return "/api/rooms/$room/members/" . $_[0]->id };
        $guest->put($member->($guest), {});
        $owner->delete("/api/rooms/$second/members/" . $owner->id);
        $guest->put("/api/rooms/$second/members/" . $owner->id, {});
        my $last    = sub { return $owner->get("/api/rooms/$room")->json->{last_seq} };
        my $renamed = statuses(2, sub { $owner->patch("/api/rooms/$room", { name => "x$_[0]" }) });
        my $both    = $owner->patch("/api/rooms/$room", { name => 'z', open => JSON::PP::false });
        my $before  = $last->();
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
        return (
            renamed => $renamed, both => $both, before => $before, refused => \%refused, after => $last->(),
            guest   => $guest->delete($member->($guest)),
        );
    });
    is_deeply($got{renamed}, [ 200, 200 ], 'renames below the limit are done');
    is($got{both}->status, 200, 'a change of name and openness is done');
    is($got{before}, 6, 'a change of both appends two entries');
    is($got{refused}{$_}->status, 429, "$_ beyond the limit is refused") for sort keys %{ $got{refused} };
    is($got{after}, $got{before}, 'nothing was appended beyond the limit');
    is($got{guest}->status, 204, 'another user is counted separately');
};

subtest 'guesses at tokens do not reach the database' => sub {
    my $stack = Fastchat::Stack->new(own => 1, env => { LIMIT_GENERAL => 5, APP_WORKERS => 1 });
    my $alice = $stack->user('alice');
    my $me    = sub { return $alice->get('/api/users/me')->status };
    my $guess = sub { return $stack->get('/api/users/me', token => substr(rand() . 'x' x 43, 2, 43)) };
    my %form  = (username => $alice->username, password => $alice->password);
    my %got   = in_one_minute(sub {
        return (
            before  => $me->(),
            guesses => statuses(60, $guess),
            after   => $me->(),
            sign_in => $stack->post('/api/sessions', \%form)->status,
            again   => $me->(),
        );
    });
    is($got{before}, 200, 'a session is known');
    my %status = map { $_ => 1 } @{ $got{guesses} };
    is_deeply([ sort keys %status ], [ 401, 429 ], 'guesses beyond the limit are refused');
    is($got{after}, 200, 'a known session is served at the same address');
    is($got{sign_in}, 201, 'signing in is counted by itself');
    is($got{again}, 200, 'a session that is read again is served at the same address');
};

subtest 'a token that has ended costs no look-up when it is repeated' => sub {
    my $stack = Fastchat::Stack->new(own => 1, env => { LIMIT_GENERAL => 5, APP_WORKERS => 1 });
    my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
    is($alice->delete('/api/sessions/current')->status, 204, 'a session ends');
    my ($refused, $served) = in_one_minute(sub {
        return statuses(60, sub { $alice->get('/api/users/me') }), $bob->get('/api/users/me')->status;
    });
    my %status = map { $_ => 1 } @$refused;
    is_deeply([ sort keys %status ], [ 401, 429 ], 'its token is refused');
    is($served, 200, 'a session that is not known yet is served at the same address');
};

subtest 'a limit of 0 is off' => sub {
    my $stack = Fastchat::Stack->new(
        env => { LIMIT_GENERAL => 0, LIMIT_SEND => 0, LIMIT_LOGIN => 0, LIMIT_REGISTER => 3, APP_WORKERS => 1 });
    my ($alice, $signed_up, $wiped) = in_one_minute(sub {
        my $user    = $stack->user('alice');
        my $sign_up = sub {
            return $stack->post(
                '/api/users',
                { username => sprintf('reg_%06x', rand 1 << 24), password => '12345678' }
            );
        };
        my $signed_up = statuses(4, $sign_up);
        $stack->redis_cli('FLUSHALL');
        return $user, $signed_up, $stack->post('/api/users', { username => 'x', password => 'y' })->status;
    });
    is_deeply($signed_up, [ 201, 201, 429, 429 ], 'one limit applies while others are off');
    is($wiped, 422, 'counting starts again after Redis was wiped');
    my $room  = $alice->post('/api/rooms', { name => 'x' })->json->{id};
    my $send  = sub { return $alice->post("/api/rooms/$room/messages", { client_id => "m$_[0]", body => 'x' }) };
    my $guess = sub { return $stack->post('/api/sessions', { username => 'nobody', password => 'x' }) };
    is_deeply(statuses(150, $send), [ (201) x 150 ], 'a limit of 0 turns the limit off: sending');
    is_deeply(statuses(30, $guess), [ (401) x 30 ], 'a limit of 0 turns the limit off: signing in');
    is_deeply(
        statuses(150, sub { $alice->get("/api/rooms/$room") }),
        [ (200) x 150 ],
        'a limit of 0 turns the limit off: all other calls'
    );
    is_deeply(
        statuses(3, sub { $stack->get('/api/users/me', token => 'x' x 43) }),
        [ (401) x 3 ],
        'a wiped Redis lets nobody in'
    );
};

done_testing;
