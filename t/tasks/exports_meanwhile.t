#!/usr/bin/perl
# What changes while an export is made: rooms in which somebody speaks, and rooms that its owner has to leave.
use lib 't/lib';
use Fastchat::Test;
use File::Temp qw(tempdir);
use JSON::PP ();

my $stack = Fastchat::Stack->new(own => 1, env => { TASK_CHILDREN => 2 }, expect => [qr/task \d+ export is failed .* left a room/]);
my $dir   = tempdir(CLEANUP => 1);

sub task { my ($who, $id) = @_; return $who->get("/api/tasks/$id")->json }

sub done {
    my ($who, $id) = @_;
    $stack->wait_for(60, sub { task($who, $id)->{state} eq 'done' });
    return task($who, $id);
}

sub account {
    my ($who, $id) = @_;
    open my $out, '>:raw', "$dir/$id.zip" or die "$!\n";
    print $out $who->get("/api/exports/$id")->content;
    close $out;
    return JSON::PP->new->utf8->decode(scalar qx(unzip -p '$dir/$id.zip' account.json));
}

# Many rooms, which change their order all the time.
my $bob = $stack->user('bob');
my $low = $stack->sql('INSERT INTO rooms (kind, name, last_at, created_at) VALUES (0, \'many\', 1, 1); SELECT LAST_INSERT_ID()');
$stack->sql("INSERT INTO rooms (id, kind, name, last_at, created_at) SELECT $low + seq, 0, CONCAT('many ', seq), 1 + seq, 1 FROM seq_1_to_999; "
        . "INSERT INTO members (room_id, user_id, role, joined_at) SELECT $low + seq, " . $bob->id . ', 0, 1 FROM seq_0_to_999');
my $mixed = $stack->begin_at_once(1, sub {
    for my $round (1 .. 12) {
        $stack->sql(join ';', map { "UPDATE rooms SET last_at = 100000 * $round + $_ WHERE id = $low + " . int rand 1000 } 1 .. 1200);
    }
    return 1;
});
$stack->wait_for(10, sub { $stack->sql("SELECT COUNT(*) FROM rooms WHERE id >= $low AND last_at > 100000") });
my $many = done($bob, $bob->post('/api/exports')->json->{id});
is_deeply([ $mixed->() ], [1], 'while somebody speaks in all of them');
is($many->{result}{rooms}, 1000, 'all rooms of somebody with many are exported');
my %named = map { $_->{id} => 1 } @{ account($bob, $many->{id})->{rooms} };
is(scalar(grep { $named{ $low + $_ } } 0 .. 999), 1000, 'each of them');

# A room that its reader is put out of.
my ($owner, $leaver) = map { $stack->user($_) } qw(owner leaver);
my ($kept, $lost) = map { $owner->post('/api/rooms', { name => $_, member_ids => [ $leaver->id ] })->json->{id} } qw(kept lost);
my $count = 60_000;
for my $room ($kept, $lost) {
    $stack->sql("DELETE FROM room_log WHERE room_id = $room; INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) SELECT $room, seq, 0, "
            . $owner->id . ", CONCAT('x', seq), HEX(RANDOM_BYTES(200)), 1700000000000 + seq FROM seq_1_to_$count; UPDATE rooms SET last_seq = $count WHERE id = $room");
}
my $export = $leaver->post('/api/exports')->json->{id};
ok($stack->wait_for(20, sub { my $t = task($leaver, $export); $t->{state} eq 'running' && $t->{progress} > 1 }), 'an export has begun');
is($owner->delete("/api/rooms/$lost/members/" . $leaver->id)->status, 204, 'when its owner is put out of a room');
my $left = done($leaver, $export);
is_deeply([ @{ $left->{result} }{qw(rooms entries)} ], [ 1, $count ], 'it ends without that room');
is_deeply([ map { $_->{id} } @{ account($leaver, $export)->{rooms} } ], [$kept], 'of which nothing is in the file');

done_testing;
