#!/usr/bin/perl
# The rules of HTTP that hold for every route.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;

my $stack     = Fastchat::Stack->new(env => { CORS_ORIGINS => 'https://chat.example, http://localhost:5173' });
my $alice     = $stack->user('alice');
my ($listing) = $stack->fastchat('routes');
my %paths;
push @{ $paths{ $_->[1] } }, $_->[0] for map { [ (split)[ 0, 1 ] ] } split /\n/, $listing;

subtest 'every path answers its own methods, OPTIONS and HEAD, and denies all others' => sub {
    for my $pattern (sort keys %paths) {
        (my $path = $pattern) =~ s/\{\w+\}/1/g;
        my %has     = map { $_ => 1 } @{ $paths{$pattern} };
        my $options = $stack->request('OPTIONS', $path);
        is($options->status, 204, "OPTIONS $pattern is answered 204");
        my %allowed = map { $_ => 1 } split /, /, $options->header('Allow');
        # A literal path may also match a pattern: all listed methods work, and perhaps more.
        is_deeply([ grep { !$allowed{$_} } keys %has ], [], "$pattern: Allow lists its methods");
        for my $method (grep { !$allowed{$_} } qw(GET POST PUT PATCH DELETE BREW)) {
            my $answer = $alice->request($method, $path);
            is($answer->status, 405, "$method $pattern is answered 405");
            is($answer->header('Allow'), $options->header('Allow'), "the 405 of $method $pattern carries Allow");
        }
        next unless $has{GET};
        my $head   = $alice->head($path);
        my $status = $path eq '/api/events' ? 200 : $alice->get($path)->status;    # a GET of the stream would not end
        is($head->status, $status, "HEAD $pattern has the status of GET");
        is($head->content // '', '', "HEAD $pattern is answered without a body");
    }
};

subtest 'an unknown path is answered 404 with a code and a request id' => sub {
    my $missing = $alice->get('/api/nothing/here');
    is($missing->status, 404, 'an unknown path is not found');
    is($missing->json->{code}, 'not_found', 'an unknown path has a code');
    like($missing->header('X-Request-ID'), qr/^[0-9a-f]{16}$/, 'each answer has an X-Request-ID');
    ok(
        $stack->wait_for(5, sub { index($stack->log_text('api'), $missing->header('X-Request-ID')) >= 0 }),
        'the log holds the request id of an answer'
    );
};

subtest 'errors are described in the language that the client prefers' => sub {
    is(
        $alice->get('/api/rooms/x', headers => { 'Accept-Language' => 'zh-CN,zh;q=0.9,en;q=0.8' })
            ->json->{detail}[0]{msg},
        '必须是整数', 'faults are described in Chinese'
    );
    is(
        $alice->get('/api/rooms/x', headers => { 'Accept-Language' => 'en-US,en;q=0.9,zh;q=0.8' })
            ->json->{detail}[0]{msg},
        'must be a whole number', 'faults are described in English'
    );
    is(
        $alice->get('/api/nothing', headers => { 'Accept-Language' => 'zh' })->json->{detail}, '该地址不存在。',
        'other errors are described in Chinese'
    );
};

my $room = $alice->post('/api/rooms', { name => 'x' })->json->{id};

subtest 'a POST may override its method' => sub {
    my $patched = $alice->post("/api/rooms/$room", { name => 'y' }, headers => { 'X-HTTP-Method-Override' => 'PATCH' });
    is($patched->json->{name}, 'y', 'a POST may override its method');
    is(
        $alice->get("/api/rooms/$room", headers => { 'X-HTTP-Method-Override' => 'DELETE' })->status, 200,
        'a GET cannot override its method'
    );
    my @refused = grep {
        my $answer = $alice->post("/api/rooms/$room", {}, headers => { 'X-HTTP-Method-Override' => $_ });
        $answer->status != 405 || $answer->json->{code} ne 'method_not_allowed' || !$answer->header('Allow');
    } qw(BREW GET HEAD OPTIONS POST patch), '';
    is_deeply(\@refused, [], 'no other method in an override has an effect, and the reply is whole');
};

subtest 'a body must be JSON, and be declared so' => sub {
    for my $type (
        undef, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx',
        'multipart/form-data; boundary=x'
        )
    {
        my $answer = $alice->raw(
            'POST', '/api/rooms',
            [ 'Authorization: Bearer ' . $alice->token, $type ? "Content-Type: $type" : () ], '{"name":"x"}'
        );
        is($answer->status, 415, ($type // 'no media type') . ' is refused');
    }
    is($alice->post('/api/rooms', { name => 'x' }, headers => { 'Content-Type' => 'Application/JSON; charset=utf-8' })
            ->status, 201, 'parameters of the media type do not matter');
    is($alice->post('/api/rooms', content => '', headers => { 'Content-Type' => 'application/json' })
            ->json->{detail}[0]{type}, 'missing', 'an empty body lacks what is required');
};

subtest 'only origins of CORS_ORIGINS may read answers' => sub {
    my $cors = $stack->get('/api', headers => { Origin => 'https://chat.example' });
    is(
        $cors->header('Access-Control-Allow-Origin'), 'https://chat.example',
        'an origin of CORS_ORIGINS may read the answer'
    );
    like($cors->header('Vary'), qr/Origin/, 'Vary tells caches that the answer depends on the origin');
    is(
        $stack->get('/api', headers => { Origin => 'https://evil.example' })->header('Access-Control-Allow-Origin'),
        undef,
        'another origin may not read the answer'
    );
    my $flight = $stack->request(
        'OPTIONS', '/api/rooms',
        headers => { Origin => 'http://localhost:5173', 'Access-Control-Request-Method' => 'POST' }
    );
    like($flight->header('Access-Control-Allow-Methods'), qr/POST/, 'a preflight is answered');
    like(
        $flight->header('Access-Control-Allow-Headers'), qr/Authorization/,
        'a preflight allows the headers of a call'
    );
    is(
        $stack->request(
            'OPTIONS', '/api/rooms', headers => { Origin => $_, 'Access-Control-Request-Method' => 'POST' }
        )->header('Access-Control-Allow-Origin'),
        undef,
        "no preflight from $_ is allowed"
        )
        for 'https://chat.example.evil', 'https://chat.exampl', 'http://chat.example', 'https://chat.example:444',
        'null',
        '*', '';
    is(
        $stack->get('/api/nothing', headers => { Origin => 'https://chat.example' })
            ->header('Access-Control-Allow-Origin'),
        'https://chat.example', 'an allowed origin may read errors'
    );
    my $any = Fastchat::Stack->new(env => { CORS_ORIGINS => '*' });
    is(
        $any->get('/api', headers => { Origin => 'https://who.example' })->header('Access-Control-Allow-Origin'),
        'https://who.example', '* allows every origin'
    );
    is(Fastchat::Stack->new->get('/api', headers => { Origin => 'https://chat.example' })
            ->header('Access-Control-Allow-Origin'), undef, 'without CORS_ORIGINS no origin is allowed');
};

# A preflight, by which a browser asks whether a page may send a request.
sub preflight {
    my ($path, $origin) = @_;
    return $stack->request(
        'OPTIONS', $path,
        headers => { Origin => $origin, 'Access-Control-Request-Method' => 'DELETE' }
    );
}

subtest 'a preflight is answered for every path' => sub {
    my $page  = 'http://localhost:5173';
    my $known = preflight('/api/users', $page);
    is($known->status, 204, 'the preflight of a route succeeds');
    is($known->header('Access-Control-Allow-Methods'), $known->header('Allow'), 'it allows the methods of the path');
    unlike($known->header('Access-Control-Allow-Methods'), qr/DELETE/, 'it allows no other method');
    for my $path ('/api/nothing/here', '/api/rooms/1/nothing', '/api//rooms') {
        my $flight = preflight($path, $page);
        is($flight->status, 204, "the preflight of $path succeeds, so that the page can read the status of its call");
        is($flight->header('Access-Control-Allow-Origin'), $page, "the preflight of $path allows the origin");
        like($flight->header('Access-Control-Allow-Methods'), qr/\bDELETE\b/, "the preflight of $path allows methods");
        my $other = preflight($path, 'https://evil.example');
        is($other->header("Access-Control-Allow-$_"), undef, "another origin gets no Allow-$_ for $path")
            for qw(Origin Methods Headers);
    }
    is($stack->request('OPTIONS', '/api/nothing')->status, 404, 'OPTIONS of an unknown path is else 404');
    my $allowed = lc $known->header('Access-Control-Allow-Headers');
    for my $name (
        qw(Authorization Content-Type Accept Accept-Language Cache-Control Pragma If-None-Match If-Match If-Range),
        qw(Range X-Requested-With X-HTTP-Method-Override Last-Event-ID)
        )
    {
        ok((grep { $_ eq lc $name } split /, */, $allowed), "a page may send $name");
    }
    my %exposed = map { $_ => 1 } split /, */,
        $stack->get('/api', headers => { Origin => $page })->header('Access-Control-Expose-Headers');
    ok($exposed{$_}, "a page may read $_")
        for qw(X-Request-ID Retry-After Allow ETag Content-Disposition Content-Range Accept-Ranges);
};

subtest 'a compressed body is refused, with what is accepted' => sub {
    my $sent = sub {
        my ($coding, $language) = @_;
        return $alice->post(
            '/api/rooms', content => '{"name":"x"}',
            headers               =>
                { 'Content-Type' => 'application/json', 'Content-Encoding' => $coding, 'Accept-Language' => $language }
        );
    };
    for my $coding ('gzip', 'br', 'GZIP', 'x-gzip', 'identity, gzip', 'unknown') {
        my $answer = $sent->($coding, 'en');
        is($answer->status, 415, "Content-Encoding: $coding is refused");
        is($answer->header('Accept-Encoding'), 'identity', "the refusal of $coding names what is accepted");
        like($answer->json->{detail}, qr/Content-Encoding/, "the refusal of $coding names the remedy");
        is($answer->json->{code}, 'unsupported_media_type', "the refusal of $coding has a code");
    }
    like($sent->('gzip', 'zh')->json->{detail}, qr/\p{Han}.*Content-Encoding/, 'the refusal can be Chinese');
    is($sent->($_, 'en')->status, 201, "Content-Encoding: $_ is accepted") for 'identity', 'Identity';
    is(
        $alice->get('/api/users/me', headers => { 'Content-Encoding' => 'gzip' })->status,
        200, 'a request without a body may claim anything'
    );
    my $plain = $alice->post('/api/rooms', content => 'x', headers => { 'Content-Type' => 'text/plain' });
    is($plain->header('Accept-Encoding'), undef, 'a wrong media type is not about a coding');
};

subtest 'a body may come in chunks' => sub {
    my $chunks = join '', map { sprintf "%x\r\n%s\r\n", length $_, $_ } '{"na', 'me":"chunked"', '}', '';
    my $answer = $alice->raw(
        'POST', '/api/rooms',
        [ 'Authorization: Bearer ' . $alice->token, 'Content-Type: application/json', 'Transfer-Encoding: chunked' ],
        $chunks
    );
    is($answer->status, 201, 'a body in chunks is read');
    is($answer->json->{name}, 'chunked', 'a body in chunks is whole');
};

subtest 'a POST can stand for any method' => sub {
    my $other = $stack->user('bob');
    is($alice->post("/api/rooms/$room/members/" . $other->id, {}, headers => { 'X-HTTP-Method-Override' => 'PUT' })
            ->json->{role}, 'member', 'a POST can stand for PUT');
    is($alice->post("/api/rooms/$room/members/" . $other->id, {}, headers => { 'X-HTTP-Method-Override' => 'DELETE' })
            ->status, 204, 'a POST can stand for DELETE');
    is(
        $alice->post(
            '/api/users/me/password', { old_password => $alice->password, password => 'another one' },
            headers => { 'X-HTTP-Method-Override' => 'PUT' }
        )->status,
        204,
        'a method override works in the cpu pool'
    );
    is(
        $alice->put("/api/rooms/$room", { name => 'z' }, headers => { 'X-HTTP-Method-Override' => 'PATCH' })->status,
        405,
        'a PUT cannot override its method'
    );
};

subtest 'a body is read up to the largest that its route can need' => sub {
    my $padded = sub {
        my ($bytes, $language) = @_;
        return $alice->post(
            '/api/rooms', content => '{"name":"x"' . ' ' x ($bytes - 12) . '}',
            headers               => { 'Content-Type' => 'application/json', 'Accept-Language' => $language }
        );
    };
    my $over = $padded->(1_000_000, 'en');
    is($over->status, 413, 'a body of a megabyte is refused');
    is($over->json->{code}, 'body_too_large', 'a body that is too large is answered with its code');
    my ($limit) = $over->json->{detail} =~ /^The body is larger than (\d+) bytes, the limit of this route\.$/;
    ok($limit, 'the answer names the limit of the route') or return;
    is($padded->($limit, 'en')->status, 201, 'a body of exactly the limit is read');
    is($padded->($limit + 1, 'en')->status, 413, 'a body of one byte more is refused');
    like($padded->($limit + 1, 'zh')->json->{detail}, qr/最多接收 $limit 字节/, 'the limit is named in Chinese, too');
    my $pairs = '\ud83d\ude00' x 64;
    my $ids   = join ', ', (9007199254740990) x 100;
    my $name  = "{\"name\": \"$pairs\", \"member_ids\": [$ids]}";
    is(
        $alice->post('/api/rooms', content => $name, headers => { 'Content-Type' => 'application/json' })->status, 404,
        'the longest name in escapes, with the largest list, is within the limit'
    );
};

subtest 'Accept-Language selects the language of an error' => sub {
    for my $asked (
        [ 'zh'                 => 'zh' ], [ 'zh-TW' => 'zh' ], [ 'ZH-cn' => 'zh' ], [ 'en' => 'en' ], [ 'fr' => 'en' ],
        [ 'fr, zh;q=0.5'       => 'zh' ], [ 'en;q=0.9, zh;q=0.8' => 'en' ], [ '' => 'en' ],
        [ 'en;q=0.2, zh;q=0.8' => 'zh' ], [ 'en, zh' => 'en' ], [ 'zh, en' => 'zh' ], [ 'zh;q=0' => 'en' ],
        [ 'zh;q=0.000, en;q=0.1' => 'en' ], [ 'en;Q=0, *' => 'zh' ], [ 'en;q=0' => 'zh' ], [ '*' => 'en' ],
        [ 'zha' => 'en' ], [ '*, zh;q=0' => 'en' ], [ 'zh-Hant-TW;q=0.5, en;q=0.4' => 'zh' ], [ ',;q=,zh;;' => 'zh' ]
        )
    {
        my $words = $alice->get('/api/nothing', headers => { 'Accept-Language' => $asked->[0] })->json->{detail};
        is($words =~ /\p{Han}/ ? 'zh' : 'en', $asked->[1], "Accept-Language: $asked->[0] gets $asked->[1]");
    }
};

subtest 'Accept selects the form of a stream' => sub {
    my ($events, $lines) = qw(text/event-stream application/x-ndjson);
    for my $asked (
        [ undef, $events ], [ '*/*', $events ], [ 'text/event-stream', $events ], [ 'text/*', $events ],
        [ 'application/x-ndjson', $lines ], [ 'Application/X-NDJSON', $lines ], [ 'application/*', $lines ],
        [ 'application/x-ndjson;q=0', $events ], [ 'application/x-ndjson;q=0, */*', $events ],
        [ 'text/event-stream;q=0.5, application/x-ndjson', $lines ], [ 'text/event-stream;q=0, */*;q=0.1', $lines ],
        [ 'text/event-stream, application/x-ndjson;q=0.9', $events ], [ 'application/x-ndjson, */*', $lines ],
        [ 'text/event-stream, application/x-ndjson', $events ], [ 'application/json', $events ],
        [ 'text/plain;note="application/x-ndjson"', $events ], [ 'application/x-ndjson2', $events ]
        )
    {
        my $stream = Fastchat::Stream->new($alice, accept => $asked->[0]);
        is($stream->status, 200, 'a stream begins, with Accept: ' . ($asked->[0] // '(absent)'));
        is($stream->header('Content-Type') =~ s/;.*//r, $asked->[1], "it is $asked->[1]");
        $stream->close;
    }
};

subtest 'HEAD has the head of GET, and starts nothing' => sub {
    my %id = (
        room_id => $room, user_id                                      => $alice->id, num => 7,
        task_id => $alice->post('/api/exports')->json->{id}, export_id => 1 + int rand 1 << 40
    );
    $stack->sql("INSERT INTO exports VALUES ($id{export_id}, " . $alice->id . ", 1, 3, 0, 9999999999999)");
    $stack->sql("INSERT INTO export_chunks VALUES ($id{export_id}, 1, 0, 'abc')");
    my $task = "/api/tasks/$id{task_id}";
    ok($stack->wait_for(30, sub { $alice->get($task)->json->{state} eq 'done' }), 'the export has ended');
    my $tasks = sub { $stack->sql('SELECT COUNT(*) FROM tasks WHERE owner_id = ' . $alice->id) };
    my $seen  = $tasks->();
    my %held  = map { $_ => 1 } '/api/events', '/api/task/{num}';
    my @reads = grep {
        grep { $_ eq 'GET' }
            @{ $paths{$_} }
    } sort keys %paths;
    for my $pattern (@reads) {
        my $path = $pattern =~ s/\{(\w+)\}/$id{$1} \/\/ 1/ger;
        $path .= '?q=a' if $pattern eq '/api/users';
        my $head = $alice->head($path);
        if ($held{$pattern}) {
            ok($head->status =~ /^20[02]$/, "HEAD $pattern is answered at once");
            next;
        }
        my $get = $alice->get($path);
        is($head->status, $get->status, "HEAD $pattern has the status of GET");
        is($head->header($_), $get->header($_), "HEAD $pattern has the $_ of GET")
            for qw(Content-Length Content-Type ETag);
    }
    is($tasks->(), $seen, 'no HEAD has queued a task');
    my ($quiet, $peer) = map { $stack->user($_) } qw(quiet peer);
    my $dm = $quiet->put('/api/dms/' . $peer->id)->json->{id};
    $quiet->head('/api/events') for 1 .. 20;    # more than a session may hold
    is($quiet->head('/api/events')->status, 200, 'no HEAD is held');
    is($peer->get("/api/rooms/$dm")->json->{peer}{online}, JSON::PP::false, 'HEAD of the stream brings nobody online');
};

subtest 'every answer has an id of its own and safe headers' => sub {
    my %ids = map { $stack->get('/api')->header('X-Request-ID') => 1 } 1 .. 20;
    is(scalar keys %ids, 20, 'each request has an X-Request-ID of its own');
    for my $answer (
        $stack->get('/api'), $stack->get('/api/nothing'), $stack->get('/api/rooms'),
        $stack->post('/api', {})
        )
    {
        like($answer->header('Content-Type'), qr{^application/json\b}, 'every answer is JSON: ' . $answer->status);
        is($answer->header('Cache-Control'), 'no-store', 'no answer may be stored');
        is($answer->header('X-Content-Type-Options'), 'nosniff', 'no answer may be sniffed for its type');
    }
    is(
        $stack->get('/openapi.json')->header('Cache-Control'), 'no-cache',
        'the document may be kept and asked for again'
    );
};

done_testing;
