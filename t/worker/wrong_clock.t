#!/usr/bin/perl
# A host whose clock is wrong by an hour: what orders rooms, entries and members has the time of the database.
use lib 't/lib';
use Fastchat::Test;

my $shim = "$Fastchat::Stack::root/build/" . ($ENV{FASTCHAT_FLAVOUR} || 'release') . '/t/shim/wrong_clock.so';
-e $shim or BAIL_OUT("$shim is not built (make tests)");

# The rooms of all pages, two at a time; `between` is run after each page.
sub walk {
    my ($user, $between) = @_;
    my (%seen, $next);
    do {
        my $page = $user->get('/api/rooms?limit=2' . (defined $next ? "&cursor=$next" : ''))->json;
        $seen{ $_->{id} } = 1 for @{ $page->{items} };
        $next = $page->{next};
        $between->();
    } while (defined $next && keys %seen < 100);
    return \%seen;
}

for my $shift (-3600, 3600) {
    my $host  = $shift < 0 ? 'a slow clock' : 'a fast clock';
    my $stack = Fastchat::Stack->new(
        own => 1,
        env => { FASTCHAT_WRAP => "/usr/bin/env LD_PRELOAD=$shim FASTCHAT_CLOCK_SHIFT=$shift" }
    );
    my $now = sub { return $stack->sql('SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)') };

    subtest "$host: times are those of the database" => sub {
        my $ann    = $stack->user('ann');
        my $before = $now->();
        my $signed = $stack->sql('SELECT created_at FROM sessions WHERE user_id = ' . $ann->id);
        cmp_ok(abs($signed - $before - 1000 * $shift), '<', 600_000, "$host: set-up: the clock of the host is wrong");
        my $room = $ann->post('/api/rooms', { name => 'r' })->json->{id};
        $ann->post("/api/rooms/$room/messages", { client_id => 'c1', body => 'x' });
        my $after = $now->();
        my %times = (
            'the last activity of a room' => "SELECT last_at FROM rooms WHERE id = $room",
            'the making of a room'        => "SELECT created_at FROM rooms WHERE id = $room",
            'the first entry'             => "SELECT MIN(created_at) FROM room_log WHERE room_id = $room",
            'the last entry'              => "SELECT MAX(created_at) FROM room_log WHERE room_id = $room",
            'a join'                      => "SELECT joined_at FROM members WHERE room_id = $room",
        );
        for my $what (sort keys %times) {
            my $time = $stack->sql($times{$what});
            ok($before <= $time && $time <= $after, "$host: $what has the time of the database")
                or diag "$before <= $time <= $after";
        }
    };

    subtest "$host: a walk through the rooms misses none that moves" => sub {
        my $bob   = $stack->user('bob');
        my @rooms = map { $bob->post('/api/rooms', { name => "r$_" })->json->{id} } 1 .. 7;
        # The rooms were last active long ago; then each moves to the top, the oldest ones first.
        my $long = 24 * 3600 * 1000;
        $stack->sql("UPDATE rooms SET last_at = last_at - $long + id WHERE id IN (" . join(', ', @rooms) . ')');
        my @moving = @rooms;
        my $move   = sub {
            my $room = shift @moving or return;
            # Every other message is one of another host, whose clock is right.
            return $bob->post("/api/rooms/$room/messages", { client_id => 'm', body => 'x' }) if @moving % 2;
            my $time = $now->();
            return $stack->sql("UPDATE rooms SET last_at = $time WHERE id = $room");
        };
        is_deeply(walk($bob, $move), { map { $_ => 1 } @rooms }, "$host: every room is in one of the pages");
    };
}

done_testing;
