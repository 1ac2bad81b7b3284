#!/usr/bin/perl
# Workers that must end, or that replace themselves, lose no request.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(time sleep);

# Sends requests from four clients at once until they are stopped or have sent `most`. Returns the statuses with counts.
sub load {
    my ($stack, $most, $meanwhile, @calls) = @_;
    my $flag    = $stack->dir . '/stop';
    my $loading = $stack->begin_at_once(
        4,
        sub {
            my ($k) = @_;
            my %statuses;
            for (my $n = 0; $n < $most && !-e $flag; $n++) {
                $statuses{ $calls[ $n % @calls ]->("$k-$n")->status }++;
            }
            return \%statuses;
        }
    );
    $meanwhile->();
    open my $out, '>', $flag or die "$flag: $!";
    my %sum;
    for my $one ($loading->()) { $sum{$_} += $one->{$_} for keys %$one }
    unlink $flag;
    return \%sum;
}

# Ends each worker of a pool, one after another. The pause keeps the supervisor from counting an end as a failed start.
sub end_each {
    my ($stack, $pool, $signal) = @_;
    my $count = $stack->workers($pool);
    for my $pid (sort { $a <=> $b } $stack->workers($pool)) {
        sleep 0.6;
        kill $signal, $pid;
        $stack->wait_for(
            15,
            sub {
                my @now = $stack->workers($pool);
                @now >= $count && !grep { $_ == $pid } @now;
            }
        ) or return 0;
    }
    return 1;
}

my $stack = Fastchat::Stack->new(own => 1, env => { APP_WORKERS => 2 });
my $alice = $stack->user('alice');
my $room  = $alice->post('/api/rooms', { name => '不停' })->json->{id};

subtest 'no message is lost while the workers of the api pool end' => sub {
    my $sent = load(
        $stack, 100_000, sub { ok(end_each($stack, 'api', 'TERM'), 'every worker of the api pool ends on SIGTERM') },
        sub { return $alice->post("/api/rooms/$room/messages", { client_id => $_[0], body => $_[0] }) },
        sub { return $alice->get("/api/rooms/$room/messages?limit=5") }
    );
    is_deeply([ grep { !/^20[01]$/ } keys %$sent ], [], 'no request is lost while workers of the api pool end')
        or diag explain $sent;
    cmp_ok($sent->{201} // 0, '>', 20, 'many messages were sent while workers ended');
    is(
        $stack->sql("SELECT last_seq FROM rooms WHERE id = $room"), 1 + $sent->{201},
        'every message is stored once while workers end'
    );
};

subtest 'no sign-in is lost while the workers of the cpu pool end' => sub {
    my $signed = load(
        $stack, 100_000, sub { ok(end_each($stack, 'cpu', 'TERM'), 'every worker of the cpu pool ends on SIGTERM') },
        sub { return $stack->post('/api/sessions', { username => $alice->username, password => $alice->password }) }
    );
    is_deeply([ keys %$signed ], [201], 'no request is lost while workers of the cpu pool end') or diag explain $signed;
};

subtest 'a worker finishes its request on SIGTERM, and others go on' => sub {
    my $pausing = $stack->begin_at_once(2, sub { return $stack->get('/api/trial/pause?ms=1500')->status });
    sleep 0.5;
    my @told = $stack->workers('api');
    kill 'TERM', @told;
    is_deeply([ $pausing->() ], [ 204, 204 ], 'a worker finishes its request before it ends');
    ok(
        $stack->wait_for(
            15,
            sub {
                !grep { kill 0, $_ } @told;
            }
        ),
        'a worker ends after its request'
    );
    is($stack->get('/api')->status, 200, 'other workers go on');
};

subtest 'a worker replaces itself after WORKER_MAX_REQUESTS without losing a request' => sub {
    my $stack = Fastchat::Stack->new(own => 1, env => { WORKER_MAX_REQUESTS => 200, APP_WORKERS => 2 });
    my %first = map { $_ => 1 } $stack->workers('api');
    sleep 1.1;    # a process that ends within its first second would count as one that failed
    my $got  = load($stack, 500, sub { }, sub { return $stack->get('/api') });
    my $more = load(
        $stack, 100_000,
        sub {
            $stack->wait_for(
                20,
                sub {
                    my @now = $stack->workers('api');
                    @now >= 2 && !grep { $first{$_} } @now;
                }
            );
        },
        sub { return $stack->get('/api') }
    );
    is_deeply(
        [ keys %{ { %$got, %$more } } ], [200],
        'no request is lost while workers replace themselves'
    ) or diag explain [ $got, $more ];
    ok(!grep({ $first{$_} } $stack->workers('api')), 'every first worker was replaced');
    like(
        $stack->log_text('api'), qr/"ending after (?:1[89]|2)\d+ requests"/,
        'a worker ends after about WORKER_MAX_REQUESTS'
    );
};

done_testing;
