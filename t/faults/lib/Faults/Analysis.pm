# Compares acknowledged and received messages with those in MariaDB, and measures how late entries were.
package Faults::Analysis;

use strict;
use warnings;
use Faults::Message qw(client_id body_of id_of);
use Faults::RoomLog qw(RECORD);

use constant {
    SHOWN       => 6,     # examples of each row
    REQUEST     => 10,    # seconds from the time of an entry to its commit, at most
    UNREAD_MOST => 99,    # counted by the server
};

# An acknowledgement, as Writers reports it.
use constant { ROOM => 0, SEQ => 1, ID => 2, SENT => 3, ACKED => 4, TRIED => 5, TIME => 6 };

# stack; rooms: {id: last seq before the run}; acks: as Writers reports them; readers: the results of Readers; spans:
# [part, from, to]; restores, crashes: as Injector has them; began: the start of the run, from which examples are timed;
# epoch: when the clock of the run was 0, in seconds since 1970; limit: seconds that recovery may take; users: those who
# read.
#
# A restore ends a line of the log, and another begins. A seq alone is ambiguous then: an entry is room, seq and time.
sub new {
    my ($class, %arg) = @_;
    my $self = bless { %arg, count => {}, examples => {}, undone => [] }, $class;
    $self->read_log;
    $self->check_acks;
    $self->check_order($_) for $self->{kept}, @{ $self->{undone} };
    $self->check_readers;
    $self->check_read_marks;
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

# Reads the log row by row: {log}{room}[seq] is the message's number, {time}{room}[seq] when it was created.
sub read_log {
    my ($self) = @_;
    my $stack  = $self->{stack};
    my $rooms  = join ',', sort { $a <=> $b } keys %{ $self->{rooms} };
    open my $rows, '-|', Database::client($stack->setting('DB_SOCKET'), '--quick'),
        '--default-character-set=utf8mb4', '-e',
        'SELECT room_id, seq, client_id, created_at, body FROM room_log '
        . "WHERE room_id IN ($rooms) ORDER BY room_id, seq",
        $stack->setting('DB_DATABASE')
        or die "the database client: $!\n";
    my (%at, %seen);
    while (my $row = <$rows>) {
        chomp $row;
        my ($room, $seq, $client_id, $time, $body) = split /\t/, $row, 5;
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
        $seen{$id}                 = "room $room, seq $seq";
        $self->{log}{$room}[$seq]  = $id;
        $self->{time}{$room}[$seq] = $time;
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

# Is this the entry of the log?
sub is_kept {
    my ($self, $room, $seq, $id, $time) = @_;
    my $is = $self->{log}{$room}[$seq];
    return defined $is && $is == $id && $self->{time}{$room}[$seq] == $time;
}

# The number of the restore that may have undone an acknowledged message; undef if none can have.
sub undone_by {
    my ($self, $ack) = @_;
    my $restores = $self->{restores};
    my ($n) = grep { $ack->[ACKED] > $restores->[$_]{copied} && $ack->[TRIED] < $restores->[$_]{to} } 0 .. $#$restores;
    return $n;
}

# Each acknowledged message is in the log, or was undone. {acked}{room}{"seq time"}: when it was acknowledged, which
# message it is, and when the restore that undid it began.
sub check_acks {
    my ($self) = @_;
    my (%messages, @kept);
    for my $ack (@{ $self->{acks} }) {
        my ($room, $seq, $id, $time) = @$ack[ ROOM, SEQ, ID, TIME ];
        my $kept = $self->is_kept($room, $seq, $id, $time);
        my $by   = $kept ? undef : $self->undone_by($ack);
        $messages{$id} = 1;
        $self->{acked}{$room}{"$seq $time"} =
            { at => $ack->[ACKED], id => $id, undone_at => defined $by ? $self->{restores}[$by]{from} : undef };
        if ($kept) {
            push @kept, $ack;
        } elsif (defined $by) {
            $self->{count}{undone}++;
            push @{ $self->{undone_in}{$room} }, "$seq $time";
            push @{ $self->{undone}[$by] }, $ack if $ack->[ACKED] < $self->{restores}[$by]{from}; # of that line, surely
        } else {
            my $words =
                  'message '
                . client_id($id)
                . ", acknowledged as room $room, seq $seq at "
                . $self->clock($ack->[ACKED]);
            $self->{where}{$id}
                ? $self->report(altered => "$words, is $self->{where}{$id}")
                : $self->report(lost    => $words);
        }
    }
    $self->{messages} = keys %messages;
    $self->{kept}     = \@kept;
}

# In one line of the log: a message first sent after another one of its room was acknowledged must have a higher seq.
sub check_order {
    my ($self, $acks) = @_;
    my %by_room;
    $by_room{ $_->[ROOM] }[ $_->[SEQ] ] = $_ for @{ $acks || [] };
    for my $room (sort { $a <=> $b } keys %by_room) {
        my $latest;
        for my $ack (grep { defined } @{ $by_room{$room} }) {
            $self->report(
                disorder => sprintf 'room %d: seq %d was sent at %s, when seq %d was acknowledged already (%s)',
                $room, $latest->[SEQ], $self->clock($latest->[SENT]), $ack->[SEQ], $self->clock($ack->[ACKED])
            ) if $latest && $ack->[ACKED] < $latest->[SENT];
            $latest = $ack if !$latest || $ack->[SENT] > $latest->[SENT];
        }
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
        my @away = ($self->outages_of($reader, 0), $self->outages_of($reader, 1));
        for my $room (sort { $a <=> $b } keys %{ $reader->{rooms} }) {
            $self->check_room($reader, "$who, room $room", $room, @away);
            $self->check_restarts($reader, "$who, room $room", $room);
        }
    }
}

# Compares what a reader has of a room in the end with the log, and what it had before a restart with the
# acknowledgements of that time.
sub check_room {
    my ($self, $reader, $who, $room, @away) = @_;
    my $has     = $reader->{rooms}{$room};
    my $last    = $self->{last}{$room};
    my %dropped = $self->read_dropped($who, $room, $has->{dropped});
    my $acked   = $self->{acked}{$room};
    my $seq     = $has->{first};
    my @taken   = unpack '(' . RECORD . ')*', $has->{taken};
    while ((my ($at, undef, $id, $how, $time) = splice @taken, 0, 5) > 1) {
        $seq++;
        $self->{taken}++;
        $self->report(altered => "$who: seq $seq is " . client_id($id)) if !$self->is_kept($room, $seq, $id, $time);
        my $entry = "$seq $time";
        ($at, $how) = @{ $dropped{$entry} } if $dropped{$entry};    # a restart made the reader take it again
        $self->check_delay($reader, "$who: seq $seq", $acked->{$entry}, $at, $how, @away) if $acked->{$entry};
    }
    $self->report(missed => "$who: up to $seq of $last", $last - $seq) if $seq < $last;
    for my $entry (@{ $self->{undone_in}{$room} || [] }) {
        my ($at, $how) = $dropped{$entry} ? @{ $dropped{$entry} } : ($acked->{$entry}{undone_at}, undef);
        my $what = "$who: seq " . $entry =~ s/ .*//r . ' of an earlier line';
        $self->check_delay($reader, $what, $acked->{$entry}, $at, $how, @away);
    }
}

# Entries that the reader took before a restart: {"seq time"} is [when, how]. The log may not have one any more, but if
# it was acknowledged, it was that message, and if it was not, a restore has undone it.
sub read_dropped {
    my ($self, $who, $room, $records) = @_;
    my @dropped = unpack '(' . RECORD . ')*', $records;
    my %dropped;
    while ((my ($at, $seq, $id, $how, $time) = splice @dropped, 0, 5) > 1) {
        my $ack = $self->{acked}{$room}{"$seq $time"};
        my $was =
              $ack
            ? $ack->{id} == $id
            : $self->is_kept($room, $seq, $id, $time) || $self->may_be_undone($time);
        $self->report(altered => "$who: seq $seq was " . client_id($id)) if !$was;
        $dropped{"$seq $time"} //= [ $at, $how ];
    }
    return %dropped;
}

# Can an entry with that time, which was not acknowledged, have been undone by a restore, or lost in a crash?
sub may_be_undone {
    my ($self, $ms) = @_;
    my $at = $ms / 1000 - $self->{epoch};
    return grep { $at > $_->[0] - REQUEST && $at < $_->[1] } map({ [ @$_{qw(copied to)} ] } @{ $self->{restores} }),
        map { [ $_, $_ + 1 ] } @{ $self->{crashes} };
}

# Measures how late an acknowledged entry was taken. `how` undef: the reader had not taken it when it was undone.
sub check_delay {
    my ($self, $reader, $what, $ack, $at, $how, @away) = @_;
    my $since = $ack->{at};
    my $delay = $at - $since;
    if (defined $how) {
        $self->{delays}[ $delay < 0 ? 0 : $delay > 10 ? 10_000 : int $delay * 1000 ]++ if $reader->{stream};
        $self->{raw} = $delay if $delay > $self->{raw};
    }
    return if $delay <= $self->{slowest} && $delay <= $self->{limit};
    my $by_api = !$reader->{stream} || ($how // 1);    # perhaps, if it was not taken
    my ($calm, $from) = longest_undisturbed($away[ $by_api ? 1 : 0 ], $since, $at);
    my $words = sprintf
        '%s was %s at %s%s; it was acknowledged at %s; without any fault it waited %.3f s from %s on',
        $what, defined $how ? 'taken' : 'undone', $self->clock($at),
        ('', ' (held for a sync)', ' (by a sync)', ' (after a restart)')[ $how // 0 ], $self->clock($since), $calm,
        $self->clock($from);
    $self->report(late => $words) if $calm > $self->{limit};
    @$self{qw(slowest slowest_is)} = ($calm, $words) if $calm > $self->{slowest};
}

# A room begins again once for each restore or crash, at most, and only if that has undone some of what the reader had.
sub check_restarts {
    my ($self, $reader, $who, $room) = @_;
    my $count = 0;
    for my $at (map { $_->[0] } grep { $_->[1] == $room } @{ $reader->{restarts} }) {
        my $crashes = grep { $_ < $at } @{ $self->{crashes} };    # a restore begins with one
        $self->{restarts}++;
        $self->report(needless => "$who began again at " . $self->clock($at) . ", after $crashes crashes")
            if ++$count > $crashes;
    }
    my $needless = $reader->{rooms}{$room}{needless} or return;
    $self->report(needless => "$who began again, but the log still had its last entry", $needless);
}

# Read marks are within the log, and messages are unread up to its end.
sub check_read_marks {
    my ($self) = @_;
    for my $user (@{ $self->{users} }) {
        for my $room (@{ $user->get('/api/rooms?limit=100')->json->{items} }) {
            my ($id, $read, $unread) = @$room{qw(id read_seq unread)};
            my $first = $self->{rooms}{$id} // next;                              # only messages follow it
            my $after = $self->{last}{$id} - ($read > $first ? $read : $first);
            $self->report(marks => "room $id, up to $self->{last}{$id}: read up to $read, $unread unread")
                if $after < 0 || $unread != ($after < UNREAD_MOST ? $after : UNREAD_MOST);
        }
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
