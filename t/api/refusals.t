#!/usr/bin/perl
# The cost of a refusal: whatever was sent, the answer is small, and it repeats only the beginning of a value.
use lib 't/lib';
use Fastchat::Test;

my $ANSWER_MAX = 64 * 1024;
my $ECHO_MAX   = 200;

my $stack = Fastchat::Stack->new;
my $alice = $stack->user('alice');
my $room  = $alice->post('/api/rooms', { name => '拒绝' })->json->{id};
my $auth  = 'Authorization: Bearer ' . $alice->token;

sub body {
    my ($path, $bytes) = @_;
    return $alice->raw('POST', $path, [ $auth, 'Content-Type: application/json' ], $bytes);
}

# The bytes of the longest text in a value.
sub longest {
    my ($value) = @_;
    my @parts = ref $value eq 'HASH' ? %$value : ref $value eq 'ARRAY' ? @$value : ();
    return (sort { $b <=> $a } 0, map { longest($_) } @parts)[0] if ref $value;
    my $bytes = $value // '';
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    return length $bytes;
}

sub is_small {
    my ($answer, $status, $name) = @_;
    is($answer->status, $status, "$name: $status");
    cmp_ok(length($answer->content), '<=', $ANSWER_MAX, "$name: the answer is small");
    return $status == 422
        ? cmp_ok(
        longest([ map { @$_{qw(loc input)} } @{ $answer->json->{detail} } ]), '<=', $ECHO_MAX,
        "$name: echoes are short"
        )
        : 1;
}

sub many {
    my ($count, $format) = @_;
    return join ',', map { sprintf $format, $_ } 1 .. $count;
}

subtest 'a refused body gets a small answer' => sub {
    my %bodies = (
        'unknown members'         => '{' . many(600, '"k%d":[]') . '}',
        'a long unknown name'     => '{"' . '名' x 3000 . '":1}',
        'a long value'            => '{"name":"' . '值' x 3000 . '"}',
        'a value of controls'     => '{"name":"' . '\u0001' x 1600 . '"}',
        'an object as a value'    => '{"name":{' . many(600, '"k%d":1') . '}}',
        'a list of wrong ids'     => '{"name":"x","member_ids":[' . many(100, '"' . 'x' x 90 . '%d"') . ']}',
        'a list that is too long' => '{"name":"x","member_ids":[' . many(1500, '%d') . ']}',
        'a list as the body'      => '[' . many(1500, '%d') . ']',
        'a text as the body'      => '"' . 'x' x 9000 . '"',
        'not JSON'                => 'x' x 9000,
    );
    for my $name (sort keys %bodies) {
        my $bytes = $bodies{$name};
        utf8::encode($bytes) if utf8::is_utf8($bytes);
        is_small(body('/api/rooms', $bytes), 422, $name);
    }
    is_small(
        body('/api/sync', '{"rooms":{' . many(2000, '"' . 'r' x 99 . '%d":"x"') . '}}'), 422,
        'rooms that are no ids'
    );
    is_small(body('/api/rooms', 'x' x 900_000), 413, 'a megabyte');
};

subtest 'of very many faults the first 20 are described, and the others counted' => sub {
    my $answer = body('/api/rooms', '{"name":"x",' . many(600, '"k%d":[]') . '}')->json;
    is(scalar @{ $answer->{detail} }, 20, 'the first 20 faults are described');
    is($answer->{more}, 580, 'the others are counted');
    is_deeply($answer->{detail}[19]{loc}, [qw(body k20)], 'faults come in the order of the body');
    my $few = body('/api/rooms', '{"name":"x",' . many(20, '"k%d":[]') . '}')->json;
    is_deeply([ scalar @{ $few->{detail} }, exists $few->{more} ], [ 20, '' ], '20 faults are all described');
    my $rooms = body('/api/sync', '{"rooms":{' . many(2000, '"x%d":-1') . '}}')->json;
    is($rooms->{more}, 3980, 'each key and each value of an object counts');
};

subtest 'a refused address gets a small answer' => sub {
    my $long   = '%E9%95%BF' x 700;
    my $digits = '7' x 2000;
    is_small($alice->get("/api/rooms/$long"), 422, 'a long id in a path');
    is_small($alice->get("/api/nothing/$long"), 404, 'a long path');
    is_small($alice->get("/api/users?q=$long"), 422, 'a long value in a query');
    is_small($alice->get('/api/users?q=' . '%01' x 2000), 422, 'a value of controls in a query');
    is_small($alice->get('/api/users?q=' . '%zz' x 2000), 422, 'broken escapes in a query');
    is_small($alice->get('/api/rooms?' . 'limit=x&' x 900), 422, 'a value given many times');
    is_small($alice->get("/api/rooms/$room/messages?before=$digits&after=$digits&limit=$digits"), 422, 'long numbers');
    is_small($alice->raw('GET', '/api/nothing', [ $auth, 'Origin: ' . 'x' x 7000 ]), 404, 'a long header');
    is_small(
        $alice->raw('POST', '/api/rooms', [ $auth, 'X-HTTP-Method-Override: ' . 'X' x 3000 ]), 405,
        'a long method'
    );
};

done_testing;
