#!/usr/bin/perl
# Data exports: all rooms of a user in one zip file, with any names, while processes are killed.
use lib 't/lib';
use Fastchat::Test;
use File::Temp qw(tempdir);
use JSON::PP ();
use Time::HiRes qw(sleep);

my $stack = Fastchat::Stack->new(
    own    => 1, env => { TASK_CHILDREN => 2, TASK_LEASE_SECONDS => 2, REQUEST_DEADLINE_MS => 3000 },
    expect => [qr/task \d+ export|taken back|database|is away|upstream prematurely closed|cut after|MySQL|lost/]
);
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
my $dir  = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->utf8->canonical;

sub until_state {
    my ($who, $id, $state, $seconds) = @_;
    $stack->wait_for(
        $seconds // 30,
        sub { my $t = $who->get("/api/tasks/$id"); $t->status == 200 && $t->json->{state} eq $state }
    );
    return $who->get("/api/tasks/$id")->json;
}

sub slurp { my ($path) = @_; open my $in, '<:raw', $path or die "$path: $!\n"; local $/; return scalar <$in> }

# Downloads, tests and unpacks an export. Returns the folder.
sub unpack_export {
    my ($who, $id) = @_;
    my $answer = $who->get("/api/exports/$id");
    return $answer if $answer->status != 200;
    open my $out, '>:raw', "$dir/$id.zip" or die "$!\n";
    print $out $answer->content;
    close $out;
    is(system("unzip -tq '$dir/$id.zip' > '$dir/$id.txt' 2>&1"), 0, 'the zip file is intact')
        or diag slurp("$dir/$id.txt");
    system "unzip -q -d '$dir/$id' '$dir/$id.zip'";
    return "$dir/$id";
}

# The numbers of the entries in a file.
sub seqs {
    my ($path) = @_;
    return map { /"seq":(\d+)/ } split /\n/, slurp($path);
}

sub lines {
    my ($path) = @_;
    return map { $json->decode($_) } split /\n/, slurp($path);
}

# Rooms of all kinds.
my $evil = $alice->post('/api/rooms', { name => '../../<script>alert(1)</script>', member_ids => [ $bob->id ] })->json;
my $zh   = $alice->post('/api/rooms', { name => '周末爬山 🏔' })->json;
my $dm   = $alice->put('/api/dms/' . $bob->id)->json;
my $say  = sub {
    my ($who, $room, $body) = @_;
    return $who->post("/api/rooms/$room->{id}/messages", { client_id => 'c' . rand, body => $body });
};
$say->($alice, $evil, "<img src=x onerror=alert(1)> & \"quotes\"\nsecond line");
$say->($bob, $evil, '你好，世界 😀');
$say->($alice, $zh, "line $_") for 1 .. 5;
$say->($bob, $dm, 'just us');
$alice->patch("/api/rooms/$evil->{id}", { open => JSON::PP::true });
$alice->put("/api/rooms/$evil->{id}/members/" . $bob->id, { role => 'admin' });
$alice->patch("/api/rooms/$zh->{id}", { name => '周末<爬>山' });
my $not_hers = $bob->post('/api/rooms', { name => 'secret of bob' })->json;

my ($id, $done, $folder, %folder);

subtest 'an export is made as a task of the user' => sub {
    is($stack->post('/api/exports')->status, 401, 'an export needs a session');
    my $queued = $alice->post('/api/exports', headers => { 'Accept-Language' => 'zh-CN' });
    is($queued->status, 202, 'an export is queued');
    $id   = $queued->json->{id};
    $done = until_state($alice, $id, 'done');
    is($done->{state}, 'done', 'an export is done');
    is_deeply(
        [ @{ $done->{result} }{qw(rooms download)} ], [ 3, "/api/exports/$id" ],
        'the task\'s result has the number of rooms and the download path'
    );
};

subtest 'a finished export is downloaded as a zip file' => sub {
    $folder = unpack_export($alice, $id);
    my $head = $alice->head("/api/exports/$id");
    is($head->header('Content-Type'), 'application/zip', 'an export is a zip file');
    is($head->header('Content-Length'), -s "$dir/$id.zip", 'HEAD has the length of the file');
    like(
        $head->header('Content-Disposition'),
        qr/^attachment; filename="fastchat-${\$alice->username}-\d{4}-\d\d-\d\d\.zip"$/,
        'the zip file is named after the user and the day'
    );
    is($done->{result}{bytes}, -s "$dir/$id.zip", 'the task\'s result has the size of the file');
};

subtest "the zip file holds the user's rooms with all of their entries" => sub {
    my $account = $json->decode(slurp("$folder/account.json"));
    is_deeply(
        [ sort map { $_->{id} } @{ $account->{rooms} } ], [ sort map { $_->{id} } $evil, $zh, $dm ],
        'account.json lists the user\'s rooms'
    );
    %folder = map { $_->{id} => $_->{folder} } @{ $account->{rooms} };
    ok(!(grep { m{(?:^|/)\.*(?:/|$)|[<>:"\\|?*]|/.*/} } values %folder), 'the folders\' names are safe on every system')
        or diag explain \%folder;
    my $zh_folder = do { my $name = $folder{ $zh->{id} }; utf8::encode($name); $name };
    ok(-e "$folder/$zh_folder/0001.html", 'a folder\'s Chinese name is kept');
    my %entries;
    for my $room ($evil, $zh, $dm) {
        my $path = $folder{ $room->{id} };
        utf8::encode($path);
        my @lines = lines("$folder/$path/entries.jsonl");
        my $api   = $alice->get("/api/rooms/$room->{id}/messages?limit=100&after=0")->json->{items};
        is_deeply(\@lines, $api, "the entries of room $room->{id} are those of the API");
        $entries{ $room->{id} } = @lines;
    }
    my $sum = 0;
    $sum += $_ for values %entries;
    is($done->{result}{entries}, $sum, 'the task\'s result has the number of entries');
};

subtest "a room's page shows its messages safely, in the language asked for" => sub {
    my $evil_path = do { my $name = $folder{ $evil->{id} }; utf8::encode($name); "$folder/$name/0001.html" };
    my $page      = slurp($evil_path);
    utf8::decode($page);
    unlike($page, qr/<script>|<img/, 'messages are escaped in the pages');
    like(
        $page, qr/&lt;img src=x onerror=alert\(1\)&gt; &amp; &quot;quotes&quot;\nsecond line/,
        'a message is complete in the page'
    );
    like($page, qr/你好，世界 😀/, 'a Chinese message is kept in the page');
    like(
        $page, qr{<bdi>bob</bdi> <small>\@\Q${\$bob->username}\E</small>},
        'a sender has the user name beside the nickname'
    );
    like($page, qr/加入了房间/, 'an event is worded in the language asked for');
    like($page, qr/将房间设为公开.*的角色变为 管理员/s, 'every kind of event is worded in the language asked for');
    like($page, qr/<h2>\d{4}-\d\d-\d\d<\/h2>/, 'a page has a heading for each day');
};

subtest 'the index links every room of the user, and no other room is exported' => sub {
    my $index = slurp("$folder/index.html");
    my @links = $index =~ /href="([^"]+)"/g;
    is(scalar @links, 3, 'the index links every room');
    is(
        scalar(grep { my $path = s/%([0-9A-F]{2})/chr hex $1/ger; -e "$folder/$path" } @links), 3,
        'every link of the index leads to a file'
    );
    isnt(system("grep -rq 'secret of bob' '$folder'"), 0, 'other rooms are not exported');
};

subtest 'an export is private and expires' => sub {
    is($bob->get("/api/exports/$id")->json->{code}, 'no_such_export', 'other users cannot download an export');
    is($alice->get('/api/exports/999999')->status, 404, 'an export that does not exist is not found');
    $stack->sql("UPDATE exports SET expires_at = 1 WHERE id = $id");
    is($alice->get("/api/exports/$id")->json->{code}, 'no_such_export', 'an expired export is not found');
    $stack->sql(
        "UPDATE tasks SET state = 0, ready = 1, run_at = 0, ended_at = 0, attempts = 0 WHERE kind = 'clean_up.exports'"
    );
    $stack->redis_cli('PUBLISH', 'fc:0:tasks', 'wake');
    ok(
        $stack->wait_for(
            10, sub { $stack->sql('SELECT (SELECT COUNT(*) FROM exports) + (SELECT COUNT(*) FROM export_chunks)') == 0 }
        ),
        'an expired export is cleaned up'
    );
};

# A room of many entries that compress badly, so that the export takes a while.
my $large = $bob->post('/api/rooms', { name => 'large' })->json;
my $count = 60_000;
$stack->sql(
          "INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) SELECT $large->{id}, "
        . "seq + 1, 0, "
        . $bob->id
        . ", CONCAT('x', seq), CONCAT(REPEAT(HEX(RANDOM_BYTES(200)), 1), seq), 1700000000000 + seq * 1000 FROM "
        . "seq_1_to_$count; UPDATE rooms SET last_seq = $count + 1 WHERE id = $large->{id}");

sub begin_large {
    my $made = $bob->post('/api/exports')->json->{id};
    $stack->wait_for(20, sub { $bob->get("/api/tasks/$made")->json->{state} eq 'running' });
    return $made;
}

sub children {
    my $runner = $stack->pid('tasks');
    return grep { /^\d+$/ } split ' ',
        do { open my $in, '<', "/proc/$runner/task/$runner/children" or return; local $/; scalar <$in> // '' }
}

subtest 'an export whose process is killed is complete in the end' => sub {
    my $first = begin_large();
    is($bob->post('/api/exports')->json->{id}, $first, 'a second request returns the export that is running');
    kill 'KILL', children();
    my $after_kill = until_state($bob, $first, 'done', 60);
    is($after_kill->{state}, 'done', 'an export whose process is killed is done in the end');
    cmp_ok($after_kill->{attempts}, '>=', 2, 'an export whose process was killed is run again');
    my $large_folder = unpack_export($bob, $first);
    my ($jsonl) = glob "'$large_folder/rooms/$large->{id} large/entries.jsonl'";
    is(join(' ', seqs($jsonl)), join(' ', 1 .. $count + 1), 'a large export has every entry once, in order');
    is(scalar(() = glob "'$large_folder/rooms/$large->{id} large/*.html'"), 61, 'a page has a thousand entries');
};

my ($second, $after_restart);

subtest 'an export during which the database dies is complete in the end' => sub {
    $second = begin_large();
    $stack->kill('database');
    ok($stack->wait_ready(30), 'the database is back after it was killed');
    $after_restart = until_state($bob, $second, 'done', 60);
    is($after_restart->{state}, 'done', 'an export during which the database died is done in the end');
    my $restarted = unpack_export($bob, $second);
    is(
        scalar(() = seqs("$restarted/rooms/$large->{id} large/entries.jsonl")), $count + 1,
        'an export during which the database died has every entry'
    );
};

subtest 'a cancelled export ends without a file' => sub {
    my $third = begin_large();
    is($bob->post("/api/tasks/$third/cancel")->status, 200, 'a running export can be cancelled');
    is(until_state($bob, $third, 'cancelled')->{state}, 'cancelled', 'a cancelled export ends as cancelled');
    is($bob->get("/api/exports/$third")->status, 404, 'a cancelled export has no file');
};

subtest 'a download with a missing chunk is cut off' => sub {
    $stack->sql("DELETE FROM export_chunks WHERE export_id = $second AND number >= 2");
    my $cut = $bob->get("/api/exports/$second");
    ok(
        $cut->status == 599 || length($cut->content) < $after_restart->{result}{bytes},
        'a file with a missing chunk is cut off'
    );
    ok(
        $stack->wait_for(
            5,
            sub {
                $stack->log_text('api') =~
                    m{/api/exports/$second: cut after 1048576 of $after_restart->{result}{bytes} bytes};
            }
        ),
        'the log says where the file was cut off'
    );
    is($bob->get('/api/users/me')->status, 200, 'the server goes on after a download was cut off');
};

done_testing;
