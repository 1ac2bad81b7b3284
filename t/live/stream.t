#!/usr/bin/perl
# Streams: their events, receivers and order, and how a stream resumes.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new;
my ($ann, $bob, $eve) = map { $stack->user($_) } qw(ann bob eve);
my $room = $ann->post('/api/rooms', { name => '直播', member_ids => [ $bob->id ] })->json->{id};
my $at   = "/api/rooms/$room";
my $n    = 0;

sub say_it {
    my ($who, $body) = @_;
    my $said = $who->post("$at/messages", { client_id => 'c' . ++$n, body => $body });
    return $said->json;
}

my $stream = Fastchat::Stream->new($bob);

subtest 'a stream is Server-Sent Events and begins with hello' => sub {
    is($stream->status, 200, 'a stream opens');
    is($stream->header('Content-Type'), 'text/event-stream', 'a stream is Server-Sent Events');
    like($stream->header('X-Request-ID'), qr/^\w{16}$/, 'a stream has a request id');
    is($stream->header('Cache-Control'), 'no-store', 'a stream may not be cached');
    my $hello = $stream->next;
    is($hello->{event}, 'hello', 'a stream begins with hello');
    is_deeply($hello->{data}{rooms}, { $room => 2 }, 'hello names the rooms and their last numbers');
    is($hello->{data}{heartbeat_ms}, 15000, 'hello names the heartbeat');
    ok($hello->{data}{session} > 0 && !$hello->{data}{resumed}, 'hello names the session and is not resumed');
    like($hello->{id}, qr/^[0-9a-f]{8}-[0-9a-f]+$/, 'hello has an event id');
};

my $lines = Fastchat::Stream->new($bob, lines => 1);
my $own   = Fastchat::Stream->new($ann);
$own->next;
my $other = Fastchat::Stream->new($eve);

subtest 'every user may open a stream, also as NDJSON' => sub {
    is($lines->header('Content-Type'), 'application/x-ndjson', 'a stream can be NDJSON');
    is($lines->next->{event}, 'hello', 'an NDJSON stream begins with hello');
    is_deeply($other->next->{data}{rooms}, {}, 'a user without rooms gets a stream');
};

subtest 'entries reach every member in order' => sub {
    my $said  = say_it($ann, "你好 \x{1F600} \"quoted\" \\ /");
    my $entry = $stream->await('entry');
    is_deeply($entry->{data}, $said, 'an entry arrives as the sender got it');
    like($entry->{id}, qr/^[0-9a-f]{8}-[0-9a-f]+$/, 'an entry has an event id');
    my $line = $lines->await('entry');
    is_deeply([ @$line{qw(id data)} ], [ $entry->{id}, $said ], 'NDJSON carries the same id and entry');
    is_deeply($own->await('entry')->{data}, $said, 'the sender gets the entry, too');
    ok(!$other->next(0.3), 'a user outside the room gets nothing');
    my @sent = map { say_it($_ % 2 ? $ann : $bob, "message $_")->{seq} } 1 .. 50;
    is_deeply(
        [ map { ($stream->await('entry') || { data => {} })->{data}{seq} } @sent ], \@sent,
        'fifty entries arrive in order'
    );
    my @at_once = sort { $a <=> $b } map { @$_ } $stack->at_once(
        8,
        sub {
            my ($k) = @_;
            [ map { $ann->post("$at/messages", { client_id => "at-once-$k-$_", body => 'x' })->json->{seq} } 1 .. 25 ];
        }
    );
    is_deeply(
        [ map { ($stream->await('entry') || { data => {} })->{data}{seq} } @at_once ], \@at_once,
        'two hundred concurrent entries arrive in order'
    );
    my $long = say_it($ann, "\x{1F600}" x 8000);
    is(
        length(($stream->await('entry') || { data => { body => '' } })->{data}{body}), 8000,
        'the longest message fits'
    );
};

subtest 'typing and read marks reach the other members' => sub {
    is($ann->post("$at/typing")->status, 204, 'typing is accepted');
    is_deeply(
        $stream->await('typing')->{data},
        {
            room_id => $room,
            user    => {
                id             => $ann->id,
                username       => $ann->username,
                nickname       => $ann->get('/api/users/me')->json->{nickname},
                nickname_taken => JSON::PP::false
            }
        },
        'typing reaches the other members'
    );
    is($eve->post("$at/typing")->status, 403, 'typing is denied to users outside the room');
    is($ann->post('/api/rooms/999999999/typing')->status, 404, 'typing in a room that does not exist is refused');
    $bob->put("$at/read", { seq => $_ }) for 10, 10, 3;
    is_deeply(
        $stream->await('read')->{data}, { room_id => $room, user_id => $bob->id, read_seq => 10 },
        "a read mark reaches the reader's own devices"
    );
    my ($typing, @read);
    while (my $event = $own->next(1)) {
        $typing = $event if $event->{event} eq 'typing';
        push @read, $event->{data}{read_seq} if $event->{event} eq 'read';
    }
    ok(!$typing, 'a user gets no events of their own typing');
    is_deeply(\@read, [10], 'a read mark reaches the other members each time it moves');
};

subtest 'changes of membership are announced' => sub {
    my $second = $ann->post('/api/rooms', { name => 'second', member_ids => [ $bob->id ] })->json->{id};
    is_deeply(
        $stream->await('rooms')->{data}, { joined => { $second => 2 }, left => [], restarted => {}, renamed => {} },
        'a new room is announced'
    );
    $ann->post("/api/rooms/$second/messages", { client_id => 's', body => 'in the second' });
    is($stream->await('entry')->{data}{body}, 'in the second', 'an entry of a new room arrives');
    $ann->patch("/api/rooms/$second", { name => '新名字' });
    is($stream->await('entry')->{data}{kind}, 'rename', 'a new name is an entry');
    is_deeply(
        $stream->await('rooms')->{data}{renamed}, { $second => '新名字' },
        'a new name is announced in a rooms event'
    );
    is($ann->delete("/api/rooms/$second/members/" . $bob->id)->status, 204, 'a member is removed');
    is_deeply(
        ($stream->await('rooms') || {})->{data}{left}, [$second],
        'a removal is announced to the removed member'
    );
    $ann->post("/api/rooms/$second/messages", { client_id => 'gone', body => 'not for bob' });
    ok(!$stream->await('entry', 0.7), 'a removed member receives nothing more of the room');
    my $dm = $ann->put('/api/dms/' . $bob->id)->json->{id};
    ok(
        exists(($stream->await('rooms') || { data => { joined => {} } })->{data}{joined}{$dm}),
        'a direct room is announced'
    );
};

subtest 'a stream is resumed with its last id' => sub {
    my $last = do { my $s = say_it($ann, 'before the gap'); my $e = $stream->await('entry'); $e->{id} };
    $stream->close;
    my @missed = map { say_it($ann, "missed $_")->{seq} } 1 .. 5;
    for my $how ([ after => $last ], [ last_event_id => $last ]) {
        my $again = Fastchat::Stream->new($bob, @$how);
        is($again->next->{data}{resumed}, JSON::PP::true, "$how->[0]: a stream is resumed");
        is_deeply(
            [ map { ($again->next || { data => {} })->{data}{seq} } @missed ], \@missed,
            "$how->[0]: a resumed stream delivers missed entries"
        );
        my $new = say_it($ann, 'and then')->{seq};
        is($again->await('entry')->{data}{seq}, $new, "$how->[0]: a resumed stream goes on");
        push @missed, $new;
        $again->close;
    }
    my $quiet = Fastchat::Stream->new($bob, lines => 1);
    my $hello = $quiet->next;
    $quiet->close;
    push @missed, say_it($ann, 'after hello')->{seq};
    my $back = Fastchat::Stream->new($bob, last_event_id => $hello->{id}, after => $last);
    is($back->next->{data}{resumed}, JSON::PP::true, 'a stream lost before its first entry is resumed from hello');
    is($back->next(2)->{data}{seq}, $missed[-1], 'Last-Event-ID wins over ?after=');
    $back->close;
    $back = Fastchat::Stream->new($bob, last_event_id => '', after => $hello->{id});
    is($back->next->{data}{resumed}, JSON::PP::true, 'an empty Last-Event-ID leaves the choice to ?after=');
    $back->close;
    for my $token ('nonsense', '00000000-1', substr($last, 0, 9) . 'ffffff', 'x' x 64) {
        my $again = Fastchat::Stream->new($bob, after => $token);
        ok(!$again->next->{data}{resumed}, "an unknown token ($token) is not resumed");
        is_deeply(
            [ @{ $again->next }{qw(event data)} ], [ 'resync', { reason => 'unknown_token' } ],
            "an unknown token ($token) yields resync"
        );
        $again->close;
    }
};

subtest 'a refused stream is an ordinary answer' => sub {
    is(Fastchat::Stream->new($bob, token => 'x' x 43)->status, 401, 'a malformed session token opens no stream');
    is($bob->request('HEAD', '/api/events')->status, 200, 'HEAD of a stream is answered');
    is(
        $bob->get('/api/events', headers => { 'Sec-Purpose' => 'prefetch' })->json->{code}, 'no_prefetch',
        'a stream is not prefetched'
    );
    is($bob->post('/api/events', {})->status, 405, 'POST to a stream is refused');
    is($bob->get('/api/events?after=' . 'x' x 65)->status, 422, 'a resume token that is too long is refused');
    my @many = map { Fastchat::Stream->new($eve) } 1 .. 9;
    is_deeply([ map { $_->status } @many ], [ (200) x 7, 429, 429 ], 'a session holds eight streams');
    like($many[-1]->header('Retry-After'), qr/^[1-9]\d*$/, 'a denied stream carries Retry-After');
    is(JSON::PP::decode_json($many[-1]->content)->{code}, 'too_many_streams', 'a denied stream has a code');
    $_->close for @many;
    ok(
        $stack->wait_for(
            5, sub { my $s = Fastchat::Stream->new($eve); my $good = $s->status == 200; $s->close; $good }
        ),
        'closed streams no longer count'
    );
};

subtest 'a user who comes online is announced' => sub {
    my $fay = $stack->user('fay');
    $ann->put("$at/members/" . $fay->id);
    $own = Fastchat::Stream->new($ann);
    my $came  = Fastchat::Stream->new($fay);
    my $until = time + 6;
    my $seen;
    while (time < $until && !$seen) {
        my $e = $own->await('presence', $until - time) or last;
        $seen = $e if $e->{data}{user_id} == $fay->id;
    }
    is_deeply(
        $seen && $seen->{data}, { user_id => $fay->id, online => JSON::PP::true },
        'a user who comes online is announced'
    );
    my ($member) = grep { $_->{user}{id} == $fay->id } @{ $ann->get("$at/members")->json->{items} };
    is($member->{user}{online}, JSON::PP::true, 'the member list shows who is online');
};

done_testing;
