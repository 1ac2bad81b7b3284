# Starts programs, starts them again when they die, shows their logs, and stops them in order.
#
# Each part runs in a session of its own, so that Ctrl-C at the terminal reaches only the supervisor, and so that all
# processes that a part has forked can be found and ended with it. Parts write to their log files themselves: they
# outlive a supervisor that is killed, and the next one finds them by their pid files (see sweep).
package Supervisor;

use strict;
use warnings;
use Fcntl qw(:flock SEEK_SET);
use POSIX qw(WNOHANG setsid strftime);
use Time::HiRes qw(time sleep);

use constant {
    BACKOFF_FIRST => 0.2,         # seconds before a part that died is started again; doubled each time
    BACKOFF_MOST  => 10,
    CALM          => 30,          # seconds after which a part counts as well again
    LOG_MOST      => 50 << 20,    # bytes of a log file; then it becomes NAME.log.1
    LAST_LINES    => 8,           # of a log, when its part died
};

# dir: the stack's directory. show: stream the logs to standard output.
sub new {
    my ($class, %self) = @_;
    return bless { parts => [], by_pid => {}, tails => {}, %self }, $class;
}

sub say_line {
    my ($self, $line) = @_;
    print STDOUT "$line\n";
    STDOUT->flush;
}

# Prints one line under the supervisor's own name; it is also kept in log/stack.log.
sub note {
    my ($self, $line) = @_;
    if (open my $log, '>>', "$self->{dir}/log/stack.log") {
        print $log strftime('%Y-%m-%d %H:%M:%S ', localtime), "$line\n";
        close $log;
    }
    $self->say_line(sprintf '%-7s | %s', 'stack', $line) if $self->{show} || $self->{ready};
}

# A part: name; command; run_in_child (code, before exec); before (code, before each start); ready (code, true once it
# serves); stop (signal), patience (seconds until it is killed), finishes (true if processes whose leader has died may
# finish their work beside the new ones); showing (a pattern of the log lines to show).
sub start {
    my ($self, $part) = @_;
    my $name = $part->{name};
    push @{ $self->{parts} }, $part unless grep { $_ == $part } @{ $self->{parts} };
    if ($part->{pid}) {    # what a dead leader has left
        if ($part->{finishes}) {
            kill 'TERM', session_members($part->{pid});
            push @{ $part->{former} }, $part->{pid};
        } else {
            $self->end_session($part->{pid}, 1);
        }
    }
    $part->{before}->() if $part->{before};

    my $log = $self->log_file($name);
    my $out;               # a full disk does not keep a part down
    open $out, '>>', $log or open $out, '>>', '/dev/null';
    my $pid = fork;
    die "cannot fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        setsid();
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP CHLD);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $out;
        open STDERR, '>&', $out;
        exec { $part->{command}[0] } @{ $part->{command} } or print STDERR "$part->{command}[0]: $!\n";
        POSIX::_exit(127);
    }
    $part->{pid}          = $pid;
    $part->{dead}         = 0;
    $part->{since}        = time;
    $part->{log_was}      = -s $out // 0;
    $self->{by_pid}{$pid} = $part;
    $self->write_pid($name, $pid);
}

sub log_file { my ($self, $name) = @_; return "$self->{dir}/log/$name.log" }

# The pid file is for people and tests; the start time beside it lets sweep recognise the process as ours.
sub write_pid {
    my ($self, $name, $pid) = @_;
    my $began = began($pid) // 0;
    for ([ "$name.pid", $pid ], [ ".$name.began", $began ]) {
        my $file = "$self->{dir}/pids/$_->[0]";
        open my $out, '>', $file or next;
        print $out "$_->[1]\n";
        close $out;
    }
}

sub forget_pid {
    my ($self, $name) = @_;
    unlink "$self->{dir}/pids/$name.pid", "$self->{dir}/pids/.$name.began";
}

# Fields of /proc/PID/stat after the command's name, which may hold any character.
sub stat_of {
    my ($pid) = @_;
    open my $in, '<', "/proc/$pid/stat" or return;
    my $line = <$in> // return;
    $line =~ s/^.*\) //s;
    my @field = split ' ', $line;
    return { state => $field[0], session => $field[3], began => $field[19] };
}

sub began {
    my ($pid) = @_;
    my $stat = stat_of($pid) or return;
    return $stat->{state} eq 'Z' ? undef : first_line('/proc/sys/kernel/random/boot_id') . " $stat->{began}";
}

sub session_members {
    my ($session) = @_;
    opendir my $proc, '/proc' or return;
    my @members;
    for my $pid (grep { /^\d+$/ } readdir $proc) {
        my $stat = stat_of($pid) or next;
        push @members, $pid if $stat->{session} == $session && $stat->{state} ne 'Z';
    }
    return @members;
}

# Ends every process of a session: SIGTERM, and SIGKILL after `patience` seconds.
sub end_session {
    my ($self, $session, $patience) = @_;
    my @members = session_members($session) or return;
    kill 'TERM', @members;
    my $until = time + $patience;
    while (@members = session_members($session)) {
        $self->reap;
        kill 'KILL', @members if time > $until;
        sleep 0.02;
    }
}

# Reaps ended processes and records their status.
sub reap {
    my ($self) = @_;
    while ((my $pid = waitpid -1, WNOHANG) > 0) {
        my $status = $?;
        my $part   = delete $self->{by_pid}{$pid} or next;
        $part->{dead}   = 1;
        $part->{status} = $status;
    }
}

sub how_it_ended {
    my ($status) = @_;
    return 'signal ' . ($status & 127) if $status & 127;
    return 'exit status ' . ($status >> 8);
}

# The last lines that the present run of a part has logged.
sub last_lines {
    my ($self, $part) = @_;
    open my $in, '<', $self->log_file($part->{name}) or return;
    my $size = -s $in;
    my $from = $part->{log_was} // 0;
    $from = $size - 4096 if $size - $from > 4096;
    seek $in, $from < 0 ? 0 : $from, SEEK_SET;
    my @lines = <$in>;
    splice @lines, 0, @lines - LAST_LINES if @lines > LAST_LINES;
    chomp @lines;
    return @lines;
}

# One turn: reaps, logs which parts died, restarts those that are due, shows logs. Sleeps up to `nap` seconds.
sub turn {
    my ($self, $nap) = @_;
    $self->reap;
    my $now = time;
    for my $part (@{ $self->{parts} }) {
        next unless $part->{dead};
        my $held = -e "$self->{dir}/hold/$part->{name}";    # by a test, which keeps the part down
        if (!$part->{due}) {
            my $calm = !$part->{wait} || $held || $now - $part->{since} > CALM;
            $part->{wait} = $calm ? BACKOFF_FIRST : $part->{wait} * 2;
            $part->{wait} = BACKOFF_MOST if $part->{wait} > BACKOFF_MOST;
            $part->{due}  = $now + $part->{wait};
            my @words = grep { !$part->{showing} || $_ =~ $part->{showing} } $self->last_lines($part);
            $self->note(
                sprintf '%s died (%s); starting it again in %g s.%s', $part->{name}, how_it_ended($part->{status}),
                $part->{wait}, @words ? ' Its last lines:' : ''
            );
            $self->note("    $_") for @words;
        }
        if ($now >= $part->{due} && !$held) {
            $part->{due} = 0;
            $self->start($part);
        }
    }
    $self->show_logs;
    sleep $nap;
}

# Prints the new complete lines of every log, each under its part's name.
sub show_logs {
    my ($self) = @_;
    for my $part (@{ $self->{parts} }) {
        my $name = $part->{name};
        my $file = $self->log_file($name);
        my $tail = $self->{tails}{$name} //= { at => $part->{log_was}, rest => '' };
        my $size = -s $file // 0;
        if ($size > LOG_MOST) {
            require File::Copy;
            File::Copy::copy($file, "$file.1");
            truncate $file, 0;
            $size = 0;
        }
        $tail->{at} = 0 if $size < $tail->{at};
        next if $size == $tail->{at};
        next unless $self->{show} && open my $in, '<', $file;
        seek $in, $tail->{at}, SEEK_SET;
        my $got = read $in, my $text, 1 << 20;
        next unless $got;
        $tail->{at} += $got;
        my @lines = split /\n/, $tail->{rest} . $text, -1;
        $tail->{rest} = pop @lines;
        for my $line (@lines) {
            next if $part->{showing} && $line !~ $part->{showing};
            $self->say_line(sprintf '%-7s | %s', $name, $line);
        }
    }
}

# Waits until the part serves; false if it died, `seconds` have passed, or `giving_up` returns true.
sub await {
    my ($self, $part, $seconds, $giving_up) = @_;
    my $until = time + $seconds;
    until ($part->{ready}->()) {
        $self->reap;
        return 0 if $part->{dead} || time > $until || $giving_up->();
        sleep 0.01;
    }
    return 1;
}

# Stops some parts at the same time, each with its own signal, and waits until no process of them is left.
sub stop {
    my ($self, @parts) = @_;
    my %since;
    for my $part (grep { $_->{pid} } @parts) {
        kill $part->{stop} // 'TERM', $part->{pid};
        $since{ $part->{name} } = time;
    }
    for my $part (grep { $_->{pid} } @parts) {
        my $until = $since{ $part->{name} } + ($part->{patience} // 5);
        while (!$part->{dead} && time < $until) {
            $self->reap;
            sleep 0.01 unless $part->{dead};
        }
        if (!$part->{dead}) {
            $self->note("$part->{name} did not stop; killing it");
            kill 'KILL', session_members($part->{pid});
        }
        $self->end_session($_, 2) for $part->{pid}, @{ delete $part->{former} // [] };
        $self->reap;
        $self->forget_pid($part->{name});
        $part->{pid} = undef;
        @{ $self->{parts} } = grep { $_ != $part } @{ $self->{parts} };
    }
}

# Ends the processes named by the pid files of `dir` if they are still ours. Returns the names of those found.
sub sweep {
    my ($self) = @_;
    my @found;
    # nginx first: workers wait for its connections to end; the stores last.
    my %rank = (nginx => 0, redis => 2, database => 3);
    my $rank = sub { my ($name) = $_[0] =~ m{([^/]+)\.pid$}; return $rank{$name} // 1 };
    for my $file (sort { $rank->($a) <=> $rank->($b) } glob_files("$self->{dir}/pids", qr/^(.*)\.pid$/)) {
        my ($name) = $file =~ m{([^/]+)\.pid$};
        my $pid    = first_line($file)                            // '';
        my $began  = first_line("$self->{dir}/pids/.$name.began") // '';
        my $now    = $pid =~ /^\d+$/ ? began($pid) : undef;
        if ($name eq 'stack') {    # the supervisor itself is gone: who calls sweep holds its lock
            $self->forget_pid($name);
            next;
        }
        my $ours = defined $now ? $now eq $began : $pid =~ /^\d+$/ && leaderless($pid, $began);
        if ($ours) {
            push @found, $name;
            $self->end_session($pid, $name eq 'database' ? 20 : 3);
        }
        $self->forget_pid($name);
    }
    return @found;
}

# Are the processes of a session without a leader ours? They must be of this boot and run only our programs.
sub leaderless {
    my ($session, $began) = @_;
    return 0 if index $began, first_line('/proc/sys/kernel/random/boot_id');
    my @members = session_members($session) or return 0;
    return !grep {
        (readlink("/proc/$_/exe") // '') !~
            m{/(?:nginx|redis-[^/]*|valkey-[^/]*|mariadbd|mysqld|multiwatch|fastchat)(?: \(deleted\))?$}
    } @members;
}

sub glob_files {
    my ($dir, $pattern) = @_;
    opendir my $handle, $dir or return;
    return map { "$dir/$_" } grep { $_ =~ $pattern } sort readdir $handle;
}

sub first_line {
    my ($file) = @_;
    open my $in, '<', $file or return;
    my $line = <$in> // return;
    chomp $line;
    return $line;
}

1;
