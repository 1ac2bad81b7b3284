#!/usr/bin/perl
# The lab as an admin's background task: queued, run, seen, cancelled, one at a time.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new(own => 1, env => { TASK_CHILDREN => 2 });
my ($admin, $other) = map { $stack->user($_) } qw(admin other);
$stack->sql('UPDATE users SET is_admin = 1 WHERE id = ' . $admin->id);

sub task { return $admin->get("/api/tasks/$_[0]")->json }

sub until_state {
    my ($id, $state) = @_;
    $stack->wait_for(60, sub { task($id)->{state} eq $state });
    return task($id);
}

subtest 'the lab is for admins only' => sub {
    is($stack->post('/api/lab', {})->status, 401, 'the lab needs a session');
    my $refused = $other->post('/api/lab', {});
    is($refused->status . ' ' . $refused->json->{code}, '403 admins_only', 'a user who is not an admin is refused');
};

my $queued;

subtest 'a lab is queued, and a second one is refused while it runs' => sub {
    $queued = $admin->post('/api/lab', { tasks => 3, cpu => 2, wait_ms => 150 });
    is($queued->status, 202, 'an admin\'s request is answered 202 at once');
    is($queued->json->{state}, 'queued', 'the answer is a queued task');
    my $second = $admin->post('/api/lab', {});
    is($second->status . ' ' . $second->json->{code}, '409 lab_is_running', 'a second lab is refused while one runs');
};

subtest 'a finished lab has its result, which only the admin sees' => sub {
    my $done = until_state($queued->json->{id}, 'done');
    is($done->{progress}, 100, 'a finished lab has a progress of 100');
    is_deeply(
        $done->{arguments}, { tasks => 3, cpu => 2, wait_ms => 150, repeat => 1 },
        'the task keeps the numbers that it was given'
    );
    my $result = $done->{result};
    is(scalar @{ $result->{works} }, 3, 'the result has three kinds of work');
    ok(!(grep { !$_->{same_work} } map { @{ $_->{modes} } } @{ $result->{works} }), 'every shape does the same work');
    cmp_ok($result->{traps}{blocked}{event_loop_max_ms}, '>=', 490, 'the result has the traps');
    ok($result->{rule}{zh} && $result->{rule}{en}, 'the result has the rule in both languages');
    is($other->get("/api/tasks/$done->{id}")->status, 404, 'other users do not see the lab\'s task');
};

subtest 'a running lab can be cancelled' => sub {
    my $long = $admin->post('/api/lab', { tasks => 20, cpu => 0, wait_ms => 1500 })->json->{id};
    until_state($long, 'running');
    ok($stack->wait_for(20, sub { task($long)->{progress} > 0 }), 'a running lab reports progress');
    is($admin->post("/api/tasks/$long/cancel", {})->status, 200, 'a running lab can be cancelled');
    is(until_state($long, 'cancelled')->{result}, undef, 'a cancelled lab has no result');
};

subtest 'a lab with numbers out of bounds is refused' => sub {
    for (
        [ { tasks   => 0 }, 'tasks' ], [ { tasks => 101 }, 'tasks' ], [ { cpu => -1 }, 'cpu' ],
        [ { wait_ms => 5001 }, 'wait_ms' ], [ { repeat => 10 }, 'repeat' ], [ { tasks => 'x' }, 'tasks' ]
        )
    {
        my ($body, $field) = @$_;
        is_deeply(
            $admin->post('/api/lab', $body)->json->{detail}[0]{loc}, [ 'body', $field ],
            "a value out of bounds is refused by its name: $field"
        );
    }
    my $too_long = $admin->post('/api/lab', { tasks => 100, wait_ms => 5000, repeat => 9 });
    is(
        $too_long->status . ' ' . $too_long->json->{code}, '400 lab_too_long',
        'a lab that would take too long is refused'
    );
};

subtest 'a task with arguments of another version is refused' => sub {
    for my $arguments (
        q('{}'), q('{"tasks":20,"cpu":20,"wait_ms":890,"repeat":10}'),
        q('{"tasks":"20","cpu":20,"wait_ms":890,"repeat":1}'), q('[]')
        )
    {
        my $id =
            $stack->sql(
                  "INSERT INTO tasks (kind, owner_id, run_at, max_attempts, arguments, created_at) VALUES ('lab', "
                . $admin->id
                . ", 0, 1, $arguments, 0); SELECT LAST_INSERT_ID()");
        like(
            until_state($id, 'dead')->{error}, qr/its arguments must be \{"tasks": 1 to 100/,
            "arguments of another version are refused: $arguments"
        );
    }
};

done_testing;
