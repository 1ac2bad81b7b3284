#!/usr/bin/perl
# The same binary as a plain CGI program (RFC 3875): one request from its environment and standard input.
use lib 't/lib';
use Fastchat::Test;
use IPC::Open3;
use POSIX ();
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);

my $binary = Fastchat::Stack::binary();    # before a test makes an environment of its own

my $stack = Fastchat::Stack->new;
my $alice = $stack->user('alice');

# A variable of `more` that is undef is not set.
sub environment {
    my ($method, $uri, $body, %more) = @_;
    my %all = (
        PATH => $ENV{PATH}, APP_ENV => 'test', LIMIT_GENERAL => 0,
        (map { $_ => $stack->setting($_) // '' } qw(DB_SOCKET DB_USER DB_PASSWORD DB_DATABASE REDIS_HOST)),
        GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => $method, REQUEST_URI => $uri, REMOTE_ADDR => '127.0.0.1',
        (map { $_ => $ENV{$_} } grep { /SAN_OPTIONS/ && $ENV{$_} } keys %ENV),
        (defined $body ? (CONTENT_LENGTH => length $body, CONTENT_TYPE => 'application/json') : ()), %more,
    );
    return map { ($_ => $all{$_}) } grep { defined $all{$_} } keys %all;
}

sub cgi {
    my ($method, $uri, $body, %more) = @_;
    local %ENV = environment($method, $uri, $body, %more);
    my $pid = open3(my $in, my $out, undef, $binary);
    print {$in} $body // '';
    close $in;
    my $text = do { local $/; <$out> };
    waitpid $pid, 0;
    my $status = $? >> 8;
    fail($text) if $text =~ /undeclared answer/;    # its log is among the output
    return ($text, $status);
}

subtest 'a request is answered on standard output' => sub {
    my ($text, $status) = cgi('GET', '/api');
    is($status, 0, 'a request is answered');
    like($text, qr/^Status: 200 OK\r\n/m, 'an answer has a status with its reason phrase');
    like($text, qr/\r\n\r\n.*\{"title":"fastchat api",.*\}/s, 'an answer has a body after an empty line');
};

my @token = (HTTP_AUTHORIZATION => 'Bearer ' . $alice->token);
my @below = (SCRIPT_NAME        => '/cgi-bin/fastchat.cgi', PATH_INFO => '/api');

subtest 'a request is read as a web server passes it' => sub {
    like(
        (cgi('GET', '/api/users/me', undef, @token))[0], qr/"id":${\$alice->id},/,
        'the caller\'s token is read from the environment'
    );
    like(
        (cgi('GET', '/api/users/me', undef, REDIRECT_HTTP_AUTHORIZATION => $token[1]))[0], qr/Status: 200/,
        'the caller\'s token is read as Apache passes it'
    );
    like(
        (cgi('POST', '/api/rooms', '{"name":"cgi"}', @token))[0], qr/Status: 201/,
        'a body is read from standard input'
    );
    like(
        (cgi('POST', '/api/rooms', '{"name":"cgi"}', @token, CONTENT_LENGTH => 500))[0], qr/Status: 400/,
        'a body shorter than its length is refused'
    );
    like(
        (cgi('GET', '/cgi-bin/fastchat.cgi/api?x=1', undef, @below))[0], qr/fastchat api/,
        'the program works below any path'
    );
    like((cgi('HEAD', '/api'))[0], qr/\r\n\r\n(?:\{"time".*\n)?\z/, 'HEAD has no body');    # the log is on stderr
};

subtest 'a web server need not pass REQUEST_URI, which RFC 3875 does not have' => sub {
    my $ask = sub {
        my ($method, $path, $query, @more) = @_;
        my @variables = (REQUEST_URI => undef, SCRIPT_NAME => '/cgi-bin/fastchat.cgi', PATH_INFO => $path);
        push @variables, QUERY_STRING => $query if defined $query;
        return (cgi($method, undef, shift @more, @token, @variables, @more))[0];
    };
    like($ask->('GET', '/api'), qr/fastchat api/, 'the path is that of PATH_INFO');
    like($ask->('GET', '/api/users', 'q=' . $alice->username), qr/"id":${\$alice->id},/, 'the query is QUERY_STRING');
    like($ask->('GET', '/api/users', ''), qr/Status: 422/, 'the query may be empty');
    like($ask->('POST', '/api/rooms', undef, '{"name":"book"}'), qr/Status: 201/, 'a body is read');
    like($ask->('GET', '/api/users/%6De'), qr/Status: 422/, 'PATH_INFO is not decoded again');
    like($ask->('GET', $_), qr/Status: 4(?:00|04)/, "PATH_INFO $_ is refused") for '', '/api/../etc', '/api/rooms/ü?x';
};

subtest 'a web server may start the program without standard input' => sub {
    my %request = environment('POST', '/api/rooms', '{"name":"x"}', @token);
    my $pid     = open(my $out, '-|') // die "fork: $!";
    if (!$pid) {
        %ENV = %request;
        close STDIN;
        exec $binary or POSIX::_exit(127);
    }
    local $/;
    like(scalar <$out>, qr/Status: 400/, 'a body that cannot be read is refused');
    ok(close $out, 'the program exits with status 0');
};

subtest 'a missing database and a bad setting are reported' => sub {
    like(
        (cgi('GET', '/api/users/me', undef, @token, DB_SOCKET => '/nowhere.sock', REDIS_HOST => ''))[0],
        qr/Status: 503.*"unavailable"/s, 'a request without a database is answered 503'
    );
    like((cgi('GET', '/api', undef, DB_PORT => 'x'))[0], qr/DB_PORT/, 'a bad setting is reported');
};

# Variables that a web server would pass on.
subtest 'hostile requests are refused' => sub {
    my $rooms  = sub { return $stack->sql('SELECT COUNT(*) FROM members WHERE user_id = ' . $alice->id) };
    my $before = $rooms->();
    for my $odd (
        [ 'a method in lower case' => 405, 'get', '/api' ], [ 'no such method' => 405, 'BREW', '/api' ],
        [ 'a path that climbs'     => 400, 'GET', '/api/../etc/passwd' ],
        [ 'a path with NUL'        => 400, 'GET', '/api/rooms/%00' ], [ 'no path' => 400, 'GET', '' ],
        [ 'a path without a slash' => 400, 'GET', 'x' ],
        [ 'a malformed length'     => 400, 'POST', '/api/rooms', '{"name":"x"}', CONTENT_LENGTH => 'x' ],
        [ 'a negative length'      => 400, 'POST', '/api/rooms', '{"name":"x"}', CONTENT_LENGTH => -5 ],
        [ 'a length with a plus'   => 400, 'POST', '/api/rooms', '{"name":"x"}', CONTENT_LENGTH => '+12' ],
        [ 'a length after a space' => 400, 'POST', '/api/rooms', '{"name":"x"}', CONTENT_LENGTH => ' 12' ],
        [ 'a length beyond all'    => 413, 'POST', '/api/rooms', '{"name":"x"}', CONTENT_LENGTH => '9' x 30 ],
        [ 'another media type'     => 415, 'POST', '/api/rooms', '{"name":"x"}', CONTENT_TYPE   => 'text/plain' ],
        [ 'no body'                => 422, 'POST', '/api/rooms', '', CONTENT_LENGTH             => '' ],
        )
    {
        my ($name, $expected, $method, $uri, $body, %more) = @$odd;
        my ($said, $ended) = cgi($method, $uri, $body, @token, %more);
        like($said, qr/^Status: $expected [A-Z][A-Za-z ]+\r\n/m, "$name: $expected");
        is($ended, 0, "$name: the program exits with status 0");
    }
    is($rooms->(), $before, 'hostile requests create nothing');
    like(
        (cgi('POST', '/api/rooms', '{"name":"cut"}', @token, CONTENT_LENGTH => 8))[0], qr/Status: 422.*json_invalid/s,
        'no more of a body is read than its length says'
    );
};

# Runs the program with a socket as its input and output, as Apache's mod_cgid does. Sends the whole body, then reads.
sub cgi_over_socket {
    my ($body, $keeps_open, @request) = @_;
    socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        %ENV = environment(@request);
        close $ours;
        open STDIN, '<&', $theirs;
        open STDOUT, '>&', $theirs;
        close $theirs;
        exec $binary or POSIX::_exit(127);
    }
    close $theirs;
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;
    while ($sent < length $body) { $sent += syswrite($ours, $body, 65_536, $sent) || last }
    shutdown $ours, 1 unless $keeps_open;
    my $text = '';
    $! = 0;
    1 while sysread $ours, $text, 65_536, length $text;
    my $error = $!{ECONNRESET};
    my $until = time;
    waitpid $pid, 0;
    return { text => $text, sent => $sent, reset => $error, lingered => time - $until };
}

subtest 'an answer over a socket is whole, however much of the body was not read' => sub {
    my $body = 'x' x 8_000_000;
    for my $case (
        [ 'a body that is too large' => qr/^Status: 413 .*body_too_large/ms, 'POST', '/api/rooms' ],
        [ 'a path that is not there' => qr/^Status: 404 .*not_found/ms, 'POST', '/api/nothing' ],
        [ 'nobody signed in'  => qr/^Status: 401 .*not_signed_in/ms, 'POST', '/api/rooms', HTTP_AUTHORIZATION => '' ],
        [ 'a GET with a body' => qr/^Status: 200 .*"openapi".*\}\s*\z/ms, 'GET', '/openapi.json' ],
        [
            'a body without a length' => qr/^Status: 422 /m, 'POST', '/api/rooms', CONTENT_LENGTH => '',
            HTTP_TRANSFER_ENCODING    => 'chunked'
        ],
        )
    {
        my ($name, $expected, $method, $uri, %more) = @$case;
        my $got = cgi_over_socket(
            $body, 0, $method, $uri, undef, @token, CONTENT_LENGTH => length $body,
            CONTENT_TYPE                                           => 'application/json', %more
        );
        is($got->{sent}, length $body, "$name: the whole body is taken");
        like($got->{text}, $expected, "$name: the answer is whole");
        ok(!$got->{reset}, "$name: the connection is not reset");
    }
    my $open = cgi_over_socket('{"name":"x"}', 1, 'POST', '/api/rooms', '{"name":"x"}', @token);
    like($open->{text}, qr/Status: 201 Created/, 'a web server that does not end the input gets its answer');
    cmp_ok($open->{lingered}, '<', 4, 'the program does not wait for more than the body');
};

subtest 'concurrent programs each answer their request' => sub {
    my @said = $stack->at_once(
        8,
        sub {
            my ($answer) = cgi('POST', '/api/rooms', '{"name":"many"}', @token);
            return $answer =~ /Status: 201/ ? 1 : 0;
        }
    );
    is_deeply(\@said, [ (1) x 8 ], 'eight concurrent requests are all answered');
};

done_testing;
