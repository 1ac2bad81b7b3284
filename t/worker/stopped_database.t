#!/usr/bin/perl
# A database that stops in the middle of anything, as if its disk or the network hung: every request is answered 503 at
# its deadline, and all is well once the database goes on.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(time sleep);

# The client libraries' own time-out is 11 s; a deadline is kept to within one, and this machine may be busy.
use constant { DEADLINE => 2, LIMIT => 6 };

my $stack = Fastchat::Stack->new(own => 1, env => { REQUEST_DEADLINE_MS => 1000 * DEADLINE });
my $alice = $stack->user('alice');
my $room  = $alice->post('/api/rooms', { name => '停' })->json->{id};
my $at    = "/api/rooms/$room/messages";

my %requests = (
    'a read'    => sub { $alice->get($at) },
    'a message' => sub { $alice->post($at, { client_id => 'c' . rand, body => 'x' }) },
    'a room'    => sub { $alice->post('/api/rooms', { name => 'new' }) },
    'a sync'    => sub { $alice->post('/api/sync', { rooms => {} }) },
    'a sign-in' => sub {
        $stack->post('/api/sessions', { username => $alice->username, password => $alice->password });
    },
    'a stream'          => sub { $alice->get('/api/events') },
    'a check of health' => sub { $stack->get('/api/readyz') },
);
my @names = sort keys %requests;

# Makes each request at once: its status and its time, by name.
sub begin_all {
    return $stack->begin_at_once(
        scalar @names,
        sub {
            my $began  = time;
            my $status = $requests{ $names[ $_[0] - 1 ] }->()->status;
            return [ $status, time - $began ];
        }
    );
}

sub are_in_time {
    my ($when, @results) = @_;
    for my $k (0 .. $#names) {
        my ($status, $seconds) = @{ $results[$k] };
        # The reply of readyz may be a second old.
        is($status, 503, "$names[$k] is answered 503 $when") if $names[$k] ne 'a check of health';
        cmp_ok($seconds, '<', LIMIT, "$names[$k] is answered in time $when");
    }
}

sub works_again {
    my ($when) = @_;
    ok(
        $stack->wait_for(
            10,
            sub {
                !grep { $requests{$_}->()->status !~ /^20/ } 'a read', 'a message', 'a sign-in';
            }
        ),
        "requests are done again $when"
    );
    is(
        $stack->sql("SELECT COUNT(*) FROM room_log WHERE room_id = $room"),
        $stack->sql("SELECT last_seq FROM rooms WHERE id = $room"), "no number is missing $when"
    );
}

subtest 'a stopped database' => sub {
    $requests{$_}->() for 'a read', 'a message', 'a sync';
    for my $time ('with open connections', 'with new connections') {
        $stack->kill('database', 'STOP');
        are_in_time($time, begin_all()->());
        $stack->kill('database', 'CONT');
    }
    works_again('after the database was stopped');
};

subtest 'a database that stops while a request waits for a lock' => sub {
    my $hold = $stack->sql_session;
    $hold->('LOCK TABLES room_log WRITE, rooms WRITE, members WRITE');
    my $began   = time;
    my $sending = $stack->begin_at_once(1, sub { $requests{'a message'}->()->status });
    $stack->wait_for(
        5,
        sub {
            $stack->sql("SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'");
        }
    );
    $stack->kill('database', 'STOP');
    is(($sending->())[0], 503, 'the waiting request is answered 503');
    cmp_ok(time - $began, '<', LIMIT, 'the waiting request is answered in time');
    $stack->kill('database', 'CONT');
    $hold->('UNLOCK TABLES');
    works_again('after the lock');
};

done_testing;
