# Waits for many sockets and times at once, in one process.
package Faults::Loop;

use strict;
use warnings;
use Exporter qw(import);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT_OK = qw(now);

# Seconds on the clock that all processes of a run share.
sub now { return clock_gettime(CLOCK_MONOTONIC) }

sub new { return bless { readable => {}, writable => {}, reads => '', writes => '', timers => {}, last => 0 }, $_[0] }

# Calls the code whenever there is something to read, until `forget`.
sub on_read {
    my ($self, $handle, $code) = @_;
    my $fd = fileno $handle;
    $self->{readable}{$fd} = $code;
    vec($self->{reads}, $fd, 1) = 1;
}

# Call the code when the handle takes bytes again; no code: no more.
sub on_write {
    my ($self, $handle, $code) = @_;
    my $fd = fileno $handle;
    vec($self->{writes}, $fd, 1) = $code ? 1 : 0;
    if ($code) { $self->{writable}{$fd} = $code }
    else { delete $self->{writable}{$fd} }
}

sub forget {
    my ($self, $handle) = @_;
    my $fd = fileno $handle;
    delete $self->{$_}{$fd} for qw(readable writable);
    vec($self->{$_}, $fd, 1) = 0 for qw(reads writes);
}

# Call the code once in that many seconds; returns what `cancel` takes.
sub after {
    my ($self, $seconds, $code) = @_;
    my $id = ++$self->{last};
    $self->{timers}{$id} = [ now() + $seconds, $code ];
    return $id;
}

sub cancel {
    my ($self, $id) = @_;
    delete $self->{timers}{$id} if defined $id;
}

# Wait once, and do what is due.
sub run_once {
    my ($self) = @_;
    my $timers = $self->{timers};
    my $next;
    for (values %$timers) { $next = $_->[0] if !defined $next || $_->[0] < $next }
    my $wait  = defined $next                                                                     ? $next - now() : 1;
    my $found = select my $reads = $self->{reads}, my $writes = $self->{writes}, undef, $wait > 0 ? $wait         : 0;
    if ($found > 0) {
        for my $fd (keys %{ $self->{writable} }) {
            my $code = vec($writes, $fd, 1) && $self->{writable}{$fd} or next;
            $code->();
        }
        for my $fd (keys %{ $self->{readable} }) {
            my $code = vec($reads, $fd, 1) && $self->{readable}{$fd} or next;
            $code->();
        }
    }
    my $now = now();
    for my $id (sort { $a <=> $b } keys %$timers) {
        my $timer = $timers->{$id} or next;
        next if $timer->[0] > $now;
        delete $timers->{$id};
        $timer->[1]->();
    }
}

1;
