#!/usr/bin/perl
# Background tasks for their owners: the course's route, listing, cancelling, retrying.
use lib 't/lib';
use Fastchat::Test;
use Math::BigInt;

my $stack = Fastchat::Stack->new(env => { TASK_DEMO_SECONDS => 2, TASK_CHILDREN => 2 });
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

subtest 'a task reports its progress and ends with its result' => sub {
    ok(
        $stack->wait_for(5, sub { my $t = task($alice, $id); $t->{state} eq 'running' && $t->{progress} >= 50 }),
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
        [ '%31%20', 'int_parsing' ], [ '9' x 1001, 'int_parsing_size' ]
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
