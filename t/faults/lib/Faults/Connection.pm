# One non-blocking HTTP/1.1 connection to the stack, kept between requests.
package Faults::Connection;

use strict;
use warnings;
use Errno qw(EAGAIN EINPROGRESS EINTR);
use Socket qw(:DEFAULT SOCK_NONBLOCK IPPROTO_TCP TCP_NODELAY);

# on: answer => sub (status, head, body); body => sub (bytes) for a stream whose status is 200; broken => sub (why) when
# the connection ends without an answer, or a stream ends.
sub new {
    my ($class, $loop, $port, %on) = @_;
    return bless { loop => $loop, port => $port, on => \%on, asked => 0 }, $class;
}

# Sends a request; `stream`: its answer does not end.
sub send_request {
    my ($self, $request, $stream) = @_;
    $self->{stream} = $stream;
    $self->{asked}  = 1;
    $self->{out}    = $request;
    $self->connect or return if !$self->{handle};
    $self->flush;
}

sub connect {
    my ($self) = @_;
    socket my $handle, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0 or die "socket: $!\n";
    setsockopt $handle, IPPROTO_TCP, TCP_NODELAY, 1;
    if (!CORE::connect($handle, pack_sockaddr_in($self->{port}, INADDR_LOOPBACK)) && $! != EINPROGRESS) {
        my $why = "$!";
        close $handle;
        $self->{loop}->after(0, sub { $self->broken($why) });
        return 0;
    }
    $self->{handle} = $handle;
    $self->{in}     = '';
    $self->{phase}  = 'head';
    $self->{loop}->on_read($handle, sub { $self->read });
    return 1;
}

sub flush {
    my ($self) = @_;
    my $sent = syswrite $self->{handle}, $self->{out};
    if (!defined $sent && $! != EAGAIN && $! != EINTR) {
        my $why = "$!";
        $self->drop;
        $self->{loop}->after(0, sub { $self->broken($why) });
        return;
    }
    substr $self->{out}, 0, $sent // 0, '';
    $self->{loop}->on_write($self->{handle}, length $self->{out} ? sub { $self->flush } : undef);
}

# Closes the connection without calling a callback.
sub drop {
    my ($self) = @_;
    my $handle = delete $self->{handle} or return;
    $self->{loop}->forget($handle);
    close $handle;
}

sub broken {
    my ($self, $why) = @_;
    $self->drop;
    my $asked = $self->{asked};
    $self->{asked} = 0;
    $self->{on}{broken}->($why) if $asked;
}

sub read {
    my ($self) = @_;
    my $got = sysread $self->{handle}, $self->{in}, 65536, length $self->{in};
    return if !defined $got && ($! == EAGAIN || $! == EINTR);
    return $self->broken(defined $got ? 'closed' : "$!") if !$got;
    $self->read_head or return if $self->{phase} eq 'head';
    return $self->read_chunks if $self->{phase} eq 'chunks';
    return if length $self->{in} < $self->{length};
    $self->answered(substr $self->{in}, 0, $self->{length}, '');
}

sub read_head {
    my ($self) = @_;
    $self->{in} =~ s/^\r\n//;    # after the last chunk of the previous answer
    my $end = index $self->{in}, "\r\n\r\n";
    return 0 if $end < 0;
    my $head = substr $self->{in}, 0, $end + 2;
    substr $self->{in}, 0, $end + 4, '';
    my ($status) = $head =~ m{^HTTP/1\.1 (\d{3})};
    if (!$status) {
        $self->broken('no HTTP');
        return 0;
    }
    @$self{qw(status head body)} = ($status, $head, '');
    if ($head =~ /^Transfer-Encoding: *chunked/mi) {
        @$self{qw(phase left)} = ('chunks', 0);
    } else {
        @$self{qw(phase length)} = ('length', $head =~ /^Content-Length: *(\d+)/mi ? $1 : 0);
    }
    return 1;
}

# RFC 9112 section 7.1. The line break after a chunk is read with the size of the next one.
sub read_chunks {
    my ($self) = @_;
    my $in = \$self->{in};
    my ($whole, $last) = ('', 0);
    while (length $$in) {
        if ($self->{left}) {
            my $text = substr $$in, 0, $self->{left}, '';
            $self->{left} -= length $text;
            $whole .= $text;
            next;
        }
        $$in =~ s/^(?:\r\n)?([0-9a-fA-F]+)[^\r\n]*\r\n// or last;
        $self->{left} = hex $1;
        $last = !$self->{left} and last;
    }
    return $self->got_chunks($whole, $last);
}

sub got_chunks {
    my ($self, $bytes, $last) = @_;
    if (!$self->{stream} || $self->{status} != 200) {
        $self->{body} .= $bytes;
        $self->answered($self->{body}) if $last;
        return;
    }
    my $handle = $self->{handle};
    $self->{on}{body}->($bytes) if length $bytes;
    $self->broken('ended') if $last && $self->{handle} && $self->{handle} == $handle;
}

sub answered {
    my ($self, $body) = @_;
    $self->{asked} = 0;
    $self->{phase} = 'head';
    $self->drop if $self->{head} =~ /^Connection: *close/mi;
    $self->{on}{answer}->($self->{status}, $self->{head}, $body);
}

1;
