#!/usr/bin/perl
# Edge cases of running tasks: notifications, lost leases, stores that are away, concurrent runners.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use Time::HiRes qw(time);

my $stack = Fastchat::Stack->new(
    own    => 1, env => { TASK_CHILDREN => 2, TASK_LEASE_SECONDS => 2, TASK_DEMO_SECONDS => 0 },
    expect => [qr/taken back|another run|MySQL|database|exited|is away|Redis|trial/]
);
$stack->sql('CREATE TABLE trial_effects (task_id BIGINT NOT NULL, KEY (task_id)) ENGINE=InnoDB');
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);

sub enqueue {
    my ($kind, %column) = @_;
    %column = (kind => "'$kind'", run_at => 0, created_at => 0, max_attempts => 3, arguments => "'{}'", %column);
    my @names = sort keys %column;
    my $id    = $stack->sql(
        sprintf 'INSERT INTO tasks (%s) VALUES (%s); SELECT LAST_INSERT_ID()', join(', ', @names),
        join ', ', @column{@names}
    );
    $stack->redis_cli('PUBLISH', 'fc:0:tasks', 'wake');
    return $id;
}

sub is_so {
    my ($id, $what, $seconds) = @_;
    return $stack->wait_for($seconds // 10, sub { $stack->sql("SELECT $what FROM tasks WHERE id = $id") });
}
sub number   { my ($sql) = @_; return scalar $stack->sql($sql) }
sub effects  { my ($id)  = @_; return number("SELECT COUNT(*) FROM trial_effects WHERE task_id = $id") }
sub attempts { my ($id)  = @_; return number("SELECT attempts FROM tasks WHERE id = $id") }

# The runner records progress while the slow task commits its own end.
subtest 'only the owner of a task is notified of its runs' => sub {
    my ($hers, $his) = map { my $stream = Fastchat::Stream->new($_); $stream->await('hello'); $stream } $alice, $bob;
    my $slow = enqueue('trial.slow_effect', owner_id => $alice->id);
    is_deeply(
        ($hers->await('task') // {})->{data}, { id => $slow, kind => 'trial.slow_effect', state => 'done' },
        'the owner is notified that a task is done'
    );
    is(effects($slow), 1, 'the task\'s effect is there once');
    unlike($stack->log_text('tasks'), qr/task $slow .*taken back/, 'no other runner took the task');
    my $mine = $bob->post('/api/task/3', {})->json->{id};
    is(
        ($his->await('task') // { data => {} })->{data}{id}, $mine,
        'other users are notified only of their own tasks'
    );
    my $again = enqueue('trial.stumble', owner_id => $bob->id, max_attempts => 5);
    is_deeply(
        [ map { ($his->await('task') // { data => {} })->{data}{state} } 1 .. 3 ], [qw(failed failed done)],
        'the owner is notified of every run'
    );
    $_->close for $hers, $his;
};

# A lease that is lost while the task runs: the clock jumped, or the runner was taken for dead.
subtest 'a task that loses its lease has one effect' => sub {
    my $lost = enqueue('trial.slow_effect');
    ok(is_so($lost, 'state = 1'), 'a task runs');
    $stack->sql("UPDATE tasks SET until_at = 1 WHERE id = $lost");
    my (undef, $status) = $stack->fastchat('tasks', '--once');
    is($status, 0, 'another runner runs after the lease expired');
    ok(is_so($lost, 'state = 2'), 'a task that lost its lease is done');
    my @seen = (attempts($lost), effects($lost));
    ok($seen[1] == 1, 'a task that lost its lease has one effect') or diag "runs, effects: @seen";
    ok(
        $seen[0] == 1 || $stack->log_text('tasks') =~ /task $lost .*(?:taken back|another run)/,
        'if the task was run twice, the first run was ended'
    );
};

subtest 'a thousand slow tasks do not delay a quick one' => sub {
    $stack->sql(q(INSERT INTO tasks (kind, run_at, created_at, max_attempts, arguments) SELECT 'trial.doze', 0, 0, 3, )
            . q('{}' FROM seq_1_to_1000));
    ok(
        $stack->wait_for(
            10, sub { $stack->sql(q(SELECT COUNT(*) FROM tasks WHERE kind = 'trial.doze' AND state = 1)) == 2 }
        ),
        'a thousand slow tasks are queued and two run'
    );
    ok(is_so(enqueue('trial.nothing'), 'state = 2'), 'a quick task of another kind is done beside them');
    cmp_ok(
        number(q(SELECT COUNT(*) FROM tasks WHERE kind = 'trial.doze' AND state = 0)), '>', 900,
        'the quick task did not wait for the slow ones'
    );
    $stack->sql(q(DELETE FROM tasks WHERE kind = 'trial.doze' AND state = 0));
};

# For how many milliseconds five tasks wait until they start: the median.
sub median_wait {
    my @waited;
    for my $n (1 .. 5) {
        my $id = $alice->post("/api/task/$n", {})->json->{id};
        ok(is_so($id, 'state = 2'), 'a task is done') or last;
        push @waited, number("SELECT started_at - created_at FROM tasks WHERE id = $id");
    }
    return (sort { $a <=> $b } @waited)[2];
}

subtest 'tasks run without Redis' => sub {
    my $with = median_wait();
    $stack->hold('redis');
    $stack->kill('redis');
    cmp_ok(median_wait(), '<=', $with + 1500, 'without Redis a task starts at most 1.5 s later') or diag $with;
    $stack->release('redis');
    ok(
        $stack->wait_for(
            10,
            sub {
                (eval { $stack->redis_cli('PING') } // '') eq 'PONG';
            }
        ),
        'Redis is back'
    );
};

# The database goes away while a task runs, and stays away for longer than the lease.
subtest 'a task survives the absence of the database' => sub {
    my $kept = enqueue('trial.shared', arguments => q('{"do":"nap"}'));
    ok(is_so($kept, 'state = 1'), 'a task runs');
    $stack->hold('database');
    $stack->kill('database');
    my $until = time + 3;
    $stack->wait_for(4, sub { time > $until });
    $stack->release('database');
    ok($stack->wait_ready(30), 'the database was away, and is back');
    ok(is_so($kept, 'state = 2'), 'a task that ended while the database was away is recorded');
    is(attempts($kept), 1, 'a task that ended while the database was away is not run again');
};

subtest 'concurrent runners run each task once' => sub {
    my $runner = $stack->pid('tasks');
    $stack->hold('tasks');
    $stack->kill('tasks', 'TERM');
    ok($stack->wait_for(10, sub { !-e "/proc/$runner" }), 'the runner ends on SIGTERM');
    $stack->sql(q(DELETE FROM tasks WHERE kind LIKE 'clean_up.%'));
    my @ids = map { enqueue('trial.effect') } 1 .. 20;
    my $ids = join ',', @ids;
    is_deeply(
        [ map { $_->[1] } $stack->at_once(4, sub { [ $stack->fastchat('tasks', '--once') ] }) ], [ (0) x 4 ],
        'four concurrent runners all succeed'
    );
    is(
        number("SELECT COUNT(*) FROM trial_effects WHERE task_id IN ($ids)"), 20,
        'four concurrent runners run each task once'
    );
    is(
        number(q(SELECT SUM(attempts) - COUNT(*) FROM tasks WHERE kind LIKE 'clean_up.%')), 0,
        'scheduled tasks are run once each'
    );
    is(
        number(q(SELECT COUNT(DISTINCT kind) FROM tasks WHERE kind LIKE 'clean_up.%' AND state = 2)), 6,
        'every scheduled task is run'
    );
};

subtest 'fastchat tasks --once fails if the database stays away' => sub {
    $stack->sql(q(INSERT INTO tasks (kind, run_at, created_at, max_attempts, arguments) SELECT 'trial.doze', 0, 0, 30, )
            . q('{}' FROM seq_1_to_20));
    my $wait = $stack->begin_at_once(1, sub { [ $stack->fastchat('tasks', '--once') ] });
    ok(
        $stack->wait_for(
            10, sub { $stack->sql(q(SELECT COUNT(*) FROM tasks WHERE kind = 'trial.doze' AND state = 1)) }
        ),
        'fastchat tasks --once runs a task'
    );
    $stack->hold('database');
    $stack->kill('database');
    my ($once) = $wait->();
    is($once->[1], 1, 'fastchat tasks --once fails if the database stays away');
    $stack->release('database');
    ok($stack->wait_ready(30), 'the database is back');
    $stack->release('tasks');
    ok(
        $stack->wait_for(
            30, sub { $stack->sql(q(SELECT COUNT(*) FROM tasks WHERE kind = 'trial.doze' AND state <> 2)) == 0 }
        ),
        'the next runner does the remaining tasks'
    );
};

done_testing;
