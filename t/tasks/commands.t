#!/usr/bin/perl
# fastchat task: operators list and change tasks; wrong arguments change nothing.
use lib 't/lib';
use Fastchat::Test;

my $stack  = Fastchat::Stack->new(own => 1);
my $runner = $stack->pid('tasks');
$stack->wait_for(
    10,
    sub { $stack->sql(q(SELECT COUNT(*) FROM tasks WHERE kind LIKE 'clean_up.%' AND state = 2)) == 6 }
);
$stack->hold('tasks');
$stack->kill('tasks', 'TERM');
ok($stack->wait_for(10, sub { !-e "/proc/$runner" }), 'no runner is left');
$stack->sql('DELETE FROM tasks');

my @states = qw(queued running done failed dead cancelled);
my %id;
for my $number (0 .. $#states) {
    my $state = $states[$number];
    my %row   = (
        kind     => "'trial.$state'", owner_id => 7, state => $number, ready => $state =~ /^(?:queued|failed)$/ ? 1 : 0,
        run_at   => 1, max_attempts            => 3,
        attempts => $number ? 1 : 0, progress  => 42, arguments => q('{"a":"é"}'), created_at => 1700000000000,
        runner   => q('elsewhere:1'),
        until_at   => $state eq 'running'                   ? '(UNIX_TIMESTAMP() + 3600) * 1000' : '99999999999999',
        started_at => $number                               ? 1700000001000                      : 0,
        ended_at   => $state =~ /^(?:done|dead|cancelled)$/ ? 1700000002000                      : 0,
        result     => $state eq 'done'                      ? q('{"b":1}')                       : 'NULL',
        error      => $state =~ /^(?:failed|dead)$/         ? q('it went wrong')                 : 'NULL',
    );
    my @names = sort keys %row;
    $id{$state} = scalar $stack->sql(
        sprintf 'INSERT INTO tasks (%s) VALUES (%s); SELECT LAST_INSERT_ID()', join(', ', @names),
        join ', ', @row{@names}
    );
}

sub task {
    my @words = @_;
    my ($text, $status) = $stack->fastchat('task', @words);
    utf8::decode($text);
    return ($text, $status);
}

sub state_of {
    my ($state) = @_;
    my $n = $stack->sql("SELECT state FROM tasks WHERE id = $id{$state}");
    return defined $n && !ref $n ? $states[$n] : 'gone';
}

# A command that must succeed, and its output.
sub good {
    my ($like, $name, @words) = @_;
    my ($text, $status) = task(@words);
    is($status, 0, "task @words");
    return like($text, $like, $name);
}

# A command that must fail: its exit status, and its message on one line.
sub bad {
    my ($wanted, $like, @words) = @_;
    my ($text, $status) = task(@words);
    is($status, $wanted, "task @words: status $wanted");
    return like($text, qr/\A[^\n]*$like[^\n]*\n\z/, "task @words: one line gives the reason");
}

subtest 'tasks are listed and shown' => sub {
    my ($list) = task('list');
    is_deeply(
        [ map { /^ *(\d+) / ? $1 : () } split /\n/, $list ], [ sort { $b <=> $a } values %id ],
        'list shows all tasks, the newest first'
    );
    like(
        $list, qr/^ *$id{dead} trial\.dead +dead +42 +1\/3 +2023-11-1\S+ +7 it went wrong$/m,
        'list shows kind, state, progress, runs, time, owner and error'
    );
    for my $state (@states) {
        my ($text, $status) = task('list', '--state', $state);
        is_deeply([ $text =~ /^ *(\d+) /mg ], [ $id{$state} ], "list --state $state shows only those tasks");
    }
    good(qr/\A *ID[^\n]*\n *$id{done} [^\n]*\n\z/, 'list --kind shows only that kind', 'list', '--kind', 'trial.done');
    good(qr/\A *ID[^\n]*\n\z/, 'list of an unknown kind is empty', 'list', '--kind', "none' OR 1=1");
    good(
        qr/\A *ID[^\n]*\n *$id{cancelled} [^\n]*\n *$id{dead} [^\n]*\n[^\n]*--limit[^\n]*\n\z/,
        'list --limit shows no more and reports that there are more', 'list', '--limit', 2
    );
    good(
        qr/trial\.done.*arguments +\{"a":"é"\}\nresult +\{"b":1\}\nerror +-\n/s,
        'show prints arguments, result and error',
        'show',
        $id{done}
    );
    good(
        qr/^trial\.failed +0 +0 +0 +1 +0 +0 +\d+\.\d s$/m, 'stats counts by kind and state and shows the wait',
        'stats'
    );
};

subtest 'tasks are cancelled and retried' => sub {
    good(qr/task $id{queued} is cancelled/, 'cancel ends a queued task', 'cancel', $id{queued});
    is(state_of('queued'), 'cancelled', 'a queued task is cancelled at once');
    good(qr/asked to end/, 'cancel asks a running task to end', 'cancel', $id{running});
    is(state_of('running'), 'running', 'a running task stays running until its runner reads the request');
    bad(1, qr/task $id{done} has ended already/, 'cancel', $id{done});
    for my $state (qw(failed dead cancelled)) {
        good(qr/task $id{$state} is queued/, 'retry queues a task again', 'retry', $id{$state});
        is(
            $stack->sql("SELECT CONCAT_WS(' ', state, ready, attempts, ended_at) FROM tasks WHERE id = $id{$state}"),
            '0 1 0 0',
            'retry starts at the first attempt'
        );
    }
    bad(1, qr/task $id{$_} has not failed/, 'retry', $id{$_}) for qw(running done);
};

subtest 'purge deletes only ended tasks' => sub {
    good(qr/^0 tasks were deleted$/m, 'purge deletes nothing before its time', 'purge');
    bad(2, qr/--state: only done, dead or cancelled tasks are deleted/, 'purge', '--state', $_)
        for qw(queued running failed);
    is($stack->sql('SELECT COUNT(*) FROM tasks'), 6, 'refused purges delete nothing');
    good(qr/^1 tasks were deleted$/m, 'purge --state deletes tasks of that state', 'purge', '--state', 'done');
    is(state_of('done'), 'gone', 'a purged task is gone');
    $stack->sql("UPDATE tasks SET until_at = 1 WHERE id IN ($id{queued}, $id{running})");
    good(qr/^1 tasks were deleted$/m, 'purge deletes ended tasks past their time', 'purge');
    is(
        state_of('queued') . ' ' . state_of('running'), 'gone running',
        'purge keeps a running task past its time'
    );
    $stack->sql(
        q(INSERT INTO tasks (kind, state, ready, run_at, max_attempts, arguments, created_at, ended_at, until_at) )
            . q(SELECT 'trial.old', 4, 0, 0, 1, '{}', 1, 1, 1 FROM seq_1_to_2500));
    good(qr/^2500 tasks were deleted$/m, 'purge deletes thousands', 'purge', '--state', 'dead');
};

subtest 'wrong arguments are refused' => sub {
    bad(2, qr/one of these must follow: list, show, retry, cancel, purge, stats/);
    bad(2, qr/frobnicate is not one of: list/, 'frobnicate');
    for my $verb (qw(show retry cancel)) {
        bad(2, qr/the operand ID is missing/, $verb);
        bad(2, qr/takes one operand, but also got 2/, $verb, 1, 2);
        bad(2, qr/\Q$_\E is not the number of a task/, $verb, $_) for 'abc', '0', '1x', '9999999999999999999', '';
        bad(2, qr/-1 is not the number of a task/, $verb, '--', '-1');
        bad(1, qr/task 999999 does not exist/, $verb, 999999);
    }
    bad(2, qr/--state: asleep is not a state/, $_, '--state', 'asleep') for qw(list purge);
    bad(2, qr/--limit takes a number from 1 to \d+, not \Q$_\E/, 'list', '--limit', $_) for qw(0 -1 x 1x 99999999);
    bad(2, qr/takes no operand, but got more/, 'list', 'more');
    bad(2, qr/--state is not an option of this command/, 'stats', '--state', 'done');
    bad(2, qr/--frobnicate is not an option of this command/, 'list', '--frobnicate');
    bad(2, qr/--state needs a value/, 'list', '--state');
};

subtest 'the command fails without a database' => sub {
    $stack->hold('database');
    $stack->kill('database');
    $stack->wait_for(10, sub { (task('list'))[1] == 1 });
    my ($away, $status) = task('list');
    is($status, 1, 'the command fails without a database');
    like($away, qr/the database is away/, 'the message says that the database is away');
    $stack->release('database');
    ok($stack->wait_ready(30), 'the database is back');
    $stack->release('tasks');
};

done_testing;
