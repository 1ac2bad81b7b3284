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

my ($answer, $took) = wait_for({}, 10);
is_deeply([ map { $_->{id} } @{ $answer->json->{rooms} } ], [$room], 'what is there already is answered at once');
cmp_ok($took, '<', 1, 'without waiting');
($answer, $took) = wait_for({ $room => 1 }, 10);
is(scalar @{ $answer->json->{entries} }, $last - 1, 'missed entries, too');
cmp_ok($took, '<', 1, 'without waiting');
($answer, $took) = wait_for({ $room => $last }, 1);
is_deeply(
    $answer->json, { entries => [], rooms => [], left => [], more => JSON::PP::false },
    'where nothing comes, the answer is empty'
);
cmp_ok($took, '>', 0.7, 'after the time');
cmp_ok($took, '<', 2.5, 'and not much later');

# Something happens meanwhile.
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
my $said;
my $got = meanwhile(
    { $room => $last },
    sub { $said = $ann->post("/api/rooms/$room/messages", { client_id => 'a', body => '来了' })->json }
);
is_deeply($got->{answer}{entries}, [$said], 'an entry ends the wait');
cmp_ok($got->{took}, '<', 1.5, 'as it comes');
my $second;
$got = meanwhile(
    { $room => $said->{seq} },
    sub { $second = $ann->post('/api/rooms', { name => 'y', member_ids => [ $bob->id ] })->json->{id} }
);
is_deeply([ map { $_->{id} } @{ $got->{answer}{rooms} } ], [$second], 'so does a new room');
$got =
    meanwhile({ $room => $said->{seq}, $second => 2 }, sub { $ann->delete("/api/rooms/$second/members/" . $bob->id) });
is_deeply($got->{answer}{left}, [$second], 'and a room that is lost');
$got = meanwhile({ $room => $said->{seq} }, sub { $stack->delete('/api/sessions/current', token => $bob->token) });
is($got->{answer}{code}, 'not_signed_in', 'a session that ends, ends the wait');

is($ann->post('/api/sync/wait', { rooms => {}, wait => $_ })->status, 422, "wait=$_ is refused") for 0, 26, -1;
is($ann->post('/api/sync/wait', { rooms => {} })->status, 422, 'and so is none');
is($stack->post('/api/sync/wait', { rooms => {}, wait => 5 })->status, 401, 'nobody waits who is not signed in');

done_testing;
