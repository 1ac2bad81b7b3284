# The figures of requests and replies: GET /api, history, sending, memory, sign-ins.
package Requests;

use strict;
use warnings;
use utf8;
use Fastchat::Stack;
use List::Util qw(max);
use Time::HiRes qw(time sleep);
use Load;
use Place;
use Table;

sub hello {
    my ($place) = @_;
    my $at = sub {
        my ($path) = @_;
        sub { Load::run($place->url($path), clients => 32, seconds => $_[0]) }
    };
    my $got = in_turn(ours => $at->('/api'), bare => $at->('/bench/hello'), nginx => $at->('/bench/nginx'));
    rows_of('hello', 'bare libfcgi', @$got{qw(ours bare)}, least => 1.7);
    rows_of('hello', 'nginx alone', @$got{qw(ours nginx)});
    row(figure => 'hello, p99 ms', ours => middle($got->{ours}, 'p99'), most => 2, form => '%.2f');
}

# Only the test program has a route that holds its thread: the same objects, on a stack of their own.
sub slow {
    my $stack = Fastchat::Stack->new(
        own => 1, binary => Fastchat::Stack::binary() . '-test',
        env => { WORKER_MAX_REQUESTS => 0 }
    );
    my @results = map {
        my $slow = Load::start($stack->url . '/api/trial/pause?ms=50', clients => 4, seconds => $Table::seconds + 1);
        sleep 0.3;
        my $others = Load::run($stack->url . '/api', clients => 16, seconds => $Table::seconds);
        Load::finish($slow);
        $others;
    } 0 .. $Table::rounds;
    $stack->forget;
    shift @results;
    row(figure => 'others beside 4 slow clients, p99 ms', ours => middle(\@results, 'p99'), most => 5, form => '%.2f');
}

# Processor time in microseconds per request, of the serving programs and of the database.
sub with_cpu {
    my ($place, $pids, $code) = @_;
    my $database = $place->stack->pid('database');
    my ($own, $db) = (Load::cpu(@$pids), Load::cpu($database));
    my $result = $code->();
    $result->{own_us} = (Load::cpu(@$pids) - $own) / $result->{requests} * 1e6;
    $result->{db_us}  = (Load::cpu($database) - $db) / $result->{requests} * 1e6;
    return $result;
}

sub history {
    my ($place) = @_;
    my $token = $place->{users}[0]->token;
    my %path =
        (ours => "/api/rooms/$place->{room}/messages", map { $_ => "/bench/$_/$place->{room}" } qw(history once));
    my %bytes = map { $_ => $place->{users}[0]->get($path{$_})->content } keys %path;
    $bytes{$_} eq $bytes{ours}
        or die "$path{$_} does not answer as $path{ours} does:\n$bytes{$_}\n$bytes{ours}\n"
        for keys %path;
    my $at = sub {
        my ($name, $clients, $pids) = @_;
        return sub {
            my ($for) = @_;
            sleep 1.2;    # the web server lets the bare program's kept connections go, each of which holds a thread
            return with_cpu(
                $place,
                $pids,
                sub { Load::run($place->url($path{$name}), clients => $clients, seconds => $for, token => $token) }
            );
        };
    };
    my @workers = $place->workers;
    my $got = in_turn(ours => $at->('ours', 16, \@workers), bare => $at->('history', 16, [ $place->bare('history') ]));
    my ($ours, $bare) = @$got{qw(ours bare)};
    my @cpu = (with => 'bare, kept', form => '%.1f');
    row(
        figure => 'history, our µs of CPU', ours      => middle($ours, 'own_us'), other => middle($bare, 'own_us'),
        ratio  => ratio($ours, $bare, 'own_us'), most => 1.6, @cpu
    );
    row(
        figure => 'history, database µs of CPU', ours => middle($ours, 'db_us'), other => middle($bare, 'db_us'),
        ratio  => ratio($ours, $bare, 'db_us'), most  => 1.0, @cpu
    );
    rows_of('history, 16 clients', 'bare, kept', $ours, $bare, least => 0.9);
    $got = in_turn(ours => $at->('ours', 32, \@workers), once => $at->('once', 32, [ $place->bare('once') ]));
    rows_of('history, 32 clients', 'bare, not kept', @$got{qw(ours once)});
}

sub sending {
    my ($place) = @_;
    my $run     = 0;
    my $at      = sub {
        my ($before, $behind, $pids) = @_;
        return sub {
            my ($for) = @_;
            return with_cpu(
                $place,
                $pids,
                sub {
                    Load::run(
                        $place->url('/'), clients => 16, seconds => $for, script => 'send',
                        arguments                 => [ $before, $behind, 'run' . ++$run, $place->rooms, $place->tokens ]
                    );
                }
            );
        };
    };
    my $got = in_turn(
        ours => $at->('/api/rooms/', '/messages', [ $place->workers ]),
        bare => $at->('/bench/send/', '', [ $place->bare('send') ])
    );
    rows_of('send', 'bare, kept', @$got{qw(ours bare)}, least => 0.85);
    for ([ 'our µs of CPU', 'own_us' ], [ 'database µs of CPU', 'db_us' ]) {
        my ($name, $key) = @$_;
        row(
            figure => "send, $name", with => 'bare, kept', ours => middle($got->{ours}, $key),
            other  => middle($got->{bare}, $key),
            ratio  => ratio(@$got{qw(ours bare)}, $key), form => '%.1f'
        );
    }
}

# Samples after each of five steps. Buffers grow to their size at first; after that nothing may grow.
sub memory {
    my ($place) = @_;
    my ($step, @samples) = $Table::quick ? 4_000 : 20_000;
    for my $n (1 .. 5) {
        my $requests = 0;
        while ($requests < $step) {
            my $result = Load::run(
                $place->url('/'), clients => 16, seconds => 1, script => 'mixed',
                arguments                 => [ 'm' . time . $requests, $place->rooms, $place->tokens ]
            );
            $requests += $result->{requests};
        }
        push @samples, max(Load::resident($place->workers));
    }
    my $name = 'memory of a worker, MB';
    row(
        figure  => "$name, after ${\(5 * $step)} mixed requests", ours => $samples[-1], most => 16, form => '%.1f',
        samples => \@samples
    );
    row(
        figure => "$name, grown in the last two fifths", ours => $samples[-1] - $samples[2], most => 0.25,
        form   => '%.2f'
    );
}

# Sending and reading beside clients that sign in, which is what the cpu pool is for. A sign-in that succeeds resets
# what is counted against guesses.
sub sign_ins {
    my ($place) = @_;
    my $run     = 0;
    my @others  = map { $place->stack->user("signs_in$_") } 1 .. 8;    # each sign-in ends an older session of its user
    my %load    = (
        send => sub {
            Load::run(
                $place->url('/'), clients => 16, seconds => $_[0], script => 'send',
                arguments => [ '/api/rooms/', '/messages', 'beside' . ++$run, $place->rooms, $place->tokens ]
            );
        },
        get => sub { Load::run($place->url('/api'), clients => 16, seconds => $_[0]) },
    );
    my $beside = sub {
        my ($code, $for) = @_;
        my $signing = Load::start(
            $place->url('/'), clients => 8, seconds => $for + 1, script => 'sign_in',
            arguments                 => [ map { ($_->username, $_->password) } @others ]
        );
        sleep 0.5;
        my $result = $code->($for);
        $result->{sign_ins} = Load::finish($signing)->{rate};
        return $result;
    };
    my $got = in_turn(
        map {
            my $code = $load{$_};
            ("$_ alone" => $code, "$_ beside" => sub { $beside->($code, $_[0]) })
        } qw(send get)
    );
    my $title = 'beside 8 clients that sign in';
    rows_of("send $title", 'alone', @$got{ 'send beside', 'send alone' }, least => 0.8);
    rows_of("GET /api $title", 'alone', @$got{ 'get beside', 'get alone' });
    row(figure => 'sign-ins beside sends, a second', ours => middle($got->{'send beside'}, 'sign_ins'), form => '%.1f');
}

1;
