#!/usr/bin/perl
# Parts that die are started again, and requests are served again.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new(own => 1, expect => [qr/exited on signal 9|died \(signal 9\)/]);

subtest 'a part that dies is started again' => sub {
    for my $part (qw(redis database api cpu nginx)) {
        my $was = $stack->pid($part);
        $stack->kill($part);
        ok(
            $stack->wait_for(5, sub { my $pid = $stack->pid($part); $pid && $pid != $was && kill 0, $pid }),
            "$part is started again"
        );
        ok($stack->wait_ready(15), "the stack is ready again after $part died");
    }
    like(
        $stack->log_text('stack'), qr/database died \(signal 9\); starting it again/,
        'the supervisor logs the part that died'
    );
};

subtest 'the stack is ready without Redis, which comes back when it is released' => sub {
    $stack->hold('redis');
    $stack->kill('redis');
    select undef, undef, undef, 0.6;
    is($stack->get('/api/readyz')->status, 200, 'the stack is ready without Redis');
    $stack->release('redis');
    ok(
        $stack->wait_for(
            5,
            sub {
                (eval { $stack->redis_cli('ping') } // '') eq 'PONG';
            }
        ),
        'Redis comes back when it is released'
    );
};

done_testing;
