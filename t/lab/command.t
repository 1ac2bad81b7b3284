#!/usr/bin/perl
# fastchat lab on the command line: the table, the figures as JSON, say_after, and wrong arguments.
use lib 't/lib';
use Fastchat::Test;
use JSON::PP ();

my $stack = Fastchat::Stack->new;
my @small = ('--tasks', 4, '--wait', 250, '--cpu', 4);

sub lab { return $stack->fastchat('lab', @_) }

my ($result, %works);

subtest 'every shape does the same work of each kind' => sub {
    my ($json, $status) = lab(@small, '--repeat', 2, '--json');
    is($status, 0, 'the lab runs');
    $result = JSON::PP->new->utf8->decode($json =~ s/^(?!\{).*\n//mgr);
    is_deeply(
        $result->{settings},
        { tasks => 4, cpu => 4, wait_ms => 250, repeat => 2, threads => 4, processes => $result->{cores} },
        'the result repeats the settings'
    );
    %works = map {
        $_->{work} => { %$_, by => { map { $_->{mode} => $_ } @{ $_->{modes} } } }
    } @{ $result->{works} };
    is_deeply([ sort keys %works ], [qw(cpu mixed wait)], 'the result has three kinds of work');
    is_deeply(
        [ map { $_->{mode} } @{ $works{$_}{modes} } ], [qw(serial threads event_loop processes)],
        "$_ is measured in four shapes"
    ) for sort keys %works;
    ok(!(grep { !$_->{same_work} } map { @{ $_->{modes} } } values %works), 'every shape did the same work');
};

subtest 'every median lies in its spread, and every kind of work has its advice' => sub {
    for my $work (values %works) {
        ok(
            !(grep { $_->{min_ms} > $_->{ms} || $_->{ms} > $_->{max_ms} } @{ $work->{modes} }),
            "the median of $work->{work} lies in its spread"
        );
        ok($work->{why}{en} && $work->{why}{zh} =~ /\p{Han}/, "the advice for $work->{work} is given in two languages");
    }
};

subtest 'the figures show what each shape is good for' => sub {
    my $wait = $works{wait}{by};
    cmp_ok($wait->{serial}{min_ms}, '>=', 4 * 250, 'serial waits add up');
    cmp_ok($wait->{$_}{min_ms}, '<', $wait->{serial}{min_ms} / 2, "$_: waits overlap") for qw(threads event_loop);
    like($works{wait}{take}, qr/^(?:event_loop|threads)$/, 'event_loop or threads are advised for waiting');
    my $blocked = $result->{traps}{blocked};
    cmp_ok(
        $blocked->{event_loop_max_ms}, '>=', $blocked->{block_ms} - 10,
        'a call that blocks stalls the event loop for everybody'
    );
    cmp_ok(
        $blocked->{pool_max_ms}, '<', $blocked->{event_loop_max_ms},
        'a blocking call stalls a pool less than an event loop'
    );
    my $pool = $result->{traps}{pool};
    cmp_ok($pool->{pool_last_ms}, '>=', 2 * $pool->{wait_ms}, 'the 41st request waits for one of 40 threads');
    cmp_ok($pool->{event_loop_last_ms}, '<', $pool->{pool_last_ms}, 'the 41st request does not wait in an event loop');
};

subtest 'the lab prints a table' => sub {
    my ($table) = lab(@small, '--no-traps');
    like($table, qr/^  event loop +0\.\d{3} s .* yes/m, 'the default output is a table');
    unlike($table, qr/trap/, '--no-traps leaves the traps out');
};

subtest 'say_after shows that concurrent waits overlap' => sub {
    like(
        (lab('say_after'))[0],
        qr/hello\ +live\ tasks:\ 1.*world.*concurrent.*hello\ +live\ tasks:\ 3.*world\ +live\ tasks:\ 2.*
        sequential\ 3\.\d+\ s,\ concurrent\ 2\.\d+\ s/sx,
        'say_after takes three seconds one after another, two concurrently'
    );
};

subtest 'wrong arguments are refused by name' => sub {
    for ((
        [ '--tasks', 0 ], [ '--tasks', 101 ], [ '--cpu', '1x' ], [ '--wait', -1 ], [ '--repeat', '' ], ['--fast'],
        ['zebra']
    ))
    {
        my ($words, $is) = lab(@$_);
        is($is, 2, "wrong arguments end with status 2: @$_");
        like($words, qr/\Q$_->[0]\E|unrecognized/, "the message names the wrong argument: @$_");
    }
};

done_testing;
