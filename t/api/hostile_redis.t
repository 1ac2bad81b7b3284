#!/usr/bin/perl
# Whoever can write to Redis can slow fastchat down, but become nobody else, and crash nothing.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;

my $stack = Fastchat::Stack->new(env => { LIMIT_GENERAL => 100_000, LIMIT_SEND => 100_000 });
my ($ann, $bob) = map { $stack->user($_) } qw(ann bob);
my $room = $ann->post('/api/rooms', { name => '周末爬山' })->json->{id};
my $dm   = $ann->put('/api/dms/' . $bob->id, {})->json->{id};

sub script { return $stack->redis_cli('EVAL', $_[0], 0) }

# Requests that use every kind of key.
sub use_all {
    return map { $_->status } (
        $ann->get('/api/users/me'),
        $ann->get("/api/rooms/$room/messages"),
        $ann->post("/api/rooms/$room/messages", { client_id => 'c' . rand, body => '你好' }),
        $ann->post("/api/rooms/$room/typing", {}),
        $ann->get("/api/rooms/$dm/members"),
        $ann->post('/api/sync', { rooms => {} }),
    );
}
my $good = [ 200, 200, 201, 204, 200, 200 ];

subtest 'Redis does not say who somebody is' => sub {
    use_all();
    my @keys = split /\n/, $stack->redis_cli('KEYS', '*');
    is_deeply(
        [ grep { /^fc:/ && !/^fc:(?:l|online)\b/ } @keys ], [],
        'no key is about a session or a membership'
    );
};

subtest 'forged announcements end no session, and hide no end of one' => sub {
    my @devices =
        map { $stack->post('/api/sessions', { username => $ann->username, password => $ann->password })->json->{token} }
        1 .. 2;
    $ann->get('/api/users/me', token => $_) for @devices, @devices;
    is($ann->delete('/api/sessions/current', token => $devices[0])->status, 204, 'a session is ended');
    for my $text ($ann->id, $bob->id, '0', '-1', '9' x 19, '9' x 40, '', 'x', '1 2', 'x' x 3_000_000) {
        my $name = length $text > 40 ? length($text) . ' bytes' : "\"$text\"";
        script(   "redis.call('PUBLISH', 'fc:0:revoked', "
                . (length $text > 40 ? "string.rep('x', 3000000)" : "'$text'")
                . ')');
        is($ann->get('/api/users/me', token => $devices[0])->status, 401, "an ended session stays ended after $name");
        is($ann->get('/api/users/me', token => $devices[1])->status, 200, "another session goes on after $name");
        is($bob->get('/api/users/me')->json->{id}, $bob->id, "another user is who they were after $name");
    }
    script("for i = 1, 10000 do redis.call('PUBLISH', 'fc:0:revoked', i) end");
    is_deeply([ use_all() ], $good, 'a flood of announcements disturbs no request');
};

subtest 'values of other types are as if absent' => sub {
    my @kinds = (
        [ 'a list'         => q(redis.call('LPUSH', k, 'x')) ],
        [ 'a hash'         => q(redis.call('HSET', k, 'a', 'b')) ],
        [ 'a sorted set'   => q(redis.call('ZADD', k, 1, 'not an id')) ],
        [ 'a text'         => q(redis.call('SET', k, 'x')) ],
        [ 'an empty text'  => q(redis.call('SET', k, '')) ],
        [ 'a long text'    => q(redis.call('SET', k, string.rep('1 1 ', 100000))) ],
        [ 'a large number' => q(redis.call('SET', k, '9223372036854775807')) ],
    );
    for my $kind (@kinds) {
        use_all() for 1 .. 2;
        script("for _, k in ipairs(redis.call('KEYS', 'fc:*')) do redis.call('DEL', k) $kind->[1] end");
        is_deeply([ use_all() ], $good, "$kind->[0] under every key disturbs no request");
    }
};

subtest 'a hint that fastchat has not published is ignored' => sub {
    my $stream = Fastchat::Stream->new($ann);
    $stream->next;
    my $json  = '{"room_id":' . $room . ',"user":{"id":1,"nickname":"forged"}}';
    my $typed = "T $room 0 " . $bob->id . "\n\n$json";
    my @texts = ($typed, '0' x 32 . "\n$typed", '', "\n\n", "E $room 99 0\n\n{}", "P 0 0 1\n$room\n{}");
    $stack->redis_cli('PUBLISH', 'fc:0:events:1', $_) for @texts;
    script("redis.call('PUBLISH', 'fc:0:events:1', string.char(0) .. ' 1 2 3')");
    script("redis.call('PUBLISH', 'fc:0:events:1', string.rep('x', 3000000))");
    $ann->post("/api/rooms/$room/messages", { client_id => 'after', body => 'after the forged hints' });
    my @seen;
    while (my $event = $stream->next) {
        push @seen, $event->{event} if $event->{event} ne 'presence';
        last if ($event->{data}{body} // '') eq 'after the forged hints';
    }
    is_deeply(\@seen, ['entry'], 'a stream shows the message, and nothing that was forged');
};

done_testing;
