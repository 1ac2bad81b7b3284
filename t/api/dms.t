#!/usr/bin/perl
# Direct rooms: exactly one for two people.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);

# Many ask at once, from both sides.
my @answers = $stack->at_once(
    50,
    sub {
        my ($who, $whom) = $_[0] % 2 ? ($alice, $bob) : ($bob, $alice);
        my $answer = $who->put('/api/dms/' . $whom->id, {});
        return $answer->status . ' ' . ($answer->json->{id} // $answer->content);
    }
);
my %answers = map { $_ => 1 } @answers;
is(scalar keys %answers, 1, 'however many ask at once, there is one room') or diag explain \%answers;
like((keys %answers)[0], qr/^200 \d+$/, 'and all are told of it');
is(
    $stack->sql(
              "SELECT COUNT(*) FROM fastchat.rooms WHERE dm_key LIKE '%"
            . $bob->id
            . "%' AND dm_key LIKE '%"
            . $alice->id . "%'"
    ),
    1,
    'one row'
);

my $room = $alice->put('/api/dms/' . $bob->id, {})->json;
is($room->{kind}, 'dm', 'it is a direct room');
is($room->{peer}{id}, $bob->id, 'that knows the other');
is($bob->get("/api/rooms/$room->{id}")->json->{peer}{id}, $alice->id, 'from both sides');
my $at = "/api/rooms/$room->{id}";
is($alice->patch($at, { name => 'x' })->json->{code}, 'is_a_dm', 'it is not renamed');
is($alice->delete("$at/members/" . $bob->id)->status, 409, 'nobody is removed');
is($alice->delete("$at/members/" . $alice->id)->status, 409, 'nobody leaves');
my $eve = $stack->user('eve');
is($alice->put("$at/members/" . $eve->id, {})->status, 409, 'nobody is added');
is($eve->put("$at/members/" . $eve->id, {})->status, 403, 'nobody comes by');
is($eve->get($at)->status, 403, 'nobody looks in');
is_deeply($alice->get("$at/messages")->json, { items => [], next => undef }, 'a new one is empty');
is($alice->post("$at/messages", { client_id => '1', body => '悄悄话' })->status, 201, 'one writes');
is($bob->get("$at/messages")->json->{items}[0]{body}, '悄悄话', 'the other reads');
is($alice->put('/api/dms/999999999', {})->json->{code}, 'no_such_user', 'with nobody there is none');
is($alice->put('/api/dms/' . $alice->id, {})->status, 422, 'nor with oneself');

done_testing;
