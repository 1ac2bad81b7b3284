#!/usr/bin/perl
# Processes and stores die: nothing acknowledged is lost, nothing happens twice, no restart is needed.
use lib 't/lib';
use Fastchat::Test;
use List::Util qw(sum0);
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new(own => 1, expect => [qr/exited on signal 9|died \(signal 9\)/]);
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
my $room = $alice->post('/api/rooms', { name => '故障', member_ids => [ $bob->id ] })->json->{id};
my $at   = "/api/rooms/$room";

sub say_it { my ($who, $id) = @_; return $who->post("$at/messages", { client_id => $id, body => "消息 $id" }) }
# The worker that has run longest. Its supervisor gives up workers that die within half a second of their start.
sub oldest {
    my ($pid) = sort { $a <=> $b } $stack->workers('api');
    $stack->wait_for(5, sub { my @stat = stat "/proc/$pid"; @stat && time - $stat[9] > 1.1 });
    return $pid;
}

sub rows {
    my ($id) = @_;
    return $stack->sql("SELECT COUNT(*) FROM room_log WHERE room_id = $room AND client_id = '$id'");
}

# No numbers are missing in the room.
sub no_holes {
    my ($name) = @_;
    my ($row)  = $stack->sql(
        "SELECT COUNT(*), MAX(seq), (SELECT last_seq FROM rooms WHERE id = $room) FROM room_log WHERE room_id = $room");
    is_deeply([ @$row[ 1, 2 ] ], [ @$row[ 0, 0 ] ], $name);
}

# A worker is killed while it holds the room's row lock.
subtest 'a worker killed in the middle of a message loses nothing' => sub {
    my $hold = $stack->sql_session;
    $hold->('LOCK TABLES room_log READ');
    my $sending = $stack->begin_at_once(1, sub { return say_it($alice, 'killed')->status });
    ok(
        $stack->wait_for(
            5,
            sub {
                $stack->sql(
                    "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'");
            }
        ),
        'a worker is in the middle of a message'
    );
    kill 'KILL', $stack->workers('api');
    is(($sending->())[0], 502, 'the client of a killed worker is answered 502');
    $hold->('UNLOCK TABLES');
    ok($stack->wait_ready, 'other workers take the place of a killed one');
    like(
        say_it($alice, 'killed')->status, qr/^20[01]$/,
        'the same client_id again sends the message, or finds it sent'
    );
    is(say_it($alice, 'killed')->status, 200, 'a message of a killed worker is stored once');
    is(rows('killed'), 1, 'there is one message');
    no_holes('a killed worker leaves no hole in the numbers');
};

# The reply to a message is lost: the message is stored, and the retry finds it.
subtest 'a message whose answer is lost is found by the retry' => sub {
    my $before = $stack->sql("SELECT last_seq FROM rooms WHERE id = $room");
    my @statuses;
    for my $n (1 .. 6) {
        my $pid     = oldest();
        my $sending = $stack->begin_at_once(4, sub { my ($k) = @_; return say_it($bob, "storm-$n-$k")->status });
        sleep 0.002 * $n;
        kill 'KILL', $pid;
        push @statuses, $sending->();
        $stack->wait_ready;
    }
    is_deeply(
        [ grep { !/^(?:201|502)$/ } @statuses ], [],
        'a message is sent or answered 502, whenever its worker is killed'
    );
    my @again = map {
        my $n = $_;
        map { say_it($bob, "storm-$n-$_")->status } 1 .. 4
    } 1 .. 6;
    is_deeply([ grep { !/^20[01]$/ } @again ], [], 'every message can be sent again');
    is(
        $stack->sql("SELECT last_seq FROM rooms WHERE id = $room") - $before, 24,
        'every message that was sent again is stored once'
    );
    no_holes('workers killed at any moment leave no hole in the numbers');
};

# An idempotent request is tried on another process.
subtest 'an idempotent request is tried on another process' => sub {
    my $pid     = oldest();
    my $pausing = $stack->begin_at_once(4, sub { return $stack->get('/api/trial/pause?ms=600')->status });
    sleep 0.3;
    kill 'KILL', $pid;
    is_deeply([ $pausing->() ], [ (204) x 4 ], 'a GET whose worker is killed is answered by another one');
    $stack->wait_ready;
};

subtest 'requests are refused at once while the database is away' => sub {
    my @pids = sort $stack->workers('api');
    $stack->hold('database');
    $stack->kill('database');
    $stack->wait_for(5, sub { $stack->get('/api/readyz')->status == 503 });
    my $began   = time;
    my $refused = say_it($alice, 'away');
    is($refused->status, 503, 'while the database is away a message is refused');
    is($refused->json->{code}, 'unavailable', 'the 503 without a database has a code');
    like($refused->header('Retry-After'), qr/^[1-9]\d*$/, 'the 503 without a database carries Retry-After');
    is($alice->get('/api/rooms')->status, 503, 'reading is answered 503 while the database is away');
    is(
        $stack->post('/api/sessions', { username => $alice->username, password => $alice->password })->status, 503,
        'signing in is answered 503 while the database is away'
    );
    is($stack->get('/api/readyz')->status, 503, 'readyz fails while the database is away');
    is($stack->get('/api/healthz')->status, 200, 'healthz succeeds while the database is away');
    cmp_ok(time - $began, '<', 15, 'no request waits for a database that is away');
    $stack->release('database');
    ok($stack->wait_ready(20), 'the database is back');
    is(
        $stack->wait_for(5, sub { my $status = say_it($alice, 'away')->status; $status == 503 ? 0 : $status }), 201,
        'the message is sent once the database is back'
    );
    is_deeply([ sort $stack->workers('api') ], \@pids, 'no worker ended while the database was away');
    ok(
        $stack->wait_for(
            5,
            sub {
                !grep { $_ != 200 } map { $bob->get($at)->status } 1 .. 40;
            }
        ),
        'every thread connects again'
    );
    is(
        say_it($bob, 'storm-1-1')->status, 200,
        'an acknowledged message survives the database\'s restart'
    );
};

# The database restarts under load: each client sends until it has met that, then ten more.
subtest 'a database that restarts under load loses nothing' => sub {
    my $sending = $stack->begin_at_once(
        4,
        sub {
            my ($k) = @_;
            my ($sent, $more, @refused) = (0, 10);
            for my $try (1 .. 50_000) {
                my $status = say_it($k % 2 ? $alice : $bob, "restart-$k-$sent")->status;
                if ($status =~ /^20/) {
                    $sent++;
                    last if @refused && !$more--;
                } else {
                    push @refused, $status;
                    sleep 0.1;
                }
            }
            return { sent => $sent, refused => \@refused };
        }
    );
    sleep 0.1;
    $stack->kill('database');
    my @ends    = $sending->();
    my @refused = map { @{ $_->{refused} } } @ends;
    my $sent    = sum0(map { $_->{sent} } @ends);
    ok(@refused >= 4, 'every sender notices that the database is killed under load');
    is_deeply([ grep { $_ != 503 } @refused ], [], 'every failed send under load is answered 503');
    is(
        $stack->sql("SELECT COUNT(*) FROM room_log WHERE room_id = $room AND client_id LIKE 'restart-%'"), $sent,
        'every message sent under load is stored once'
    );
    no_holes('a database killed under load leaves no hole in the numbers');
};

subtest 'Redis only speeds things up' => sub {
    $stack->redis_cli('FLUSHALL');
    is($alice->get('/api/users/me')->status, 200, 'a wiped Redis signs nobody out');
    my $phone = sub {
        return $stack->post('/api/sessions', { username => $alice->username, password => $alice->password })->json;
    };

    my $cached = $phone->();
    $stack->get('/api/users/me', token => $cached->{token}) for 1 .. 10;
    is(
        $stack->delete('/api/sessions/current', token => $cached->{token})->status, 204,
        'a session that is cached is ended'
    );
    is_deeply(
        [ grep { $_ != 401 } map { $stack->get('/api/users/me', token => $cached->{token})->status } 1 .. 20 ],
        [], 'the token of an ended session is rejected at once'
    );
    $stack->redis_cli('FLUSHALL');
    is(
        $stack->get('/api/users/me', token => $cached->{token})->status, 401,
        'the token of an ended session is rejected after Redis was wiped'
    );

    # A session ends while others use it: a lookup that began before must not restore it.
    my $busy = $phone->();
    my $using =
        $stack->begin_at_once(4, sub { $stack->get('/api/users/me', token => $busy->{token}) for 1 .. 60; return 1 });
    for (1 .. 20) { $stack->redis_cli('FLUSHALL') }
    $stack->delete('/api/sessions/current', token => $busy->{token});
    is_deeply(
        [ grep { $_ != 401 } map { $stack->get('/api/users/me', token => $busy->{token})->status } 1 .. 20 ], [],
        'the token of a session ended in use is rejected at once'
    );
    $using->();

    # The membership copies in Redis.
    my $seat = "$at/members/" . $bob->id;
    my $try  = sub {
        return join ' ', $bob->get("$at/messages?limit=1")->status, say_it($bob, 'seat ' . rand)->status,
            $bob->put("$at/read", { seq => 1 })->status;
    };
    my $remove = sub {
        return is($alice->delete($seat)->status, 204, 'the owner removes a member');
    };
    my $add = sub {
        return is($alice->put($seat, {})->status, 200, 'the owner adds a member');
    };
    for my $wiped (0, 1) {
        my $when = $wiped ? ', also when Redis is wiped' : '';
        is($try->(), '200 201 200', 'a member reads and writes') for 1 .. 3;
        $remove->();
        $stack->redis_cli('FLUSHALL') if $wiped;
        is($try->(), '403 403 403', "a removed member is denied at once$when") for 1 .. 3;
        $add->();
        $stack->redis_cli('FLUSHALL') if $wiped;
        is($try->(), '200 201 200', "a member who is added again reads and writes$when");
    }
    my $talking = $stack->begin_at_once(
        4,
        sub {
            my ($k) = @_;
            return [ map { say_it($bob, "talk $k $_")->status } 1 .. 60 ];
        }
    );
    for (1 .. 6) { $remove->(); $add->() }
    $remove->();
    is($try->(), '403 403 403', 'a member removed while sending is denied at once');
    my @talk = map { @$_ } $talking->();
    is_deeply([ grep { !/^(?:201|403|503)$/ } @talk ], [], 'every message of a removed member is sent or refused');
    no_holes('a removal while sending leaves no hole in the numbers');
    $add->();

    $stack->hold('redis');
    $stack->kill('redis');
    my $began = time;
    $remove->();
    is($try->(), '403 403 403', 'a removed member is denied at once without Redis');
    $add->();
    is(say_it($alice, 'no redis')->status, 201, 'messages are sent without Redis');
    is($bob->get("$at/messages?limit=1")->json->{items}[0]{client_id}, 'no redis', 'messages are read without Redis');
    my $there = $phone->();
    ok($there->{token}, 'signing in works without Redis');
    is($stack->get('/api/users/me', token => $there->{token})->status, 200, 'a session is known without Redis');
    is(
        $stack->delete('/api/sessions/current', token => $there->{token})->status, 204,
        'signing out works without Redis'
    );
    is(
        $stack->get('/api/users/me', token => $there->{token})->status, 401,
        'the token is rejected after signing out without Redis'
    );
    is_deeply(
        $stack->get('/api/readyz')->json, { status => 'ok', database => 'ok', redis => 'down' },
        'readyz succeeds without Redis and says that it is down'
    );
    cmp_ok(time - $began, '<', 15, 'no request waits for a Redis that is away');
    $stack->release('redis');
    ok(
        $stack->wait_for(10, sub { ($stack->get('/api/readyz')->json->{redis} // '') eq 'ok' }),
        'Redis is used again once it is back'
    );
};

# A Redis that accepts connections and never replies. One thread serves here, so that each request meets it.
subtest 'a Redis that hangs does not slow requests down' => sub {
    my $one = Fastchat::Stack->new(
        own => 1,
        env => { APP_WORKERS => 1, DB_POOL_MINSIZE => 1, DB_POOL_MAXSIZE => 1, LIMIT_GENERAL => 100_000 }
    );
    my $eve = $one->user('eve');
    $eve->get('/api/users/me');
    $one->kill('redis', 'STOP');
    my ($began, @bad) = (time);
    while (time - $began < 5) {
        my $answer = $eve->get('/api/users/me');
        push @bad, $answer->status if $answer->status != 200;
        sleep 0.01;
    }
    my $took = time - $began;
    $one->kill('redis', 'CONT');
    is_deeply(\@bad, [], 'every request is answered while Redis hangs');
    my $waits = () = $one->log_text('api') =~ /Redis: .*no reply in time/g;
    cmp_ok($waits, '>', 0, 'a request meets the time-out of a Redis that hangs');
    cmp_ok($waits, '<=', 1 + $took / 2, 'a Redis that hangs costs one time-out every 2 s');

    # After a hang the thread does not use Redis for a while: a session that ends then stays ended.
    ok($one->wait_for(5, sub { $one->get('/api/readyz')->json->{redis} eq 'ok' }), 'a Redis that hung is used again');
    my $phone = $one->post('/api/sessions', { username => $eve->username, password => $eve->password })->json->{token};
    my $adam  = $one->user('adam');
    my $there = '/api/rooms/' . $eve->post('/api/rooms', { name => 'x', member_ids => [ $adam->id ] })->json->{id};
    my $works = sub {
        return join ' ', $one->get('/api/users/me', token => $phone)->status, $adam->get("$there/messages")->status;
    };
    is($works->(), '200 200', 'a session and a membership that Redis remembers') for 1 .. 2;
    $one->kill('redis', 'STOP');
    $eve->get('/api/users/me');
    $one->kill('redis', 'CONT');
    $eve->delete("$there/members/" . $adam->id);
    $one->delete('/api/sessions/current', token => $phone);
    is($works->(), '401 403', 'a session and a membership end at once while a thread avoids Redis');
    $one->wait_for(5, sub { $one->get('/api/readyz')->json->{redis} eq 'ok' });
    is($works->(), '401 403', 'a session and a membership that ended stay ended');
};

done_testing;
