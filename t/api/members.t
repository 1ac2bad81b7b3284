#!/usr/bin/perl
# The rights of the roles in a room, and the new owner when the owner leaves.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my %who   = map { $_ => $stack->user($_) } qw(owner admin admin2 member member2 outsider newcomer);

sub put_in { my ($by, $at, $whom, %role) = @_; return $who{$by}->put("$at/members/" . $who{$whom}->id, {%role}) }
sub take_out { my ($by, $at, $whom) = @_; return $who{$by}->delete("$at/members/" . $who{$whom}->id) }

# A room with an owner, two admins and two members.
sub room {
    my (%more) = @_;
    my $made = $who{owner}->post(
        '/api/rooms',
        { name => '成员', member_ids => [ map { $who{$_}->id } qw(admin admin2 member member2) ], %more }
    );
    my $at = '/api/rooms/' . $made->json->{id};
    put_in('owner', $at, $_, role => 'admin') for qw(admin admin2);
    return $at;
}

sub roles {
    my ($at, $reader) = @_;
    my %name = map { $who{$_}->id => $_ } keys %who;
    return { map { $name{ $_->{user}{id} } => $_->{role} } @{ $who{$reader}->get("$at/members")->json->{items} } };
}

# Each role and the result of each action: "status code".
sub told { my ($answer) = @_; return $answer->status . ($answer->status >= 400 ? ' ' . $answer->json->{code} : '') }

my $at  = room();
my %all = (owner => 'owner', admin => 'admin', admin2 => 'admin', member => 'member', member2 => 'member');

subtest 'everybody in a room sees its members with their roles' => sub {
    is_deeply(roles($at, 'member'), \%all, 'everybody in a room sees who is in it, and as what');
};

subtest 'nobody removes a member without the right' => sub {
    my %removal = (
        'admin admin2' => '403 not_allowed', 'admin owner'  => '403 not_allowed', 'member member2' => '403 not_allowed',
        'member admin' => '403 not_allowed', 'member owner' => '403 not_allowed',
        'outsider member' => '403 not_a_member',
        'outsider owner'  => '403 not_a_member', 'owner outsider' => '404 no_such_member',
        'admin outsider'  => '404 no_such_member',
        'member outsider' => '404 no_such_member', 'outsider outsider' => '403 not_a_member',
    );
    for my $case (sort keys %removal) {
        my ($by, $whom) = split / /, $case;
        is(told(take_out($by, $at, $whom)), $removal{$case}, "$by does not remove $whom");
    }
    is_deeply(roles($at, 'owner'), \%all, 'denied removals remove nobody');
};

subtest 'a member who leaves or is removed is out at once, which the log records' => sub {
    for my $case ('owner admin', 'owner member', 'admin member', 'admin2 admin2', 'member member') {
        my ($by, $whom) = split / /, $case;
        my $fresh = room();
        is(take_out($by, $fresh, $whom)->status, 204, $by eq $whom ? "$by leaves" : "$by removes $whom");
        is(told($who{$whom}->get("$fresh/messages")), '403 not_a_member', "$whom reads nothing after leaving");
        my $last = $who{owner}->get("$fresh/messages?limit=1")->json->{items}[0];
        is_deeply(
            [ $last->{kind}, $last->{sender}{id} ], [ 'leave', $who{$whom}->id ],
            "the log records that $whom left"
        );
    }
};

subtest 'nobody gives a role without the right' => sub {
    my %giving = (
        'admin member admin'       => '403 not_allowed', 'admin admin2 member' => '403 not_allowed',
        'member member admin'      => '403 not_allowed',
        'admin admin member'       => '403 not_allowed', 'owner owner member' => '403 not_allowed',
        'outsider member admin'    => '403 not_a_member',
        'outsider outsider admin'  => '403 not_a_member', 'member newcomer member' => '403 not_allowed',
        'admin newcomer admin'     => '403 not_allowed',
        'outsider newcomer member' => '403 not_a_member', 'outsider outsider member' => '403 not_a_member',
    );
    for my $case (sort keys %giving) {
        my ($by, $whom, $role) = split / /, $case;
        is(told(put_in($by, $at, $whom, role => $role)), $giving{$case}, "$by does not make $whom $role");
    }
    is_deeply(roles($at, 'owner'), \%all, 'denied changes of role change no role');
};

subtest 'the owner gives roles, and admins add members' => sub {
    is(put_in('owner', $at, 'member', role   => 'admin')->json->{role}, 'admin', 'the owner makes a member admin');
    is(put_in('owner', $at, 'admin', role    => 'member')->json->{role}, 'member', 'the owner makes an admin a member');
    is(put_in('owner', $at, 'newcomer', role => 'admin')->json->{role}, 'admin', 'the owner adds somebody as admin');
    is(put_in('admin2', $at, 'outsider', role => 'member')->json->{role}, 'member', 'an admin adds a member');
};

subtest 'a role that does not exist, or that of owner, cannot be given' => sub {
    is($who{owner}->put("$at/members/" . $who{admin}->id, { role => $_ })->status, 422, "the role $_ cannot be given")
        for qw(owner king Admin), '';
};

subtest 'a member is returned with the role and the user' => sub {
    my $member = put_in('owner', $at, 'member')->json;
    is_deeply([ sort keys %$member ], [qw(joined_at read_seq role user)], 'a member has every field');
    is_deeply(
        $member->{user},
        {
            id             => $who{member}->id, username => $who{member}->username, nickname => $who{member}->nickname,
            nickname_taken => JSON::PP::false, skeleton  => 'rnernber', online               => JSON::PP::false
        },
        'a member carries the user'
    );
    is($member->{role}, 'admin', 'a PUT without a role keeps the role');
};

subtest 'anybody may join an open room, as a member only' => sub {
    my $open = room(open => JSON::PP::true);
    is(
        told(put_in('outsider', $open, 'outsider', role => 'admin')), '403 not_a_member',
        'nobody joins an open room as admin'
    );
    is(
        told(put_in('outsider', $open, 'newcomer')), '403 not_a_member',
        'an outsider cannot add others to an open room'
    );
    is(
        put_in('outsider', $open, 'outsider', role => 'member')->json->{role}, 'member',
        'an outsider joins an open room as a member'
    );
    is($who{outsider}->get($open)->json->{last_seq}, 8, 'joining adds one entry to the log');
    take_out('outsider', $open, 'outsider');
    is($who{outsider}->get($open)->json->{role}, undef, 'a former member still sees an open room');
    is(told($who{outsider}->get("$open/messages")), '403 not_a_member', 'a former member cannot read an open room');
    is(put_in('outsider', $open, 'outsider')->json->{role}, 'member', 'a former member may join an open room again');
};

# The owner leaves: the admin who joined first becomes the owner, else the member who did.
subtest 'the longest-standing member takes over from the owner' => sub {
    $at = room();
    $stack->sql("UPDATE members SET joined_at = joined_at - 1000 WHERE room_id = ${\($at =~ /(\d+)/)} AND user_id IN "
            . "(${\$who{admin2}->id}, ${\$who{member2}->id})");
    is(take_out('owner', $at, 'owner')->status, 204, 'the owner leaves');
    is_deeply(
        roles($at, 'member'), { admin => 'admin', admin2 => 'owner', member => 'member', member2 => 'member' },
        'the longest-standing admin takes over'
    );
    my @told =
        map { [ @$_{qw(kind body)}, $_->{sender}{id} ] } @{ $who{member}->get("$at/messages?limit=2")->json->{items} };
    is_deeply(
        \@told, [ [ 'leave', undef, $who{owner}->id ], [ 'role', 'owner', $who{admin2}->id ] ],
        'the log records the leave and the new owner'
    );
    take_out('admin', $at, 'admin');
    take_out('admin2', $at, 'admin2');
    is_deeply(
        roles($at, 'member'), { member => 'member', member2 => 'owner' },
        'the longest-standing member takes over if there is no admin'
    );
    take_out('member2', $at, 'member2');
    is_deeply(roles($at, 'member'), { member => 'owner' }, 'the last member becomes the owner');
    is(take_out('member', $at, 'member')->status, 204, 'the last one leaves');
    is(told($who{$_}->get($at)), '403 not_a_member', "nobody sees a room that all have left ($_)")
        for qw(owner member outsider);
    is(told(put_in('member', $at, 'member')), '403 not_a_member', 'nobody can join a room that all have left');
    $at = room(open => JSON::PP::true);
    take_out($_, $at, $_) for qw(owner admin admin2 member member2);
    is(
        told(put_in('outsider', $at, 'outsider')), '403 not_a_member',
        'nobody can join an open room that all have left'
    );
};

subtest 'concurrent changes keep the members and the log consistent' => sub {
    $at = room();
    my @left = $stack->at_once(
        8,
        sub {
            my ($n) = @_;
            my $whom = (qw(owner admin admin2 member))[ $n % 4 ];
            return take_out($whom, $at, $whom)->status;
        }
    );
    is_deeply(
        [ sort @left ], [ (204) x 4, (403) x 4 ],
        'four users who leave at once, twice each, leave once each'
    );
    is_deeply(roles($at, 'member2'), { member2 => 'owner' }, 'the remaining member owns the room');
    my ($id)  = $at =~ /(\d+)/;
    my ($row) = $stack->sql(
        "SELECT COUNT(*), MAX(seq), (SELECT last_seq FROM rooms WHERE id = $id) FROM room_log WHERE room_id = $id");
    is_deeply([ @$row[ 1, 2 ] ], [ @$row[ 0, 0 ] ], 'the log has no hole');
    $at = room(open => JSON::PP::true);
    is_deeply(
        [ $stack->at_once(10, sub { return put_in('outsider', $at, 'outsider')->status }) ], [ (200) x 10 ],
        'ten concurrent joins are all answered 200'
    );
    is(
        scalar(
            grep { $_->{kind} eq 'join' && $_->{sender}{id} == $who{outsider}->id }
                @{ $who{owner}->get("$at/messages")->json->{items} }
        ),
        1,
        'ten concurrent joins add one entry'
    );
};

done_testing;
