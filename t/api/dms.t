#!/usr/bin/perl
# Direct rooms: exactly one for two people.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);

subtest 'two people have exactly one direct room' => sub {
    my @answers = $stack->at_once(
        50,
        sub {
            my ($who, $whom) = $_[0] % 2 ? ($alice, $bob) : ($bob, $alice);
            my $answer = $who->put('/api/dms/' . $whom->id, {});
            return $answer->status . ' ' . ($answer->json->{id} // $answer->content);
        }
    );
    my %answers = map { $_ => 1 } @answers;
    is(scalar keys %answers, 1, 'fifty concurrent requests return the same direct room') or diag explain \%answers;
    like((keys %answers)[0], qr/^200 \d+$/, 'every concurrent request is answered 200');
    is(
        $stack->sql(
                  "SELECT COUNT(*) FROM fastchat.rooms WHERE dm_key LIKE '%"
                . $bob->id
                . "%' AND dm_key LIKE '%"
                . $alice->id . "%'"
        ),
        1,
        'concurrent requests create one row'
    );
};

my $room = $alice->put('/api/dms/' . $bob->id, {})->json;
my $at   = "/api/rooms/$room->{id}";
my $eve  = $stack->user('eve');

subtest 'a direct room shows each of the two the other one' => sub {
    is($room->{kind}, 'dm', 'the room is of kind dm');
    is($room->{peer}{id}, $bob->id, 'a direct room names its peer');
    is($bob->get("/api/rooms/$room->{id}")->json->{peer}{id}, $alice->id, 'the peer is the other user on both sides');
};

subtest 'a direct room always has the same two members and no name' => sub {
    is($alice->patch($at, { name => 'x' })->json->{code}, 'is_a_dm', 'a direct room cannot be renamed');
    is($alice->delete("$at/members/" . $bob->id)->status, 409, 'nobody can be removed from a direct room');
    is($alice->delete("$at/members/" . $alice->id)->status, 409, 'nobody can leave a direct room');
    is($alice->put("$at/members/" . $eve->id, {})->status, 409, 'nobody can be added to a direct room');
    is($eve->put("$at/members/" . $eve->id, {})->status, 403, 'an outsider cannot join a direct room');
    is($eve->get($at)->status, 403, 'an outsider cannot see a direct room');
};

subtest 'the two write to each other in a direct room' => sub {
    is_deeply($alice->get("$at/messages")->json, { items => [], next => undef }, 'a new direct room is empty');
    is($alice->post("$at/messages", { client_id => '1', body => '悄悄话' })->status, 201, 'one side writes a message');
    is($bob->get("$at/messages")->json->{items}[0]{body}, '悄悄话', 'the peer of a direct room reads its message');
};

subtest 'a direct room needs two users who exist' => sub {
    is(
        $alice->put('/api/dms/999999999', {})->json->{code}, 'no_such_user',
        'a direct room with an unknown user is refused'
    );
    is($alice->put('/api/dms/' . $alice->id, {})->status, 422, 'a direct room with oneself is refused');
};

done_testing;
