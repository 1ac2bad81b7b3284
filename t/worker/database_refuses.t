#!/usr/bin/perl
# A database that refuses work for a while: every change is answered 503 with Retry-After or done, reads go on, readyz
# names the reason, and no restart is needed afterwards.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Server qw(start_database);
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new(own => 1);
my $alice = $stack->user('alice');
my $room  = $alice->post('/api/rooms', { name => '拒绝' })->json->{id};
my $at    = "/api/rooms/$room/messages";
my $last  = 0;

# One change of each kind: the answers.
sub changes_of {
    my ($on, $user, $path) = @_;
    my $id = ++$last;
    return (
        $user->post($path, { client_id => "c$id", body => '你好 ' x 100 }),
        $user->post('/api/rooms', { name => "room $id" }),
        $user->patch('/api/users/me', { nickname => "name $id" }),
        $on->post('/api/users', { username => "user_$id", password => 'long enough' }),
        $on->post('/api/sessions', { username => $user->username, password => $user->password }),
        $user->post('/api/task/4711', {}),
    );
}

sub reads_of {
    my ($user, $path) = @_;
    return map { $user->get($_)->status } $path, '/api/rooms', '/api/users/me';
}

sub are_refused {
    my ($answers, $when) = @_;
    is(join(' ', map { $_->status } @$answers), join(' ', (503) x @$answers), "$when every change is answered 503");
    is_deeply(
        [ grep { ($_->header('Retry-After') // '') !~ /^[1-9]\d*$/ } @$answers ],
        [], "$when every 503 has Retry-After"
    );
}

sub are_done {
    my ($when, @of) = @_;
    my $done = sub {
        return !grep { $_->status !~ /^20[0-2]$/ } changes_of(@of);
    };
    ok($stack->wait_for(10, $done), "$when every change is done again");
}

sub says {
    my ($on, $state) = @_;
    return $on->wait_for(5, sub { ($on->get('/api/readyz')->json->{database} // '') eq $state });
}

my @read_only = (
    'SET GLOBAL read_only = 1',
    Database::kind() eq 'mysql' ? 'SET GLOBAL super_read_only = 1' : (),
);
for my $setting (@read_only) {
    subtest "a server that takes no writes: $setting" => sub {
        $stack->sql($setting);
        are_refused([ changes_of($stack, $alice, $at) ], 'on a read-only server');
        is(join(' ', reads_of($alice, $at)), '200 200 200', 'a read-only server is read');
        ok(says($stack, 'read_only'), 'readyz reports that the server is read-only');
        is($stack->get('/api/readyz')->json->{status}, 'degraded', 'readyz is degraded on a read-only server');
        $stack->sql('SET GLOBAL read_only = 0');
        are_done('after the server was read-only', $stack, $alice, $at);
        ok(says($stack, 'ok'), 'readyz reports that the server takes writes again');
    };
}

subtest 'statements that are killed' => sub {
    my $sending = $stack->begin_at_once(
        3,
        sub {
            my ($k) = @_;
            my @got =
                map { my $n = $_; $alice->post($at, { client_id => "killed $k $n", body => 'x' })->status } 1 .. 150;
            return \@got;
        }
    );
    for (1 .. 40) {
        my @ids = map { $_->[0] }
            $stack->sql("SELECT id FROM information_schema.processlist WHERE user = 'fastchat' AND command <> 'Sleep'");
        eval { $stack->sql("KILL QUERY $_") } for @ids;
    }
    my @statuses = map { @$_ } $sending->();
    is_deeply([ grep { !/^(?:201|503)$/ } @statuses ], [], 'a killed statement is answered 503 or run again');
    is(
        $stack->sql("SELECT COUNT(*) FROM room_log WHERE room_id = $room"),
        $stack->sql("SELECT last_seq FROM rooms WHERE id = $room"),
        'a killed statement leaves no hole in the numbers'
    );
    are_done('after statements were killed', $stack, $alice, $at);
};

subtest 'a packet that is larger than the server takes' => sub {
    my $usual  = $stack->sql('SELECT @@GLOBAL.max_allowed_packet');
    my $buffer = $stack->sql('SELECT @@GLOBAL.net_buffer_length');
    my $end    = sub {
        eval { $stack->sql("KILL $_->[0]") }
            for $stack->sql("SELECT id FROM information_schema.processlist WHERE user = 'fastchat'");
    };
    $stack->sql('SET GLOBAL net_buffer_length = 2048');
    $stack->sql('SET GLOBAL max_allowed_packet = 2048');
    $end->();
    my @answers = map { $alice->post($at, { client_id => "large $_", body => 'x' x 3000 }) } 1 .. 4;
    are_refused(\@answers, 'for a packet that is too large');
    is(
        $alice->post($at, { client_id => 'small', body => 'x' })->status, 201,
        'a small message is sent beside large ones'
    );
    is(join(' ', reads_of($alice, $at)), '200 200 200', 'a server that takes small packets only is read');
    $stack->sql("SET GLOBAL max_allowed_packet = $usual");
    $stack->sql("SET GLOBAL net_buffer_length = $buffer");
    $end->();
    my $sent = $stack->wait_for(
        5,
        sub {
            my $status = $alice->post($at, { client_id => 'large 1', body => 'x' x 3000 })->status;
            $status == 201 && $status;
        }
    );
    is($sent, 201, 'a large message is sent once the server takes it');
};

subtest 'a disk that is full' => sub {
    my $dir      = File::Temp::tempdir('fastchat-full-XXXXXX', DIR => '/tmp', CLEANUP => 1);
    my $database = start_database(
        $dir,
        '--innodb-file-per-table=0', '--innodb-data-file-path=ibdata1:12M:autoextend:max:20M'
    );
    my $full = Fastchat::Stack->new(
        own => 1,
        env => { DB_SOCKET => $database->socket, DB_USER => 'root', DB_PASSWORD => '', DB_DATABASE => 'fastchat' }
    );
    my $bob  = $full->user('bob');
    my $home = $bob->post('/api/rooms', { name => '满' })->json->{id};
    my $to   = "/api/rooms/$home/messages";
    my ($sent, @refused) = (0);

    for my $n (1 .. 4000) {
        my $answer = $bob->post($to, { client_id => "n$n", body => '满' x 4000 });
        $answer->status == 201 ? $sent++ : push @refused, $answer;
        last if @refused >= 20;
    }
    cmp_ok($sent, '>', 0, 'messages are sent until the disk is full');
    are_refused(\@refused, 'with a full disk');
    is(join(' ', reads_of($bob, $to)), '200 200 200', 'a full database is read');
    ok(says($full, 'full'), 'readyz reports that the database is full');
    my $run = sub {
        my ($sql) = @_;
        return $full->ask(Database::client($database->socket), '-e', $sql, 'fastchat') =~ s/\s+\z//r;
    };
    is(
        $run->("SELECT COUNT(*) FROM room_log WHERE room_id = $home AND client_id IS NOT NULL"), $sent,
        'exactly the messages that were answered 201 are stored'
    );
    ok(
        $full->wait_for(5, sub { $run->('SELECT COUNT(*) FROM information_schema.innodb_trx') == 0 }),
        'a full disk leaves no transaction open'
    );
    $run->("DELETE FROM room_log WHERE room_id = $home AND seq > 20");
    my $again = $full->wait_for(
        20,
        sub {
            my $status = $bob->post($to, { client_id => 'again', body => '满' x 4000 })->status;
            $status == 201 && $status;
        }
    );
    is($again, 201, 'a message is sent once there is room');
    ok(says($full, 'ok'), 'readyz reports that there is room');
};

done_testing;
