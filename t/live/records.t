#!/usr/bin/perl
# Records on the event loop's socket that only a broken or hostile client sends: the loop survives and serves others.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use IO::Socket::UNIX;
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new(own => 1);
my $ann   = $stack->user('ann');
my $room  = $ann->post('/api/rooms', { name => 'x' })->json->{id};
my $path  = $stack->dir . '/sock/events.sock';
my ($pid) = $stack->workers('events');

sub record {
    my ($type, $content, $id, $version) = @_;
    return pack('CCnnCC', $version // 1, $type, $id // 1, length $content, 0, 0) . $content;
}
sub begin { my ($keep, $role, $id) = @_; return record(1, pack('nCx5', $role // 1, $keep ? 1 : 0), $id) }

sub pair {
    my ($name, $value) = @_;
    return join '', (map { length $_ < 128 ? chr length $_ : pack 'N', length($_) | 0x80000000 } $name, $value), $name,
        $value;
}

sub params {
    my ($id, %p) = @_;
    return record(4, join('', map { pair($_, $p{$_}) } sort keys %p), $id) . record(4, '', $id);
}

sub request {
    my ($id, $keep, %p) = @_;
    return
          begin($keep, 1, $id)
        . params($id, REQUEST_METHOD => 'GET', REQUEST_URI => '/api/events', REMOTE_ADDR => '127.0.0.1', %p)
        . record(5, '', $id);
}
sub connected { return IO::Socket::UNIX->new(Peer => $path) // die "$path: $!" }

# Sends, and reads until the server closes, a request ends, or what was read matches the pattern; a number in its place
# is how long nothing of that may happen. Returns the bytes, and whether the server has closed.
sub ask {
    my ($socket, $bytes, $for) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $pattern = ref $for ? $for : undef;
    my ($got, $until) = ('', time + ($pattern ? 30 : $for // 30));
    syswrite $socket, $bytes if length $bytes;
    while (time < $until && IO::Select->new($socket)->can_read($until - time)) {
        sysread($socket, $got, 65536, length $got) or return ($got, 1);
        my $at = 0;
        while (length $got >= $at + 8) {
            my ($version, $type, $id, $length, $padding) = unpack 'CCnnC', substr $got, $at;
            return ($got, 0) if $type == 3;
            $at += 8 + $length + $padding;
        }
        last if $pattern && $got =~ $pattern;
    }
    return ($got, 0);
}

sub serves {
    my $s    = Fastchat::Stream->new($ann);
    my $e    = $s->next;
    my $good = $e && $e->{event} eq 'hello';
    $s->close;
    return $good;
}

my $stream = Fastchat::Stream->new($ann);
$stream->next;
my %token = (HTTP_AUTHORIZATION => 'Bearer ' . $ann->token);
my $bytes = request(1, 0, %token);

subtest 'a kept connection answers every request under its id' => sub {
    my $kept = connected();
    for my $id (1, 2, 65535) {
        my ($got) = ask($kept, request($id, 1, REQUEST_URI => '/api/events'));
        like($got, qr/Status: 401/, "request $id on a kept connection is answered");
        is((unpack 'CCn', $got)[2], $id, "request $id is answered under its id");
    }
};

subtest 'a stream may have any request id' => sub {
    my $odd = connected();
    my ($got) = ask($odd, request(7, 0, %token), qr/event: hello/);
    like($got, qr/event: hello/, 'a stream may have another id than 1');
    $ann->post("/api/rooms/$room/messages", { client_id => 'a', body => 'for the odd one' });
    ($got) = ask($odd, '', qr/for the odd one/);
    is((unpack 'CCn', $got)[2], 7, 'a stream gets entries under its id');
    like($got, qr/for the odd one/, 'a stream with an odd id gets the whole entry');
};

subtest 'a request may come byte by byte and be aborted' => sub {
    my $slowly = connected();
    for (1 .. length $bytes) { syswrite $slowly, substr $bytes, $_ - 1, 1 }
    my ($got) = ask($slowly, '', qr/event: hello/);
    like($got, qr/event: hello/, 'a request may come byte by byte');
    syswrite $slowly, record(2, '');
    ($got) = ask($slowly, '');
    is_deeply([ ends_of($got) ], [ [ 1, 0 ] ], 'FCGI_ABORT_REQUEST ends a stream with FCGI_END_REQUEST');
    ok((ask($slowly, ''))[1], 'a connection that is not kept is closed after an abort');
};

# The ids of the requests that have ended, each with its protocol status.
sub ends_of {
    my ($bytes) = @_;
    my @ends;
    while (length $bytes >= 8) {
        my (undef, $type, $id, $length, $padding) = unpack 'CCnnC', $bytes;
        push @ends, [ $id, (unpack 'x12C', $bytes)[0] ] if $type == 3;
        substr $bytes, 0, 8 + $length + $padding, '';
    }
    return @ends;
}

my $last = $ann->get("/api/rooms/$room")->json->{last_seq};
my $wait = qq({"rooms":{"$room":$last},"wait":20});

# A long poll with nothing to return.
sub poll {
    my ($id) = @_;
    return begin(1, 1, $id) . params(
        $id, REQUEST_METHOD => 'POST', REQUEST_URI       => '/api/sync/wait', CONTENT_TYPE => 'application/json',
        CONTENT_LENGTH      => length $wait, REMOTE_ADDR => '127.0.0.1', %token
        )
        . record(5, $wait, $id)
        . record(5, '', $id);
}

subtest 'a kept connection can be used again after its held request was aborted' => sub {
    my $kept = connected();
    for my $held ([ stream => request(5, 1, %token), qr/event: hello/ ], [ 'long poll' => poll(6), 0.5 ]) {
        my ($name, $bytes, $sign) = @$held;
        my $id = (unpack 'CCn', $bytes)[2];
        ask($kept, $bytes, $sign);
        my ($got) = ask($kept, record(2, '', $id));
        is_deeply([ ends_of($got) ], [ [ $id, 0 ] ], "an abort ends a $name");
        ($got) = ask($kept, request(9, 1));
        like($got, qr/Status: 401/, "the connection serves another request after the abort of a $name");
    }
    my ($got) = ask($kept, poll(7) . record(2, '', 7));
    is_deeply([ ends_of($got) ], [ [ 7, 0 ] ], 'an abort that follows its request at once ends it');
    unlike($got, qr/Status/, 'an aborted request is not answered');
    ($got) = ask($kept, request(9, 1));
    like($got, qr/Status: 401/, 'the connection serves another request after an immediate abort');
    is((ends_of($got))[0][0], 9, 'the answer is of the later request');
};

subtest 'records beside a held request are handled as FastCGI says' => sub {
    my $kept = connected();
    ask($kept, request(5, 1, %token), qr/event: hello/);
    my ($got) = ask($kept, begin(1, 1, 6));
    is_deeply([ ends_of($got) ], [ [ 6, 1 ] ], 'a second request beside a stream is refused (FCGI_CANT_MPX_CONN)');
    ($got) = ask(
        $kept, params(6, X => 1) . record(5, '', 6) . record(2, '', 6) . record(9, pair(HOME => ''), 0),
        qr/^\x01\x0A/
    );
    is((unpack 'CC', $got)[1], 10, 'a management record beside a stream is answered, other records are ignored');
    $ann->post("/api/rooms/$room/messages", { client_id => 'beside', body => 'the stream goes on' });
    ($got) = ask($kept, '', qr/the stream goes on/);
    like($got, qr/the stream goes on/, 'a stream goes on beside the records of other requests');
    ($got) = ask($kept, begin(1, 1, 5));
    ok((ask($kept, ''))[1], 'a second beginning of the same request closes the connection');
};

subtest 'a request may be cut anywhere, padded, and follow a refused one' => sub {
    my $padded = join '', map {
        my ($type, $content) = @$_;
        pack('CCnnCC', 1, $type, 3, length $content, 7, 0) . $content . 'padding'
    } (
        [ 1, pack('nCx5', 1, 1) ],
        (map { [ 4, $_ ] } split //, pair(REQUEST_METHOD => 'GET') . pair(REQUEST_URI => '/api/events')),
        [ 4, '' ], [ 5, '' ]
    );
    my ($got) = ask(connected(), $padded);
    like($got, qr/Status: 401 Unauthorized\r\n/, 'padded records of one byte each are a request');
    my $kept = connected();
    ($got) = ask($kept, begin(1, 3, 4) . params(4, A => 'b') . record(5, '', 4));
    is_deeply([ ends_of($got) ], [ [ 4, 3 ] ], 'another role is refused on a kept connection');
    ($got) = ask($kept, request(4, 1));
    like($got, qr/Status: 401/, 'a kept connection serves a request after another role');
    $kept = connected();
    ($got) = ask($kept, begin(1, 1, 4) . record(4, 'x' x 60_000, 4) x 3 . record(4, '', 4) . record(5, '', 4));
    like($got, qr/Status: 400 Bad Request\r\n/, 'more than 64 KiB of parameters are answered with 400');
    ($got) = ask($kept, request(4, 1));
    like($got, qr/Status: 401/, 'a kept connection serves a request after one that was too long');
};

subtest 'an invalid record closes its connection' => sub {
    my %wrong = (
        'HTTP'                      => "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        'another version'           => record(1, pack('nCx5', 1, 0), 1, 9),
        'a short beginning'         => record(1, 'abc'),
        'a body without parameters' => begin() . record(5, ''),
        'a body that is early'      => begin() . record(5, 'x'),
        'random bytes'              => join('', map { chr int rand 256 } 1 .. 5000) =~ s/^./\x07/sr,
    );
    for my $name (sort keys %wrong) {
        my (undef, $ended) = ask(connected(), $wrong{$name});
        ok($ended, "$name: the connection is closed");
    }
};

subtest 'a wrong request and a management record are answered as FastCGI says' => sub {
    for my $lie (record(4, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFA"), record(4, "\x05\x05AB"), record(4, "\x01\x02A\0b")) {
        my ($got) = ask(connected(), begin() . $lie . record(4, '') . record(5, ''));
        like($got, qr/Status: 400/, 'parameters with lengths that lie are answered with 400');
    }
    my ($endless) = ask(connected(), begin() . record(4, 'x' x 60000) x 3);
    like($endless, qr/Status: 400/, 'parameters that never end are answered with 400');
    my $strange = connected();
    my ($got) = ask($strange, begin(0, 2));
    is((unpack 'x12C', $got)[0], 3, 'another role is refused (FCGI_UNKNOWN_ROLE)');
    ok((ask($strange, ''))[1], 'a connection that is not kept is closed after another role');
    my $double = connected();
    ($got) = ask($double, begin() . begin(0, 1, 2));
    is((unpack 'x12C', $got)[0], 1, 'a second request beside the first is refused (FCGI_CANT_MPX_CONN)');
    ($got) = ask(connected(), record(9, pair('FCGI_MPXS_CONNS', '') . pair('OTHER', ''), 0), qr/FCGI_MPXS_CONNS0/);
    is(substr($got, 8), pair(FCGI_MPXS_CONNS => 0), 'FCGI_GET_VALUES returns the values asked for that are known');
    ($got) = ask(connected(), record(42, '', 0), qr/^.{16}/s);
    is((unpack 'x8C', $got)[0], 42, 'an unknown management record is answered with FCGI_UNKNOWN_TYPE');
};

my $answers;

subtest 'clients that stop sending or reading leave others served' => sub {
    my $half = connected();
    syswrite $half, substr $bytes, 0, 50;
    shutdown $half, 1;
    my (undef, $closed) = ask($half, '');
    ok($closed, 'half a request on a half-closed socket is closed');
    $answers = connected();
    {
        local $SIG{PIPE} = 'IGNORE';
        $answers->blocking(0);
        my $asked = 0;
        for (1 .. 20000) {
            my $n = syswrite $answers, record(99, 'x', 0) x 10;
            last if !$n && $! != POSIX::EAGAIN();
            $asked += $n // 0;
            sleep 0.001 if !$n && $_ % 100 == 0;
        }
        ok($asked > 0, 'management records can be sent without reading the answers');
    }
    ok(serves(), 'others are served after every protocol violation');
};

subtest 'silent connections cost little and are closed' => sub {
    my $limit  = 2000;
    my @silent = grep { defined } map { IO::Socket::UNIX->new(Peer => $path) } 1 .. $limit;
    is(scalar @silent, $limit, "$limit silent connections are accepted");
    my @loud = map { my $s = connected(); syswrite $s, begin() . record(4, 'x' x 60000); $s } 1 .. 100;
    ok(serves(), 'others are served beside silent connections');
    my ($mb) = map { /^VmRSS:\s*(\d+)/ ? $1 / 1024 : () } do { open my $in, '<', "/proc/$pid/status"; <$in> };
    cmp_ok(
        $mb, '<', Fastchat::Stack::binary() =~ m{build/fastchat-test$} ? 64 : 800,
        'memory stays bounded with silent connections'
    );
    my (undef, $let_go) = ask($silent[0], '', 60);
    ok($let_go, 'a silent connection is closed');
};

subtest 'the event loop survives every protocol violation' => sub {
    is(($stack->workers('events'))[0], $pid, 'the event loop survives every protocol violation');
    $ann->post("/api/rooms/$room/messages", { client_id => 'b', body => 'in the end' });
    my $entry;
    while (($entry->{data}{body} // '') ne 'in the end') { $entry = $stream->await('entry') or last }
    is($entry->{data}{body}, 'in the end', 'the oldest stream still gets entries');
};

done_testing;
