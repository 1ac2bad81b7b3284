# Injects faults: which, when and for how long is drawn from a seed. Records the spans in which a part was away, and how
# far each restore of the database went back.
package Faults::Injector;

use strict;
use warnings;
use IO::Socket::UNIX;
use Faults::Loop qw(now);
use Database;
use Parts;

use constant {
    YOUNG       => 1.1,    # multiwatch gives up on workers that die within half a second
    OVERLAP     => 0.2,    # the share of faults that come right after the last one, or during it
    STOP_LEAST  => 0.2,
    STOP_MORE   => 2.8,
    HOLD_CHANCE => 0.4,    # the share of killed parts that are kept down for a while
    HOLD_MOST   => 2,
    UNDONE      => 50,     # messages acknowledged since the copy, or the last restore, at least
    SERVING     => 2,      # seconds before a restore, so that readers have taken what it undoes
    SETTLE      => 0.3,    # seconds after which a fault without an end of its own counts as ended
};

# Name, part (one fault at a time for each), code.
my @kinds = (
    [ 'kill api worker', 'api', \&kill_worker ],
    [ 'kill events', 'events', \&kill_part ],
    [ 'kill redis', 'redis', \&kill_part ],
    [ 'kill database', 'database', \&kill_part ],
    [ 'copy database', 'database', \&copy_database ],
    [ 'restore database', 'database', \&restore_database ],
    [ 'kill nginx worker', 'nginx', \&kill_worker ],
    [ 'stop api worker', 'api', \&stop_worker ],
    [ 'stop events', 'events', \&stop_part ],
    [ 'stop redis', 'redis', \&stop_part ],
    [ 'stop database', 'database', \&stop_part ],
    [ 'reload nginx', 'nginx', \&reload ],
    [ 'cut readers', 'readers', \&cut_readers ],
    [ 'flush redis', 'redis', \&flush ],
    [ 'cut subscribers', 'redis', \&cut_subscribers ],
);

sub names {
    return map { $_->[0] } @kinds;
}

# stack; seed; pause: seconds between two faults, on average; log: sub (line); cut: sub that makes readers break their
# connections; acked: sub that returns how many messages are acknowledged; only: names, if not all; sockets: the
# directory of the stack's sockets.
sub new {
    my ($class, %arg) = @_;
    my %only = map { $_ => 1 } @{ $arg{only} || [] };
    my $self = bless {
        %arg, count => {}, spans => [], restores => [], crashes => [], busy => {}, bag => [], due => [],
        stopped     => {}
        },
        $class;
    $self->{kinds} = [ grep { !%only || $only{ $_->[0] } } @kinds ];
    srand $arg{seed};
    $self->{next} = now() + 1 + rand;
    return $self;
}

# Spans [part, from, to] in which a part did not serve. Parts: database, events, api (one of its workers), redis.
sub spans { return @{ $_[0]{spans} } }
sub count { return $_[0]{count} }

# Restores {copied, from, to}: what was committed before `copied` is in the log again; what was committed between that
# and `to` is undone. The last server without it began to end at `from`, and had ended at `to`.
sub restores { return @{ $_[0]{restores} } }

# When the database was killed, by whatever fault. An entry that it has shown but not yet written is lost then; nobody
# has an acknowledgement of it.
sub crashes { return @{ $_[0]{crashes} } }

sub total {
    my ($self) = @_;
    my $sum = 0;
    $sum += $_ for values %{ $self->{count} };
    return $sum;
}

# Injects and ends the faults that are due. To be called often.
sub run_once {
    my ($self) = @_;
    my $now    = now();
    my @due    = grep { $_->[0] <= $now } @{ $self->{due} };
    @{ $self->{due} } = grep { $_->[0] > $now } @{ $self->{due} };
    $_->[1]->() for @due;
    return if $self->{ending} || $now < $self->{next};
    if (!@{ $self->{bag} }) {    # each kind once, in any order, then again
        my @all = @{ $self->{kinds} };
        push @{ $self->{bag} }, splice @all, rand @all, 1 while @all;
    }
    my $length  = STOP_LEAST + rand STOP_MORE;
    my $hold    = rand() < HOLD_CHANCE ? rand HOLD_MOST  : 0;
    my $pause   = rand() < OVERLAP     ? 0.05 + rand 0.5 : undef;
    my $usual   = $self->{pause} * (0.5 + rand);
    my ($place) = grep { !$self->{busy}{ $self->{bag}[$_][1] } } 0 .. $#{ $self->{bag} };
    my ($name, $part, $code) = @{ defined $place ? splice @{ $self->{bag} }, $place, 1 : [] };
    if (defined $name && $self->$code($part, $name =~ /^stop/ ? $length : $hold)) {
        $self->{count}{$name}++;
        my $away = $name =~ /^stop/ ? $length : $name =~ /^(?:kill|copy|restore)/ ? $hold + 0.5 : 0;
        $self->{next} = $now + ($pause // $usual + $away);
        return;
    }
    push @{ $self->{bag} }, [ $name, $part, $code ] if defined $name;
    $self->{next} = $now + 0.1;
}

# Injects no more faults; true once all have ended.
sub finish {
    my ($self) = @_;
    $self->{ending} = 1;
    return !%{ $self->{busy} };
}

# Resumes everything that is stopped or on hold.
sub resume_all {
    my ($self) = @_;
    kill 'CONT', keys %{ $self->{stopped} };
    $self->{stack}->release($_) for qw(database redis events);
}

sub schedule {
    my ($self, $seconds, $code) = @_;
    push @{ $self->{due} }, [ now() + $seconds, $code ];
}

sub fault_begins {
    my ($self, $part, $what) = @_;
    $self->{busy}{$part} = $what;
    $self->{log}->($what);
    return 1;
}

# The part serves again; it was away since that time.
sub fault_ends {
    my ($self, $part, $since) = @_;
    delete $self->{busy}{$part};
    push @{ $self->{spans} }, [ $part, $since, now() ] if defined $since;
}

# A random worker that is old enough, or undef.
sub pick_worker {
    my ($self, $part) = @_;
    my @old = grep { my @stat = stat "/proc/$_"; @stat && time - $stat[9] > YOUNG }
        sort { $a <=> $b } $self->{stack}->workers($part);
    return @old ? $old[ rand @old ] : undef;
}

sub kill_worker {
    my ($self, $part) = @_;
    my $pid = $self->pick_worker($part) // return 0;
    kill 'KILL', $pid;
    $self->schedule(SETTLE, sub { $self->fault_ends($part) });
    return $self->fault_begins($part, "kill -9 of a worker of $part ($pid)");
}

sub stop_worker {
    my ($self, $part, $length) = @_;
    my $pid = $self->pick_worker($part) // return 0;
    return $self->stop_pid($part, $pid, $length, "a worker of $part");
}

sub stop_part {
    my ($self, $part, $length) = @_;
    my $pid = $self->{stack}->pid($part) // return 0;
    my ($worker) = $self->{stack}->workers($part);           # multiwatch does nothing itself
    return $self->stop_pid($part, $worker // $pid, $length, $part);
}

sub stop_pid {
    my ($self, $part, $pid, $length, $what) = @_;
    my $since = now();
    kill 'STOP', $pid;
    $self->{stopped}{$pid} = 1;
    $self->schedule(
        $length,
        sub {
            kill 'CONT', $pid;
            delete $self->{stopped}{$pid};
            $self->fault_ends($part, $since);
        }
    );
    return $self->fault_begins($part, sprintf '%s (%d) is stopped for %.2f s', $what, $pid, $length);
}

sub kill_part {
    my ($self, $part, $hold) = @_;
    my $stack = $self->{stack};
    my $pid   = $stack->pid($part) // return 0;
    my $since = now();
    $stack->hold($part) if $hold;
    kill 'KILL', $pid, $stack->workers($part) or return 0;
    push @{ $self->{crashes} }, $since if $part eq 'database';
    $self->schedule($hold, sub { $stack->release($part) }) if $hold;
    $self->await_service($part, $pid, $since);
    return $self->fault_begins(
        $part,
        "kill -9 of $part ($pid)" . ($hold ? sprintf ', kept away for %.2f s', $hold : '')
    );
}

# Calls the code until it returns true, or a minute has passed.
sub poll {
    my ($self, $code, $until) = @_;
    $until //= now() + 60;
    return if $code->() || now() > $until;
    $self->schedule(0.01, sub { $self->poll($code, $until) });
}

# Ends the fault once another process than `pid` serves the part.
sub await_service {
    my ($self, $part, $pid, $since) = @_;
    $self->poll(sub {
        return 0 if ($self->{stack}->pid($part) // $pid) == $pid || !$self->serves($part);
        $self->fault_ends($part, $since);
        $self->{served} = now() if $part eq 'database';
        $self->{log}->(sprintf '%s serves again after %.2f s', $part, now() - $since);
        return 1;
    });
}

# Kills the database, calls the code while no process uses its files, and lets it start again after `hold` seconds.
sub change_database {
    my ($self, $hold, $what, $code) = @_;
    my $stack = $self->{stack};
    my $pid   = $stack->pid('database') // return 0;
    my $since = now();
    $stack->hold('database');
    kill 'KILL', $pid or return 0;
    push @{ $self->{crashes} }, $since;
    $self->poll(sub {
        return 0 if kill 0, $pid;
        $code->($since);
        $self->schedule($hold, sub { $stack->release('database') });
        $self->await_service('database', $pid, $since);
        return 1;
    });
    return $self->fault_begins('database', "$what ($pid)");
}

sub copy_files {
    my ($from, $to) = @_;
    system('rm', '-rf', $to) == 0 && system('cp', '-a', '--reflink=auto', $from, $to) == 0
        or die "cannot copy $from to $to\n";
}

# Copies the files of the killed server, as a snapshot of its disk would.
sub copy_database {
    my ($self, undef, $hold) = @_;
    my $data = Database::data($self->{stack});
    return $self->change_database(
        $hold,
        'the database is copied',
        sub {
            my ($since) = @_;
            copy_files($data, "$data.copy");
            $self->{copied}     = $since;
            $self->{since_copy} = $self->{acked}->();
        }
    );
}

# Goes back to the last copy, if there is enough to undo.
sub restore_database {
    my ($self, undef, $hold) = @_;
    my $copied = $self->{copied} // return 0;
    my $data   = Database::data($self->{stack});
    return 0 if $self->{acked}->() < $self->{since_copy} + UNDONE || now() < $self->{served} + SERVING;
    return $self->change_database(
        $hold,
        sprintf('the database is restored as of %.2f s ago', now() - $copied),
        sub {
            my ($since) = @_;
            push @{ $self->{restores} }, { copied => $copied, from => $since, to => now() };
            copy_files("$data.copy", $data);
            $self->{since_copy} = $self->{acked}->();
        }
    );
}

sub serves {
    my ($self, $part) = @_;
    my $stack = $self->{stack};
    my %about = (sockets => $self->{sockets}, dir => $stack->dir, database => 'fastchat', wrap => [], binary => '');
    local $SIG{PIPE} = 'IGNORE';
    return Database::part(\%about)->{ready}->() if $part eq 'database';
    return Parts::redis(\%about)->{ready}->() if $part eq 'redis';
    return defined Parts::connected("$self->{sockets}/$part.sock");
}

sub reload {
    my ($self, $part) = @_;
    my $pid = $self->{stack}->pid($part) // return 0;
    kill 'HUP', $pid;
    $self->schedule(SETTLE, sub { $self->fault_ends($part) });
    return $self->fault_begins($part, 'nginx reads its configuration again');
}

sub cut_readers {
    my ($self, $part) = @_;
    $self->{cut}->();
    $self->schedule(SETTLE, sub { $self->fault_ends($part) });
    return $self->fault_begins($part, 'readers break their connections');
}

sub flush { my ($self, $part) = @_; return $self->send_to_redis($part, 'FLUSHALL', 'Redis is emptied') }

sub cut_subscribers {
    my ($self, $part) = @_;
    return $self->send_to_redis($part, 'CLIENT KILL TYPE pubsub', 'Redis hangs up on its subscribers');
}

sub send_to_redis {
    my ($self, $part, $words, $what) = @_;
    my $redis = IO::Socket::UNIX->new(Peer => $self->{stack}->setting('REDIS_HOST'), Timeout => 1) or return 0;
    syswrite $redis, "$words\r\n";
    vec(my $ready = '', fileno $redis, 1) = 1;
    return 0 if !select $ready, undef, undef, 1;
    sysread $redis, my $answer, 100;
    return 0 if $answer !~ /^[+:]/;
    $self->schedule(SETTLE, sub { $self->fault_ends($part) });
    return $self->fault_begins($part, $what);
}

1;
