#!/usr/bin/perl
# Background tasks for their owners: the course's route, listing, cancelling, retrying.
use lib 't/lib';
use Fastchat::Test;
use Math::BigInt;

my $stack = Fastchat::Stack->new(env => { TASK_DEMO_SECONDS => 3, TASK_CHILDREN => 2 });
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);

sub task { my ($who, $id) = @_; return $who->get("/api/tasks/$id")->json }

sub until_state {
    my ($who, $id, $state) = @_;
    $stack->wait_for(10, sub { task($who, $id)->{state} eq $state });
    return task($who, $id);
}

my $id;

subtest 'a task is queued at once, and other users neither see nor cancel it' => sub {
    is($stack->get('/api/task/12')->status, 401, 'a task needs a session');
    my $queued = $alice->get('/api/task/12');
    is($queued->status, 202, 'GET /api/task/{num} answers at once');
    is_deeply(
        { %{ $queued->json }, id => 0 }, { id => 0, num => 12, state => 'queued' },
        'the answer is the queued task'
    );
    $id = $queued->json->{id};
    is($bob->get("/api/tasks/$id")->json->{code}, 'no_such_task', 'other users do not see a task');
    is($bob->post("/api/tasks/$id/cancel", {})->status, 404, 'other users cannot cancel a task');
};

subtest 'only a deliberate GET queues a task' => sub {
    my $count  = sub { scalar @{ $alice->get('/api/tasks?limit=100')->json->{items} } };
    my $before = $count->();
    my $head   = $alice->head('/api/task/13');
    is($head->status, 202, 'HEAD has the status of GET');
    is($head->header('Content-Type'), 'application/json', 'HEAD has the media type of GET');
    is($alice->head('/api/task/x')->status, 422, 'HEAD checks the input as GET does');
    is($stack->head('/api/task/13')->status, 401, 'HEAD needs a session');
    for my $header ([ 'Sec-Purpose' => 'prefetch;prerender' ], [ Purpose => 'prefetch' ], [ 'X-Moz' => 'prefetch' ]) {
        my $refused = $alice->get('/api/task/13', headers => {@$header});
        is($refused->status, 403, "a prefetch is refused ($header->[0])");
        is($refused->json->{code}, 'no_prefetch', "a refused prefetch has a code ($header->[0])");
        is(
            $alice->get('/api/users/me', headers => {@$header})->status, 200,
            "a GET without an effect can be prefetched ($header->[0])"
        );
    }
    is($count->(), $before, 'HEAD and a prefetch queue nothing');
    is($alice->get('/api/task/13', headers => { Purpose => 'other' })->status, 202, 'another purpose is no prefetch');
};

subtest 'a task reports its progress and ends with its result' => sub {
    ok(
        $stack->wait_for(5, sub { my $t = task($alice, $id); $t->{state} eq 'running' && $t->{progress} >= 33 }),
        'a running task reports progress'
    );
    is($alice->post("/api/tasks/$id/retry", {})->json->{code}, 'task_not_over', 'a running task cannot be retried');
    my $done = until_state($alice, $id, 'done');
    is_deeply($done->{result}, { num => 12, q => '144' }, 'the result is the square');
    is_deeply(
        [ @$done{qw(progress attempts error cancel_asked)} ], [ 100, 1, undef, JSON::PP::false ],
        'a finished task has progress 100, one attempt and no error'
    );
    # It may start in the millisecond in which it was queued; it takes longer than that.
    ok(
        $done->{started_at} ge $done->{created_at} && $done->{ended_at} gt $done->{started_at},
        'a task is created, started and ended in that order'
    );
    is(
        $alice->post("/api/tasks/$id/cancel", {})->json->{code}, 'task_has_ended',
        'a finished task cannot be cancelled'
    );
    is($alice->post("/api/tasks/$id/retry", {})->json->{code}, 'task_not_over', 'a finished task cannot be retried');
};

subtest 'integers of any size are squared exactly' => sub {
    my $large = '-' . '0' x 3 . '7' x 997;
    my @exact = (
        [ '9007199254740992', 9007199254740992 ], [ '9007199254740993', '9007199254740993' ],
        [ $large, $large =~ s/^-0+/-/r ], [ '-0', 0 ]
    );
    my @ids;
    for (@exact) {
        my ($given, $is) = @$_;
        my $made = $alice->post("/api/task/$given", {});
        is($made->json->{num}, $is, 'an integer of ' . length($given) . ' characters is taken');
        push @ids, $made->json->{id};
    }
    like(
        $alice->post('/api/task/9007199254740993', {})->content, qr/"num":"9007199254740993"/,
        'a number beyond 2^53 is a string'
    );
    like(
        $alice->post('/api/task/-9007199254740992', {})->content, qr/"num":-9007199254740992,/,
        'a number up to 2^53 is a number'
    );
    for my $n (0 .. $#exact) {
        my $result = until_state($alice, $ids[$n], 'done')->{result};
        is($result->{q}, Math::BigInt->new($exact[$n][0])->bpow(2)->bstr, 'a large integer is squared exactly');
    }
    for ((
        [ 'abc', 'int_parsing' ], [ '1.5', 'int_parsing' ], [ '1e3', 'int_parsing' ], [ '--1', 'int_parsing' ],
        [ '-', 'int_parsing' ],
        [ '1%20x', 'int_parsing' ], [ '9' x 1001, 'int_parsing_size' ]
    ))
    {
        my ($given, $type) = @$_;
        my $answer = $alice->get("/api/task/$given");
        is(
            $answer->status . ' ' . $answer->json->{detail}[0]{type}, "422 $type",
            'a malformed num is refused: ' . substr $given, 0, 10
        );
        is_deeply($answer->json->{detail}[0]{loc}, [ 'path', 'num' ], 'the fault names num');
    }
};

my ($runs, $next, $waits) = map { $bob->post("/api/task/$_", {})->json->{id} } 1 .. 3;

subtest 'a task is cancelled and retried' => sub {
    until_state($bob, $runs, 'running');
    is($bob->post("/api/tasks/$waits/cancel", {})->json->{state}, 'cancelled', 'a queued task is cancelled at once');
    ok($bob->post("/api/tasks/$runs/cancel", {})->json->{cancel_asked}, 'a running task is asked to end');
    my $cancelled = until_state($bob, $runs, 'cancelled');
    is_deeply(
        [ @$cancelled{qw(state result error)} ], [ 'cancelled', undef, undef ],
        'a cancelled task ends without result or error'
    );
    is($bob->post("/api/tasks/$waits/cancel", {})->status, 409, 'a cancelled task cannot be cancelled again');
    like(
        $bob->post("/api/tasks/$waits/retry", {})->json->{state}, qr/^(?:queued|running)$/,
        'a cancelled task can be retried'
    );
    is(until_state($bob, $waits, 'done')->{result}{q}, '9', 'a retried task is done');
};

subtest 'the unfinished tasks of one user are limited' => sub {
    my $own =
        Fastchat::Stack->new(own => 1, env => { TASKS_PER_USER => 3, TASK_DEMO_SECONDS => 60, TASK_CHILDREN => 1 });
    my ($carol, $dave) = map { $own->user($_) } qw(carol dave);
    my @sent = $own->at_once(6, sub { my $t = $carol->post('/api/task/7', {}); $t->status });
    is_deeply([ sort @sent ], [ 202, 202, 202, 429, 429, 429 ], 'tasks sent at once do not exceed the limit together');
    my $refused = $carol->get('/api/task/7');
    is(
        $refused->status . ' ' . $refused->json->{code}, '429 too_many_tasks',
        'a GET that queues a task is limited, too'
    );
    like($refused->header('Retry-After'), qr/^[1-9]\d*$/, 'the denial carries Retry-After');
    is($carol->post('/api/exports', {})->json->{code}, 'too_many_tasks', 'tasks of all kinds are counted together');
    is($dave->post('/api/task/7', {})->status, 202, 'another user is counted separately');
    my ($last, $next) = map { $_->{id} } @{ $carol->get('/api/tasks')->json->{items} };
    is($carol->post("/api/tasks/$last/cancel", {})->status, 200, 'a waiting task is cancelled');
    is($carol->post('/api/task/8', {})->status, 202, 'a cancelled task is no longer counted');
    is($carol->post("/api/tasks/$last/retry", {})->json->{code}, 'too_many_tasks', 'a retry is counted, too');
    is($carol->post("/api/tasks/$next/cancel", {})->status, 200, 'another waiting task is cancelled');
    is($carol->post("/api/tasks/$last/retry", {})->status, 200, 'a retry below the limit is queued');
    my $owner = $dave->id;
    $own->sql('INSERT INTO tasks (kind, owner_id, state, ready, run_at, until_at, max_attempts, arguments, created_at) '
            . "SELECT 'square', $owner, 2, 0, 0, 99999999999999, 1, '{}', 0 FROM seq_1_to_700");
    my $kept = $dave->post('/api/task/7', {})->json->{id};
    is($own->sql("SELECT COUNT(*) FROM tasks WHERE owner_id = $owner AND state = 2"), 500, 'ended ones are limited');
    is($dave->get("/api/tasks/$kept")->status, 200, 'the newest tasks are kept');
};

subtest 'one user has one unfinished export, whatever was cancelled before' => sub {
    my $own   = Fastchat::Stack->new(own => 1, env => { TASK_CHILDREN => 1 });
    my $carol = $own->user('carol');
    $own->hold('tasks');
    $own->kill('tasks');
    my @exports;
    for (1 .. 4) {
        push @exports, $carol->post('/api/exports', {})->json->{id};
        is($carol->post("/api/tasks/$exports[-1]/cancel", {})->status, 200, 'an export is cancelled');
    }
    my @retried = map { $carol->post("/api/tasks/$_/retry", {}) } @exports;
    is_deeply([ map { $_->status } @retried ], [ 200, 409, 409, 409 ], 'one of four cancelled exports is retried');
    is($retried[1]->json->{code}, 'task_is_waiting', 'the denial names the reason');
    is($carol->post('/api/exports', {})->json->{id}, $exports[0], 'asking for an export returns the retried one');
    $own->release('tasks');
    until_state($carol, $exports[0], 'done');
    is(
        $carol->post("/api/tasks/$exports[1]/retry", {})->status, 200,
        'another export may run after the first has ended'
    );
};

subtest 'tasks are listed' => sub {
    my $mine = $alice->get('/api/tasks')->json->{items};
    is_deeply(
        [ map { $_->{id} } @$mine ], [ sort { $b <=> $a } map { $_->{id} } @$mine ],
        'the newest tasks come first'
    );
    ok(!(grep { $_->{owner_id} != $alice->id } @$mine), 'a user\'s list holds only the own tasks');
    is_deeply(
        [ map { $_->{id} } @{ $bob->get('/api/tasks?state=cancelled')->json->{items} } ], [$runs],
        'tasks are listed by state'
    );
    is_deeply($bob->get('/api/tasks?kind=none')->json, { items => [], next => undef }, 'tasks are listed by kind');
    my $page = $bob->get('/api/tasks?limit=2')->json;
    is_deeply(
        [
            map { $_->{id} } @{ $page->{items} },
            @{ $bob->get("/api/tasks?limit=2&cursor=$page->{next}")->json->{items} }
        ],
        [ $waits, $next, $runs ],
        'tasks are listed page by page'
    );
    is(
        $bob->get('/api/tasks?state=asleep')->json->{detail}[0]{type}, 'enum',
        'a state that does not exist is refused'
    );
};

subtest 'an admin sees every task' => sub {
    $stack->sql('UPDATE users SET is_admin = 1 WHERE id = ' . $bob->id);
    is($bob->get("/api/tasks/$id")->json->{id}, $id, 'an admin sees a task of another user');
    ok(
        !(grep { ($_->{owner_id} // 0) != $bob->id } @{ $bob->get('/api/tasks?mine=true')->json->{items} }),
        'mine=true lists only the admin\'s own tasks'
    );
    my $odd =
        $stack->sql(
              "INSERT INTO tasks (kind, owner_id, run_at, max_attempts, arguments, created_at) VALUES ('square', "
            . $bob->id
            . ", 0, 1, 'no JSON', 0); SELECT LAST_INSERT_ID()");
    is(until_state($bob, $odd, 'dead')->{arguments}, undef, 'arguments that are not JSON are shown as null');
    ok(
        scalar(grep { !defined $_->{owner_id} } @{ $bob->get('/api/tasks?limit=100')->json->{items} }),
        'an admin sees the server\'s own tasks'
    );
};

done_testing;
