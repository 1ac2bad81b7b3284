#!/usr/bin/perl
# Changes during an export, and how long finished exports are kept.
use lib 't/lib';
use Fastchat::Test;
use File::Temp qw(tempdir);
use JSON::PP ();

my $stack = Fastchat::Stack->new(
    own    => 1, env => { TASK_CHILDREN => 2, EXPORT_HOURS => 2 },
    expect => [qr/task \d+ export is failed .* left a room|export is dead .* its arguments must be/]
);
my $dir = tempdir(CLEANUP => 1);

sub task { my ($who, $id) = @_; return $who->get("/api/tasks/$id")->json }

sub done {
    my ($who, $id) = @_;
    $stack->wait_for(300, sub { task($who, $id)->{state} eq 'done' });    # a sanitizer makes it slow
    return task($who, $id);
}

sub account {
    my ($who, $id) = @_;
    open my $out, '>:raw', "$dir/$id.zip" or die "$!\n";
    print $out $who->get("/api/exports/$id")->content;
    close $out;
    return JSON::PP->new->utf8->decode(scalar qx(unzip -p '$dir/$id.zip' account.json));
}

my $bob = $stack->user('bob');
my $low = $stack->sql(
    'INSERT INTO rooms (kind, name, last_at, created_at) VALUES (0, \'many\', 1, 1); SELECT LAST_INSERT_ID()');
$stack->sql(
          "INSERT INTO rooms (id, kind, name, last_at, created_at) SELECT $low + seq, 0, CONCAT('many ', seq), 1 + "
        . "seq, 1 FROM seq_1_to_999; "
        . "INSERT INTO members (room_id, user_id, role, joined_at) SELECT $low + seq, "
        . $bob->id
        . ', 0, 1 FROM seq_0_to_999');

my $many;

subtest 'an export of a thousand rooms that change their order has all of them' => sub {
    my $mixed = $stack->begin_at_once(
        1,
        sub {
            for my $round (1 .. 12) {
                $stack->sql(
                    join ';',
                    map { "UPDATE rooms SET last_at = 100000 * $round + $_ WHERE id = $low + " . int rand 1000 }
                        1 .. 1200
                );
            }
            return 1;
        }
    );
    $stack->wait_for(10, sub { $stack->sql("SELECT COUNT(*) FROM rooms WHERE id >= $low AND last_at > 100000") });
    $many = done($bob, $bob->post('/api/exports')->json->{id});
    is_deeply([ $mixed->() ], [1], 'the rooms change order during the export');
    is($many->{result}{rooms}, 1000, 'an export of a thousand rooms has all of them');
    my %named = map { $_->{id} => 1 } @{ account($bob, $many->{id})->{rooms} };
    is(scalar(grep { $named{ $low + $_ } } 0 .. 999), 1000, 'every one of a thousand rooms is exported');
};

my ($owner, $leaver) = map { $stack->user($_) } qw(owner leaver);
my ($kept, $lost) =
    map { $owner->post('/api/rooms', { name => $_, member_ids => [ $leaver->id ] })->json->{id} } qw(kept lost);
my $count = 60_000;
for my $room ($kept, $lost) {
    $stack->sql("DELETE FROM room_log WHERE room_id = $room; INSERT INTO room_log (room_id, seq, kind, sender_id, "
            . "client_id, body, created_at) SELECT $room, seq, 0, "
            . $owner->id
            . ", CONCAT('x', seq), HEX(RANDOM_BYTES(200)), 1700000000000 + seq FROM seq_1_to_$count; UPDATE "
            . "rooms SET last_seq = $count WHERE id = $room");
}

my $export;

subtest 'a room that the user leaves during an export is not in it' => sub {
    $export = $leaver->post('/api/exports')->json->{id};
    ok(
        $stack->wait_for(20, sub { my $t = task($leaver, $export); $t->{state} eq 'running' && $t->{progress} > 1 }),
        'an export has begun'
    );
    is(
        $owner->delete("/api/rooms/$lost/members/" . $leaver->id)->status, 204,
        'the user is removed from a room during the export'
    );
    my $left = done($leaver, $export);
    is_deeply(
        [ @{ $left->{result} }{qw(rooms entries)} ], [ 1, $count ],
        'the export ends without the room that was left'
    );
    is_deeply(
        [ map { $_->{id} } @{ account($leaver, $export)->{rooms} } ], [$kept],
        'the file has nothing of the room that was left'
    );
};

my $lilei  = $stack->user('lilei', username => sprintf '李雷_%06x', int rand 1 << 24);
my $his    = done($lilei, $lilei->post('/api/exports')->json->{id})->{id};
my ($tail) = $lilei->username =~ /(_\w+)$/a;

subtest 'the file of a user with a Chinese name is named after the user' => sub {
    like(
        $lilei->head("/api/exports/$his")->header('Content-Disposition'),
        qr/^attachment;\ filename="fastchat-(\d{4}-\d\d-\d\d)\.zip";[ ]
        filename\*=UTF-8''fastchat-%E6%9D%8E%E9%9B%B7$tail-\1\.zip$/x,
        'a Chinese user name is in the name of the file'
    );
};

subtest 'an export with wrong arguments is refused' => sub {
    for my $arguments ('not JSON', '{}', '[]', '"zh"', '{"language":null}', '{"language":"fr"}') {
        my ($row) =
            $stack->sql(
                  "INSERT INTO tasks (kind, owner_id, run_at, max_attempts, arguments, created_at) VALUES ('export', "
                . $lilei->id
                . ", 0, 5, '$arguments', 0); SELECT LAST_INSERT_ID()");
        my $ended = $stack->wait_for(
            10,
            sub {
                my ($now) =
                    $stack->sql("SELECT state, attempts, error FROM tasks WHERE id = $row->[0] AND ended_at > 0");
                $now;
            }
        );
        is_deeply(
            $ended, [ 4, 1, 'its arguments must be {"language": "en" or "zh"}' ],
            "an export with wrong arguments is dead at once: $arguments"
        );
    }
};

my @again;

subtest 'an export is kept for EXPORT_HOURS or until the next one is done' => sub {
    my ($hours) = $stack->sql("SELECT ROUND((expires_at - made_at) / 3600000, 3) FROM exports WHERE id = $export");
    is($hours->[0], '2.000', 'an export is kept for EXPORT_HOURS');
    @again = map { done($leaver, $leaver->post('/api/exports')->json->{id})->{id} } 1 .. 3;
    is_deeply(
        [ map { $leaver->get("/api/exports/$_")->status } $export, @again ], [ 404, 404, 404, 200 ],
        'a new export replaces the previous one'
    );
    my @stored =
        map { $_->[0] }
        $stack->sql('SELECT DISTINCT export_id FROM export_chunks WHERE export_id IN ('
            . join(', ', $export, @again)
            . ') ORDER BY export_id');
    is_deeply(\@stored, [ @again[ 1, 2 ] ], 'a new export deletes the chunks of older ones');
};

# Adds a task of Bob's.
sub task_in {
    my ($state, $claim) = @_;
    my ($row) = $stack->sql(
              "INSERT INTO tasks (kind, owner_id, state, ready, claim, runner, until_at, run_at, max_attempts, "
            . "arguments, created_at) VALUES "
            . "('export', "
            . $bob->id
            . ", $state, 0, $claim, 'elsewhere:1', 9999999999999, 0, 1, '{}', 0); SELECT LAST_INSERT_ID()");
    return ref $row ? $row->[0] : $row;
}

# Chunks of a running export, of a cancelled task, of an earlier run, and of a deleted task.
subtest 'the clean-up deletes the chunks that no export needs' => sub {
    my ($running, $cancelled) = (task_in(1, 71), task_in(5, 0));
    $stack->sql("INSERT INTO export_chunks VALUES ($running, 71, 0, 'goes on'), ($running, 70, 0, 'its run before'), "
            . "($cancelled, 72, 0, 'cancelled'), (9999999, 73, 0, 'deleted')");
    $stack->sql("INSERT INTO export_chunks SELECT 9999999, 73, seq, 'deleted' FROM seq_1_to_150");
    $stack->sql(
              "UPDATE exports SET expires_at = 1 WHERE id = $again[2]; UPDATE tasks SET state = 0, ready = 1, run_at = "
            . "0, ended_at = 0, attempts = 0 WHERE kind = 'clean_up.exports'");
    $stack->wait_for(
        20,
        sub { $stack->sql("SELECT COUNT(*) FROM tasks WHERE kind = 'clean_up.exports' AND state = 2") }
    );
    my @chunks =
        map { $_->[0] }
        $stack->sql(
        "SELECT CONCAT(export_id, ':', run) FROM export_chunks WHERE export_id NOT IN (SELECT id FROM exports)");
    is_deeply(\@chunks, ["$running:71"], 'the clean-up keeps only the chunks of a running export');
    is(
        $stack->sql("SELECT COUNT(*) FROM export_chunks WHERE export_id = $many->{id}") > 0, 1,
        'the clean-up keeps the exports of others'
    );
    is(account($bob, $many->{id})->{id}, $bob->id, 'a kept export can still be downloaded');
};

done_testing;
