# A process of writers: each sends one message after another, and the same one again until it is acknowledged.
package Faults::Writers;

use strict;
use warnings;
use Storable qw(nstore);
use Faults::Loop qw(now);
use Faults::Connection;
use Faults::Message qw(client_id json_body_of ms_of clip);

use constant {
    PATIENCE    => 5,       # seconds to wait for an answer
    CUT         => 0.02,    # the share of requests on which a writer hangs up
    AGAIN       => 0.01,    # the share of acknowledged messages that are sent again
    QUIET_LEAST => 2.5,     # seconds between two messages in a quiet room
    QUIET_MORE  => 3,
};

# port; seed; writers: [{number, token, busy => [rooms], quiet => [rooms]}]; rate: messages per second of each writer,
# 0: as fast as they are answered; orders: handle to read from; reports: handle to write to; file: where the results go.
# Orders are lines: "stop". Reports: "acked N", messages. The result: counts, and acks, each [room, seq, id, first sent,
# acknowledged, sent for the last time before that, created (ms)]; another one of a message if it has become another
# entry.
sub run {
    my (%arg) = @_;
    srand $arg{seed};
    my $self =
        bless { %arg, loop => Faults::Loop->new, acks => [], acked => 0, reported => 0, count => {}, wrong => [] };
    $self->watch_orders;
    for my $w (@{ $self->{writers} }) {
        $w->{count}      = 0;
        $w->{due}        = { map { $_ => now() + rand QUIET_MORE } @{ $w->{quiet} } };
        $w->{connection} = Faults::Connection->new(
            $self->{loop}, $self->{port},
            answer => sub { $self->answered($w, @_) },
            broken => sub { $self->in_doubt($w, "broken: $_[0]") },
        );
        $w->{next} = now() + rand($self->{rate} ? 1 / $self->{rate} : 0.1);
        $self->{loop}->after($w->{next} - now(), sub { $self->send_next($w) });
    }
    $self->report;
    $self->{loop}->run_once until $self->{over} || $self->{stopping} && !grep { $_->{message} } @{ $self->{writers} };
    nstore(
        {
            acks => $self->{acks}, count => $self->{count}, wrong => $self->{wrong},
            open => [ map { $_->{message} ? [ @{ $_->{message} }{qw(room id sent)} ] : () } @{ $self->{writers} } ]
        },
        $self->{file}
    );
}

sub watch_orders {
    my ($self) = @_;
    $self->{loop}->on_read(
        $self->{orders},
        sub {
            my $got = sysread $self->{orders}, my $text, 4096;
            $self->{over} = 1 if !$got;
            if (($text // '') =~ /^stop$/m) {
                $self->{stopping} = 1;
                $self->{loop}->after(15, sub { $self->{over} = 1 });
            }
        }
    );
}

sub report {
    my ($self) = @_;
    my $new = $self->{acked} - $self->{reported};
    syswrite $self->{reports}, "acked $new\n" if $new;
    $self->{reported} = $self->{acked};
    $self->{loop}->after(0.1, sub { $self->report });
}

# A quiet room whose time has come, else a busy one.
sub choose_room {
    my ($self, $w) = @_;
    my $now = now();
    for my $room (@{ $w->{quiet} }) {
        next if $w->{due}{$room} > $now;
        $w->{due}{$room} = $now + QUIET_LEAST + rand QUIET_MORE;
        return $room;
    }
    return $w->{busy}[ rand @{ $w->{busy} } ];
}

sub send_next {
    my ($self, $w) = @_;
    return if $self->{stopping};
    my $id   = $w->{number} << 24 | ++$w->{count};
    my $room = $self->choose_room($w);
    my $body = '{"client_id":"' . client_id($id) . '","body":"' . json_body_of($id) . '"}';
    $w->{message} = {
        id      => $id, room => $room, tries => 0,
        request => "POST /api/rooms/$room/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer $w->{token}\r\n"
            . "Content-Type: application/json\r\nContent-Length: "
            . length($body)
            . "\r\n\r\n$body",
    };
    $self->send_message($w);
}

sub send_message {
    my ($self, $w) = @_;
    my $m   = $w->{message};
    my $now = now();
    $m->{sent} //= $now;
    $m->{tried} = $now;
    $m->{tries}++;
    $w->{patience} = $self->{loop}->after(PATIENCE, sub { $w->{connection}->drop; $self->in_doubt($w, 'no answer') });
    if (rand() < CUT) {
        $w->{cut} =
            $self->{loop}->after(0.004 * rand()**2, sub { $w->{connection}->drop; $self->in_doubt($w, 'hung up') });
    }
    $w->{connection}->send_request($m->{request});
}

sub cancel_timers {
    my ($self, $w) = @_;
    $self->{loop}->cancel(delete $w->{$_}) for qw(patience cut);
}

# It is not known whether the message was stored: it is sent again after a growing delay.
sub in_doubt {
    my ($self, $w, $why, $wait) = @_;
    $self->cancel_timers($w);
    $self->{count}{$why}++;
    $wait //= 0.02 * 2**($w->{message}{tries} > 6 ? 6 : $w->{message}{tries});
    $self->{loop}->after($wait * (0.5 + rand 0.5), sub { $self->send_message($w) });
}

sub answered {
    my ($self, $w, $status, $head, $body) = @_;
    my $m = $w->{message};
    $self->cancel_timers($w);
    if ($status == 200 || $status == 201) {
        my ($room, $seq, $id, $created) = $body =~ /^\{"room_id":(\d+),"seq":(\d+),"kind":"message",
            .*?"client_id":(?:"([^"]*)"|null),.*"created_at":"([^"]+)"\}$/x;
        return $self->acknowledged($w, $status, $seq, ms_of($created))
            if defined $id && $id eq client_id($m->{id}) && $room == $m->{room};
        $self->report_wrong($m, $status, $body);
        return $self->acknowledged($w, $status, $seq, ms_of($created)) if defined $seq && $room == $m->{room};
    } elsif ($status == 429) {
        my ($told) = $head =~ /^Retry-After: *(\d+)/mi;
        return $self->in_doubt($w, 429, 2 * ($told // 1));
    } elsif ($status != 502 && $status != 503 && $status != 504) {
        $self->report_wrong($m, $status, $body);
    }
    return $self->in_doubt($w, $status);
}

sub report_wrong {
    my ($self, $m, $status, $body) = @_;
    $self->{count}{wrong}++;
    push @{ $self->{wrong} },
        'to message ' . client_id($m->{id}) . " in room $m->{room}, try $m->{tries}: $status " . clip($body, 300)
        if @{ $self->{wrong} } < 20;
}

sub acknowledged {
    my ($self, $w, $status, $seq, $created) = @_;
    my $m     = $w->{message};
    my $now   = now();
    my $entry = "$seq $created";
    my $first = !defined $m->{entry};
    push @{ $self->{acks} }, [ $m->{room}, $seq, @$m{qw(id sent)}, $now, $m->{tried}, $created ]
        if $first || $m->{entry} ne $entry;
    $m->{entry} = $entry;
    if ($first) {
        $self->report_wrong($m, $status, 'it was never sent before') if $status == 200 && $m->{tries} == 1;
        $self->{acked}++;
        if (rand() < AGAIN) {
            $self->{count}{again}++;
            return $self->send_message($w);
        }
    }
    delete $w->{message};
    my $pause = 0;
    if ($self->{rate}) {
        $w->{next} += (0.5 + rand) / $self->{rate};
        $w->{next} = $now if $w->{next} < $now - 1;    # a writer catches up on one second at most after a fault
        $pause = $w->{next} - $now;
    }
    $self->{loop}->after($pause > 0 ? $pause : 0, sub { $self->send_next($w) });
}

1;
