#!/usr/bin/perl
# Long polls: held until something is new, or the time is over.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new;
my ($ann, $bob) = map { $stack->user($_) } qw(ann bob);
my $room = $ann->post('/api/rooms', { name => 'x', member_ids => [ $bob->id ] })->json->{id};
my $last = $bob->get("/api/rooms/$room")->json->{last_seq};

sub wait_for {
    my ($rooms, $seconds) = @_;
    my $began  = time;
    my $answer = $bob->post('/api/sync/wait', { rooms => $rooms, wait => $seconds });
    return ($answer, time - $began);
}

subtest 'a wait returns at once if there is an entry, else after its time' => sub {
    my ($answer, $took) = wait_for({}, 25);
    is_deeply(
        [ map { $_->{id} } @{ $answer->json->{rooms} } ], [$room],
        'a wait with an unknown room is answered with that room'
    );
    cmp_ok($took, '<', 20, 'news that exists already is returned before the wait is over');
    ($answer, $took) = wait_for({ $room => 1 }, 25);
    is(scalar @{ $answer->json->{entries} }, $last - 1, 'a wait with missed entries is answered with them');
    cmp_ok($took, '<', 20, 'news that exists already is returned before the wait is over');
    ($answer, $took) = wait_for({ $room => $last }, 1);
    is_deeply(
        $answer->json,
        { entries => [], rooms => [], left => [], restarted => [], more => JSON::PP::false, after_room => 0 },
        'a wait in which nothing happens ends empty'
    );
    cmp_ok($took, '>', 0.7, 'an empty wait lasts for the time asked');
    cmp_ok($took, '<', 20, 'an empty wait ends after its time');
};

# Calls the code half a second after a wait began.
sub meanwhile {
    my ($marks, $code) = @_;
    my $waiting = $stack->begin_at_once(
        1,
        sub { my ($said, $seconds) = wait_for($marks, 15); return { answer => $said->json, took => $seconds } }
    );
    sleep 0.5;
    $code->();
    return ($waiting->())[0];
}

subtest 'something new ends a wait' => sub {
    my $said;
    my $got = meanwhile(
        { $room => $last },
        sub { $said = $ann->post("/api/rooms/$room/messages", { client_id => 'a', body => '来了' })->json }
    );
    is_deeply($got->{answer}{entries}, [$said], 'an entry ends the wait');
    cmp_ok($got->{took}, '<', 7, 'an entry ends the wait long before its time');
    my $second;
    $got = meanwhile(
        { $room => $said->{seq} },
        sub { $second = $ann->post('/api/rooms', { name => 'y', member_ids => [ $bob->id ] })->json->{id} }
    );
    is_deeply([ map { $_->{id} } @{ $got->{answer}{rooms} } ], [$second], 'a new room ends the wait');
    $got = meanwhile(
        { $room => $said->{seq}, $second => 2 },
        sub { $ann->delete("/api/rooms/$second/members/" . $bob->id) }
    );
    is_deeply($got->{answer}{left}, [$second], 'losing a room ends the wait');
    $got = meanwhile({ $room => $said->{seq} }, sub { $stack->delete('/api/sessions/current', token => $bob->token) });
    is($got->{answer}{code}, 'not_signed_in', 'ending the session ends the wait');
};

subtest 'a wait needs a session and a time from 1 to 25 s' => sub {
    is($ann->post('/api/sync/wait', { rooms => {}, wait => $_ })->status, 422, "wait=$_ is refused") for 0, 26, -1;
    is($ann->post('/api/sync/wait', { rooms => {} })->status, 422, 'a wait without a time is refused');
    is($stack->post('/api/sync/wait', { rooms => {}, wait => 5 })->status, 401, 'a wait needs a session');
};

done_testing;
