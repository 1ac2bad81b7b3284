#!/usr/bin/perl
# A request that takes too long is rolled back; a slow one is logged; a log line describes its request.
use lib 't/lib';
use Fastchat::Test;
use JSON::PP ();
use Time::HiRes qw(time sleep);

# One thread serves everything, so that leftovers of a request would meet the next one.
my $stack = Fastchat::Stack->new(
    env => {
        APP_WORKERS => 1, DB_POOL_MINSIZE => 1, DB_POOL_MAXSIZE => 1, REQUEST_DEADLINE_MS => 400, SLOW_REQUEST_MS => 200
    },
    expect => [qr/exited on signal|died \(signal 9\)|fastchat: crash|Segmentation fault|DEADLYSIGNAL|died to often/],
);
my $alice = $stack->user('alice');
my $room  = $alice->post('/api/rooms', { name => '期限' })->json->{id};
my $at    = "/api/rooms/$room";

sub say_it { my ($id) = @_; return $alice->post("$at/messages", { client_id => $id, body => $id }) }

sub waiting {
    return $stack->wait_for(
        5,
        sub { $stack->sql("SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'") }
    );
}

# The log lines of a request.
sub lines_of {
    my ($answer) = @_;
    my $id       = $answer->header('X-Request-ID');
    my $have     = sub {
        return grep { index($_, $id) >= 0 } split /\n/, $stack->log_text('api');
    };
    $stack->wait_for(5, $have);
    return map { JSON::PP->new->utf8->decode($_) } $have->();
}

subtest 'a message that ends beyond its deadline is sent or given up as a whole' => sub {
    is(say_it('first')->json->{seq}, 2, 'a message within the deadline is sent');
    my $hold = $stack->sql_session;
    $hold->('LOCK TABLES room_log READ');
    my $sending = $stack->begin_at_once(1, sub { return say_it('late')->status });
    waiting();
    sleep 0.5;
    $hold->('UNLOCK TABLES');
    my ($late) = $sending->();
    like($late, qr/^(?:201|503)$/, 'a message whose last statement ends beyond the deadline is sent or given up');
    is(
        $stack->sql("SELECT COUNT(*) FROM room_log WHERE room_id = $room AND client_id = 'late'"), $late == 201 ? 1 : 0,
        'a late message is stored if and only if it was answered 201'
    );
};

subtest 'a late message leaves its thread and its room in order' => sub {
    is(
        $stack->sql('SELECT COUNT(*) FROM information_schema.innodb_trx'), 0,
        'a late message leaves no transaction open'
    );
    is($alice->get($at)->status, 200, 'the request after a late one is answered');
    is(say_it('next')->status, 201, 'a message is sent after another one exceeded its deadline');
    like(say_it('late')->status, qr/^20[01]$/, 'a late message can be sent again');
    is(
        $stack->sql("SELECT COUNT(*) FROM room_log WHERE room_id = $room AND client_id = 'late'"), 1,
        'a late message that is sent again is stored once'
    );
    is_deeply(
        [ map { $_->[0] } $stack->sql("SELECT seq FROM room_log WHERE room_id = $room ORDER BY seq") ], [ 1 .. 4 ],
        'a late message leaves no hole in the numbers'
    );
    is(
        $stack->sql("SELECT last_seq FROM rooms WHERE id = $room"), 4,
        'the room\'s last_seq is right after a late message'
    );
};

subtest 'a request is given up between two statements' => sub {
    $stack->kill('database', 'STOP');
    my $sending = $stack->begin_at_once(
        1,
        sub {
            my $answer = $alice->post('/api/rooms', { name => 'between' });
            return {
                status => $answer->status, code => $answer->json->{code},
                after  => $answer->header('Retry-After')
            };
        }
    );
    sleep 0.7;
    $stack->kill('database', 'CONT');
    my ($given_up) = $sending->();
    is_deeply(
        [ @$given_up{qw(status code)} ], [ 503, 'deadline_exceeded' ],
        'a request that the database does not answer in time is given up'
    );
    ok($given_up->{after}, 'deadline_exceeded carries Retry-After');
    is(
        $stack->sql('SELECT COUNT(*) FROM information_schema.innodb_trx'), 0,
        'a request that was given up leaves no transaction open'
    );
    is(
        $stack->sql("SELECT COUNT(*) FROM rooms WHERE name = 'between'"), 0,
        'a request that was given up leaves nothing'
    );
};

subtest 'a slow request is logged as such' => sub {
    my $slow = $stack->get('/api/trial/pause?ms=300');
    is($slow->status, 204, 'a slow request is answered');
    my ($line) = grep { $_->{route} } lines_of($slow);
    is($line->{level}, 'warning', 'a slow request is logged as a warning');
    ok($line->{slow}, 'the log line of a slow request is marked slow');
    cmp_ok($line->{ms}, '>=', 300, 'the log line of a slow request has its duration');
};

subtest 'a log line describes its request' => sub {
    my $answer = $alice->get("$at?x=1");
    my ($line) = lines_of($answer);
    is_deeply(
        [ sort keys %$line ],
        [ sort qw(time part pid level request_id method route path status ms queries db_ms user_id bytes) ],
        'a log line has exactly the documented fields'
    );
    like($line->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$/, 'a log line\'s time is RFC 3339');
    is_deeply(
        [ @$line{qw(part level method route path status user_id)} ],
        [ 'api', 'info', 'GET', '/api/rooms/{room_id}', $at, 200, $alice->id ],
        'a log line has the route, the path without its query and the user'
    );
    is($line->{pid}, ($stack->workers('api'))[0], 'a log line has the pid');
    is($line->{bytes}, length $answer->content, 'a log line has the bytes of the answer');
    cmp_ok($line->{queries}, '>', 0, 'a log line counts the queries');

    my $odd = $stack->raw('GET', '/api/rooms/%22%5Cn%0a%1b%5b31m', [ 'Authorization: Bearer ' . $alice->token ]);
    my ($odd_line) = lines_of($odd);
    is($odd_line->{path}, '/api/rooms/%22%5Cn%0a%1b%5b31m', 'an odd path is logged in one line of JSON');
    my @bad = grep {
        /^\{/ && !eval { JSON::PP->new->utf8->decode($_) }
    } split /\n/, $stack->log_text('api');
    is_deeply(\@bad, [], 'every log line is JSON');
    unlike(
        $stack->log_text('api') . $stack->log_text('cpu'), qr/\Q${\$alice->token}\E|password of/,
        'no log line holds a token or a password'
    );
};

subtest 'a crash is logged with its route, and others are served' => sub {
    plan skip_all => 'a sanitizer reports crashes in its own way'
        if ($ENV{FASTCHAT_FLAVOUR} // '') =~ /address|thread/ || Fastchat::Stack::binary() =~ m{/(?:address|thread)/};
    my $pausing = $stack->begin_at_once(1, sub { return $stack->post('/api/trial/pause?ms=3000', {})->status });
    sleep 0.5;
    for my $pid ($stack->workers('cpu')) {
        for my $thread (grep { $_ != $pid } map { m{(\d+)$} } glob "/proc/$pid/task/*") {
            syscall((POSIX::uname())[4] eq 'x86_64' ? 234 : 131, $pid + 0, $thread + 0, 11); # tgkill: that thread alone
        }
    }
    is(($pausing->())[0], 502, 'the client of a crashed worker is answered 502');
    ok(
        $stack->wait_for(
            5, sub { $stack->log_text('cpu') =~ m{crash: signal 11 in POST /api/trial/pause, request [0-9a-f]{16}} }
        ),
        'the log names the route that crashed'
    ) or diag $stack->log_text('cpu') =~ /(.*crash.*)/;
    is(
        $stack->wait_for(
            5, sub { my $status = $stack->post('/api/trial/pause?ms=1', {})->status; $status == 204 && $status }
        ),
        204,
        'others are served after a crash'
    );
};

done_testing;
