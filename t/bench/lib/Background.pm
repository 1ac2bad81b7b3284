# Background tasks and the lab: tasks per second, the delay until one starts, and the figures of the lab.
package Background;

use strict;
use warnings;
use JSON::PP ();
use Time::HiRes qw(time sleep);
use Load;
use Table;

# Enqueues the smallest tasks that the released program knows: the square of 12, with TASK_DEMO_SECONDS=0 (Place). They
# share processes; isolated ones count as run before, which gives each a process of its own.
sub enqueue {
    my ($stack, $count, $isolated) = @_;
    my $attempts = $isolated ? 1 : 0;
    $stack->sql(q(INSERT INTO tasks (kind, run_at, attempts, max_attempts, arguments, created_at) )
            . qq(SELECT 'square', 0, $attempts, 3, '{"num":"12"}', 0 FROM seq_1_to_$count));
}

# Waits until none is left, by two looks into an index: counting rows would be work for the database beside the tasks.
sub wait_done {
    my ($stack) = @_;
    my $left = "SELECT EXISTS(SELECT 1 FROM tasks WHERE ready = 1 AND kind = 'square') + "
        . 'EXISTS(SELECT 1 FROM tasks WHERE state = 1)';
    $stack->wait_for(120, sub { $stack->sql($left) == 0 }) or die "tasks are left\n";
}

# Enqueues such tasks while the runner is stopped, lets it go on, and waits until all are done. Returns tasks per
# second, and the processor time of the runner and of the database for one.
sub rush {
    my ($stack, $count, $isolated) = @_;
    my ($runner, $database) = map { $stack->pid($_) } qw(tasks database);
    $stack->kill('tasks', 'STOP');
    $stack->sql("DELETE FROM tasks WHERE kind = 'square'");
    enqueue($stack, $count, $isolated);
    my @cpu = map { Load::cpu($_) } $runner, $database;
    $stack->kill('tasks', 'CONT');
    wait_done($stack);
    # By the database's clock, so that polling does not count.
    my ($row) = $stack->sql("SELECT MIN(started_at), MAX(ended_at) FROM tasks WHERE kind = 'square'");
    return {
        rate        => $count * 1000 / ($row->[1] - $row->[0] || 1),
        cpu_us      => (Load::cpu($runner) - $cpu[0]) / $count * 1e6,
        database_us => (Load::cpu($database) - $cpu[1]) / $count * 1e6
    };
}

# The milliseconds from enqueuing to starting, for single tasks at an idle runner.
sub pick_up {
    my ($stack, $user, $tries) = @_;
    my @ids;
    for my $try (1 .. $tries) {
        my $made = $user->post('/api/task/12', {});
        $made->status == 202 or die 'POST /api/task/12: ' . $made->content . "\n";
        push @ids, $made->json->{id};
        $stack->wait_for(10, sub { $stack->sql("SELECT state FROM tasks WHERE id = $ids[-1]") == 2 })
            or die "task $ids[-1] is not done\n";
        sleep 0.05 + rand 0.1;
    }
    my @ms =
        sort { $a <=> $b }
        map  { $_->[0] }
        map  { ref $_ ? $_ : [$_] }
        $stack->sql('SELECT started_at - created_at FROM tasks WHERE id IN (' . join(',', @ids) . ')');
    return { p50 => $ms[ @ms / 2 ], most => $ms[-1] };
}

# The lab's figures with more computing than usual, so that the start of processes does not dominate.
sub lab {
    my ($stack, $quick) = @_;
    my ($text, $status) = $stack->fastchat(
        'lab', '--json', '--no-traps', '--cpu', 100,
        $quick ? ('--tasks', 8, '--wait', 300) : ('--repeat', 3)
    );
    $status == 0 or die "fastchat lab: $text\n";
    my $result = JSON::PP->new->utf8->decode($text =~ s/^(?!\{).*\n//mgr);
    return {
        map {
            my $work = $_;
            $work->{work} => { %$work, map { $_->{mode} => $_ } @{ $work->{modes} } }
        } @{ $result->{works} }
    };
}

# The rows of the lab.
sub lab_rows {
    my ($stack) = @_;
    my $works = lab($stack, $Table::quick);
    row(
        figure => "lab, waiting: $_, of the slowest single task", ours      => $works->{wait}{$_}{ms},
        other  => $works->{wait}{slowest_ms}, with                          => 'one task, ms',
        ratio  => $works->{wait}{$_}{ms} / $works->{wait}{slowest_ms}, most => 1.02, form => '%.0f'
    ) for qw(event_loop threads);
    row(
        figure => 'lab, computing: processes, speed-up', ours => $works->{cpu}{processes}{ms},
        other  => $works->{cpu}{serial}{ms}, with             => 'serial, ms',
        ratio  => $works->{cpu}{processes}{speed_up}, least   => 1.9, form => '%.0f'
    );
}

1;
