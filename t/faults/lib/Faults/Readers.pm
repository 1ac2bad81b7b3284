# A process of readers. Each is a separate device: it remembers how far it has read each room, and does what the
# interface tells a client to do. It records every entry that it gets, and every breach by a stream or an answer.
package Faults::Readers;

use strict;
use warnings;
use JSON::PP ();
use Storable qw(nstore);
use Faults::Loop qw(now);
use Faults::Connection;

use constant {
    PATIENCE     => 6,       # seconds to wait for an answer
    POLL_EACH    => 0.5,     # seconds between two /api/sync of a reader that polls
    SPIN_LEAST   => 0.5,     # an empty answer to /api/sync/wait sooner than this: no events process runs
    SPIN_PAUSE   => 2,       # seconds until the next request then
    STREAM_LEAST => 10,      # seconds after which a reader leaves its stream, at least
    STREAM_MORE  => 50,
    STRANGE      => 0.05,    # the share of resumes with a token that was never given
    READ_LEAST   => 0.5,     # seconds between two read marks
    READ_MORE    => 2,
    PAST_PAUSE   => 0.3,     # seconds before a page of the past is asked for again
};

# The kinds of readers: SSE or NDJSON; resuming or not; or without a stream.
my %kinds = (
    'sse'            => { stream => 1 },
    'sse, resumed'   => { stream => 1, resume => 'header' },
    'lines'          => { stream => 1, lines  => 1 },
    'lines, resumed' => { stream => 1, lines  => 1, resume => 'query' },
    'wait'           => {},
    'poll'           => {},
);

my $json = JSON::PP->new->utf8;

# port; seed; readers: [{number, kind, bearer, marks => {room: [seq, time]}}]; orders, reports: handles; file: where the
# results go. Orders are lines: "cut" (every second reader breaks its connections), "target {room: [seq, time]}" (report
# when the last entry of all is that one), "end". The report: "there", once it is. The result of each reader: rooms (see
# RoomLog), restarts [when, room], absent: spans [from, to] in which it was away by its own choice, faults.
sub run {
    my (%arg) = @_;
    srand $arg{seed};
    my $self = bless { %arg, loop => Faults::Loop->new }, __PACKAGE__;
    $self->read_orders;
    my @readers = map { Faults::Reader->start($self, $_, $kinds{ $_->{kind} }) } @{ $self->{readers} };
    $self->{running} = \@readers;
    $self->{loop}->run_once until $self->{over};
    nstore([ map { $_->result } @readers ], $self->{file});
}

sub read_orders {
    my ($self) = @_;
    my $text = '';
    $self->{loop}->on_read(
        $self->{orders},
        sub {
            my $got = sysread $self->{orders}, $text, 65536, length $text;
            $self->{over} = 1 if !$got;
            while ($text =~ s/^(\w+) ?(.*)\n//) {
                my ($order, $rest) = ($1, $2);
                if ($order eq 'cut')    { rand() < 0.5 and $_->cut for @{ $self->{running} } }
                elsif ($order eq 'end') { $self->{over} = 1 }
                elsif ($order eq 'target') {
                    $self->{target} = $json->decode($rest);
                    $self->check_targets;
                }
            }
        }
    );
}

# Does every reader have every entry of the target?
sub check_targets {
    my ($self) = @_;
    my $target = $self->{target};
    my $behind = grep {
        my $logs = $_->{logs};
        grep { $logs->{$_}{past} || "$logs->{$_}{seq} $logs->{$_}{time}" ne "@{ $target->{$_} }" } keys %$logs
    } @{ $self->{running} };
    return $self->{loop}->after(0.02, sub { $self->check_targets }) if $behind;
    syswrite $self->{reports}, "there\n";
}

package Faults::Reader;

use Faults::Loop qw(now);
use Faults::Message qw(clip id_of ms_of);
use Faults::RoomLog qw(FROM_STREAM FROM_SYNC);

use constant { map { $_ => Faults::Readers->can($_)->() }
        qw(PATIENCE POLL_EACH SPIN_LEAST SPIN_PAUSE STREAM_LEAST STREAM_MORE STRANGE READ_LEAST READ_MORE PAST_PAUSE) };

sub start {
    my ($class, $process, $is, $kind) = @_;
    my $self = bless {
        %$is, %$kind, loop => $process->{loop}, restarts => [], absent      => [], fault => {}, seen => [], count => {},
        delay              => 0.1, sync_delay            => 0.1, away_since => now(),
    }, $class;
    $self->{logs} = { map { $_ => Faults::RoomLog->new(@{ $is->{marks}{$_} }) } keys %{ $is->{marks} } };
    $self->{api}  = Faults::Connection->new(
        $self->{loop}, $process->{port},
        answer => sub { $self->synced(@_) },
        broken => sub { $self->sync_failed },
    );
    $self->{connection} = Faults::Connection->new(
        $self->{loop}, $process->{port},
        answer => sub { $self->refused(@_) },
        body   => sub { $self->receive($_[0]) },
        broken => sub { $self->lost_stream },
    ) if $self->{stream};
    $self->{errands} = Faults::Connection->new(
        $self->{loop}, $process->{port},
        answer => sub { $self->errand_done(@_) },
        broken => sub { $self->errand_failed },
    );
    $self->move_read_mark_later;
    $self->{loop}->after(rand 0.3, sub { $self->{stream} ? $self->connect : $self->sync });
    return $self;
}

sub result {
    my ($self) = @_;
    push @{ $self->{absent} }, [ $self->{away_since}, now() ] if defined $self->{away_since};
    my $logs = $self->{logs};
    return {
        %$self{qw(number kind stream restarts absent fault seen count)},
        rooms => { map { $_ => $logs->{$_}->result } keys %$logs }
    };
}

# Records a breach of the interface.
sub fault {
    my ($self, $kind, $words) = @_;
    $self->{fault}{$kind}++;
    push @{ $self->{seen} }, [ $kind, now(), $words ] if @{ $self->{seen} } < 20;
}

# From here the reader is away by its own choice, until `back`.
sub away { my ($self) = @_; $self->{away_since} //= now() }

sub back {
    my ($self) = @_;
    my $since = delete $self->{away_since} // return;
    push @{ $self->{absent} }, [ $since, now() ];
}

# Breaks all open connections.
sub cut {
    my ($self) = @_;
    if ($self->{stream} && $self->{connection}{asked}) {
        $self->{connection}->drop;
        $self->lost_stream;
    }
    if ($self->{syncing} && $self->{api}{asked}) {
        $self->{api}->drop;
        $self->sync_failed;
    }
}

# --- the stream

sub connect {
    my ($self) = @_;
    my $token = $self->{resume} ? $self->{token} : undef;
    $self->{strange} = !defined $token || rand() < STRANGE;
    $token = ('no-such-token', '4711-15', $token =~ s/[^-]+$/987654321/r)[ rand 3 ]
        if defined $token && $self->{strange};
    my $query  = defined $token && $self->{resume} eq 'query'  ? "?after=$token"             : '';
    my $header = defined $token && $self->{resume} eq 'header' ? "Last-Event-ID: $token\r\n" : '';
    $header .= "Accept: application/x-ndjson\r\n" if $self->{lines};
    $self->back;
    $self->{reached}                      = $self->{at} if $self->{at};
    @$self{qw(text at skipped heartbeat)} = ('', undef, {}, PATIENCE / 2.5);
    $self->{heard_at}                     = now();
    $self->{loop}->cancel($self->{ear});
    $self->{ear} = $self->{loop}->after(0.5, sub { $self->listen });
    $self->{loop}->cancel($self->{leave});
    $self->{leave} =
        $self->{loop}->after(STREAM_LEAST + rand STREAM_MORE, sub { $self->{connection}->drop; $self->lost_stream });
    $self->{count}{streams}++;
    $self->{connection}->send_request(
        "GET /api/events$query HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer $self->{bearer}\r\n$header\r\n", 1);
}

# A silent connection is dead.
sub listen {
    my ($self) = @_;
    if (now() - $self->{heard_at} > 2.5 * $self->{heartbeat}) {
        $self->{count}{silent}++;
        $self->{connection}->drop;
        return $self->lost_stream;
    }
    $self->{ear} = $self->{loop}->after(0.2, sub { $self->listen });
}

sub lost_stream {
    my ($self, $wait) = @_;
    $self->{connection}{asked} = 0;
    $self->{loop}->cancel(delete $self->{$_}) for grep { defined $self->{$_} } qw(ear leave);
    return if $self->{coming};
    $self->away;
    $wait //= $self->{delay} * (0.5 + rand);
    $self->{delay}  = $self->{delay} > 1 ? 2 : $self->{delay} * 2;
    $self->{coming} = $self->{loop}->after($wait, sub { delete $self->{coming}; $self->connect });
}

# An answer that is not a stream. Polite clients wait as Retry-After says; some of these readers return sooner.
sub refused {
    my ($self, $status, $head, $body) = @_;
    $self->{count}{$status}++;
    $self->fault('wrong', "GET /api/events: $status " . clip($body, 200)) if $status !~ /^(?:429|50[234])$/;
    my ($told) = $head =~ /^Retry-After: *(\d+)/mi;
    $self->lost_stream(defined $told && $status == 429 ? rand $told : undef);
}

sub receive {
    my ($self, $bytes) = @_;
    $self->{heard_at} = now();
    $self->fault('protocol', 'not ASCII: ' . clip($bytes, 200)) if $bytes =~ tr/\x80-\xFF//;
    $self->{text} .= $bytes;
    return $self->{lines} ? $self->read_lines : $self->read_events;
}

sub read_events {
    my ($self) = @_;
    my $text = \$self->{text};
    while (1) {
        # Most events are messages.
        if (
            $$text =~ /\Gid:\ ([^\n]*)\nevent:\ entry\ndata:\ \{"room_id":(\d+),"seq":(\d+),"kind":"message",
                [^\n]*?"client_id":"w(\d+)-(\d+)"[^\n]*"created_at":"([^"]+)"\}\n\n/gcx
            )
        {
            $self->entry($1, $2, $3, $4 << 24 | $5, $6);
            next;
        }
        $$text =~ /\G((?:[^\n]+\n)*)\n/gc or last;
        my %field;
        for (split /\n/, $1) {
            next if /^:/;
            my ($name, $value) = /^(\w+): ?(.*)$/;
            $name ? $field{$name} = $value : $self->fault('protocol', "a line: $_");
        }
        $self->event($field{event}, $field{id}, $field{data}) if %field;
    }
    substr $$text, 0, pos($$text) // 0, '';
    pos($$text) = 0;
}

sub read_lines {
    my ($self) = @_;
    my $text = \$self->{text};
    while (1) {
        if (
            $$text =~ /\G\{"event":"entry","id":"([^"\n]*)","data":\{"room_id":(\d+),"seq":(\d+),"kind":"message",
                [^\n]*?"client_id":"w(\d+)-(\d+)"[^\n]*"created_at":"([^"]+)"\}\}\n/gcx
            )
        {
            $self->entry($1, $2, $3, $4 << 24 | $5, $6);
            next;
        }
        $$text =~ /\G([^\n]*)\n/gc or last;
        my $line = eval { $json->decode($1) };
        ref $line eq 'HASH' && defined $line->{event}
            ? $self->event(@$line{qw(event id data)})
            : $self->fault('protocol', "a line: $1");
    }
    substr $$text, 0, pos($$text) // 0, '';
    pos($$text) = 0;
}

sub event {
    my ($self, $event, $id, $data) = @_;
    return if !defined $event || $event eq 'heartbeat' || !$self->{connection}{asked};
    $data = eval { $json->decode($data) } if defined $data && !ref $data;
    return $self->fault('protocol', "$event without data") if ref $data ne 'HASH';
    if ($event eq 'hello') {
        $self->hello($data);
    } elsif (!$self->{at}) {
        $self->fault('protocol', "$event before hello");
    } elsif ($event eq 'entry') {
        $self->entry($id, @$data{qw(room_id seq)}, id_of($data->{client_id} // '') // 0, $data->{created_at});
    } elsif ($event eq 'rooms') {
        $self->rooms_changed($data);
    } elsif ($event eq 'resync') {
        $self->{count}{"resync $data->{reason}"}++;
        $self->sync;
    } elsif ($event eq 'bye') {
        $self->{connection}->drop;
        $self->lost_stream($data->{retry_ms} / 1000 * (0.5 + rand 0.5));
    }
}

sub hello {
    my ($self, $data) = @_;
    return $self->fault('protocol', 'a second hello') if $self->{at};
    $self->{delay}     = 0.1;
    $self->{heartbeat} = ($data->{heartbeat_ms} || 15_000) / 1000;
    my ($rooms, $logs) = ($data->{rooms}, $self->{logs});
    $self->fault('protocol', 'resumed with a token that was never given') if $data->{resumed} && $self->{strange};
    for my $room (grep { !defined $rooms->{$_} } keys %$logs) {
        $self->fault('protocol', "hello without room $room");
        $rooms->{$room} = $logs->{$room}{seq};
    }
    if ($data->{resumed}) {    # what follows begins where the stream that gave the token ended
        $self->{count}{resumed}++;
        my $reached = $self->{reached} // $rooms;
        $self->{at} = { map { $_ => $reached->{$_} // $rooms->{$_} } keys %$rooms };
        return;
    }
    $self->{at} = $rooms;
    delete $self->{token};
    $_->{held} = {} for values %$logs;
    $self->sync;               # whatever the numbers are: they may be those of a log that has begun again
}

sub rooms_changed {
    my ($self, $data) = @_;
    $self->fault('protocol', 'rooms were joined or left') if %{ $data->{joined} } || @{ $data->{left} };
    while (my ($room, $last) = each %{ $data->{restarted} }) {
        $self->{at}{$room} = $last;
        delete $self->{skipped}{$room};
        $self->{logs}{$room}{held} = {} if $self->{logs}{$room};
    }
    $self->sync;
}

# Checks the order of an entry of the stream, and takes it if the reader has all before it. While a sync is under way it
# has to wait: the sync may find that the room begins again.
sub entry {
    my ($self, $token, $room, $seq, $id, $created) = @_;
    return $self->fault('protocol', 'an entry before hello') if !$self->{at};
    my $at = $self->{at}{$room} // return $self->fault('protocol', "an entry of room $room, which hello did not name");
    $self->{token} = $token;
    if ($seq == $at + 1) {
        $self->{at}{$room} = $seq;
    } elsif ($seq > $at) {
        $self->fault('hole', "room $room: $seq follows $at");
        $self->{skipped}{$room}{$_} = 1 for $at + 1 .. $seq - 1;
        $self->{at}{$room} = $seq;
    } elsif (delete $self->{skipped}{$room}{$seq}) {
        $self->fault('disorder', "room $room: $seq comes after $at");
    } else {
        $self->fault('double', "room $room: $seq again; at $at");
    }
    my $log = $self->{logs}{$room} // return;
    return if $seq <= $log->{seq};
    if ($seq == $log->{seq} + 1 && !$self->{syncing}) {
        $log->accept_entry(FROM_STREAM, $seq, $id, ms_of($created));
    } else {
        $log->hold($seq, $id, ms_of($created));
        $self->sync if !$self->{syncing};    # what is between is on its way
    }
}

# A sync has brought all that was missing before it: what has waited follows. Returns true if there still is a gap.
sub accept_held {
    my ($self) = @_;
    return grep { $_->accept_held } values %{ $self->{logs} };
}

# --- /api/sync, /api/sync/wait

sub sync {
    my ($self) = @_;
    if ($self->{syncing}) {
        $self->{once_more} = 1;
        return;
    }
    $self->back if !$self->{stream};
    $self->{syncing}   = 1;
    $self->{once_more} = 0;
    my $logs = $self->{logs};
    $self->{asked_for} = { map { $_ => $logs->{$_}{seq} } keys %$logs };
    $self->{asked_at}  = now();
    my $limit = (50, 200, 500)[ rand 3 ];
    my $wait  = 0;
    my $path  = '/api/sync';
    my ($seqs, $times) = map {
        my $what = $_;
        join ',', map { qq{"$_":$logs->{$_}{$what}} } keys %$logs
    } qw(seq time);
    my $body = "{\"rooms\":{$seqs},\"times\":{$times},\"limit\":$limit";
    if ($self->{kind} eq 'wait') {
        $path .= '/wait';
        $wait = 1 + int rand 8;
        $body .= ",\"wait\":$wait";
    }
    $body .= '}';
    $self->{patience} = $self->{loop}->after($wait + PATIENCE, sub { $self->{api}->drop; $self->sync_failed });
    $self->{count}{syncs}++;
    $self->{api}->send_request("POST $path HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer $self->{bearer}\r\n"
            . "Content-Type: application/json\r\nContent-Length: "
            . length($body)
            . "\r\n\r\n$body");
}

# The next sync after a pause; the reader chose the pause, so it counts as away.
sub sync_later {
    my ($self, $wait) = @_;
    $self->away if !$self->{stream};
    $self->{syncing} = 1;
    $self->{loop}->after($wait, sub { $self->{syncing} = 0; $self->sync });
}

sub sync_failed {
    my ($self) = @_;
    $self->{loop}->cancel(delete $self->{patience});
    $self->{api}{asked} = 0;
    $self->{count}{'failed syncs'}++;
    my $wait = $self->{sync_delay} * (0.5 + rand 0.5);
    push @{ $self->{absent} }, [ now(), now() + $wait ] if $self->{stream};
    $self->sync_later($wait);
    $self->{sync_delay} = $self->{sync_delay} > 0.5 ? 1 : $self->{sync_delay} * 2;
}

sub synced {
    my ($self, $status, $head, $body) = @_;
    $self->{loop}->cancel(delete $self->{patience});
    if ($status != 200) {
        $self->{count}{$status}++;
        $self->fault('wrong', "POST /api/sync: $status " . clip($body, 200)) if $status !~ /^(?:429|50[234])$/;
        return $self->sync_failed;
    }
    $self->{sync_delay} = 0.1;
    $self->{syncing}    = 0;
    my $got = $self->accept_answer($body);
    return $self->sync if $self->{once_more} || $body =~ /"more":true,"after_room":\d+\}$/;
    return $self->sync_later(rand 0.3) if $self->accept_held;    # a hole that it did not fill
    if ($self->{kind} eq 'poll') {
        $self->{loop}->after(POLL_EACH, sub { $self->sync });
    } elsif ($self->{kind} eq 'wait') {
        my $early = !$got && now() - $self->{asked_at} < SPIN_LEAST;
        $early ? $self->sync_later(SPIN_PAUSE) : $self->sync;
    }
}

# An entry in an answer: room, seq, writer, count, created. JSON::PP would take too long for them.
my $entry = qr/\{"room_id":(\d+),"seq":(\d+),"kind":"\w+","sender":\{[^}]*\},
    "client_id":(?:"w(\d+)-(\d+)"|[^,]*),.*?"created_at":"([^"]+)"\}/x;

sub accept_answer {
    my ($self, $body) = @_;
    my ($got, %at)    = (0, %{ $self->{asked_for} });
    if ($body !~ /"rooms":\[\],"left":\[\],"restarted":\[\],"more":(?:true|false),"after_room":\d+\}$/) {
        my $end = index $body, '],"rooms":[';
        $end >= 0 && $self->restart_rooms(eval { $json->decode('{' . substr $body, $end + 2) })
            or $self->fault('wrong', 'POST /api/sync: ' . clip(substr($body, -300) =~ s/^[\x80-\xBF]+//r, 300));
        substr $body, $end, length $body, '';    # rooms have their last entries
    }
    while ($body =~ /$entry/g) {
        my ($room, $seq, $id, $created) = ($1, $2, defined $4 ? $3 << 24 | $4 : 0, $5);
        $got++;
        my $at = $at{$room} // next;
        $self->fault($seq > $at ? 'hole' : 'double', "sync of room $room: $seq follows $at") if $seq != $at + 1;
        $at{$room} = $seq;
        my $log = $self->{logs}{$room};
        $log->accept_entry(FROM_SYNC, $seq, $id, ms_of($created)) if $seq == $log->{seq} + 1;
    }
    $self->fault('wrong', 'POST /api/sync: ' . clip($body, 200)) if !$got && $body !~ /^\{"entries":\[/;
    return $got;
}

# --- rooms that begin again, and read marks

# Begins again the rooms that an answer says are restarted. Returns false if it has others, or lacks one of them.
sub restart_rooms {
    my ($self, $page) = @_;
    return 0 if !$page || @{ $page->{left} };
    my %room = map { $_->{id} => $_ } @{ $page->{rooms} };
    return 0 if join(' ', sort keys %room) ne join ' ', sort @{ $page->{restarted} };
    for my $id (keys %room) {
        my $log = $self->{logs}{$id} // return 0;
        $self->{once_more} ||= %{ $log->{held} };
        $log->restart($room{$id}{last_seq}, ms_of($room{$id}{last_at}));
        push @{ $self->{restarts} }, [ now(), $id ];
    }
    $self->read_past;
    return 1;
}

sub send_errand {
    my ($self, $line, $body, %errand) = @_;
    $self->{errand}          = \%errand;
    $self->{errand_patience} = $self->{loop}->after(PATIENCE, sub { $self->{errands}->drop; $self->errand_failed });
    $self->{errands}->send_request("$line HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer $self->{bearer}\r\n"
            . "Content-Type: application/json\r\nContent-Length: "
            . length($body)
            . "\r\n\r\n$body");
}

# Asks for the next page of a room's past, if one is due and there is no other errand.
sub read_past {
    my ($self) = @_;
    my $logs = $self->{logs};
    return if $self->{errand};
    my ($id) = grep { $logs->{$_}{past} && $logs->{$_}{past}{due} <= now() } sort keys %$logs or return;
    my $past = $logs->{$id}{past};
    $self->{count}{'pages of the past'}++;
    $self->send_errand(
        "GET /api/rooms/$id/messages?before=$past->{before}&limit=" . (10, 30, 100)[ rand 3 ], '',
        id => $id, past => $past
    );
}

sub read_past_later {
    my ($self, $past) = @_;
    $past->{due} = now() + PAST_PAUSE;
    $self->{loop}->after(PAST_PAUSE, sub { $self->read_past });
    $self->read_past;
}

sub move_read_mark_later {
    my ($self) = @_;
    $self->{loop}->after(READ_LEAST + rand READ_MORE, sub { $self->move_read_mark; $self->move_read_mark_later });
}

# Reads a room to its end. If the room went back meanwhile, the mark is beyond it.
sub move_read_mark {
    my ($self) = @_;
    return if $self->{errand};
    my $id = (sort keys %{ $self->{logs} })[ rand keys %{ $self->{logs} } ];
    $self->send_errand("PUT /api/rooms/$id/read", "{\"seq\":$self->{logs}{$id}{seq}}");
}

sub errand_failed {
    my ($self) = @_;
    $self->{loop}->cancel(delete $self->{errand_patience});
    $self->{errands}{asked} = 0;
    $self->read_past_later((delete $self->{errand})->{past});
}

sub errand_done {
    my ($self, $status, $head, $body) = @_;
    my $errand = $self->{errand};
    if ($status != 200) {
        $self->{count}{$status}++;
        $self->fault('wrong', "an errand: $status " . clip($body, 200)) if $status !~ /^(?:429|50[234])$/;
        return $self->errand_failed;
    }
    $self->{loop}->cancel(delete $self->{errand_patience});
    delete $self->{errand};
    my $log = $errand->{past} && $self->{logs}{ $errand->{id} };
    return $self->read_past if !$log || $errand->{past} != ($log->{past} // 0);    # it has begun again meanwhile
    my @page;
    push @page, [ $2, defined $4 ? $3 << 24 | $4 : 0, ms_of($5) ] while $body =~ /$entry/g;
    return $log->read_past(@page) ? $self->read_past : $self->read_past_later($log->{past});
}

1;
