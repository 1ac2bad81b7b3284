# Compares acknowledged and received messages with those in MariaDB, and measures how late entries were.
package Faults::Analysis;

use strict;
use warnings;
use Faults::Message qw(client_id body_of id_of);

use constant SHOWN => 6;    # examples of each row

# stack; rooms: {id: last seq before the run}; acks: [[room, seq, id, sent, acknowledged]]; readers: the results of
# Readers; spans: [part, from, to]; began: the start of the run, from which examples are timed; limit: seconds that
# recovery may take.
sub new {
    my ($class, %arg) = @_;
    my $self = bless { %arg, count => {}, examples => {} }, $class;
    $self->read_log;
    $self->check_acks;
    $self->check_order;
    $self->check_readers;
    return $self;
}

sub count    { my ($self, $row) = @_; return $self->{count}{$row} // 0 }
sub examples { my ($self, $row) = @_; return @{ $self->{examples}{$row} || [] } }

sub report {
    my ($self, $row, $words, $times) = @_;
    $self->{count}{$row} += $times // 1;
    push @{ $self->{examples}{$row} }, $words if @{ $self->{examples}{$row} || [] } < SHOWN;
}

sub clock { my ($self, $at) = @_; return sprintf '%.3f s', $at - $self->{began} }

# Reads the log row by row: {log}{room}[seq] is the message's number.
sub read_log {
    my ($self) = @_;
    my $stack  = $self->{stack};
    my $rooms  = join ',', sort { $a <=> $b } keys %{ $self->{rooms} };
    open my $rows, '-|', Database::client($stack->setting('DB_SOCKET'), '--quick'),
        '--default-character-set=utf8mb4', '-e',
        "SELECT room_id, seq, client_id, body FROM room_log WHERE room_id IN ($rooms) ORDER BY room_id, seq",
        $stack->setting('DB_DATABASE')
        or die "the database client: $!\n";
    my (%at, %seen);
    while (my $row = <$rows>) {
        chomp $row;
        my ($room, $seq, $client_id, $body) = split /\t/, $row, 4;
        my $first = $self->{rooms}{$room};
        next if $seq <= $first;
        my $at = $at{$room} // $first;
        $self->report(holes => "room $room: $seq follows $at", $seq - $at - 1) if $seq != $at + 1;
        $at{$room} = $seq;
        $self->{entries}++;
        my $id = id_of((split /\|/, $body)[0]);
        if (!defined $id) {
            $self->report(altered => "room $room, seq $seq: nobody wrote \"$body\"");
            next;
        }
        $self->report(
            altered => "room $room, seq $seq: " . client_id($id) . " has the client_id $client_id, the text \"$body\"")
            if $client_id ne client_id($id) || $body ne body_of($id);
        $self->report(doubled => 'message ' . client_id($id) . " is $seen{$id} and room $room, seq $seq") if $seen{$id};
        $seen{$id} = "room $room, seq $seq";
        $self->{log}{$room}[$seq] = $id;
    }
    close $rows or die "the log cannot be read\n";
    for my $row ($stack->sql("SELECT id, last_seq FROM rooms WHERE id IN ($rooms)")) {
        my ($room, $last) = @$row;
        my $at = $at{$room} // $self->{rooms}{$room};
        $self->{last}{$room} = $last;
        $self->report(holes => "room $room: its last seq is $last, the log ends with $at", abs $last - $at)
            if $last != $at;
    }
    $self->{where} = \%seen;
}

sub check_acks {
    my ($self) = @_;
    for my $ack (@{ $self->{acks} }) {
        my ($room, $seq, $id, $sent, $at) = @$ack;
        my $is = $self->{log}{$room}[$seq];
        next if defined $is && $is == $id;
        my $words = 'message ' . client_id($id) . ", acknowledged as room $room, seq $seq at " . $self->clock($at);
        $self->{where}{$id}
            ? $self->report(altered => "$words, is $self->{where}{$id}")
            : $self->report(lost    => $words);
    }
}

# A message first sent after another one of its room was acknowledged must have a higher seq.
sub check_order {
    my ($self) = @_;
    my %by_room;
    $by_room{ $_->[0] }[ $_->[1] ] = $_ for @{ $self->{acks} };
    for my $room (sort { $a <=> $b } keys %by_room) {
        my $latest;
        for my $ack (grep { defined } @{ $by_room{$room} }) {
            $self->report(
                disorder => sprintf 'room %d: seq %d was sent at %s, when seq %d was acknowledged already (%s)',
                $room, $latest->[1], $self->clock($latest->[3]), $ack->[1], $self->clock($ack->[4])
            ) if $latest && $ack->[4] < $latest->[3];
            $latest = $ack if !$latest || $ack->[3] > $latest->[3];
        }
        $self->{acked_at}{$room} = [ map { defined ? $_->[4] : undef } @{ $by_room{$room} } ];
    }
}

# --- readers

my %row_of = (
    hole     => 'reader_holes', double => 'reader_doubled', disorder => 'reader_disorder', wrong => 'wrong',
    protocol => 'protocol'
);

sub check_readers {
    my ($self) = @_;
    @$self{qw(slowest raw)} = (0, 0);
    for my $reader (@{ $self->{readers} }) {
        my $who = "reader $reader->{number} ($reader->{kind})";
        for my $kind (keys %{ $reader->{fault} }) {
            my @seen = grep { $_->[0] eq $kind } @{ $reader->{seen} };
            $self->report($row_of{$kind}, "$who at " . $self->clock($_->[1]) . ": $_->[2]", 0) for @seen;
            $self->{count}{ $row_of{$kind} } += $reader->{fault}{$kind};
        }
        my @calm = ($self->outages_of($reader, 0), $self->outages_of($reader, 1));
        for my $room (sort { $a <=> $b } keys %{ $reader->{first} }) {
            $self->check_room($reader, $who, $room, @calm);
        }
    }
}

sub check_room {
    my ($self, $reader, $who, $room, @away) = @_;
    my $first = $reader->{first}{$room};
    my $have  = $reader->{have}{$room};
    my $last  = $self->{last}{$room};
    $self->report(missed => "$who has room $room up to $have of $last; seq "
            . ($have + 1)
            . ' was acknowledged at '
            . $self->clock($self->{acked_at}{$room}[ $have + 1 ] // 0), $last - $have)
        if $have < $last;
    my $acked = $self->{acked_at}{$room};
    my $log   = $self->{log}{$room};
    my $seq   = $first;
    my @taken = unpack '(d N C)*', $reader->{taken}{$room};
    while (my ($at, $id, $how) = splice @taken, 0, 3) {
        $seq++;
        $self->{taken}++;
        $self->report(altered => "$who got room $room, seq $seq as " . client_id($id))
            if !defined $log->[$seq] || $log->[$seq] != $id;
        my $since = $acked->[$seq] // next;
        my $delay = $at - $since;
        $self->{delays}[ $delay < 0 ? 0 : $delay > 10 ? 10_000 : int $delay * 1000 ]++ if $reader->{stream};
        $self->{raw} = $delay if $delay > $self->{raw};
        next if $delay <= $self->{slowest} && $delay <= $self->{limit};
        my ($calm, $from) = longest_undisturbed($away[ $how || !$reader->{stream} ? 1 : 0 ], $since, $at);
        my $words = sprintf
            '%s took room %d, seq %d at %s%s; it was acknowledged at %s; without any fault it waited %.3f s from %s on',
            $who, $room, $seq, $self->clock($at), ('', ' (held for a sync)', ' (by a sync)')[$how],
            $self->clock($since), $calm, $self->clock($from);
        $self->report(late => $words) if $calm > $self->{limit};
        @$self{qw(slowest slowest_is)} = ($calm, $words) if $calm > $self->{slowest};
    }
}

# The spans [from, to], merged and in order, in which the reader was away, or a part that it needs. MariaDB is always
# needed; the events process by readers that wait at it; all workers of the api by readers that call them. Redis is not
# needed.
sub outages_of {
    my ($self, $reader, $by_api) = @_;
    my %needed = (database => 1, events => $reader->{kind} ne 'poll', api => $by_api);
    my @spans  = sort { $a->[0] <=> $b->[0] } map { [@$_] } @{ $reader->{absent} },
        map { [ @$_[ 1, 2 ] ] } grep { $needed{ $_->[0] } } @{ $self->{spans} };
    my @merged;
    for my $span (@spans) {
        if (@merged && $span->[0] <= $merged[-1][1]) {
            $merged[-1][1] = $span->[1] if $span->[1] > $merged[-1][1];
        } else {
            push @merged, $span;
        }
    }
    return \@merged;
}

# The longest time between `from` and `to` outside the spans, and its start.
sub longest_undisturbed {
    my ($spans, $from, $to) = @_;
    my ($longest, $began)   = (0, $from);
    my ($low, $high)        = (0, scalar @$spans);    # the first that ends after `from`
    while ($low < $high) {
        my $middle = $low + $high >> 1;
        if ($spans->[$middle][1] <= $from) { $low  = $middle + 1 }
        else                               { $high = $middle }
    }
    for my $span (@$spans[ $low .. $#$spans ], [ $to, $to ]) {
        my $end = $span->[0] < $to ? $span->[0] : $to;
        ($longest, $began) = ($end - $from, $from) if $end - $from > $longest;
        last if $span->[0] >= $to;
        $from = $span->[1];
        last if $from >= $to;
    }
    return ($longest, $began);
}

# Seconds within which that share of the streamed entries arrived.
sub delay_of {
    my ($self, $share) = @_;
    my $all = 0;
    $all += $_ // 0 for @{ $self->{delays} || [] };
    my $left = $share * $all;
    for my $ms (0 .. $#{ $self->{delays} || [] }) {
        $left -= $self->{delays}[$ms] // 0;
        return ($ms + 1) / 1000 if $left <= 0;
    }
    return 0;
}

1;
