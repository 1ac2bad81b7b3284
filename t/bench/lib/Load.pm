# Loads, processor time and memory, for the figures of t/bench/run.
package Load;

use strict;
use warnings;
use IO::Socket::UNIX;
use List::Util qw(sum0);
use POSIX ();
use Time::HiRes qw(sleep);

my %bare;    # process ids of the bare programs

# The median.
sub median {
    my @sorted = sort { $a <=> $b } @_;
    return @sorted % 2 ? $sorted[ @sorted / 2 ] : ($sorted[ @sorted / 2 - 1 ] + $sorted[ @sorted / 2 ]) / 2;
}

# Starts wrk on a URL: clients, seconds; script and arguments; token. Returns a handle for `finish`.
sub start {
    my ($url, %o) = @_;
    my $threads = $o{clients} < 8 ? 1 : 2;
    my @command = (
        'wrk', '-t', $threads, '-c', $o{clients}, '-d', "$o{seconds}s", '--timeout', '10s',
        '-s', 't/bench/' . ($o{script} // 'report') . '.lua',
        ($o{token} ? ('-H', "Authorization: Bearer $o{token}") : ()),
        $url, '--', @{ $o{arguments} || [] }
    );
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }
    return { out => $out, url => $url, command => \@command };
}

# Requests, requests per second, p50 and p99 in ms. Dies if a reply was not a success: such a figure means nothing.
sub finish {
    my ($run) = @_;
    my $text = do { local $/; readline $run->{out} }
        // '';
    close $run->{out};
    my ($requests, $us, $p50, $p99, $errors) = $text =~ /^result (\d+) (\d+) (\d+) (\d+) (\d+)$/m
        or die "wrk said:\n$text";
    die "$errors of $requests requests to $run->{url} failed:\n$text" if $errors || !$requests;
    return { requests => $requests, rate => $requests / $us * 1e6, p50 => $p50 / 1000, p99 => $p99 / 1000 };
}

sub run { return finish(start(@_)) }

# Waits for the end of a run whose replies do not matter.
sub discard {
    my ($run) = @_;
    1 while readline $run->{out};
    close $run->{out};
}

# User and system time of processes so far, in seconds, with all of their threads.
sub cpu {
    my $tick = POSIX::sysconf(&POSIX::_SC_CLK_TCK);
    return sum0(
        map {
            open my $in, '<', "/proc/$_/stat" or die "process $_ has ended\n";
            my @field = split ' ', (<$in> =~ s/.*\) //sr);
            ($field[11] + $field[12]) / $tick;
        } @_
    );
}

# The resident memory of each process, in MB.
sub resident {
    return map {
        open my $in, '<', "/proc/$_/status" or die "process $_ has ended\n";
        my ($kb) = map { /^VmRSS:\s*(\d+)/ ? $1 : () } <$in>;
        $kb / 1024;
    } @_;
}

# Starts a bare program as spawn-fcgi does: the socket is its standard input. Returns the process ids.
sub bare {
    my ($program, $socket, $processes, @arguments) = @_;
    my $listen = IO::Socket::UNIX->new(Local => $socket, Listen => 1024) or die "$socket: $!\n";
    my @pids;
    for (1 .. $processes) {
        my $pid = fork // die "fork: $!\n";
        if ($pid == 0) {
            open STDIN, '<&', $listen;
            exec $program, @arguments or POSIX::_exit(127);
        }
        push @pids, $pid;
    }
    $bare{$_} = 1 for @pids;
    return @pids;
}

sub stop_bare {
    for my $pid (keys %bare) {
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }
    %bare = ();
}

END { my $status = $?; stop_bare(); $? = $status }

1;
