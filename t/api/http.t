#!/usr/bin/perl
# The rules of HTTP that hold for every route.
use lib 't/lib';
use Fastchat::Test;

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
    is(
        $alice->post("/api/rooms/$room", {}, headers => { 'X-HTTP-Method-Override' => 'BREW' })->status, 405,
        'an unknown method in an override is refused'
    );
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
        [ 'zh'           => 'zh' ], [ 'zh-TW' => 'zh' ], [ 'ZH-cn' => 'zh' ], [ 'en' => 'en' ], [ 'fr' => 'en' ],
        [ 'fr, zh;q=0.5' => 'zh' ], [ 'en;q=0.9, zh;q=0.8' => 'en' ], [ '' => 'en' ]
        )
    {
        my $words = $alice->get('/api/nothing', headers => { 'Accept-Language' => $asked->[0] })->json->{detail};
        is($words =~ /\p{Han}/ ? 'zh' : 'en', $asked->[1], "Accept-Language: $asked->[0] gets $asked->[1]");
    }
};

subtest 'every answer has an id of its own and safe headers' => sub {
    my %ids = map { $stack->get('/api')->header('X-Request-ID') => 1 } 1 .. 20;
    is(scalar keys %ids, 20, 'each request has an X-Request-ID of its own');
    for my $answer (
        $stack->get('/api'), $stack->get('/api/nothing'), $stack->get('/api/rooms'),
        $stack->get('/openapi.json'), $stack->post('/api', {})
        )
    {
        like($answer->header('Content-Type'), qr{^application/json\b}, 'every answer is JSON: ' . $answer->status);
        is($answer->header('Cache-Control'), 'no-store', 'no answer may be cached');
        is($answer->header('X-Content-Type-Options'), 'nosniff', 'no answer may be sniffed for its type');
    }
};

done_testing;
