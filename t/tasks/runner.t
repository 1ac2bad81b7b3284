#!/usr/bin/perl
# Tasks that crash, hang, flood, fork, or are of an unknown kind: each ends in a clear state, and the runner survives.
use lib 't/lib';
use Fastchat::Test;
use JSON::PP ();
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new(
    env    => { TASK_CHILDREN => 2, TASK_LEASE_SECONDS => 3 }, own => 1,
    expect => [qr/task \d+ trial|signal 6|knows no tasks|is lost/]
);
my $runner = $stack->pid('tasks');

sub enqueue {
    my ($kind, %column) = @_;
    %column = (kind => "'$kind'", run_at => 0, created_at => 0, max_attempts => 3, arguments => "'{}'", %column);
    my @names = sort keys %column;
    my @row   = $stack->sql(
        sprintf 'INSERT INTO tasks (%s) VALUES (%s); SELECT LAST_INSERT_ID()', join(', ', @names),
        join ', ', @column{@names}
    );
    return ref $row[0] ? $row[0][0] : $row[0];
}

sub row {
    my ($id)  = @_;
    my ($row) = $stack->sql(
        "SELECT state, attempts, COALESCE(error, ''), COALESCE(result, ''), ready FROM tasks WHERE id = $id");
    my @names = qw(queued running done failed dead cancelled);
    return {
        state => $names[ $row->[0] ], attempts => $row->[1], error => $row->[2], result => $row->[3],
        ready => $row->[4]
    };
}

sub ended {
    my ($id, $seconds) = @_;
    $stack->wait_for($seconds // 10, sub { row($id)->{state} =~ /^(?:done|dead|cancelled)$/ });
    return row($id);
}

sub is_alive {
    my ($pid) = @_;
    return -e "/proc/$pid" && do { open my $in, '<', "/proc/$pid/stat"; (<$in> // '') !~ /\) Z/ }
}

subtest 'a task that fails is tried again, up to its last attempt' => sub {
    is(ended(enqueue('trial.nothing'))->{state}, 'done', 'a task that does nothing is done');
    my $crashed = ended(enqueue('trial.crash', max_attempts => 2));
    is_deeply([ @$crashed{qw(state attempts)} ], [ 'dead', 2 ], 'a task that crashes is tried again and then dead');
    like($crashed->{error}, qr/signal 6 \(Aborted\)/, 'the error of a crashed task names the signal');

    my $stumbled = ended(enqueue('trial.stumble', max_attempts => 5));
    is_deeply(
        [ @$stumbled{qw(state attempts error)} ], [ 'done', 3, '' ],
        'a task that fails twice is done at the third attempt'
    );
};

subtest 'a task that never ends is stopped' => sub {
    my $late = ended(enqueue('trial.never_end', max_attempts => 1));
    is($late->{state}, 'dead', 'a task that never ends is dead');
    like($late->{error}, qr/did not end within 2 s/, 'a task that never ends is stopped at its time limit');
};

# The names of the runner's processes.
sub process_names {
    my ($pids) = map { slurp($_) } "/proc/$runner/task/$runner/children";
    return map { slurp("/proc/$_/comm") =~ s/\n//r } split ' ', $pids;
}

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or return '';
    local $/;
    return <$in> // '';    # the process may have ended meanwhile
}

subtest 'a process that only has to end takes no slot, but one such at most' => sub {
    my @ids  = map { enqueue('trial.linger', max_attempts => 1) } 1 .. 5;
    my $most = 0;
    $stack->wait_for(
        30,
        sub {
            my $now = grep { $_ eq 'lingers' } process_names();
            $most = $now if $now > $most;
            return !grep { row($_)->{state} ne 'dead' } @ids;
        }
    );
    is($most, 3, 'with two slots, three processes that have reported a result exist at once');
    like($_->{error}, qr/did not end within 2 s/, 'a process that does not end after its result is stopped')
        for map { row($_) } @ids;
};

subtest 'a task that takes too much is stopped' => sub {
    like(
        ended(enqueue('trial.flood', max_attempts => 1))->{error}, qr/too much/,
        'a task that reports a gigabyte is stopped'
    );
    like(
        ended(enqueue('trial.too_long'))->{error}, qr/the result of 1048578 bytes is longer than 1048576/,
        'a result that is too long is refused'
    );
    SKIP: {
        skip 'sanitizers need more memory than a task may have', 1 if ($ENV{FASTCHAT_BINARY} // '') =~ /address|thread/;
        like(
            ended(enqueue('trial.eat_memory', max_attempts => 1), 30)->{error}, qr/no memory after \d+ MB/,
            'a task that eats memory is stopped'
        );
    }
};

subtest 'the processes of a task end with it' => sub {
    my $parent = ended(enqueue('trial.leave_children'));
    is($parent->{state}, 'done', 'a task that forks is done');
    my @left = @{ JSON::PP->new->decode($parent->{result}) };
    is(scalar @left, 3, 'the task started three processes');
    ok(
        $stack->wait_for(
            2,
            sub {
                !grep { is_alive($_) } @left;
            }
        ),
        'a task\'s processes end with it'
    );
};

subtest 'a task of an unknown kind waits or is dead' => sub {
    my $unknown = enqueue('trial.of_old', max_attempts => 1);
    is(ended($unknown)->{state}, 'dead', 'a task of an unknown kind is dead');
    like(row($unknown)->{error}, qr/knows no tasks of the kind trial\.of_old/, 'the error names the unknown kind');
    my $later = enqueue('trial.of_new', max_attempts => 3);
    ok(
        $stack->wait_for(5, sub { row($later)->{state} eq 'failed' }),
        'a task of an unknown kind waits for a newer version while it has attempts left'
    );
};

subtest 'a task with wrong arguments is dead' => sub {
    for my $arguments ("'not JSON'", q('{"num": 12}'), q('{"num": "1x"}'), q('[]'), q('{"num": ""}')) {
        my $refused = ended(enqueue('square', arguments => $arguments));
        is($refused->{state}, 'dead', "a task with wrong arguments is dead: $arguments");
        like($refused->{error}, qr/its arguments must be/, "the error names the wrong arguments: $arguments");
    }
};

# A task of a lost runner, and one whose clock jumped.
subtest 'a lost task is run again, up to its last attempt' => sub {
    my $orphan = enqueue(
        'trial.nothing', state => 1, ready => 0, claim => 12345, runner => "'elsewhere:1'", until_at => 1,
        attempts               => 1
    );
    is(ended($orphan)->{state}, 'done', 'a task of a lost runner is run again');
    is(row($orphan)->{attempts}, 2, 'running a lost task again counts as an attempt');
    my $gone = enqueue(
        'trial.nothing', state => 1, ready => 0, claim => 12345, runner => "'elsewhere:1'", until_at => 1,
        attempts               => 3
    );
    is(ended($gone)->{state}, 'dead', 'a task lost in its last attempt is dead');
    like(row($gone)->{error}, qr/^lost: elsewhere:1/, 'the error of a lost task names its runner');
};

# How many dozing tasks began before another one, of those that were queued with it.
sub dozes_before {
    my ($id) = @_;
    return $stack->sql("SELECT COUNT(*) FROM tasks d JOIN tasks t ON t.id = $id WHERE d.kind = 'trial.doze' "
            . 'AND d.started_at BETWEEN 1 AND t.started_at');
}

# One statement queues them all: on a busy machine, some would end before the last was queued.
subtest 'many slow tasks do not delay a quick or an urgent one' => sub {
    $stack->sql('INSERT INTO tasks (kind, priority, run_at, created_at, max_attempts, arguments) '
            . "SELECT IF(seq = 41, 'trial.nothing', 'trial.doze'), IF(seq = 42, -1, 0), 0, 0, 3, '{}' "
            . 'FROM seq_1_to_42 ORDER BY seq');
    my $quick  = $stack->sql("SELECT MAX(id) FROM tasks WHERE kind = 'trial.nothing'");
    my $urgent = $stack->sql("SELECT id FROM tasks WHERE kind = 'trial.doze' AND priority = -1");
    $stack->redis_cli('PUBLISH', 'fc:0:tasks', 'wake');
    is(ended($quick)->{state}, 'done', 'a quick task is done beside forty slow ones');
    cmp_ok(dozes_before($quick), '<', 20, 'a quick task does not wait for forty slow ones');
    ended($urgent);
    cmp_ok(dozes_before($urgent), '<', 20, 'an urgent task runs before others of its kind');
    $stack->sql("DELETE FROM tasks WHERE kind = 'trial.doze' AND state = 0");
};

subtest 'the runner survives every kind of task and runs the scheduled ones' => sub {
    is($stack->pid('tasks'), $runner, 'the runner survives every kind of task');
    is(
        $stack->sql("SELECT COUNT(DISTINCT kind) FROM tasks WHERE kind LIKE 'clean_up.%' AND state = 2"), 6,
        'every scheduled clean-up has run'
    );
    is(
        $stack->sql("SELECT COUNT(*) - COUNT(DISTINCT dedupe_key) FROM tasks WHERE kind LIKE 'clean_up.%'"),
        0, 'every scheduled task has its own key'
    );
};

# Shutdown: running tasks get their time; the others are given back.
subtest 'a runner that ends gives its tasks time or gives them back' => sub {
    my $doze = enqueue('trial.doze');
    $stack->wait_for(5, sub { row($doze)->{state} eq 'running' });
    my $hanging = enqueue('trial.never_end', max_attempts => 1);
    $stack->wait_for(5, sub { row($hanging)->{state} eq 'running' });
    $stack->hold('tasks');
    $stack->kill('tasks', 'TERM');
    ok($stack->wait_for(8, sub { !is_alive($runner) }), 'the runner ends on SIGTERM');
    is(row($doze)->{state}, 'done', 'a task that ends in time is done when the runner ends');
    like(row($hanging)->{state}, qr/^(?:queued|dead)$/, 'a task that does not end in time is given back or dead');
    is($stack->sql('SELECT COUNT(*) FROM tasks WHERE state = 1'), 0, 'no task stays running after the runner ended');

    my $once   = enqueue('trial.nothing');
    my $status = $stack->fastchat('tasks', '--once');
    is(row($once)->{state}, 'done', 'fastchat tasks --once runs what is due');
    $stack->release('tasks');
};

done_testing;
