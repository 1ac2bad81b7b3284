#!/usr/bin/perl
# Tasks that share a process: each ends as it would in a process of its own, whatever the others do.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(time);

my $stack = Fastchat::Stack->new(
    env    => { TASK_CHILDREN => 2, TASK_LEASE_SECONDS => 30, TASK_DRAIN_SECONDS => 3 }, own => 1,
    expect => [qr/task \d+ trial/]
);
$stack->sql('CREATE TABLE trial_effects (task_id BIGINT NOT NULL, KEY (task_id)) ENGINE=InnoDB');

# Enqueues tasks of the shared kind in one statement, so that they are claimed together: [count, what they do], each
# with one attempt; %attempts names the works that have more. Returns the first id.
sub enqueue {
    my ($works, %attempts) = @_;
    my (@rows, $total);
    for my $work (@$works) {
        my ($count, $do) = @$work;
        my $most = $attempts{$do} // 1;
        push @rows, (qq(('trial.shared', 0, $most, '{"do":"$do"}', 0))) x $count;
        $total += $count;
    }
    my $last = $stack->sql('SELECT COALESCE(MAX(id), 0) FROM tasks');
    $stack->sql('INSERT INTO tasks (kind, run_at, max_attempts, arguments, created_at) VALUES ' . join ', ', @rows);
    $stack->redis_cli('PUBLISH', 'fc:0:tasks', 'wake');
    return "kind = 'trial.shared' AND id > $last";
}

sub count { my ($where) = @_; return scalar $stack->sql("SELECT COUNT(*) FROM tasks WHERE $where") }

# Waits until none of them is queued, running or failed.
sub ended {
    my ($where, $seconds) = @_;
    return $stack->wait_for($seconds // 90, sub { count("$where AND state IN (0, 1, 3)") == 0 });
}

# The number of tasks done in their first run.
sub done_at_once { my ($where) = @_; return count("$where AND state = 2 AND attempts = 1") }

# After many runs of microseconds, the runner claims hundreds at a time.
sub warm_up { return ended(enqueue([ [ 2000, 'pid' ] ])) }

subtest 'tasks of a kind that shares processes need few of them' => sub {
    ok(warm_up(), 'two thousand tasks end');
    my $mine = enqueue([ [ 1000, 'pid' ] ]);
    ok(ended($mine), 'a thousand tasks end');
    is(done_at_once($mine), 1000, 'a thousand tasks are done in one run each');
    my $processes = $stack->sql("SELECT COUNT(DISTINCT result) FROM tasks WHERE $mine");
    cmp_ok($processes, '<', 200, 'a thousand tasks share their processes') or diag "$processes processes";
    my $last = $stack->sql('SELECT MAX(id) FROM tasks');
    $stack->sql(q(INSERT INTO tasks (kind, run_at, attempts, max_attempts, arguments, created_at) )
            . q(SELECT 'trial.shared', 0, 1, 3, '{"do":"pid"}', 0 FROM seq_1_to_50));
    ok(ended("id > $last"), 'fifty tasks that have run before end');
    is(
        $stack->sql("SELECT COUNT(DISTINCT result) FROM tasks WHERE id > $last AND kind = 'trial.shared'"),
        50, 'a task that has run before has a process of its own'
    );
};

subtest 'a task that kills its process takes no attempt of the others' => sub {
    warm_up();
    my $mine = enqueue(
        [ [ 100, 'pid' ], [ 1, 'crash' ], [ 100, 'pid' ], [ 1, 'stumble' ], [ 100, 'pid' ] ],
        crash => 2, stumble => 3
    );
    ok(ended($mine), 'the tasks beside one that crashes end');
    is(done_at_once("$mine AND arguments LIKE '%pid%'"), 300, 'the tasks beside one that crashes have one run each');
    my ($crashed) = $stack->sql("SELECT state, attempts, error FROM tasks WHERE $mine AND arguments LIKE '%crash%'");
    is_deeply([ @$crashed[ 0, 1 ] ], [ 4, 2 ], 'a task that crashes in a shared process uses up its attempts alone');
    like($crashed->[2], qr/signal 6/, 'the error of a task that crashes in a shared process names the signal');
    is(
        count("$mine AND state = 2 AND attempts = 3 AND arguments LIKE '%stumble%'"),
        1, 'a task that fails in a shared process is tried again'
    );
};

subtest 'a task that hangs does not hold up those that share its process' => sub {
    warm_up();
    my $mine = enqueue([ [ 50, 'pid' ], [ 1, 'never_end' ], [ 100, 'pid' ] ]);
    ok(ended($mine), 'the tasks beside one that hangs end');
    is(done_at_once("$mine AND arguments LIKE '%pid%'"), 150, 'the tasks beside one that hangs have one run each');
    my ($late) = $stack->sql("SELECT state, error, ended_at FROM tasks WHERE $mine AND arguments LIKE '%never_end%'");
    is($late->[0], 4, 'a task that hangs in a shared process is stopped');
    like($late->[1], qr/did not end within 4 s/, 'a task that hangs in a shared process is stopped at its limit');
    is(count("$mine AND ended_at > $late->[2]"), 0, 'no task waits for the limit of one that hangs');
};

subtest 'a cancellation only meets the task that it is for' => sub {
    warm_up();
    my $mine = enqueue([ [ 20, 'pid' ], [ 1, 'until_cancelled' ], [ 50, 'pid' ] ]);
    my $its  = "$mine AND arguments LIKE '%until_cancelled%'";
    ok($stack->wait_for(10, sub { count("$its AND state = 1") }), 'a task runs until it is cancelled');
    $stack->sql("UPDATE tasks SET cancel_asked = 1 WHERE $its");
    ok(ended($mine), 'the tasks beside a cancelled one end');
    is(count("$its AND state = 5"), 1, 'a task in a shared process is cancelled');
    is(done_at_once("$mine AND arguments LIKE '%pid%'"), 70, 'the tasks beside a cancelled one are done');

    $mine = enqueue([ [ 1, 'until_cancelled' ], [ 200, 'doze' ] ]);
    $its  = "$mine AND arguments LIKE '%doze%'";
    $stack->wait_for(10, sub { count("$mine AND state = 1") });
    $stack->sql("UPDATE tasks SET cancel_asked = 1 WHERE $mine AND state = 1");
    $stack->sql("UPDATE tasks SET state = 5, ready = 0 WHERE $its AND state = 0");
    ok(ended($mine, 60), 'tasks that are cancelled before they begin end');
    cmp_ok(count("$its AND state = 5"), '>', 150, 'a task that waits in a shared process is cancelled');
};

# The effects are rows, each inserted in the transaction that ends its task.
subtest 'the effects of tasks in a shared process happen once' => sub {
    my $mine = enqueue([ [ 300, 'effect' ], [ 1, 'crash' ], [ 300, 'effect' ] ]);
    ok(ended($mine), 'tasks with effects end');
    is(done_at_once("$mine AND arguments LIKE '%effect%'"), 600, 'tasks with effects are done in one run each');
    is($stack->sql('SELECT COUNT(*) FROM trial_effects'), 600, 'each task has its effect');
    is($stack->sql('SELECT COUNT(DISTINCT task_id) FROM trial_effects'), 600, 'no task has its effect twice');
};

subtest 'a slow task of a shared kind delays no quick one of another' => sub {
    warm_up();
    my $slow = enqueue([ [ 1000, 'doze' ] ]);
    ok($stack->wait_for(10, sub { count("$slow AND state = 1") }), 'a thousand slow tasks are queued');
    $stack->sql(q(INSERT INTO tasks (kind, run_at, max_attempts, arguments, created_at) )
            . q(VALUES ('trial.nothing', 0, 1, '{}', 0)));
    ok(
        $stack->wait_for(10, sub { count(q(kind = 'trial.nothing' AND state = 2)) }),
        'a quick task is done beside them'
    );
    cmp_ok(count("$slow AND state IN (0, 1)"), '>', 900, 'the quick task did not wait for the slow ones');
};

# A thousand slow tasks are still queued.
subtest 'a runner that ends gives back the tasks that its processes have not begun' => sub {
    my $runner = $stack->pid('tasks');
    $stack->hold('tasks');
    $stack->kill('tasks', 'TERM');
    ok($stack->wait_for(10, sub { !-e "/proc/$runner" }), 'the runner ends on SIGTERM');
    is(count('state = 1'), 0, 'no task stays running after the runner ended');
    is(count(q(kind = 'trial.shared' AND state = 0 AND attempts > 0)), 0, 'a task that is given back has no run');
    is(
        count(q(kind = 'trial.shared' AND state IN (3, 4) AND arguments LIKE '%doze%')),
        0, 'no task fails because the runner ends'
    );
};

# The runner is still held back.
subtest 'a runner that runs the queue once leaves nothing of it' => sub {
    $stack->sql('UPDATE tasks SET state = 5, ready = 0 WHERE state = 0');
    my $mine = enqueue([ [ 1500, 'pid' ], [ 1, 'crash' ], [ 200, 'pid' ], [ 1, 'doze' ] ]);
    my (undef, $status) = $stack->fastchat('tasks', '--once');
    is($status, 0, 'a runner that runs the queue once ends by itself');
    is(count("$mine AND state IN (0, 1)"), 0, 'tasks that a batch gave back are run in the same run of the queue');
    is(count("$mine AND state = 2"), 1701, 'every task beside a crash is done');
    $stack->release('tasks');
};

done_testing;
