#!/usr/bin/perl
# `fastchat check`: it checks that a message can be sent, names the step that fails, and leaves nothing behind.
use lib 't/lib';
use Fastchat::Test;
use File::Temp qw(tempdir);
use POSIX ();

my $stack  = Fastchat::Stack->new(own => 1, expect => [qr/signal 9/]);
my @tables = qw(users sessions rooms members room_log);

sub rows {
    return join ' ', map { scalar $stack->sql("SELECT COUNT(*) FROM $_") } @tables;
}
sub check { my ($text, $status) = $stack->fastchat('check', @_); utf8::decode($text); return ($text, $status) }

subtest 'a server that works passes the check' => sub {
    my $before = rows();
    my ($text, $status) = check();
    is($status, 0, 'the exit status is 0');
    like($text, qr/^ok\s+$_\b/m, "$_ is checked")
        for qw(JSON database tables message Redis sign-in room stream history);
    like($text, qr/^\s+$_\s+\S*\d+\.\d+/m, "the version of $_ is shown")
        for qw(fastchat libc json-c libfcgi hiredis OpenSSL libsodium libcurl nginx);
    like(
        $text, qr/^ok\s+database\s+(?:MariaDB|MySQL) \d+\.\d+\.\d+, by \D+ \d+\.\d+/m,
        'the server and the client library are named'
    );
    like($text, qr/^all is well$/m, 'the check reports that all is well');
    is(rows(), $before, 'the check leaves no rows');
};

subtest 'a later check removes the rows of one that was killed' => sub {
    $stack->sql("INSERT INTO users (id, username, username_key, nickname, password_hash, created_at) VALUES "
            . "(9001, 'probe-1', 'probe-1', 'x', 'x', 1), (9002, 'probe-2', 'probe-2', 'x', 'x', "
            . "UNIX_TIMESTAMP() * 1000), (9003, 'probe_3', 'probe_3', 'x', 'x', 1); "
            . "INSERT INTO rooms (id, kind, name, last_at, created_at) VALUES (9001, 0, 'x', 1, 1); "
            . "INSERT INTO members (room_id, user_id, role, joined_at) VALUES (9001, 9001, 2, 1); "
            . "INSERT INTO room_log (room_id, seq, kind, sender_id, created_at) VALUES (9001, 1, 1, 9001, 1)");
    is((check())[1], 0, 'the check succeeds');
    is(
        join(' ', map { $_->[0] } $stack->sql('SELECT username FROM users WHERE id > 9000 ORDER BY id')),
        'probe-2 probe_3',
        'only the old probe is removed, not a recent one or a similar name'
    );
    is(
              $stack->sql('SELECT COUNT(*) FROM rooms WHERE id = 9001')
            + $stack->sql('SELECT COUNT(*) FROM room_log WHERE room_id = 9001'), 0,
        'the room of the old probe is removed'
    );
    $stack->sql('DELETE FROM users WHERE id > 9000');
};

subtest 'a room of other users survives a probe in it' => sub {
    my ($ann, $bob) = map { $stack->user($_) } qw(ann bob);
    my $room = $ann->post('/api/rooms', { name => '周末', member_ids => [ $bob->id ] })->json->{id};
    $stack->sql("INSERT INTO users (id, username, username_key, nickname, password_hash, created_at) VALUES (9001, "
            . "'probe-1', 'probe-1', 'x', 'x', 1)");
    is($ann->put("/api/rooms/$room/members/9001", {})->status, 200, 'a probe is added to a room');
    is($ann->post("/api/rooms/$room/messages", { client_id => 'a', body => '还在吗' })->status, 201, 'a message is sent');
    is((check())[1], 0, 'a check removes the old probe');
    is($stack->sql('SELECT COUNT(*) FROM users WHERE id = 9001'), 0, 'the old probe is removed');
    is(
        $bob->get("/api/rooms/$room/messages?limit=1")->json->{items}[0]{body}, '还在吗',
        'the room and its messages stay'
    );
    is(scalar @{ $bob->get("/api/rooms/$room/members")->json->{items} }, 2, 'the other members stay');
};

subtest 'the names of probes cannot be registered' => sub {
    is(
        $stack->post('/api/users', { username => 'probe-1', password => 'long enough' })->status, 422,
        'a user with the name of a probe is refused'
    );
};

subtest 'unknown arguments are refused' => sub {
    for my $words ([qw(--url ftp://x)], ['now'], ['--what']) {
        is((check(@$words))[1], 2, "@$words: exit status 2");
    }
};

# Each fault, with the step that must report it.
sub fails {
    my ($about, $step, $reason, @words) = @_;
    subtest $about => sub {
        my $before = rows();
        my ($text, $status) = check(@words);
        is($status, 1, 'the exit status is 1');
        like($text, qr/^FAILED\s+$step\s.*$reason/m, "the step $step fails and gives the reason");
        unlike($text, qr/^all is well/m, 'the check does not report that all is well');
        is(rows(), $before, 'the check leaves no rows');
    };
}
my $port = Fastchat::Stack::free_port();
fails(
    'a missing web server fails the check', 'sign-in', "POST http://127.0.0.1:$port/api/sessions: .*connect", '--url',
    "http://127.0.0.1:$port"
);
fails(
    'another program at the address fails the check', 'sign-in', 'POST /api/sessions: 405', '--url',
    $stack->url . '/elsewhere'
);
$stack->sql('CREATE DATABASE no_tables; GRANT ALL ON no_tables.* TO fastchat@localhost');

subtest 'a database without tables fails the check at its tables' => sub {
    local $stack->{settings}{DB_DATABASE} = 'no_tables';
    my ($text, $status) = check();
    is($status, 1, 'the check of a database without tables ends with status 1');
    like(
        $text, qr/^FAILED\s+tables\s+run `fastchat migrate`/m,
        'the check of a database without tables names the remedy'
    );
};

subtest 'a denied database account fails the check with the error of the server' => sub {
    local $stack->{settings}{DB_USER} = 'nobody_of_that_name';
    my ($text, $status) = check();
    like($text, qr/^FAILED\s+database\s+1045 /m, 'the check shows the error of the server that denies the account');
};

subtest 'a check without Redis succeeds' => sub {
    local $stack->{settings}{REDIS_HOST} = '';
    my ($text, $status) = check();
    is($status, 0, 'the check ends with status 0 without Redis');
    like($text, qr/^ok\s+Redis\s+off/m, 'the check shows that Redis is off');
};

sub end_pool {
    my ($pool) = @_;
    my @workers = $stack->workers($pool);
    $stack->hold($pool);
    $stack->kill($pool);
    kill 'KILL', @workers;
}
end_pool('events');
fails('a missing event loop fails the check', 'stream', 'GET /api/events: 503');

subtest '--no-live leaves the event loop out of the check' => sub {
    is((check('--no-live'))[1], 0, '--no-live succeeds without an event loop');
};

end_pool('api');
fails('a missing api pool fails the check', 'room', 'POST /api/rooms: 502');

# `make run` does not report ready if the stack does not work: here the event loop cannot be reached.
my $dir    = tempdir('fastchat-check-XXXXXX', DIR => $ENV{TMPDIR} // '/tmp', CLEANUP => 1);
my $binary = Fastchat::Stack::binary();
open my $script, '>', "$dir/fastchat" or die "$dir: $!\n";
print $script <<"END";
#!/bin/sh
[ "\$1" = nginx ] || exec "$binary" "\$@"
"$binary" "\$@" | sed 's|location ~ ^/api/events|location ~ ^/api/no-events|'
END
close $script;
chmod 0755, "$dir/fastchat";

subtest 'a stack that serves no live events does not start' => sub {
    local %ENV = $stack->environment;
    delete $ENV{FASTCHAT_WRAP};
    my $free  = Fastchat::Stack::free_port();
    my $words = `$Fastchat::Stack::root/etc/stack run --quiet --dir $dir/run --port $free --binary $dir/fastchat 2>&1`;
    isnt($?, 0, 'a stack that does not work ends with an error');
    like($words, qr{it does not work: stream GET /api/events: 503}, 'the failed step and its answer are reported');
    unlike($words, qr/^ready/m, 'a stack that does not work never reports ready');
};

done_testing;
