#!/usr/bin/perl
# While somebody holds a lock on a table, requests that do not need it go on, and those that need it end soon.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(time sleep);

my $hold_seconds = 6;
my $stack        = Fastchat::Stack->new(own => 1);
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
my $room = $alice->post('/api/rooms', { name => '锁', member_ids => [ $bob->id ] })->json->{id};

# Sends one request after the other; returns [status, seconds, when it began] of each.
sub ask_until {
    my ($user, $path, $until) = @_;
    my @answers;
    while (time < $until) {
        my $began  = time;
        my $status = $user->get($path)->status;
        push @answers, [ $status, time - $began, $began ];
        sleep 0.02;
    }
    return \@answers;
}

# [table, path that needs it, path that does not].
for my $case (
    [ 'tasks', '/api/tasks', "/api/rooms/$room/messages" ],
    [ 'invitations', '/api/invitations', '/api/rooms' ],
    [ 'room_log', "/api/rooms/$room/messages", '/api/users/me' ],
    )
{
    my ($table, $needs, $path) = @$case;
    subtest "requests go on that do not need the locked table $table" => sub {
        my $hold  = $stack->sql_session;
        my $until = time + $hold_seconds;
        $_->get($path) for $alice, $bob;    # their sessions are known
        $hold->("LOCK TABLES $table WRITE");
        my $needing = $stack->begin_at_once(40, sub { return ask_until($alice, $needs, $until) });
        my $others  = $stack->begin_at_once(2, sub { return ask_until($bob, $path, $until) });
        my @others  = map { @$_ } $others->();
        my @needing = map { @$_ } $needing->();
        $hold->('UNLOCK TABLES');
        is_deeply([ grep { $_->[0] != 200 } @others ], [], 'every other request is answered 200');
        my $first  = $until - $hold_seconds + 3;
        my @late   = sort { $a <=> $b } map { $_->[1] } grep { $_->[2] > $first } @others;
        my @sorted = sort { $a <=> $b } map { $_->[1] } @others;
        cmp_ok($sorted[-1], '<', 4, 'no other request waits long');
        cmp_ok($late[ @late * 0.9 ], '<', 0.5, 'once the lock is known, other requests do not wait');
        note sprintf '%d requests: median %.1f ms, 99 %% within %.1f ms, slowest %.1f ms', scalar @sorted,
            1000 * $sorted[ @sorted / 2 ], 1000 * $sorted[ @sorted * 0.99 ], 1000 * $sorted[-1];
        my %status;
        $status{ $_->[0] }++ for @needing;
        is_deeply([ keys %status ], [503], 'requests that need the table are answered 503');
        cmp_ok((sort { $b <=> $a } map { $_->[1] } @needing)[0], '<', 5, 'each of them is answered soon');
        ok($stack->wait_for(5, sub { $alice->get($needs)->status != 503 }), 'they are served once the lock is gone');
    };
}

done_testing;
