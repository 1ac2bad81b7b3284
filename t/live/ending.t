#!/usr/bin/perl
# How streams end: after signing out, leaving, slowness, or the end of the process; with Redis and without.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use Time::HiRes qw(time sleep);

# A stream that is too slow has half a minute for its last event, so it is read at once.
sub slow_one {
    my ($stack, $bob, $stream, $say_it) = @_;
    subtest 'a slow stream ends with resync, others get every entry' => sub {
        my $slow = Fastchat::Stream->new($bob, receive_bytes => 65_536);
        my @wrong;
        for my $number (1 .. 900) {
            my $sent = $say_it->('long ' x 1500)->{seq} // 'nothing';
            my $told = $stream->await('entry', 30);
            push @wrong, "$number: " . ($told ? $told->{data}{seq} : 'none') . " for $sent"
                if !$told || $told->{data}{seq} ne $sent;
            last if !$told || $stack->log_text('events') =~ /is too slow/;
        }
        is("@wrong", '', 'a stream gets every entry in order beside one that does not read');
        my ($resync, $after);
        while (my $event = $slow->next(30)) {
            $resync = $event if $event->{event} eq 'resync';
            $after  = 1 if $resync && $event != $resync;
        }
        is_deeply($resync && $resync->{data}, { reason => 'too_slow' }, 'a slow stream is sent resync');
        ok($slow->{finished} && !$after, 'a slow stream ends after resync');
    };
}

for my $redis (1, 0) {
    my $with  = $redis ? 'with Redis' : 'without Redis';
    my $stack = Fastchat::Stack->new(
        own => 1, expect => [qr/exited on signal 9|died \(signal 9\)/],
        env => { EVENTS_HEARTBEAT_SECONDS => 1, EVENTS_QUEUE_KB => 64, ($redis ? () : (REDIS_HOST => '')) }
    );
    my ($ann, $bob) = map { $stack->user($_) } qw(ann bob);
    my $room   = $ann->post('/api/rooms', { name => 'x', member_ids => [ $bob->id ] })->json->{id};
    my $at     = "/api/rooms/$room";
    my $n      = 0;
    my $say_it = sub { $ann->post("$at/messages", { client_id => 'c' . ++$n, body => $_[0] // 'x' })->json };

    my $stream = Fastchat::Stream->new($bob);
    $stream->next;

    # Entries also arrive without a hint.
    subtest "$with: a stream gets entries, and heartbeats while there are none" => sub {
        my $seq = $say_it->()->{seq};
        is(($stream->await('entry') || { data => {} })->{data}{seq}, $seq, "$with: an entry arrives");
        ok(
            $stack->wait_for(5, sub { $stream->next(0.2); $stream->{beats} >= 1 }),
            "$with: a silent stream sends heartbeats"
        );
    };

    subtest "$with: a stream follows its user's rooms" => sub {
        my $added = $ann->post('/api/rooms', { name => 'y', member_ids => [ $bob->id ] })->json->{id};
        ok(
            exists(($stream->await('rooms') || { data => { joined => {} } })->{data}{joined}{$added}),
            "$with: a new room is announced"
        );
        $ann->delete("/api/rooms/$added/members/" . $bob->id);
        is_deeply(
            ($stream->await('rooms') || { data => {} })->{data}{left}, [$added],
            "$with: a removal is announced"
        );
        $ann->post("/api/rooms/$added/messages", { client_id => 'z', body => 'secret' });
        ok(!$stream->await('entry', 1.5), "$with: a removed member receives nothing more of the room");
    };

    subtest "$with: a stream ends with its session" => sub {
        my $phone =
            $stack->post('/api/sessions', { username => $bob->username, password => $bob->password })->json->{token};
        my $there = Fastchat::Stream->new($bob, token => $phone);
        $there->next;
        $stack->delete('/api/sessions/current', token => $phone);
        ok($there->ends, "$with: ending a session ends its stream");
        is(Fastchat::Stream->new($bob, token => $phone)->status, 401, "$with: an ended session cannot open a stream");
        ok(!$stream->ends(0.1), "$with: the user's other stream goes on");
    };

    subtest "$with: a stream ends if an operator ends its session by hand" => sub {
        my %by_hand = (
            'deletes the session'  => sub { "DELETE FROM sessions WHERE id = $_[1]" },
            'lets the session end' => sub { "UPDATE sessions SET expires_at = 1 WHERE id = $_[1]" },
            'disables the user'    => sub { "UPDATE users SET state = 1 WHERE id = $_[0]" },
            'deletes the user'     => sub { "DELETE FROM users WHERE id = $_[0]" },
        );
        for my $how (sort keys %by_hand) {
            my $user  = $stack->user('user');
            my $there = Fastchat::Stream->new($user);
            $stack->sql($by_hand{$how}->($user->id, $there->next->{data}{session}));
            ok($there->ends(8), "$with: a stream ends if an operator $how");
        }
    };

    subtest "$with: a new password ends the streams of other sessions only" => sub {
        my $tablet =
            $stack->post('/api/sessions', { username => $bob->username, password => $bob->password })->json->{token};
        my $there = Fastchat::Stream->new($bob, token => $tablet);
        $there->next;
        is(
            $bob->put('/api/users/me/password', { old_password => $bob->password, password => 'new password' })->status,
            204, "$with: a password is changed"
        );
        ok($there->ends, "$with: a new password ends the streams of other sessions");
        ok(!$stream->ends(0.1), "$with: a new password keeps the caller's stream");
    };

    $stream = Fastchat::Stream->new($bob);
    $stream->next;

    # Without Redis entries come once a second, which would take too long.
    slow_one($stack, $bob, $stream, $say_it) if $redis;

    my @streams = map { Fastchat::Stream->new($bob, lines => $_ % 2) } 1 .. 4;
    $_->next for @streams;
    my ($old) = $stack->workers('events');
    kill 'TERM', $old;

    subtest "$with: SIGTERM sends bye to every stream and ends it" => sub {
        my @byes = map { ($_->await('bye') || { data => {} })->{data}{retry_ms} // 0 } @streams;
        is(scalar(grep { $_ >= 500 && $_ <= 5000 } @byes), 4, "$with: SIGTERM sends bye with a delay to every stream");
        ok($_->ends, "$with: SIGTERM ends the streams") for @streams[ 0, 1 ];
    };

    my $seq = $say_it->()->{seq};
    my $next;

    subtest "$with: another process takes over after SIGTERM" => sub {
        ok(
            $stack->wait_for(5, sub { $next = Fastchat::Stream->new($bob); $next->status == 200 }),
            "$with: another process takes over"
        );
        is($next->next->{data}{rooms}{$room}, $seq, "$with: the new process knows the room's last number");
        isnt(($stack->workers('events'))[0], $old, "$with: the new process has another pid");
    };

    subtest "$with: another process takes over after kill -9" => sub {
        my ($new) = $stack->workers('events');
        sleep 1;
        kill 'KILL', $new;
        ok($next->ends, "$with: kill -9 ends the streams");
        ok(
            $stack->wait_for(5, sub { $next = Fastchat::Stream->new($bob); $next->status == 200 }),
            "$with: another process takes over after kill -9"
        );
    };

    # If no event loop runs, the other pool replies.
    next if !$redis;
    subtest 'without an event loop streams are refused and long polls end at once' => sub {
        $stack->hold('events');
        my ($last) = $stack->workers('events');
        $stack->kill('events', 'TERM');
        $stack->wait_for(10, sub { !kill 0, $last });
        my $none;
        ok(
            $stack->wait_for(10, sub { $none = $bob->get('/api/events'); $none->status == 503 }),
            'a stream is refused if no event loop runs'
        );
        is($none->json->{code}, 'no_live_events', 'the denial of a stream has a code');
        my $began = time;
        is(
            $bob->post('/api/sync/wait', { rooms => { $room => 10_000_000 }, wait => 20 })->status, 200,
            'a long poll is answered if no event loop runs'
        );
        cmp_ok(time - $began, '<', 15, 'a long poll does not wait if no event loop runs');
        $stack->release('events');
    };
}

done_testing;
