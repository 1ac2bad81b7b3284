#!/usr/bin/perl
# While a backup holds the global read lock, reads go on, and every write is done or answered 503 in time.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(time sleep);

my $hold_seconds = 12;
my $stack        = Fastchat::Stack->new(own => 1);
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
my $room = $alice->post('/api/rooms', { name => '备份', member_ids => [ $bob->id ] })->json->{id};
my $at   = "/api/rooms/$room/messages";

# Sends until the time is over: each status with the longest time that it took.
sub send_until {
    my ($until, $name) = @_;
    my (%longest, @sent);
    for (my $n = 0; time < $until; $n++) {
        my $began  = time;
        my $status = $alice->post($at, { client_id => "$name $n", body => 'x' })->status;
        my $took   = time - $began;
        $longest{$status} = $took if $took > ($longest{$status} // 0);
        push @sent, "$name $n" if $status == 201;
        sleep 0.2 if $status == 503;
    }
    return { longest => \%longest, sent => \@sent };
}

# The times of reads of every kind, one after the other.
sub read_until {
    my ($until) = @_;
    my (@times, @bad);
    while (time < $until) {
        for my $path ($at, '/api/rooms', '/api/users/me', '/api/readyz', '/api') {
            my $began  = time;
            my $status = $bob->get($path)->status;
            push @times, time - $began;
            push @bad, "$path: $status" if $status != 200;
        }
        sleep 0.01;
    }
    return { times => \@times, bad => \@bad };
}

subtest 'reads go on while writes wait for the global read lock' => sub {
    my $hold  = $stack->sql_session;
    my $until = time + $hold_seconds + 2;
    # Sessions that were last seen an hour ago: a read would note that they are in use.
    $stack->sql('UPDATE sessions SET last_seen_at = 1');
    $stack->redis_cli('FLUSHALL');
    $hold->('FLUSH TABLES WITH READ LOCK');
    my $sending = $stack->begin_at_once(40, sub { return send_until($until, "sender $_[0]") });
    my $reading = $stack->begin_at_once(3, sub { return read_until($until) });
    my $locked  = $stack->wait_for(5, sub { $stack->get('/api/readyz')->json->{database} eq 'locked' });
    sleep $until - 2 - time;
    $hold->('UNLOCK TABLES');
    ok($locked, 'readyz reports that writes wait for a lock');

    my @readers = $reading->();
    my @times   = sort { $a <=> $b } map { @{ $_->{times} } } @readers;
    is_deeply([ map { @{ $_->{bad} } } @readers ], [], 'every read beside waiting writes is answered 200');
    cmp_ok($times[-1], '<', 3, 'the slowest read beside waiting writes takes less than three seconds');
    note sprintf '%d reads: median %.1f ms, 99 %% within %.1f ms, slowest %.1f ms', scalar @times,
        1000 * $times[ @times / 2 ], 1000 * $times[ @times * 0.99 ], 1000 * $times[-1];

    my @senders = $sending->();
    my %longest;
    for my $sender (@senders) {
        for my $status (keys %{ $sender->{longest} }) {
            my $took = $sender->{longest}{$status};
            $longest{$status} = $took if $took > ($longest{$status} // 0);
        }
    }
    is_deeply([ grep { !/^(?:201|503)$/ } keys %longest ], [], 'every write beside the lock is done or answered 503');
    ok($longest{503}, 'writes are refused while others wait for the lock');
    cmp_ok($longest{$_}, '<', 11.5, "every write that is answered $_ is answered in time") for sort keys %longest;
    note join ', ', map { sprintf '%s: slowest %.1f s', $_, $longest{$_} } sort keys %longest;

    my @sent   = map { @{ $_->{sent} } } @senders;
    my %stored = map { $_->[0] => 1 } $stack->sql("SELECT COALESCE(client_id, '') FROM room_log WHERE room_id = $room");
    is_deeply([ grep { !$stored{$_} } @sent ], [], 'every message that was answered 201 is stored');
    is(
        $stack->sql("SELECT COUNT(*) FROM room_log WHERE room_id = $room"),
        $stack->sql("SELECT last_seq FROM rooms WHERE id = $room"),
        'the lock leaves no hole in the numbers'
    );
};

subtest 'everything works once the lock is gone' => sub {
    my @again = map { $alice->post($at, { client_id => "after $_", body => 'x' })->status } 1 .. 20;
    is("@again", join(' ', (201) x 20), 'every message is sent');
    ok($stack->wait_for(5, sub { $stack->get('/api/readyz')->json->{database} eq 'ok' }), 'readyz reports no lock');
};

done_testing;
