#!/usr/bin/perl
# Records on the pool's socket that only a broken or hostile client sends (FastCGI specification 1.0, section 3.3).
use lib 't/lib';
use Fastchat::Test;
use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

my $stack = Fastchat::Stack->new(own => 1);
my $path  = $stack->dir . '/sock/api.sock';
my @pids  = sort $stack->workers('api');

sub record {
    my ($type, $content, $id, $version) = @_;
    return pack('CCnnCC', $version // 1, $type, $id // 1, length $content, 0, 0) . $content;
}
sub begin { my ($keep, $role) = @_; return record(1, pack('nCx5', $role // 1, $keep ? 1 : 0)) }

sub pair {
    my ($name, $value) = @_;
    return join '', (map { length $_ < 128 ? chr length $_ : pack 'N', length($_) | 0x80000000 } $name, $value), $name,
        $value;
}

sub params {
    my %p = @_;
    return record(4, join '', map { pair($_, $p{$_}) } sort keys %p) . record(4, '');
}
my %get = (REQUEST_METHOD => 'GET', REQUEST_URI => '/api', REMOTE_ADDR => '127.0.0.1');

sub connected { return IO::Socket::UNIX->new(Peer => $path) // die "$path: $!" }

# Sends, and reads until a request has ended or the server closes.
sub ask {
    my ($socket, $bytes, $seconds) = @_;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $socket, $bytes if length $bytes;
    my ($got, $text, $ended) = ('', '', 0);
    eval {
        local $SIG{ALRM} = sub { die "time\n" };
        alarm($seconds // 30);
        while (!$ended && sysread $socket, $got, 65536, length $got) {
            while (length $got >= 8) {
                my ($version, $type, $id, $length, $padding) = unpack 'CCnnC', $got;
                last if length $got < 8 + $length + $padding;
                $text .= substr $got, 8, $length if $type == 6;
                $ended = 1 if $type == 3;
                substr $got, 0, 8 + $length + $padding, '';
            }
        }
    };
    alarm 0;
    return $text;
}

sub is_alive {
    my ($words) = @_;
    like(ask(connected(), begin(0) . params(%get) . record(5, '')), qr/fastchat api/, $words);
}

subtest 'requests are answered over the socket, one after another if it is kept' => sub {
    is_alive('a request over the socket is answered');
    my $kept = connected();
    like(
        ask($kept, begin(1) . params(%get) . record(5, '')), qr/Status: 200/,
        'a kept connection serves request after request'
    ) for 1 .. 5;
};

subtest 'the time that a request has waited in the queue counts against its deadline' => sub {
    my $alice = $stack->user('alice');
    my $asked = sub {
        my ($msec) = @_;
        my %rooms = (
            %get,
            REQUEST_URI        => '/api/rooms',
            HTTP_AUTHORIZATION => 'Bearer ' . $alice->token,
            defined $msec ? (REQUEST_MSEC => $msec) : ()
        );
        my $text = ask(connected(), begin(0) . params(%rooms) . record(5, ''));
        return join ' ', $text =~ /^Status: (\d+)/m, $text =~ /"code":"(\w+)"/;
    };
    my $ago = sub { return sprintf '%.3f', time - $_[0] };
    is($asked->(undef), '200', 'a request without its time is served');
    is($asked->($ago->(1)), '200', 'a request that has waited for a second is served');
    is(
        $asked->($ago->(30)), '503 deadline_exceeded',
        'a request that has waited longer than its deadline is not begun'
    );
    is($asked->($ago->(3600)), '200', 'a time of an hour ago is no time of a request');
    is($asked->($ago->(-30)), '200', 'a time in the future is no time of a request');
    is($asked->($_), '200', "a time that cannot be read is ignored: $_")
        for 'x', '', '.', '1', '1.', '-1.000', '1.-9223372036854775808', '99999999999999999999.0',
        '9223372036854775807.999', '1e9.000';
};

subtest 'a request that lacks a part is refused' => sub {
    like(
        ask(connected(), begin(0) . params(REQUEST_URI => '/api') . record(5, '')), qr/Status: 400/,
        'a request without a method is refused'
    );
    like(
        ask(connected(), begin(0) . record(4, '') . record(5, '')), qr/Status: 400/,
        'a request without parameters is refused'
    );
    like(
        ask(connected(), begin(0) . params(REQUEST_METHOD => 'GET', PATH_INFO => '/api') . record(5, '')),
        qr/Status: 200/,
        'a request may have its path in PATH_INFO'
    );
    my $half = ask(
        connected(),
        begin(0) . params(
            %get, REQUEST_METHOD => 'POST', REQUEST_URI => '/api/users', CONTENT_TYPE => 'application/json',
            CONTENT_LENGTH       => 100
            )
            . record(5, '{"username":"half_body","password":"12345678"}')
            . record(5, '')
    );
    like($half, qr/Status: 400/, 'a body that ends too early is refused');
    is(
        $stack->sql("SELECT COUNT(*) FROM fastchat.users WHERE username = 'half_body'"), 0,
        'a body that ends too early creates nothing'
    );
};

subtest 'a body that no route reads does no harm' => sub {
    like(
        ask(
            connected(),
            begin(1)
                . params(%get, REQUEST_METHOD => 'POST', REQUEST_URI => '/api/nothing', CONTENT_LENGTH => 70000)
                . join('', map { record(5, 'x' x 35000) } 1 .. 2)
                . record(5, '')
        ),
        qr/Status: 404/,
        'a request with an unread body is answered'
    );
};

my %nonsense = (
    'nothing'         => '', 'one byte'                                         => "\1", 'half a header' => "\1\1\0\1",
    'another version' => record(1, pack('nCx5', 1, 0), 1, 9), 'an unknown type' => record(99, 'x' x 10),
    'parameters first'      => params(%get),
    'an unknown role'       => begin(0, 77) . params(%get),
    'a role we do not play' => begin(0, 2) . params(%get) . record(5, ''), 'an abort' => begin(0) . record(2, ''),
    'random bytes'          => join('', map { chr rand 256 } 1 .. 5000),
    'zeros'                 => "\0" x 5000,
    'a name that is longer than its record' => begin(0) . record(4, "\x7f\x7fabc") . record(4, ''),
    'a length far beyond its record'        => begin(0) . record(4, "\x80\x00\xff\xff\x01abc") . record(4, ''),
    'parameters that never end'             => begin(0) . record(4, pair(X => 'y' x 60000)) x 3,
    'HTTP'                                  => "GET /api HTTP/1.1\r\nHost: x\r\n\r\n",
    'a body that never ends'                => begin(0) . params(%get, CONTENT_LENGTH => 1000) . record(5, 'x'),
);

subtest 'others are served whatever a client sends' => sub {
    for my $name (sort keys %nonsense) {
        my $socket = connected();
        local $SIG{PIPE} = 'IGNORE';
        syswrite $socket, $nonsense{$name};
        shutdown $socket, 1;
        ask($socket, '', 3);
        is_alive("others are served after $name");
    }
};

subtest 'more than 64 KiB of parameters are refused' => sub {
    my $large = ask(
        connected(),
        begin(0) . join('', map { record(4, pair("HTTP_X_$_", 'y' x 20_000)) } 1 .. 3) . params(%get) . record(5, '')
    );
    like($large, qr/Status: 200 OK\r\n/, 'a request of 60 kB of parameters is answered');
    my $socket = connected();
    my $wide   = ask(
        $socket,
        begin(1) . join('', map { record(4, pair("HTTP_X_$_", 'y' x 30_000)) } 1 .. 40) . params(%get) . record(5, '')
    );
    like($wide, qr/Status: 400 Bad Request\r\n/, 'a request of more than a megabyte of parameters is refused');
    like(
        ask($socket, begin(1) . params(%get) . record(5, '')), qr/Status: 200/,
        'the request after a large one is answered on the same connection'
    );
};

# Sends, and returns what comes until there are so many bytes, and whether the server has closed. Without a number all
# that comes until then.
sub bytes_of {
    my ($socket, $bytes, $count) = @_;
    my $got = '';
    syswrite $socket, $bytes;
    while (!defined $count || length $got < $count) {
        IO::Select->new($socket)->can_read(30)    or last;
        sysread $socket, $got, 65536, length $got or return ($got, 1);
    }
    return ($got, 0);
}

subtest 'other roles and management records are answered as FastCGI says' => sub {
    for my $role (0, 2, 3, 77) {
        my ($got, $closed) = bytes_of(connected(), begin(0, $role) . params(%get) . record(5, ''));
        is_deeply([ unpack 'CCnx8C', $got ], [ 1, 3, 1, 3 ], "role $role is refused (FCGI_UNKNOWN_ROLE)");
        is(length $got, 16, "role $role is refused once");
        ok($closed, "role $role: a connection that is not kept is closed");
        my $kept = connected();
        ($got) = bytes_of($kept, begin(1, $role) . params(%get) . record(5, ''), 16);
        is_deeply([ unpack 'CCnx8C', $got ], [ 1, 3, 1, 3 ], "role $role is refused on a kept connection");
        like(
            ask($kept, begin(1) . params(%get) . record(5, '')), qr/Status: 200/,
            "role $role: a kept connection serves the next request"
        );
    }
    my $used = connected();
    ask($used, begin(1) . params(%get) . record(5, ''));
    my ($got) = bytes_of($used, begin(1, 2) . params(%get) . record(5, 'x') . record(5, ''), 16);
    is_deeply([ unpack 'CCnx8C', $got ], [ 1, 3, 1, 3 ], 'another role is refused on a connection that was used');
    like(ask($used, begin(1) . params(%get) . record(5, '')), qr/Status: 200/, 'a used connection serves after that');

    my $asking = connected();
    ($got) = bytes_of($asking, record(9, pair(FCGI_MPXS_CONNS => '') x 50 . pair(OTHER => ''), 0), 26);
    is(substr($got, 8), pair(FCGI_MPXS_CONNS => 0), 'FCGI_GET_VALUES returns what is known, however often it asks');
    ($got) = bytes_of($asking, record(42, 'x', 0), 16);
    is_deeply([ unpack 'CCnx4C', $got ], [ 1, 11, 0, 42 ], 'an unknown management record is named');
    syswrite $asking, record(4, 'stray', 9) . record(5, 'stray', 9);
    like(
        ask($asking, begin(1) . params(%get) . record(5, '')), qr/Status: 200/,
        'a request follows management and stray records on the same connection'
    );
    my (undef, $closed) = bytes_of(connected(), record(9, '', 0, 7));
    ok($closed, 'another version closes the connection');
    my $pieces = connected();
    my $whole  = begin(0) . params(%get) . record(5, '');
    syswrite $pieces, substr $whole, $_, 1 for 0 .. length($whole) - 2;
    like(ask($pieces, substr $whole, -1), qr/Status: 200/, 'a request may come byte by byte');
};

my $poster = sub {
    my (%more) = @_;
    return params(
        %get, REQUEST_METHOD => 'POST', REQUEST_URI => '/api/users', CONTENT_TYPE => 'application/json',
        %more
    );
};
my $whole = sprintf '{"username":"fcgi_%06x","password":"12345678"}', int rand 1 << 24;

subtest 'a body is read as far as its length says' => sub {
    like(
        ask(
            connected(),
            begin(0)
                . $poster->(CONTENT_LENGTH => length $whole)
                . join('', map { record(5, $_) } split //, $whole)
                . record(5, '')
        ),
        qr/Status: 201/,
        'a body in records of one byte is read completely'
    );
    like(
        ask(connected(), begin(0) . $poster->(CONTENT_LENGTH => 10) . record(5, $whole) . record(5, '')),
        qr/Status: 422/,
        'no more of a body is read than its length says'
    );
    like(
        ask(connected(), begin(0) . $poster->() . record(5, $whole) . record(5, '')), qr/Status: 422/,
        'a body without a length is not read'
    );
    my $cut = connected();
    ask(
        $cut,
        begin(1) . $poster->(CONTENT_LENGTH => 100) . record(5, '{"username":"half_kept","password":"12345678"}'), 1
    );
    close $cut;
    is_alive('others are served after a body that stops in the middle');
    is(
        $stack->sql("SELECT COUNT(*) FROM users WHERE username = 'half_kept'"), 0,
        'a body that stops in the middle creates nothing'
    );
};

subtest 'broken, silent and abandoned connections disturb nobody' => sub {
    $stack->at_once(
        20,
        sub {
            for (1 .. 20) {
                my $s = connected();
                syswrite $s, substr(begin(1) . params(%get) . record(5, ''), 0, int rand 120);
                close $s;
            }
            return 1;
        }
    );
    is_alive('others are served after four hundred broken connections');

    my @silent = map { connected() } 1 .. 200;
    is_alive('others are served beside two hundred silent connections');
    my @started = map { my $s = connected(); syswrite $s, begin(1); $s } 1 .. 3;
    is_alive('others are served beside requests that do not go on');
    close $_ for @silent, @started;
    my $gone = connected();
    syswrite $gone, begin(0) . params(%get) . record(5, '');
    close $gone;
    is_alive('others are served after a client left before its answer');
    is_deeply([ sort $stack->workers('api') ], \@pids, 'no process has died');
};

done_testing;
