#!/usr/bin/perl
# nginx's own errors: JSON in both languages, and readable for the pages of CORS_ORIGINS.
use lib 't/lib';
use Fastchat::Test;

my $origin = 'https://chat.example';
my $stack  = Fastchat::Stack->new(
    own    => 1, env => { CORS_ORIGINS => "$origin, http://localhost:5173" },
    expect => [qr/./]
);

# A page of its own: the web client need not be built.
unlink $stack->dir . '/web';
mkdir $stack->dir . "/web$_" for '', '/assets';
open my $page, '>', $stack->dir . '/web/index.html' or die "$!\n";
print $page 'the page';
close $page;

# Sends a request as raw bytes; returns the answer. `from` is the origin of the page that sends it.
sub sent {
    my ($line, %o) = @_;
    return $stack->raw_bytes(
        join "\r\n", $line, 'Host: 127.0.0.1',
        (defined $o{from} ? "Origin: $o{from}" : ()),
        @{ $o{headers} || [] },
        'Connection: close', '', ''
    );
}

my $long  = 'x' x 9000;
my %error = (             # the request line, headers, code, and whether nginx reads Origin before it refuses
    400 => [ 'GET /api/%zz HTTP/1.1', [], 'bad_request', 0 ],
    404 => [ 'GET /assets/none HTTP/1.1', [], 'not_found', 1 ],
    405 => [ 'POST /rooms/12 HTTP/1.1', ['Content-Length: 0'], 'method_not_allowed', 1 ],
    413 => [ 'POST /api/rooms HTTP/1.1', ['Content-Length: 2000000'], 'body_too_large', 1 ],
    414 => [ "GET /api?$long HTTP/1.1", [], 'uri_too_long', 0 ],
    431 => [ 'GET /api HTTP/1.1', ["X-Long: $long"], 'headers_too_large', 1 ],
    501 => [ 'POST /api/rooms HTTP/1.1', ['Transfer-Encoding: chunked, gzip'], 'not_implemented', 1 ],
    505 => [ 'GET /api HTTP/2.1', [], 'http_version_not_supported', 0 ],
);

sub once { my ($answer, $name) = @_; my $value = $answer->header($name); return ref $value ? "twice: @$value" : $value }

subtest 'every error has our form, in the language asked for' => sub {
    for my $status (sort keys %error) {
        my ($line, $headers, $code, $read) = @{ $error{$status} };
        for my $language ('en', 'zh') {
            my $answer = sent($line, headers => [ "Accept-Language: $language", @$headers ]);
            is($answer->status, $status, "$status is the status of its request ($language)");
            is($answer->json->{code}, $code, "$status has its code ($language)");
            like(once($answer, 'Content-Type'), qr{^application/json}, "$status is JSON ($language)");
            is(
                once($answer, 'X-Content-Type-Options'), 'nosniff',
                "$status may not be sniffed for its type ($language)"
            );
            is(once($answer, 'Cache-Control'), 'no-store', "$status is not stored ($language)");
            ok(once($answer, 'X-Request-ID'), "$status has a request id ($language)");
            is(
                $answer->json->{detail} =~ /\p{Han}/ ? 'zh' : 'en', $read ? $language : 'en',
                "$status is in the language that nginx has read ($language)"
            );
        }
    }
    is(
        once(sent('POST / HTTP/1.1', headers => ['Content-Length: 0']), 'Allow'), 'GET, HEAD',
        'a 405 lists the methods'
    );
    is(sent('GET /assets/ HTTP/1.1')->json->{code}, 'not_found', 'a folder is not found');
};

subtest 'Accept-Language is read by its order, and q=0 is respected' => sub {
    my %wanted = (
        'zh-CN,zh;q=0.9,en;q=0.8' => 'zh', 'ZH-tw'  => 'zh', 'fr, zh;q=0.5'  => 'zh', 'en, zh' => 'en',
        'en-US,en;q=0.9,zh;q=0.8' => 'en', 'zh;q=0' => 'en', 'zh; q=0.0, en' => 'en', 'zha' => 'en', 'zh;q=0.5' => 'zh',
        'fr, en, zh'              => 'en', 'fr, en;q=0.9, zh;q=0.8' => 'en', 'fr, de,  zh' => 'zh',
    );
    for my $accepted (sort keys %wanted) {
        my $answer = sent('GET /assets/none HTTP/1.1', headers => ["Accept-Language: $accepted"]);
        is($answer->json->{detail} =~ /\p{Han}/ ? 'zh' : 'en', $wanted{$accepted}, "$accepted gets $wanted{$accepted}");
    }
    # With an expression that is ambiguous, nginx computes for a second and logs an alert, which fails this test.
    my $odd = sent('GET /assets/none HTTP/1.1', headers => [ 'Accept-Language: a' . ',   ' x 500 . 'zh;q=0' ]);
    is($odd->json->{code}, 'not_found', 'a hostile Accept-Language costs no time');
};

subtest 'a page of an allowed origin reads every error, and no other page' => sub {
    for my $status (sort keys %error) {
        my ($line, $headers, undef, $read) = @{ $error{$status} };
        my $answer = sent($line, from => $origin, headers => $headers);
        is(once($answer, 'Access-Control-Allow-Origin'), $read ? $origin : '*', "$status may be read");
        like(once($answer, 'Access-Control-Expose-Headers'), qr/Retry-After/, "$status exposes its headers");
        is(once($answer, 'Vary'), 'Origin', "$status depends on the origin");
        next if !$read;
        for my $from (
            'https://evil.example', "$origin.evil.example", 'https://chatxexample', "x$origin", "$origin/",
            'null'
            )
        {
            $answer = sent($line, from => $from, headers => $headers);
            is(once($answer, 'Access-Control-Allow-Origin'), undef, "$status may not be read by $from");
            is(once($answer, 'Access-Control-Expose-Headers'), undef, "$status exposes nothing to $from");
        }
    }
};

# A preflight, by which a browser asks for a call.
sub preflight {
    my ($path, $from) = @_;
    return sent("OPTIONS $path HTTP/1.1", from => $from, headers => ['Access-Control-Request-Method: DELETE']);
}

sub allows {
    my ($answer, $name) = @_;
    is($answer->status, 204, "the preflight of $name succeeds");
    ok(once($answer, 'Access-Control-Allow-Origin'), "the preflight of $name allows the origin");
    like(once($answer, 'Access-Control-Allow-Methods'), qr/\bDELETE\b/, "the preflight of $name allows the method");
    like(once($answer, 'Access-Control-Allow-Headers'), qr/\bAuthorization\b/, "the preflight of $name allows a token");
}

subtest 'a preflight succeeds where nginx refuses the call' => sub {
    allows(preflight($_->[0], $origin), $_->[1])
        for [ '/api/%zz', 'a broken path' ], [ "/api?$long", 'a long address' ], [ '/rooms/12', 'a page' ];
    my $other = preflight('/rooms/12', 'https://evil.example');
    is(once($other, "Access-Control-Allow-$_"), undef, "a preflight from another origin gets no Allow-$_")
        for qw(Origin Methods Headers);
    is(sent('OPTIONS /rooms/12 HTTP/1.1')->status, 405, 'OPTIONS that is no preflight is refused as any other method');
};

sub stop_pool {
    my @workers = $stack->workers('api');
    $stack->hold('api');
    $stack->kill('api');
    kill KILL => @workers;
    return $stack->wait_for(5, sub { $stack->get('/api')->status == 502 });
}

subtest 'a restart looks like a restart, not like a dead network' => sub {
    ok(stop_pool(), 'without a pool, nginx answers 502');
    allows(preflight('/api/rooms', $origin), 'a route without its pool');
    my $answer = sent('GET /api/rooms HTTP/1.1', from => $origin);
    is($answer->status, 502, 'the call gets 502');
    is(once($answer, 'Access-Control-Allow-Origin'), $origin, 'the page may read the 502');
    is(once($answer, 'Retry-After'), 1, 'the 502 names a time to wait');
    is(sent('OPTIONS /api/rooms HTTP/1.1')->status, 502, 'OPTIONS that is no preflight gets the 502');
};

subtest 'without CORS_ORIGINS nobody reads an error' => sub {
    my $closed = Fastchat::Stack->new(own => 1);
    for my $path ('/assets/none', '/api/%zz') {
        my $answer = $closed->raw('GET', $path, ["Origin: $origin"]);
        is(once($answer, 'Access-Control-Allow-Origin'), undef, "the error of $path is for no page");
        is(once($answer, 'Access-Control-Expose-Headers'), undef, "the error of $path exposes nothing");
    }
};

subtest '* lets every origin read errors' => sub {
    my $open = Fastchat::Stack->new(own => 1, env => { CORS_ORIGINS => '*' });
    is(
        once($open->raw('GET', '/assets/none', ['Origin: null']), 'Access-Control-Allow-Origin'),
        'null', 'any origin may read an error'
    );
};

done_testing;
