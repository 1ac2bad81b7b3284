# A client of GET /api/events: opens the stream and returns its events one by one.
#     my $stream = Fastchat::Stream->new($alice, after => $token, lines => 1);
#     my $hello  = $stream->next;                  # { event => 'hello', id => undef, data => {…} }
#     my $entry  = $stream->await('entry');        # the next of that name; others are skipped
#     ok($stream->ends, 'the server ends the stream');
# They return undef at the end of the stream, or after 30 s: a busy machine is slow. A number of seconds, as in
# `!$stream->next(0.5)`, is for what must not arrive.
package Fastchat::Stream;

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Time::HiRes qw(time);

my $json = JSON::PP->new->utf8;
use constant PATIENCE => 30;    # seconds

# Options: at_once (returns before the reply: call read_head later), after, last_event_id, lines (NDJSON), accept,
# token, origin, receive_bytes (of the socket's buffer; if it is much smaller than loopback's segments of 64 KB, a full
# buffer makes the kernel wait many seconds before it sends more).
sub new {
    my ($class, $client, %o) = @_;
    my ($address) = $client->{url} =~ m{//(.*)};
    my $socket = IO::Socket::INET->new(
        Proto => 'tcp', PeerAddr => $address, Timeout => 5,
        ($o{receive_bytes} ? (Sockopts => [ [ Socket::SO_RCVBUF(), $o{receive_bytes} ] ]) : ()),
    ) or die "$address: $@\n";
    my $token = $o{token} // $client->{token};
    my @lines = (
        'GET /api/events' . (defined $o{after} ? "?after=$o{after}" : '') . ' HTTP/1.1', "Host: $address",
        "Authorization: Bearer $token",
        ($o{lines}                 ? 'Accept: application/x-ndjson'     : ()),
        (defined $o{accept}        ? "Accept: $o{accept}"               : ()),
        (defined $o{origin}        ? "Origin: $o{origin}"               : ()),
        (defined $o{last_event_id} ? "Last-Event-ID: $o{last_event_id}" : ()),
    );
    print $socket join("\r\n", @lines, '', '');
    my $self = bless { socket => $socket, raw => '', text => '', lines => $o{lines}, beats => 0, all => '' }, $class;
    $self->read_head if !$o{at_once};
    return $self;
}

# Reads more bytes within the time; false if none came, or at the end.
sub more {
    my ($self, $until) = @_;
    my $left = $until - time;
    return 0 if $left <= 0 || !IO::Select->new($self->{socket})->can_read($left);
    my $got = sysread $self->{socket}, $self->{raw}, 65536, length $self->{raw};
    $self->{ended} = 1 if !$got;
    return $got;
}

sub read_head {
    my ($self) = @_;
    my $until = time + PATIENCE;
    while ($self->{raw} !~ /\r\n\r\n/) { $self->more($until) or last }
    $self->{raw} =~ s/^(.*?\r\n)\r\n//s or return;
    my $head = $1;
    ($self->{status}) = $head =~ m{^HTTP/1\.1 (\d+)};
    $self->{head}    = $head;
    $self->{chunked} = $head =~ /^transfer-encoding: chunked/mi;
}

sub status { return $_[0]{status} // 0 }
sub header { my ($self, $name) = @_; return $self->{head} =~ /^\Q$name\E: *(.*?)\r$/mi ? $1 : undef }

# The rest of a reply that is not a stream.
sub content {
    my ($self) = @_;
    my $until = time + PATIENCE;
    1 while $self->{text} !~ /\}$/ && ($self->unchunk || $self->more($until));
    return $self->{text};
}

# Moves complete chunks to the text; false if there was none.
sub unchunk {
    my ($self) = @_;
    my $before = length $self->{text};
    if (!$self->{chunked}) {
        $self->{text} .= $self->{raw};
        $self->{raw} = '';
    }
    while ($self->{chunked} && $self->{raw} =~ /^([0-9a-fA-F]+)\r\n/) {
        my ($size, $begin) = (hex $1, length($1) + 2);
        last if length $self->{raw} < $begin + $size + 2;
        $self->{finished} = 1 if $size == 0;
        $self->{text} .= substr $self->{raw}, $begin, $size;
        substr $self->{raw}, 0, $begin + $size + 2, '';
    }
    return length $self->{text} > $before;
}

sub event_of {
    my ($self) = @_;
    if ($self->{lines}) {
        while ($self->{text} =~ s/^(.*)\n//) {
            my $event = $json->decode($1);
            return $event if $event->{event} ne 'heartbeat';
            $self->{beats}++;
        }
        return;
    }
    while ($self->{text} =~ s/^(.*?)\n\n//s) {
        my %field;
        for my $line (split /\n/, $1) {
            $self->{beats}++ if $line =~ /^:/;
            $field{$1} = $2 if $line =~ /^(\w+): ?(.*)$/;
        }
        return { event => $field{event}, id => $field{id}, retry => $field{retry}, data => $json->decode($field{data}) }
            if defined $field{data};
    }
    return;
}

sub next {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // PATIENCE);
    while (1) {
        my $before = length $self->{text};
        $self->{all} .= substr $self->{text}, $before if $self->unchunk;
        my $event = $self->event_of;
        return $event if $event;
        return if $self->{ended} || $self->{finished};
        $self->more($until) or return if !$self->{ended};
    }
}

sub await {
    my ($self, $name, $seconds) = @_;
    my $until = time + ($seconds // PATIENCE);
    while (time < $until) {
        my $event = $self->next($until - time) or return;
        return $event if $event->{event} eq $name;
    }
    return;
}

# Whether the server ends the stream within the time.
sub ends {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // PATIENCE);
    while (!$self->{finished} && !$self->{ended} && time < $until) { $self->next($until - time) }
    return $self->{finished} || $self->{ended};
}

sub close { my ($self) = @_; close $self->{socket} }

1;
