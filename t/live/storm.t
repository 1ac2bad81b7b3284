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

done_testing;
