#!/usr/bin/perl
# What owners and operators may rely on: told live, begun soon without Redis, run again after a clock jumped, the timetable once over several hosts.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use POSIX ();
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new(own => 1, env => { TASK_DEMO_SECONDS => 0, TASK_LEASE_SECONDS => 3, TASK_CHILDREN => 2 }, expect => [qr/task \d+ |taken back|redis|Redis|clock/]);
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);

sub enqueue {
    my ($kind, %column) = @_;
    %column = (kind => "'$kind'", run_at => 0, created_at => 0, max_attempts => 3, arguments => "'{}'", %column);
    my @names = sort keys %column;
    return $stack->sql(sprintf 'INSERT INTO tasks (%s) VALUES (%s); SELECT LAST_INSERT_ID()', join(', ', @names), join ', ', @column{@names});
}

sub state_of { return ('queued', 'running', 'done', 'failed', 'dead', 'cancelled')[ scalar $stack->sql("SELECT state FROM tasks WHERE id = $_[0]") ] }
sub until_state { my ($id, $state, $seconds) = @_; return $stack->wait_for($seconds // 10, sub { state_of($id) eq $state }) }

# Live.
my @mine   = (Fastchat::Stream->new($alice), Fastchat::Stream->new($alice, lines => 1));
my $others = Fastchat::Stream->new($bob);
$_->await('hello', 5) for @mine, $others;
my $id = $alice->post('/api/task/4', {})->json->{id};
for my $stream (@mine) {
    is_deeply($stream->await('task', 5)->{data}, { id => $id, kind => 'square', state => 'done' }, 'the owner\'s streams are told that a task has ended');
}
my $dead = enqueue('square', owner_id => $alice->id, arguments => "'{\"num\":\"x\"}'");
is_deeply($mine[0]->await('task', 5)->{data}, { id => 0 + $dead, kind => 'square', state => 'dead' }, 'also where it went wrong');
is($others->await('task', 1), undef, 'and nobody else\'s');
$_->close for @mine, $others;

# A clock that jumps takes leases away: the run that goes on is ended, and the task run again.
my $long = enqueue('trial.never_end', max_attempts => 2);
until_state($long, 'running');
my $first = $stack->sql("SELECT claim FROM tasks WHERE id = $long");
$stack->sql("UPDATE tasks SET until_at = 1 WHERE id = $long");
ok($stack->wait_for(10, sub { $stack->sql("SELECT claim FROM tasks WHERE id = $long") != $first }), 'a task whose lease is over is taken from its run');
ok(until_state($long, 'dead', 20), 'and comes to an end of its own');
is($stack->sql("SELECT attempts FROM tasks WHERE id = $long"), 2, 'as another run');

# Without Redis the runner looks by itself.
$stack->hold('redis');
$stack->kill('redis');
my @waits;
for (1 .. 5) {
    my $task = $alice->post('/api/task/5', {})->json->{id};
    until_state($task, 'done');
    push @waits, scalar $stack->sql("SELECT started_at - created_at FROM tasks WHERE id = $task");
}
my ($least) = sort { $a <=> $b } @waits;
cmp_ok($least, '<=', 1500, "without Redis a task is begun within 1.5 s (@waits ms)");
$stack->release('redis');
$stack->wait_ready;

# Many slow ones of one kind, and a quick one of another.
$stack->sql("INSERT INTO tasks (kind, run_at, max_attempts, arguments, created_at) SELECT 'trial.doze', 0, 3, '{}', 0 FROM seq_1_to_1000");
$stack->wait_for(5, sub { $stack->sql("SELECT COUNT(*) FROM tasks WHERE kind = 'trial.doze' AND state = 1") > 0 });
my $quick = enqueue('trial.nothing');
ok(until_state($quick, 'done', 10), 'a quick task beside a thousand slow ones is done');
cmp_ok($stack->sql("SELECT COUNT(*) FROM tasks WHERE kind = 'trial.doze' AND ready = 1"), '>', 800, 'long before they are');
$stack->sql("DELETE FROM tasks WHERE kind = 'trial.doze' AND ready = 1");

# Three runners more, begun at once, on a timetable that nobody has looked at yet.
$stack->sql("DELETE FROM tasks WHERE kind LIKE 'clean_up.%'");
my @answers = $stack->at_once(3, sub { my ($text, $status) = $stack->fastchat('tasks', '--once'); return { status => $status, text => $text } });
is_deeply([ map { $_->{status} } @answers ], [ 0, 0, 0 ], 'several runners at once do what is due, and end');
is($stack->sql("SELECT COUNT(*) FROM tasks WHERE kind LIKE 'clean_up.%'"), 4, 'what is recurring is enqueued once');
is($stack->sql("SELECT COUNT(*) FROM tasks WHERE kind LIKE 'clean_up.%' AND state = 2 AND attempts = 1"), 4, 'and run once');

done_testing;
