#!/usr/bin/perl
# One user's requests leave threads and rows to other users, however long they take; they are put off, not refused.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(sleep time);

my $stack = Fastchat::Stack->new(
    env => { LIMIT_GENERAL => 1_000_000, LIMIT_SEND => 1_000_000, APP_WORKERS => 1, ROOMS_PER_DAY => 100 });
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);
my $room = $bob->post('/api/rooms', { name => '轮流' })->json->{id};

# A second session of the same user.
my $session = $stack->post('/api/sessions', { username => $alice->username, password => $alice->password })->json;

# What bob does all the time; returns each status and the longest time.
sub work_of_bob {
    my ($from) = @_;
    my (%status, $longest);
    for my $n (1 .. 30) {
        my $began = time;
        $status{ $bob->post("/api/rooms/$room/messages", { client_id => "$from $n", body => 'x' })->status }++;
        $status{ $bob->get("/api/rooms/$room/messages")->status }++;
        my $took = time - $began;
        $longest = $took if $took > ($longest // 0);
    }
    return (\%status, $longest);
}

subtest 'requests that wait for a row of their user do not hold every thread' => sub {
    my $hold = $stack->sql_session;
    $hold->('START TRANSACTION');
    $hold->('SELECT id FROM users WHERE id = ' . $alice->id . ' FOR UPDATE');
    my $waiting = $stack->begin_at_once(
        40,
        sub {
            my ($number) = @_;
            my $token = $number % 2 ? $alice->token : $session->{token};
            return [ $alice->patch('/api/users/me', { nickname => "name $number" }, token => $token)->status ];
        }
    );
    my $held = sub { $stack->sql("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%FOR UPDATE'") };
    ok($stack->wait_for(5, sub { $held->() >= 4 }), 'a quarter of the threads waits for the row');
    my ($status, $longest) = work_of_bob('while they wait');
    is_deeply($status, { 200 => 30, 201 => 30 }, "another user's requests are all served");
    cmp_ok($longest, '<', 4, 'none of them waits for the row');
    is($held->(), 4, 'the other requests hold no thread');
    $hold->('COMMIT');
    is_deeply([ grep { $_ != 200 } map { @$_ } $waiting->() ], [], 'requests that were put off are served in the end');
};

subtest 'large rooms that are being made hold up nobody whom they get as a member' => sub {
    my @others = map { $stack->user("other$_")->id } 1 .. 30;
    my $made   = $stack->begin_at_once(
        8,
        sub {
            my ($number) = @_;
            my %large = (name => "大 $number", member_ids => [ $bob->id, @others ]);
            return [ map { $alice->post('/api/rooms', \%large)->status } 1 .. 4 ];
        }
    );
    my ($longest, %status) = 0;
    for my $number (1 .. 50) {
        my $began = time;
        $status{ $bob->patch('/api/users/me', { nickname => "bob $number" })->status }++;
        $longest = time - $began if time - $began > $longest;
    }
    is_deeply(\%status, { 200 => 50 }, 'a member changes their own row meanwhile');
    cmp_ok($longest, '<', 4, 'no change waits for all the rooms');
    is_deeply([ map { @$_ } $made->() ], [ (201) x 32 ], 'the rooms are made in the end');
};

subtest 'requests that were put off end when their session does' => sub {
    my $eve  = $stack->user('eve');
    my $hold = $stack->sql_session;
    $hold->('START TRANSACTION');
    $hold->('SELECT id FROM users WHERE id = ' . $eve->id . ' FOR UPDATE');
    my $waiting =
        $stack->begin_at_once(40, sub { return [ $eve->patch('/api/users/me', { nickname => 'eve' })->status ] });
    my $held = sub { $stack->sql("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%FOR UPDATE'") };
    ok($stack->wait_for(5, sub { $held->() >= 4 }), 'a quarter of the threads waits for the row');
    $stack->sql('DELETE FROM sessions WHERE user_id = ' . $eve->id);
    sleep 2.5;    # after 2 s it has ended in every process; asking would wait for a turn, too
    $hold->('COMMIT');
    my @status = map { @$_ } $waiting->();
    is(scalar @status, 40, 'each of them is answered');
    is_deeply(
        [ grep { $_ != 200 && $_ != 401 && $_ != 503 } @status ],
        [], 'each is served, has waited too long for the row, or its session has ended'
    );
    ok(scalar(grep { $_ == 401 } @status), 'some were put off until their session had ended');
    my ($status, $longest) = work_of_bob('after them');
    is_deeply($status, { 200 => 30, 201 => 30 }, 'everything goes on');
};

subtest 'long polls of one user are all admitted, one after the other' => sub {
    my $marks  = $alice->post('/api/sync', { rooms => {} })->json->{rooms};
    my %rooms  = map { $_->{id} => $_->{last_seq} } @$marks;
    my @status = map { @$_ } $stack->at_once(
        16,
        sub {
            my ($number) = @_;
            my $token = $number % 2 ? $alice->token : $session->{token};
            return [ $alice->post('/api/sync/wait', { rooms => \%rooms, wait => 2 }, token => $token)->status ];
        }
    );
    is_deeply(\@status, [ (200) x 16 ], 'each is held, and ends');
};

done_testing;
