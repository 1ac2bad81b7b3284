#!/usr/bin/perl
# A user may be in any number of rooms: syncs, long polls and streams take them part by part.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use Time::HiRes qw(time);

my $stack = Fastchat::Stack->new(own => 1);

# Puts the user into `count` new rooms with one entry each; returns their ids.
sub add_rooms {
    my ($user, $count) = @_;
    my $first = 1 + ($stack->sql('SELECT MAX(id) FROM rooms') // 0);
    my $of    = 'FROM (SELECT seq + 500 * (high - 1) - 1 AS n FROM seq_1_to_500 '
        . "JOIN (SELECT seq AS high FROM seq_1_to_500) highs) ns WHERE n < $count";
    my $now = int(time * 1000);
    $stack->sql("INSERT INTO rooms (id, kind, name, last_seq, last_message_seq, last_at, created_at) "
            . "SELECT $first + n, 0, CONCAT('r', n), 1, 1, $now, $now $of");
    $stack->sql("INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) "
            . "SELECT $first + n, 1, 0, @{[ $user->id ]}, 'c', 'first', $now $of");
    $stack->sql("INSERT INTO members (room_id, user_id, role, read_seq, joined_at) "
            . "SELECT $first + n, @{[ $user->id ]}, 2, 1, $now $of");
    $stack->sql('UPDATE users SET changes = changes + 1 WHERE id = ' . $user->id);
    return $first .. $first + $count - 1;
}

# Catches up as a client with any number of rooms does; returns the entries, and changes the marks.
sub sync_all {
    my ($user, $marks) = @_;
    my ($after, $calls, @entries) = (0, 0);
    while (1) {
        my @ids     = sort { $a <=> $b } grep { $_ > $after } keys %$marks;
        my $is_last = @ids <= 1000;
        splice @ids, 1000 if !$is_last;
        my $page = $user->post(
            '/api/sync',
            {
                rooms => { map { $_ => $marks->{$_} } @ids }, after_room => $after + 0,
                ($is_last ? () : (through_room => $ids[-1] + 0))
            }
        )->json;
        $calls++;
        push @entries, @{ $page->{entries} };
        $marks->{ $_->{room_id} } = $_->{seq}      for @{ $page->{entries} };
        $marks->{ $_->{id} }      = $_->{last_seq} for @{ $page->{rooms} };
        delete $marks->{$_} for @{ $page->{left} };
        last if $is_last && !$page->{more};
        $after = $page->{more} ? $page->{after_room} : $ids[-1];
    }
    return ($calls, @entries);
}

# The parts of hello, and the entries between them.
sub greeting {
    my ($stream) = @_;
    my (%rooms, @entries, $parts);
    while (my $event = $stream->next) {
        push @entries, $event if $event->{event} eq 'entry';
        next if $event->{event} ne 'hello';
        $parts++;
        %rooms = (%rooms, %{ $event->{data}{rooms} });
        last if !$event->{data}{more};
    }
    return (\%rooms, $parts, @entries);
}

# Entries by room and number: only within a room is their order promised.
sub in_rooms {
    return sort { $a->{room_id} <=> $b->{room_id} || $a->{seq} <=> $b->{seq} } @_;
}

sub checksum { my ($marks) = @_; my $sum = 0; $sum += $_ for %$marks; return $sum }

my $say = 0;

sub say_it {
    my ($user, $room) = @_;
    return $user->post("/api/rooms/$room/messages", { client_id => 's' . ++$say, body => 'x' })->json;
}

my $ann   = $stack->user('ann');
my @rooms = add_rooms($ann, 10_000);
my %marks;

subtest '10,000 rooms are read in pages' => sub {
    my ($calls, @entries) = sync_all($ann, \%marks);
    is_deeply([ sort { $a <=> $b } keys %marks ], \@rooms, 'the pages have every room once');
    ($calls, @entries) = sync_all($ann, \%marks);
    is_deeply([ $calls, @entries ], [10], 'a client that is up to date needs a call for each 1000 rooms');
};

subtest 'entries that were missed in any room come once' => sub {
    my @said = map { say_it($ann, $_) } @rooms[ 0, 999, 1000, 5000, 9999 ];
    $stack->sql("DELETE FROM members WHERE room_id IN ($rooms[3], $rooms[4000]) AND user_id = " . $ann->id);
    my ($calls, @entries) = sync_all($ann, \%marks);
    is_deeply(\@entries, \@said, 'every entry comes once, by room');
    is(scalar keys %marks, 9998, 'rooms that the user is no longer in are left');
    my $fault = $ann->post('/api/sync', { rooms => { 5 => 1 }, after_room => 5 });
    is($fault->json->{detail}[0]{loc}[1], 'rooms', 'a mark outside the range is refused');
};

subtest 'a long poll notices news in rooms outside its range' => sub {
    my %range = (rooms => { map { $_ => $marks{$_} } @rooms[ 0, 1, 2 ] }, through_room => $rooms[2], wait => 5);
    my $empty = $ann->post('/api/sync/wait', { %range, checksum => checksum(\%marks), wait => 1 })->json;
    ok(!$empty->{more} && !@{ $empty->{entries} }, 'a poll in which nothing happens ends empty');
    my $waiting = $stack->begin_at_once(
        1,
        sub { $ann->post('/api/sync/wait', { %range, checksum => checksum(\%marks) })->json }
    );
    say_it($ann, $rooms[7000]);
    my ($answer) = $waiting->();
    ok($answer->{more}, 'an entry outside the range ends the poll with more');
    is($answer->{after_room}, 0, 'the client then syncs all its rooms');
    $answer = $ann->post('/api/sync/wait', { %range, checksum => checksum(\%marks) })->json;
    ok($answer->{more}, 'a poll with an old checksum is not held');
    my ($calls, @entries) = sync_all($ann, \%marks);
    is(scalar @entries, 1, 'the sync has the entry');
};

subtest 'a stream begins with all rooms, in parts' => sub {
    my $stream = Fastchat::Stream->new($ann);
    my ($named, $parts) = greeting($stream);
    is_deeply($named, \%marks, 'hello names every room with its last number');
    is($parts, 10, 'each part has up to 1000 rooms');
    my $said = say_it($ann, $rooms[9000]);
    my $got  = $stream->await('entry', 3);
    is_deeply($got->{data}, $said, 'entries follow');
    $stream->close;
    my @missed = map { say_it($ann, $_) } @rooms[ 9000, 10, 9000 ];
    my $again  = Fastchat::Stream->new($ann, after => $got->{id});
    my (undef, undef, @had) = greeting($again);
    while (@had < @missed) { push @had, $again->await('entry') // last }
    is_deeply(
        [ in_rooms(map { $_->{data} } @had) ],
        [ in_rooms(@missed) ], 'a resumed stream delivers what was missed'
    );
};

subtest 'changes of any number of rooms reach a stream' => sub {
    my $stream = Fastchat::Stream->new($ann);
    greeting($stream);
    my @new = add_rooms($ann, 2500);
    my %joined;
    while (keys %joined < 2500) {
        my $event = $stream->await('rooms', 5) or last;
        cmp_ok(scalar keys %{ $event->{data}{joined} }, '<=', 1000, 'an event names up to 1000 rooms');
        %joined = (%joined, %{ $event->{data}{joined} });
    }
    is_deeply([ sort { $a <=> $b } keys %joined ], \@new, 'the events name all new rooms');
    my @many = add_rooms($ann, 20_000);
    $stream->await('hello', 5) or die;
    my ($named) = greeting($stream);
    ok(exists $named->{ $many[-1] }, 'hello names all rooms again after a very large change');
    my $said = say_it($ann, $many[0]);
    is_deeply($stream->await('entry', 3)->{data}, $said, 'entries of the new rooms follow');
};

subtest 'a client that reads slowly gets a whole head and all rooms' => sub {
    my $stream = Fastchat::Stream->new($ann, receive_bytes => 65536);
    is($stream->status, 200, 'the head comes first');
    my ($named) = greeting($stream);
    is(scalar keys %$named, 9998 + 22_500, 'hello names 32,498 rooms');
};

done_testing;
