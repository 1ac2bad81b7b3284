#!/usr/bin/perl
# A database in which nothing changes is not compared again and again; what is changed by hand is noticed all the same.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use Time::HiRes qw(sleep time);

my $stack = Fastchat::Stack->new(own => 1);
my ($ann, $bob, $eve) = map { $stack->user($_) } qw(ann bob eve);
my $room = $ann->post('/api/rooms', { name => 'quiet', member_ids => [ $bob->id, $eve->id ] })->json->{id};

# Long enough that the last change has been compared, and nothing is compared any more.
sub wait_until_quiet { sleep 6 }

# Within 2 s; more for a busy machine. Without the comparison it would take 30 s.
sub is_soon {
    my ($began, $name) = @_;
    cmp_ok(time - $began, '<', 5, $name);
}

subtest 'an entry without a hint arrives after a quiet time' => sub {
    my $stream = Fastchat::Stream->new($ann);
    $stream->next;
    for my $round (1 .. 2) {
        wait_until_quiet();
        my $began = time;
        my $seq   = $stack->sql("SELECT last_seq + 1 FROM rooms WHERE id = $room");
        my $at    = $stack->sql("SELECT last_at + 1 FROM rooms WHERE id = $room");
        $stack->sql('INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) '
                . "VALUES ($room, $seq, 0, ${\$bob->id}, 'by hand $round', 'by hand', $at)");
        $stack->sql("UPDATE rooms SET last_seq = $seq, last_message_seq = $seq, last_at = $at WHERE id = $room");
        my $e = $stream->await('entry');
        is($e->{data}{seq}, $seq, "round $round: the entry arrives");
        is_soon($began, "round $round: it arrives within 2 s");
    }
    $stream->close;
};

subtest 'a session that is deleted by hand ends its stream after a quiet time' => sub {
    my $stream = Fastchat::Stream->new($bob);
    $stream->next;
    wait_until_quiet();
    my $began = time;
    $stack->sql('DELETE FROM sessions WHERE user_id = ' . $bob->id);
    ok($stream->ends, 'the stream ends');
    is_soon($began, 'it ends within 2 s');
};

subtest 'a stream that begins in a quiet time is compared, too' => sub {
    wait_until_quiet();
    my $until  = int((time + 4) * 1000);
    my $unused = 'last_seen_at = last_seen_at + 1';
    $stack->sql("UPDATE sessions SET expires_at = $until, $unused WHERE user_id = " . $eve->id);
    my $stream = Fastchat::Stream->new($eve);
    is($stream->next->{event}, 'hello', 'a stream begins shortly before its session ends by itself');
    ok($stream->ends, 'it ends with its session, although nothing changes in the database');
    cmp_ok(time, '>=', $until / 1000 - 0.1, 'it does not end before');
    is_soon($until / 1000, 'it ends within 2 s after that');
};

subtest 'a user who is disabled by hand has no streams after a quiet time' => sub {
    my $stream = Fastchat::Stream->new($ann);
    $stream->next;
    wait_until_quiet();
    my $began = time;
    $stack->sql('UPDATE users SET state = 1 WHERE id = ' . $ann->id);
    ok($stream->ends, 'the stream ends');
    is_soon($began, 'it ends within 2 s');
};

done_testing;
