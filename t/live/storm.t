#!/usr/bin/perl
# A client that reconnects without end, and all clients at once: others are still served.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new(own => 1);
my ($mad, @calm) = map { $stack->user($_) } 'mad', map { "calm$_" } 1 .. 4;
my $room = $calm[0]->post('/api/rooms', { name => 'x', member_ids => [ map { $_->id } @calm[ 1 .. 3 ] ] })->json->{id};
my ($pid) = $stack->workers('events');

my @streams;

subtest 'a client that keeps opening streams slows nobody down' => sub {
    # One session that opens a stream every 5 ms and closes none.
    my $storm = $stack->begin_at_once(
        2,
        sub {
            my (%count, @held);
            for (1 .. 300) {
                my $s = Fastchat::Stream->new($mad);
                $count{ $s->status }++;
                push @held, $s;
                sleep 0.005;
            }
            return \%count;
        }
    );
    @streams = map { Fastchat::Stream->new($_) } @calm;
    $_->next for @streams;
    my @wrong;
    for my $n (1 .. 20) {
        my $seq = $calm[0]->post("/api/rooms/$room/messages", { client_id => "m$n", body => 'x' })->json->{seq};
        for my $s (@streams) {
            my $e = $s->await('entry');
            push @wrong, $n if !$e || $e->{data}{seq} != $seq;
        }
        sleep 0.05;
    }
    is_deeply(\@wrong, [], 'others get every entry beside a client that keeps opening streams');
    my %sum;
    for my $count ($storm->()) { $sum{$_} += $count->{$_} for keys %$count }
    # The process that ends first releases its streams.
    ok($sum{200} >= 8 && $sum{200} <= 16, 'a session holds no more streams than the limit');
    is($sum{200} + $sum{429}, 600, 'every stream above the limit is denied');
};

subtest 'clients that all reconnect at once are served' => sub {
    for my $round (1 .. 3) {
        my @back = $stack->at_once(
            8,
            sub {
                my ($k) = @_;
                my @mine = map { Fastchat::Stream->new($calm[ $k % 4 ]) } 1 .. 2;
                return [ map { ($_->next || { event => 'none ' . $_->status })->{event} } @mine ];
            }
        );
        is_deeply(
            [ grep { $_ ne 'hello' } map { @$_ } @back ], [],
            "round $round: everyone who reconnects at once gets hello"
        );
        sleep 0.3;
    }
    is(($stack->workers('events'))[0], $pid, 'the event loop survives the storm');
};

# All requests wait in the socket before the event loop reads the first one.
subtest 'streams that open in the same moment begin each with its own rooms' => sub {
    my @many = map { $stack->user("many$_") } 1 .. 30;
    my %rooms;
    for my $n (0 .. $#many) {
        my @with = map { $many[ ($n + $_) % @many ]->id } 1 .. $n % 4;
        my $made = $many[$n]->post('/api/rooms', { name => "r$n", member_ids => \@with })->json;
        $rooms{$_}{ $made->{id} } = $made->{last_seq} for $many[$n]->id, @with;
    }
    $stack->sql('UPDATE sessions SET last_seen_at = 0 WHERE user_id = ' . $many[3]->id);
    my $gone = $stack->user('gone');
    is($gone->delete('/api/sessions/current')->status, 204, 'a user signs out');
    for my $round (1 .. 2) {
        CORE::kill STOP => $pid;
        my @all = map { Fastchat::Stream->new($_, at_once => 1) } @many, $gone, $many[0];
        sleep 0.3;
        CORE::kill CONT => $pid;
        $_->read_head for @all;
        my $last = pop @all;
        is($last->next->{event}, 'hello', "round $round: a second stream of a user begins, too");
        is((pop @all)->status, 401, "round $round: a session that has ended opens no stream among others");
        my @wrong = grep {
            my $hello = $all[$_]->next;
            !$hello || !eq_hash($hello->{data}{rooms}, $rooms{ $many[$_]->id });
        } 0 .. $#all;
        is_deeply(\@wrong, [], "round $round: each stream begins with the rooms of its user");
        $_->close for @all, $last;
    }
    my $used = $stack->sql('SELECT MIN(last_seen_at) FROM sessions WHERE user_id = ' . $many[3]->id);
    cmp_ok($used, '>', 0, 'a session that opens a stream among others is prolonged');
};

done_testing;
