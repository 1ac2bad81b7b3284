#!/usr/bin/perl
# Bad bytes of every kind: a 4xx that names the fault, never a 500 or a crash, nothing changed.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my ($alice, $eve) = map { $stack->user($_) } qw(alice eve);
my $room     = $alice->post('/api/rooms', { name => '坏输入' })->json->{id};
my $at       = "/api/rooms/$room";
my @pids     = sort $stack->workers('api');
my $seq      = $alice->get($at)->json->{last_seq};
my $auth     = 'Authorization: Bearer ' . $alice->token;
my $eve_room = $eve->post('/api/rooms', { name => '别人的' })->json->{id};

sub body {
    my ($bytes, $path) = @_;
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    return $alice->post($path // '/api/rooms', content => $bytes, headers => { 'Content-Type' => 'application/json' });
}
sub type { my ($answer) = @_; return $answer->status == 422 ? $answer->json->{detail}[0]{type} : $answer->status }

subtest 'a body that is not JSON is refused with the place of its fault' => sub {
    my %not_json = (
        'nothing but space' => '  ', 'an open object'                     => '{', 'an open string' => '{"name":"x',
        'single quotes'     => "{'name':'x'}", 'a trailing comma'         => '{"name":"x",}',
        'text behind it'    => '{"name":"x"} x', 'two values'             => '{"name":"x"}{}', 'NaN' => '{"name":NaN}',
        '-Infinity'         => '{"name":-Infinity}', 'a bare word'        => '{"name":x}',
        'a comment'         => '{"name":"x"/* */}', 'a control character' => "{\"name\":\"a\x01b\"}",
        'a raw line break'  => "{\"name\":\"a\nb\"}", 'a leading zero'    => '{"name":"x","member_ids":[01]}',
        'a number that ends in a point' => '{"name":"x","member_ids":[1.]}',
        'a plus'                        => '{"name":"x","member_ids":[+1]}',
        'a lone surrogate'              => '{"name":"\ud800"}', 'a low one' => '{"name":"\udc00x"}',
        'half a pair'                   => '{"name":"\ud83d\u0041"}',
        'a broken escape' => '{"name":"\x"}', 'a short escape'                        => '{"name":"\u12"}',
        'a duplicate key' => '{"name":"x","name":"y"}', 'a duplicate key in disguise' => '{"name":"x","\u006eame":"y"}',
        'U+0000 in a key' => '{"na\u0000me":"x"}', 'depth 33' => '{"name":' . '[' x 33 . ']' x 33 . '}',
        'depth 5000'                => '[' x 5000,
        'an integer beyond 64 bits' => '{"name":"x","member_ids":[99999999999999999999]}',
        'bytes that are not UTF-8'  => "{\"name\":\"\xff\xfe\"}", 'overlong UTF-8' => "{\"name\":\"\xc0\xaf\"}",
        'a surrogate in UTF-8' => "{\"name\":\"\xed\xa0\x80\"}", 'beyond Unicode'  => "{\"name\":\"\xf4\x90\x80\x80\"}",
        'a BOM'                => "\xef\xbb\xbf{\"name\":\"x\"}", 'a NUL byte'     => "{\"name\":\"x\"}\0",
    );
    for my $name (sort keys %not_json) {
        my $answer = body($not_json{$name});
        is(type($answer), 'json_invalid', "$name is not JSON");
        like($answer->json->{detail}[0]{loc}[1], qr/^\d+$/, "$name: the fault names its offset");
    }
};

subtest 'a body that is not an object is refused' => sub {
    is(type(body($_)), 'model_attributes_type', "$_ is not an object") for '[]', '"x"', '1', 'true', 'null';
};

subtest 'a field of a wrong type, size or name is refused with its kind of fault' => sub {
    my %wrong = (
        '{"name":1}'            => 'string_type', '{"name":null}' => 'string_type', '{"name":["x"]}' => 'string_type',
        '{"name":""}'           => 'string_too_short', '{"name":"' . 'x' x 65 . '"}' => 'string_too_long',
        '{"name":"a\u0000b"}'   => 'value_error', '{"name":"x","open":"maybe"}'      => 'bool_parsing',
        '{"name":"x","open":2}' => 'bool_parsing', '{"name":"x","open":null}'        => 'bool_type',
        '{"name":"x","member_ids":"x"}'    => 'list_type',
        '{"name":"x","member_ids":{}}'     => 'list_type',
        '{"name":"x","member_ids":["x"]}'  => 'int_parsing', '{"name":"x","member_ids":[1.5]}' => 'int_from_float',
        '{"name":"x","member_ids":[1e30]}' => 'int_parsing_size',
        '{"name":"x","member_ids":[0]}'    => 'greater_than_equal',
        '{"name":"x","member_ids":[9007199254740992]}'            => 'less_than_equal',
        '{"name":"x","member_ids":[9223372036854775808]}'         => 'less_than_equal',
        '{"name":"x","member_ids":[-9223372036854775808]}'        => 'greater_than_equal',
        '{"name":"x","member_ids":[' . join(',', 1 .. 101) . ']}' => 'too_long',
        '{"name":"x","admin":true}' => 'extra_forbidden', '{"Name":"x"}' => 'missing', '{}' => 'missing',
    );
    is(type(body($_)), $wrong{$_}, "$wrong{$_}: " . substr $_, 0, 50) for sort keys %wrong;
};

subtest 'a malformed room id is refused' => sub {
    for my $id (
        '9223372036854775808', '9007199254740992', '99999999999999999999999999', '-1', '0', '1e3', '1.5', '0x10',
        '1%20x', '+-1', '%EF%BC%91', "1'", '1;DROP', 'null'
        )
    {
        is($alice->get("/api/rooms/$id/messages")->status, 422, "a room id of $id is refused");
    }
};

subtest 'a path with tricks is refused or reveals no file' => sub {
    unlike($alice->raw('GET', '/api/%2e%2e/etc/passwd')->content, qr/root:/, 'no path leads out of the web folder');
    for my $path (
        '//api/rooms', '/api//rooms', '/api/rooms/%2e', '/api/rooms/1%2f2', '/api/rooms/1%00', '/api/rooms/%',
        '/api/rooms/%zz', '/api/rooms/%ff', '/api/rooms/%c0%af', '/api/rooms/1%5c2', '/api/../api/rooms',
        '/api/rooms/%ed%a0%80'
        )
    {
        my $answer = $alice->raw('GET', $path, [ 'Authorization: Bearer ' . $alice->token ]);
        ok(
            $answer->status =~ /^(?:400|404|422)$/
                || ($path =~ m{^//|^/api//|\.\./api} && $answer->status == 200 && $answer->content !~ /root:/),
            "a path trick is refused: $path"
        ) or diag $answer->status, $answer->content;
    }
};

subtest 'a malformed query is refused' => sub {
    is(
        $alice->get('/api/users?q=%ff')->json->{detail}[0]{type}, 'string_unicode',
        'a query that is not UTF-8 is refused'
    );
    is($alice->get('/api/users?q=a%00b')->json->{detail}[0]{type}, 'string_unicode', 'a query with NUL is refused');
    is($alice->get('/api/users?q=%zz')->status, 422, 'a query with a broken escape is refused');
    is($alice->get('/api/users?q=x&limit=5&limit=999')->status, 422, 'the last of two values of a parameter counts');
};

subtest 'a request that is too large is refused' => sub {
    is(
        $alice->raw('GET', '/api/users?q=' . 'x' x 60_000, [ 'Authorization: Bearer ' . $alice->token ])->status, 414,
        'a query of 60 kB is too long'
    );
    is(
        $alice->raw('GET', '/api', [ map { "X-Header-$_: " . 'x' x 7000 } 1 .. 12 ])->status, 400,
        '84 kB of headers are too long'
    );
    my $large = $alice->raw_bytes(
              "POST /api/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${\$alice->token}\r\nContent-Type: "
            . "application/json\r\nContent-Length: 10485760\r\n\r\n{\"name\":\""
            . 'x' x 100_000, 1);
    is($large->status, 413, 'a body of 10 MB is too large');
    is($large->json->{code}, 'body_too_large', 'a body that is too large is answered with its code');
};

subtest 'only a whole HTTP request is carried out' => sub {
    my $short = $alice->raw_bytes(
              "POST /api/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${\$alice->token}\r\nContent-Type: "
            . "application/json\r\nContent-Length: 500\r\n\r\n{\"name\":\"half\"}",
        1
    );
    isnt($short->status, 201, 'half a body creates no room');
    my $chunked = $alice->raw(
        'POST', '/api/rooms',
        [ 'Authorization: Bearer ' . $alice->token, 'Content-Type: application/json', 'Transfer-Encoding: chunked' ],
        "7\r\n{\"name\"\r\n7\r\n:\"chu\"}\r\n0\r\n\r\n"
    );
    is($chunked->status, 201, 'a chunked body is accepted');
    ok($alice->raw_bytes($_, 2)->status =~ /^(?:0|400|405|505)$/, 'bytes that are not HTTP are refused')
        for "\x00\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET /api HTTP/9.9\r\n\r\n",
        "G\x00T /api HTTP/1.1\r\nHost: x\r\n\r\n";
};

subtest 'requests on one connection stay apart' => sub {
    my $two = $alice->raw_bytes(
              "GET /api HTTP/1.1\r\nHost: x\r\n\r\nGET /api/nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /api/healthz "
            . "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    like($two->content, qr/fastchat api.*not_found.*"status":"ok"/s, 'pipelined requests are answered in order');
    my $hidden = $alice->raw(
        'POST', '/api/rooms', [ $auth, 'Content-Type: application/json', 'Content-Length: 12' ],
        qq({"name":"x"}GET /api/users/me HTTP/1.1\r\nHost: x\r\n\r\n)
    );
    is($hidden->status, 201, 'bytes after a body do not belong to it');
};

subtest 'a body without a clear end creates no room' => sub {
    isnt(
        $alice->raw(
            'POST', '/api/rooms',
            [ $auth, 'Content-Type: application/json', 'Content-Length: 12', 'Transfer-Encoding: chunked' ],
            "c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n"
        )->status,
        201,
        'a body of two lengths is refused'
    );
    isnt(
        $alice->raw(
            'POST', '/api/rooms', [ $auth, 'Content-Type: application/json', "Content-Length: $_" ], '{"name":"x"}'
        )->status,
        201,
        "a length of $_ is refused"
    ) for '-1', '1e1', '12, 12', '99999999999999999999';
    isnt(
        $alice->raw_bytes(
                  "POST /api/rooms HTTP/1.1\r\nHost: x\r\n$auth\r\nContent-Type: "
                . "application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n$_",
            1
        )->status,
        201,
        'broken chunks are refused'
    ) for "zz\r\n{}\r\n0\r\n\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n", "c\r\n{\"name\":";
    my @cut = $stack->at_once(
        12,
        sub {
            return $alice->raw_bytes("POST /api/rooms HTTP/1.1\r\nHost: x\r\n$auth\r\nContent-Type: "
                    . "application/json\r\nContent-Length: 12\r\n\r\n"
                    . substr('{"name":"x"}', 0, $_[0] - 1), 1)->status;
        }
    );
    is_deeply([ grep { $_ == 201 } @cut ], [], 'a body cut at any byte creates no room');
};

subtest 'a path matches a route exactly or is refused' => sub {
    for my $path (
        '/api/rooms;x=1', '/api/rooms/1;x', '/api\\rooms', '/api/rooms/..%2f..%2fetc', '/api/rooms/..;/1',
        '/API/ROOMS', '/api/rooms%20', '/api/rooms%0d%0aX-Evil:%201', '/api/users/me%2e', '/api/users/%6de/x',
        '/' . 'api/' x 500, '/api/rooms/' . '9' x 3000
        )
    {
        my $answer = $alice->raw('GET', $path, [$auth]);
        my $page = $answer->status == 200 && $answer->content =~ /^<!doctype html>/i; # what nginx finds outside of /api
        ok($page || $answer->status =~ /^(?:400|404|422)$/, 'a path is refused: ' . substr $path, 0, 40)
            or diag $answer->status, $answer->content;
        is($answer->header('X-Evil'), undef, 'a path puts no header into the answer');
    }
    is(
        $alice->raw('GET', '/api/users/%6De', [$auth])->json->{id}, $alice->id,
        'an escaped path is the path that it stands for'
    );
};

subtest 'a request with odd headers is answered' => sub {
    is(
        $alice->raw(
            'GET', '/api',
            [ 'Origin: https://a' . 'x' x 4000, "X-Request-ID: evil\x01", 'Accept-Language: ' . 'zz,' x 2000 ]
        )->status,
        200,
        'odd headers do no harm'
    );
};

subtest 'only a valid token gives access' => sub {
    my $expired = $stack->user('expired');
    $stack->sql('UPDATE sessions SET expires_at = 1000 WHERE user_id = ' . $expired->id);
    for (1 .. 2) {
        $stack->redis_cli('FLUSHALL');
        is($expired->get('/api/rooms')->status, 401, 'an expired session lets nobody in');
    }
    is($alice->raw('GET', '/api/rooms', ["Authorization: $_"])->status, 401, 'a token is refused: ' . substr $_, 0, 30)
        for 'Bearer', 'Bearer ', 'Bearer x', $alice->token, 'Token ' . $alice->token, 'Bearer ' . $alice->token . 'x',
        'Bearer ' . substr($alice->token, 0, 42), 'Bearer ' . 'A' x 7000, "Bearer \xff\xfe",
        'Bearer ' . uc $alice->token,
        'Bearer ' . $alice->token . ' ' . $alice->token, 'Bearer %00';
    is($eve->get($at)->json->{code}, 'not_a_member', 'another user\'s token does not open my room');
    is($alice->delete("/api/sessions/$_")->json->{code}, 'no_such_session', 'another user\'s session cannot be ended')
        for $eve->get('/api/sessions')->json->{items}[0]{id};
    for my $call (
        [ GET   => '' ], [ GET => '/members' ], [ GET => '/messages' ],
        [ POST  => '/messages', { client_id => 'x', body => 'x' } ], [ PUT => '/read', { seq => 1 } ],
        [ PATCH => '', { name => 'x' } ], [ PUT => '/members/' . $alice->id, {} ], [ DELETE => '/members/' . $eve->id ]
        )
    {
        my ($method, $tail, @body) = @$call;
        is(
            $alice->request($method, "/api/rooms/$eve_room$tail", @body)->json->{code}, 'not_a_member',
            "$method of a room that one is not in is refused: $tail"
        );
    }
    is($eve->get("/api/rooms/$eve_room")->json->{last_seq}, 1, 'denied requests change nothing in the room');
};

my %texts = (
    sql       => q{'); DROP TABLE users; -- " \\' `x` %s %n ${HOME} $(id)},
    emoji     => "\x{1F469}\x{200D}\x{1F680}\x{1F1E8}\x{1F1F3}", rtl => "\x{202E}\x{05E9}\x{05DC}\x{05D5}\x{05DD}",
    html      => '<script>alert(1)</script>&amp;',
    combining => "Z\x{0351}\x{036B}a" x 50, breaks => "a\r\nb\tc\x{2028}d", last => "z\x{10FFFD}\x{FFFE}",
    long      => '长' x 8000, quotes                => '"\\"\\u0000 \\', escapes  => "z\x{7f}\x{85}",
);

subtest 'unusual text is stored unchanged' => sub {
    for my $name (sort keys %texts) {
        my $sent = $alice->post("$at/messages", { client_id => "t$name", body => $texts{$name} });
        is($sent->status, 201, "$name: the message is accepted");
        is($sent->json->{body}, $texts{$name}, "$name: the text comes back unchanged");
    }
    is_deeply(
        {
            map  { substr($_->{client_id}, 1) => $_->{body} }
            grep { $_->{kind} eq 'message' } @{ $alice->get("$at/messages?limit=100")->json->{items} }
        },
        \%texts,
        'every odd text reads back unchanged'
    );
};

subtest 'SQL in any input is text' => sub {
    is(
        $alice->post("$at/messages", { client_id => $texts{sql}, body => 'x' })->json->{client_id}, $texts{sql},
        'SQL in a client_id is text'
    );
    is($alice->post('/api/rooms', { name => q{x' OR '1'='1} })->json->{name}, q{x' OR '1'='1}, 'SQL in a name is text');
    is_deeply($alice->get('/api/users?q=%27%20OR%201=1')->json->{items}, [], 'SQL in a search is text');
    is(
        $stack->post('/api/sessions', { username => q{' OR 1=1 -- }, password => q{' OR 1=1 -- } })->status, 401,
        'SQL in a sign-in is text'
    );
};

subtest 'a message that is too long or comes from outside of the room is refused' => sub {
    is(
        $alice->post("$at/messages", { client_id => 'x' x 65, body => 'x' })->status, 422,
        'a client_id of 65 characters is refused'
    );
    is(
        $alice->post("$at/messages", { client_id => 'l', body => '长' x 8001 })->status, 422,
        'a message of 8001 characters is refused'
    );
    is(
        $eve->post("$at/messages", { client_id => 'e', body => 'x' })->status, 403,
        'a user outside a room cannot write to it'
    );
};

subtest 'bad input of every kind changes nothing and ends no process' => sub {
    is(
        $stack->sql(
            'SELECT COUNT(*) FROM rooms r JOIN members m ON m.room_id = r.id AND m.role = 2 WHERE m.user_id = '
                . $alice->id
        ),
        4,
        'only requests answered 201 created rooms'
    );
    is($alice->get($at)->json->{last_seq}, $seq + keys(%texts) + 1, 'only requests answered 201 added entries');
    is_deeply([ sort $stack->workers('api') ], \@pids, 'no process has died');
    unlike($stack->log_text('api'), qr/"status":500/, 'no request was answered 500');
};

done_testing;
