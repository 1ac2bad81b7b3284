#!/usr/bin/perl
# The limits of nginx for one address: held requests, requests, downloads.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use IO::Socket::INET;

my $stack = Fastchat::Stack->new(env =>
        { EVENTS_PER_ADDRESS => 4, CONNECTIONS_PER_ADDRESS => 10, EVENTS_PER_SESSION => 100, EVENTS_PER_USER => 100 });
my $ann = $stack->user('ann');
my ($address) = $stack->url =~ m{//(.*)};

# Sends the head of a request and reads nothing.
sub begun {
    my ($line, @headers) = @_;
    my $socket =
        IO::Socket::INET->new(Proto => 'tcp', PeerAddr => $address, Sockopts => [ [ Socket::SO_RCVBUF(), 65_536 ] ])
        or die "$address: $@";
    print $socket join "\r\n", "$line HTTP/1.1", "Host: $address", 'Authorization: Bearer ' . $ann->token, @headers,
        '', '';
    return $socket;
}

# Checks that nginx refuses the request as a limit does. While it does not, `more` is called: what has ended before may
# still count for a moment, and then makes room.
sub refuses {
    my ($name, $path, $more) = @_;
    for my $language ('en', 'zh') {
        my $refused;
        $stack->wait_for(
            30,
            sub {
                $refused = $ann->get($path, headers => { 'Accept-Language' => $language });
                $more->() if $more && $refused->status != 429;
                return $refused->status == 429;
            }
        );
        is($refused->status, 429, "$name: 429 ($language)");
        is($refused->json->{code}, 'too_many_connections', "$name: the refusal has a code ($language)");
        is($refused->header('Retry-After'), 1, "$name: the refusal carries Retry-After ($language)");
        is(
            $refused->json->{detail} =~ /\p{Han}/ ? 'zh' : 'en', $language,
            "$name: the refusal is in the language asked for ($language)"
        );
    }
}

subtest 'an address holds so many requests' => sub {
    is($stack->get('/api/events')->status, 401, 'a request that is not admitted holds nothing') for 1 .. 6;
    my @streams = map { Fastchat::Stream->new($ann) } 1 .. 4;
    is_deeply([ map { $_->status } @streams ], [ (200) x 4 ], 'four streams are held');
    refuses('a fifth stream', '/api/events');
    is($ann->post('/api/sync/wait', { rooms => {}, wait => 5 })->status, 429, 'long polls count alike');
    is($ann->get('/api/users/me')->status, 200, 'other requests are answered');
    $_->close for @streams;
    ok(
        $stack->wait_for(5, sub { my $s = Fastchat::Stream->new($ann); $s->close; $s->status == 200 }),
        'streams that were closed no longer count'
    );
};

subtest 'an address has so many requests under way' => sub {
    my @slow;
    my $more = sub {
        push @slow, begun('POST /api/rooms', 'Content-Type: application/json', 'Content-Length: 100');
    };
    $more->() for 1 .. 10;
    refuses('a request too many', '/api/users/me', $more);
    refuses('a file too many', '/assets/none.js', $more);
    close $_ for @slow;
    ok(
        $stack->wait_for(5, sub { $ann->get('/api/users/me')->status == 200 }),
        'requests that have ended no longer count'
    );
};

# Its 40 MB are far more than what the sockets hold.
sub export_of {
    my ($owner) = @_;
    my $id = int rand 1 << 40;
    $stack->sql("INSERT INTO exports VALUES ($id, " . $owner->id . ", 1, 41943040, 0, 9999999999999)");
    $stack->sql("INSERT INTO export_chunks SELECT $id, 1, seq - 1, REPEAT('x', 524288) FROM seq_1_to_80");
    return $id;
}

subtest 'slow downloads are few, and hold no worker' => sub {
    my $export = export_of($ann);
    my @slow   = map { begun("GET /api/exports/$export") } 1 .. 3;
    my $served = sub {
        my $lines = () = $stack->log_text('api') =~ m{"route":"/api/exports/\{export_id\}","path":[^\n]*"status":200}g;
        return $lines == 3;
    };
    ok($stack->wait_for(30, $served), 'the worker has sent what a slow client has not read');
    refuses('a fourth download', "/api/exports/$export");
    close $_ for @slow;
    my $whole;
    ok(
        $stack->wait_for(10, sub { $whole = $ann->get("/api/exports/$export"); $whole->status == 200 }),
        'downloads that have ended no longer count'
    );
    is(length $whole->content, 41_943_040, 'a download is complete');
    is($ann->head("/api/exports/$export")->header('Content-Length'), 41_943_040, 'HEAD of a download has its length');
};

done_testing;
