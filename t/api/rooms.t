#!/usr/bin/perl
# Rooms and their members.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my ($owner, $admin, $member, $other) = map { $stack->user($_) } qw(owner admin member other);

my $made =
    $owner->post('/api/rooms', { name => '周末爬山', member_ids => [ $admin->id, $member->id, $member->id, $owner->id ] });
my $room = $made->json;
my $at   = "/api/rooms/$room->{id}";

subtest 'a new room is closed and belongs to its creator' => sub {
    is($made->status, 201, 'a room is made');
    is($room->{role}, 'owner', 'the creator of a room is its owner');
    ok(!$room->{open}, 'a new room is closed');
    is($room->{last_seq}, 3, 'the log begins with one join per member');
};

subtest 'a room with a bad member is refused' => sub {
    is(
        $owner->post('/api/rooms', { name => 'x', member_ids => [999999999] })->json->{code}, 'no_such_user',
        'a room cannot be created with an unknown member'
    );
    is(
        $owner->post('/api/rooms', { name => 'x', member_ids => [ 'a', -1, 1.5 ] })->json->{detail}[1]{loc}[2], 1,
        'a bad member id is named by its index'
    );
};

subtest 'others see nothing of a closed room' => sub {
    is($other->get($at)->json->{code}, 'not_a_member', 'others do not see a closed room');
    is($other->get("$at/members")->status, 403, 'others do not see the members of a closed room');
    is($other->get("$at/messages")->status, 403, 'others do not read a closed room');
    is($other->put("$at/members/" . $other->id, {})->status, 403, 'others cannot join a closed room');
    is($other->get('/api/rooms/999999999')->json->{code}, 'no_such_room', 'a room that is not there is not found');
};

subtest 'members are listed, page by page' => sub {
    my $members = $member->get("$at/members")->json->{items};
    is_deeply(
        { map { $_->{user}{id} => $_->{role} } @$members },
        { $owner->id => 'owner', $admin->id => 'member', $member->id => 'member' }, 'members are listed'
    );
    my $first = $member->get("$at/members?limit=2")->json;
    is(
        scalar @{ $member->get("$at/members?limit=2&cursor=$first->{next}")->json->{items} }, 1,
        'members are listed page by page'
    );
};

sub role { my ($who, $whom, $role) = @_; return $who->put("$at/members/" . $whom->id, { role => $role }) }

subtest 'only the owner gives roles' => sub {
    is(role($member, $admin, 'admin')->json->{code}, 'not_allowed', 'a member gives no roles');
    is(role($owner, $admin, 'admin')->json->{role}, 'admin', 'the owner gives the role of admin');
    is(role($owner, $admin, 'owner')->json->{detail}[0]{type}, 'enum', 'nobody gives the role of owner');
    is(role($admin, $member, 'admin')->status, 403, 'an admin gives no roles');
    is(role($owner, $owner, 'member')->status, 403, 'the owner cannot give the role up');
    my $seq = $owner->get($at)->json->{last_seq};
    role($owner, $admin, 'admin');
    is($owner->get($at)->json->{last_seq}, $seq, 'giving a role twice adds no entry');
};

subtest 'admins rename and open a room' => sub {
    is($member->patch($at, { name => 'x' })->json->{code}, 'not_allowed', 'a member cannot rename the room');
    is($admin->patch($at, { name => '周日爬山' })->json->{name}, '周日爬山', 'an admin renames the room');
    is($admin->patch($at, { open => JSON::PP::true })->json->{open}, JSON::PP::true, 'an admin opens the room');
    my @kinds = map { "$_->{kind} " . ($_->{body} // '-') } @{ $member->get("$at/messages?limit=3")->json->{items} };
    is_deeply(\@kinds, [ 'role admin', 'rename 周日爬山', 'open true' ], 'the log records role, name and opening');
};

# Checks that a user who is not in an open room is shown nothing of its log.
sub is_closed_book {
    my ($seen, $name) = @_;
    is_deeply(
        [ @$seen{qw(role last_seq read_seq unread last_message)} ], [ undef, 0, 0, 0, undef ],
        "$name shows nothing of the log"
    );
    return;
}

subtest 'an open room shows outsiders its name and size, but nothing that was said' => sub {
    my ($host, $guest, $reader) = map { $stack->user($_) } qw(host guest reader);
    my $id =
        $host->post('/api/rooms', { name => '开放', open => JSON::PP::true, member_ids => [ $guest->id ] })->json->{id};
    my $open  = "/api/rooms/$id";
    my $among = sub {
        return (grep { $_->{id} == $id } @{ $_[0]->get('/api/rooms?open=true&limit=100')->json->{items} })[0];
    };
    $host->post("$open/messages", { client_id => 'a', body => '只给成员' });
    is_closed_book($reader->get($open)->json, 'a single room');
    is_closed_book($among->($reader), 'the list of open rooms');
    is($reader->get($open)->json->{name}, '开放', 'outsiders see the name of an open room');
    is($reader->get($open)->json->{member_count}, 2, 'outsiders see how many are in an open room');
    is($reader->get("$open/members")->json->{code}, 'not_a_member', 'outsiders do not see the members of an open room');
    is($reader->get("$open/messages")->json->{code}, 'not_a_member', 'outsiders do not read an open room');
    $host->delete("$open/members/" . $guest->id);
    $host->post("$open/messages", { client_id => 'b', body => '不给已移出的人' });
    is_closed_book($guest->get($open)->json, 'a single room, to a removed member,');
    is_closed_book($among->($guest), 'the list of open rooms, to a removed member,');
    is($among->($host)->{last_message}{body}, '不给已移出的人', 'members see the last message among open rooms');
    is($host->get($open)->json->{member_count}, 1, 'a removal lowers the number of members');
};

subtest 'anybody may join an open room' => sub {
    is($member->put("$at/members/" . $other->id, {})->status, 403, 'a member adds nobody');
    is($other->get($at)->json->{role}, undef, 'an open room shows itself to others');
    ok(
        scalar(grep { $_->{id} == $room->{id} } @{ $other->get('/api/rooms?open=true')->json->{items} }),
        'an open room is listed'
    );
    is($other->put("$at/members/" . $other->id, {})->json->{role}, 'member', 'anybody may join an open room');
    is($other->put("$at/members/" . $other->id, {})->status, 200, 'joining twice does no harm');
};

sub remove { my ($who, $whom) = @_; return $who->delete("$at/members/" . $whom->id) }

subtest 'admins remove and add members, but never the owner' => sub {
    is(remove($member, $other)->status, 403, 'a member removes nobody');
    is(remove($admin, $owner)->status, 403, 'an admin cannot remove the owner');
    is(remove($admin, $other)->status, 204, 'an admin removes a member');
    is(remove($admin, $other)->json->{code}, 'no_such_member', 'a removed member cannot be removed again');
    is($admin->put("$at/members/" . $other->id, {})->status, 200, 'an admin adds somebody');
    is($admin->put("$at/members/999999999", {})->json->{code}, 'no_such_user', 'an admin cannot add an unknown user');
};

subtest 'the admin takes over when the owner leaves' => sub {
    is(remove($owner, $owner)->status, 204, 'the owner leaves');
    is($owner->get("$at/messages")->status, 403, 'the former owner reads nothing more');
    is($member->get($at)->json->{role}, 'member', 'a member stays a member when the owner leaves');
    is($admin->get($at)->json->{role}, 'owner', 'the admin takes over when the owner leaves');
    remove($_, $_) for $admin, $member, $other;
    is($owner->put("$at/members/" . $owner->id, {})->status, 403, 'a room that all have left is closed');
    is_deeply(
        [ grep { $_->{id} == $room->{id} } @{ $owner->get('/api/rooms?open=true')->json->{items} } ], [],
        'a room that all have left is not listed'
    );
};

subtest 'rooms are listed by latest activity, in pages' => sub {
    my $reader = $stack->user('reader');
    my @rooms  = map { $reader->post('/api/rooms', { name => "r$_" })->json->{id} } 1 .. 7;
    $reader->post("/api/rooms/$rooms[2]/messages", { client_id => 'x', body => '最新' });
    my (@seen, $cursor);
    do {
        my $page = $reader->get('/api/rooms?limit=3' . ($cursor ? "&cursor=$cursor" : ''))->json;
        push @seen, map { $_->{id} } @{ $page->{items} };
        $cursor = $page->{next};
    } while ($cursor && @seen < 20);
    is_deeply(\@seen, [ $rooms[2], @rooms[ 6, 5, 4, 3, 1, 0 ] ], 'rooms are listed by latest activity, each once');
    is(
        $reader->get('/api/rooms?limit=1')->json->{items}[0]{last_message}{body}, '最新',
        'the list shows the last message of a room'
    );
    is($reader->get("/api/rooms?cursor=$_")->status, 422, "a cursor that no list gave is refused ($_)")
        for '1', '1.', 'x.y', '1.2.3', '99999999999999999999.1', '1.-1', '1.2.3.', '1.2.3.4.', '1.2.3.-4', '1.0.3.4',
        '-1.2', '1.2.-3.4';
};

# The ids of a list page by page; `between` runs after each page.
sub walk {
    my ($who, $query, $between) = @_;
    my (@seen, $cursor);
    do {
        my $page = $who->get("/api/rooms?$query" . ($cursor ? "&cursor=$cursor" : ''))->json;
        push @seen, map { $_->{id} } @{ $page->{items} };
        $cursor = $page->{next};
        $between->(scalar @seen) if $between;
    } while ($cursor && @seen < 200);
    return @seen;
}

subtest 'paging misses no room that moves to the top meanwhile' => sub {
    my ($reader, $writer) = map { $stack->user($_) } qw(reader writer);
    for my $open (0, 1) {
        my @rooms = map {
            $reader->post(
                '/api/rooms',
                { name => "m$_", member_ids => [ $writer->id ], open => $open ? JSON::PP::true : JSON::PP::false }
            )->json->{id}
        } 1 .. 9;
        my $list  = join ',', @rooms;
        my $query = $open ? 'open=true&limit=4' : 'limit=4';
        $stack->sql("UPDATE rooms SET last_at = 1000 + id WHERE id IN ($list)") if !$open;
        my @moved = @rooms[ 1, 0 ];
        my %seen  = map { $_ => 1 } walk(
            $reader, $query,
            sub {
                my $id = shift @moved or return;
                $writer->post("/api/rooms/$id/messages", { client_id => 'moved', body => '新消息' });
            }
        );
        is_deeply(
            [ grep { !$seen{$_} } @rooms ], [],
            ($open ? 'open rooms' : 'rooms') . ' that moved are in some page'
        );
    }
};

subtest 'paging meets every room while all of them are active' => sub {
    my $reader = $stack->user('reader');
    my @rooms  = map { $reader->post('/api/rooms', { name => "a$_" })->json->{id} } 1 .. 12;
    my $writes = $stack->begin_at_once(
        2,
        sub {
            my ($n) = @_;
            for my $round (1 .. 10) {
                $reader->post("/api/rooms/$_/messages", { client_id => "$n-$round-$_", body => 'x' })
                    for reverse @rooms;
            }
            return 1;
        }
    );
    for (1 .. 10) {
        my %seen = map { $_ => 1 } walk($reader, 'limit=5');
        is_deeply([ grep { !$seen{$_} } @rooms ], [], 'a walk among messages misses no room');
    }
    $writes->();
};

subtest 'a walk through rooms that rest meets each of them once' => sub {
    my $reader = $stack->user('reader');
    my @rooms  = map { $reader->post('/api/rooms', { name => "q$_" })->json->{id} } 1 .. 7;
    is_deeply([ walk($reader, "limit=$_") ], [ reverse @rooms ], "each room is once in pages of $_") for 1, 3, 7, 50;
};

done_testing;
