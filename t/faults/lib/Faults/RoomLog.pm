# The log of one room as a reader has it: every entry up to its mark, and later ones that wait. A log that began again
# also has a past: the entries below its mark that are still to be read.
package Faults::RoomLog;

use strict;
use warnings;
use Exporter qw(import);
use Faults::Loop qw(now);

our @EXPORT_OK = qw(RECORD FROM_STREAM FROM_STREAM_HELD FROM_SYNC FROM_PAST);

# An entry: when it was taken, seq, message, how, created (ms).
use constant RECORD       => 'd N N C Q';
use constant RECORD_BYTES => length pack RECORD, (0) x 5;

# How it was taken.
use constant { FROM_STREAM => 0, FROM_STREAM_HELD => 1, FROM_SYNC => 2, FROM_PAST => 3 };

# The mark of the reader at first: a seq and its time. `taken` begins after it, and has no gaps; `dropped` is what was
# taken before a restart, in any order; `needless` counts restarts after which the entry at the mark was still there.
sub new {
    my ($class, $seq, $time) = @_;
    my %entries = (taken => '', dropped => '', held => {}, needless => 0);
    return bless { first => $seq, seq => $seq, time => $time, %entries }, $class;
}

# The state in the end; of a log whose past is unknown, nothing counts.
sub result {
    my ($self) = @_;
    return { %$self{qw(first seq dropped needless)}, taken => $self->{past} ? '' : $self->{taken} };
}

# Takes the entry that follows the mark.
sub accept_entry {
    my ($self, $how, $seq, $id, $time) = @_;
    ($self->{past} || $self)->{ $self->{past} ? 'later' : 'taken' } .= pack RECORD, now(), $seq, $id, $how, $time;
    @$self{qw(seq time)} = ($seq, $time);
}

sub hold {
    my ($self, $seq, $id, $time) = @_;
    $self->{held}{$seq} = [ $seq, $id, $time ];
}

# Takes the entries that waited and now follow the mark. Returns true if others still wait.
sub accept_held {
    my ($self) = @_;
    my $held = $self->{held};
    return 0 if !%$held;
    while (my $entry = delete $held->{ $self->{seq} + 1 }) {
        $self->accept_entry(FROM_STREAM_HELD, @$entry);
    }
    delete @$held{ grep { $_ <= $self->{seq} } keys %$held };
    return scalar %$held;
}

# The server does not have the entry at the mark any more: the log begins again with its last entry.
sub restart {
    my ($self, $seq, $time) = @_;
    my $unfinished = $self->{past};
    $self->{dropped} .= $unfinished->{read} . $unfinished->{later} if $unfinished;
    @$self{qw(seq time held)} = ($seq, $time, {});
    my %texts = (read => '', later => '');
    $self->{past} = { began => now(), before => $seq + 1, %texts, due => 0, again => defined $unfinished };
}

# Takes a page of the past, [seq, id, time] in ascending order, as of the restart: when it is read is the reader's own
# affair. An entry that was taken before, with the same time, ends
# it: what precedes that one has not changed either. Returns false if the page does not follow, since the server was
# restored once more.
sub read_past {
    my ($self, @page) = @_;
    my $past = $self->{past};
    for my $entry (reverse @page) {
        my ($seq, $id, $time) = @$entry;
        return 0 if $seq != $past->{before} - 1;
        return $self->end_past($seq) if $seq == $self->{first} || $time == ($self->time_taken($seq) // 0);
        $past->{read}   = pack(RECORD, $past->{began}, $seq, $id, FROM_PAST, $time) . $past->{read};
        $past->{before} = $seq;
    }
    return scalar @page;
}

# The time of an entry that was taken before the restart; undef if there was none.
sub time_taken {
    my ($self, $seq) = @_;
    my $at = ($seq - $self->{first} - 1) * RECORD_BYTES;
    return $at < length $self->{taken} ? (unpack RECORD, substr $self->{taken}, $at, RECORD_BYTES)[4] : undef;
}

# The entries up to this one stay, those after it are replaced.
sub end_past {
    my ($self, $seq) = @_;
    my $past = delete $self->{past};
    my $kept = ($seq - $self->{first}) * RECORD_BYTES;
    $self->{needless}++ if $kept == length $self->{taken} && !$past->{again};
    $self->{dropped} .= substr $self->{taken}, $kept;
    substr $self->{taken}, $kept, length $self->{taken}, $past->{read} . $past->{later};
    return 1;
}

1;
