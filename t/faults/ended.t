#!/usr/bin/perl
# Sign-outs, new passwords and removals take effect within 2 s, whether or not the answer to COMMIT arrives, whatever
# happens to Redis, and also if an operator makes them by hand in SQL.
#
#     prove t/faults/ended.t              # 60 trials
#     prove t/faults/ended.t :: 1000 7    # 1,000 trials, with the random choices of seed 7
use lib 't/lib';
use Fastchat::Test;
use List::Util qw(max shuffle);
use Time::HiRes qw(time sleep);

my ($trials, $seed) = @ARGV;
$trials ||= 60;
$seed   ||= int rand 1_000_000;
srand $seed;
diag "seed $seed";

use constant { ROUND => 10, LIMIT => 2, COMMITS => -2, LOST => 2013 };

my $shim = "$Fastchat::Stack::root/build/" . ($ENV{FASTCHAT_FLAVOUR} || 'release') . '/t/shim/failing_client.so';
-e $shim or BAIL_OUT("$shim is not built (make tests)");
my $orders  = File::Temp->new;
my $slowest = 0;

sub lose_answers {
    my ($lost) = @_;
    sysseek $orders, 0, 0;
    syswrite $orders, pack('l5', $lost ? COMMITS : 0, 1, LOST, 0, 0) . "\0" x 4000;
}
lose_answers(0);

my $stack = Fastchat::Stack->new(
    env => {
        FASTCHAT_WRAP => "/usr/bin/env LD_PRELOAD=$shim FASTCHAT_FAIL=$orders", APP_WORKERS => 2, DB_POOL_MAXSIZE => 4
    },
);
my $owner = $stack->user('owner');
my $room  = $owner->post('/api/rooms', { name => '周末爬山', open => JSON::PP::true })->json->{id};
my $at    = "/api/rooms/$room";

# The rows that changes through the API delete.
my $session_row = sub { "sessions WHERE id = $_[0]{session}" };
my $member_row  = sub { "members WHERE room_id = $room AND user_id = " . $_[0]->id };

# Each change: how it is made, and a request of the user with the status by which it has taken effect.
my %changes = (
    'a sign-out' => {
        make => sub { $_[0]->delete('/api/sessions/current') },
        row  => $session_row,
        call => sub { $_[0]->get('/api/users/me') }, ended => 401,
    },
    'a session ended from another device' => {
        make => sub {
            my ($user) = @_;
            $user->delete('/api/sessions/' . $user->{session}, token => $user->{other_token});
        },
        row  => $session_row,
        call => sub { $_[0]->get('/api/users/me') }, ended => 401,
    },
    'a new password' => {
        make => sub {
            my ($user) = @_;
            my %form = (old_password => $user->password, password => 'another password');
            return $user->put('/api/users/me/password', \%form, token => $user->{other_token});
        },
        row  => $session_row,
        call => sub { $_[0]->get('/api/users/me') }, ended => 401,
    },
    'a removal, for a reader' => {
        make => sub { $owner->delete("$at/members/" . $_[0]->id) },
        row  => $member_row,
        call => sub { $_[0]->get("$at/messages") }, ended => 403,
    },
    'a removal, for a writer' => {
        make => sub { $owner->delete("$at/members/" . $_[0]->id) },
        row  => $member_row,
        call => sub { $_[0]->post("$at/messages", { client_id => 'c' . rand, body => 'x' }) }, ended => 403,
    },
    'a session deleted by hand' => {
        make => sub { by_hand('DELETE FROM ' . $session_row->($_[0])) },
        call => sub { $_[0]->get('/api/users/me') }, ended => 401,
    },
    'a user deleted by hand' => {
        make => sub { by_hand('DELETE FROM users WHERE id = ' . $_[0]->id) },
        call => sub { $_[0]->get('/api/users/me') }, ended => 401,
    },
    'a user disabled by hand' => {
        make => sub { by_hand('UPDATE users SET state = 1 WHERE id = ' . $_[0]->id) },
        call => sub { $_[0]->get('/api/users/me') }, ended => 401,
    },
    'a membership deleted by hand' => {
        make => sub { by_hand('DELETE FROM ' . $member_row->($_[0])) },
        call => sub { $_[0]->get("$at/messages") }, ended => 403,
    },
);

my %faults = (
    'nothing'              => { before => sub { }, after                               => sub { } },
    'stopped and resumed'  => { before => sub { $stack->kill('redis', 'STOP') }, after => sub { resume() } },
    'wiped'                => { before => sub { $stack->redis_cli('FLUSHALL') }, after => sub { } },
    'cut from subscribers' => { before => sub { cut_subscribers() }, after             => sub { cut_subscribers() } },
);

sub resume { $stack->kill('redis', 'CONT') }

# Deadlocks with a request are part of life; an operator tries again.
sub by_hand {
    my ($sql) = @_;
    return $stack->wait_for(
        5,
        sub {
            eval { $stack->sql($sql); 1 }
        }
    );
}

sub cut_subscribers { $stack->redis_cli(qw(CLIENT KILL TYPE pubsub)) }

# A member of the room with a second session, whom the workers know.
sub new_member {
    my $user = $stack->user('ann');
    my %form = (username => $user->username, password => $user->password);
    $user->{session}     = $user->get('/api/sessions')->json->{items}[0]{id};
    $user->{other_token} = $stack->post('/api/sessions', \%form)->json->{token};
    $user->put("$at/members/" . $user->id, {});
    $user->get("$at/messages") for 1 .. 2;
    return $user;
}

# Makes the change. An answer of 503 may mean that it was not made, because too many others met lost answers: only the
# database shows that, and a client tries again. Returns the time.
sub make_change {
    my ($user, $change) = @_;
    my $made;
    $stack->wait_for(
        30,
        sub {
            $change->{make}->($user);
            $made = time;
            return !$change->{row} || !$stack->sql('SELECT COUNT(*) FROM ' . $change->{row}->($user));
        }
    );
    return $made;
}

# Makes the change, and returns how many seconds later the last call began that did not show it; -1 if none ever did.
sub time_until_ended {
    my ($user, $change) = @_;
    my $made  = make_change($user, $change);
    my $last  = 0;
    my $ended = $stack->wait_for(
        30,
        sub {
            my $began = time - $made;
            return 1 if $change->{call}->($user)->status == $change->{ended};
            $last = $began;
            return 0;
        }
    );
    return $ended ? $last : -1;
}

sub run_round {
    my ($fault, $lost) = @_;
    my @trials = map { { change => (shuffle sort keys %changes)[0], user => new_member() } } 1 .. ROUND;
    $faults{$fault}{before}->();
    lose_answers($lost);
    my $pause   = rand 1.5;
    my $results = $stack->begin_at_once(
        ROUND,
        sub {
            my $trial = $trials[ $_[0] - 1 ];
            return time_until_ended($trial->{user}, $changes{ $trial->{change} });
        }
    );
    sleep $pause;
    $faults{$fault}{after}->();
    my @seconds = $results->();
    lose_answers(0);
    sleep LIMIT;    # what comes back in Redis now has no more grace
    my @late = grep { $seconds[$_] < 0 || $seconds[$_] > LIMIT } 0 .. $#seconds;
    $slowest = max($slowest, @seconds);
    my @back = grep { my $c = $changes{ $trials[$_]{change} }; $c->{call}->($trials[$_]{user})->status != $c->{ended} }
        0 .. $#seconds;
    my $about = "Redis: $fault" . ($lost ? ', answers lost' : '');
    return (
        (map { "$about: $trials[$_]{change} is late" } @late),
        (map { "$about: $trials[$_]{change} is undone" } @back)
    );
}

my @wrong;
for my $round (1 .. $trials / ROUND) {
    my $fault = (shuffle sort keys %faults)[0];
    push @wrong, run_round($fault, $round % 2);
}
diag sprintf 'the slowest change took effect after %.2f s', $slowest;
is_deeply(\@wrong, [], "all of $trials changes take effect within " . LIMIT . ' s, and stay in effect');
done_testing;
