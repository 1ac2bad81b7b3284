#!/usr/bin/perl
# Presence: others see a user within 5 s of the first stream, and the absence within a minute of the last stream's end.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use Time::HiRes qw(time);

my $stack = Fastchat::Stack->new(own => 1);
my ($ann, $bob, $eve) = map { $stack->user($_) } qw(ann bob eve);
my $dm = $ann->put('/api/dms/' . $bob->id)->json;
$eve->post('/api/rooms', { name => 'elsewhere' });

my $seen      = Fastchat::Stream->new($ann);
my $elsewhere = Fastchat::Stream->new($eve);
$_->next for $seen, $elsewhere;

sub told {
    my ($online, $seconds) = @_;
    my $until = time + $seconds;
    while (time < $until) {
        my $e = $seen->await('presence', $until - time) or return;
        return 1 if $e->{data}{user_id} == $bob->id && !!$e->{data}{online} == $online;
    }
    return;
}

my ($phone, $desk);

subtest 'a user with a stream is online' => sub {
    is($dm->{peer}{online}, JSON::PP::false, 'a user without a stream is offline');
    ($phone, $desk) = map { Fastchat::Stream->new($bob) } 1 .. 2;
    ok(told(!!1, 5), 'a user who comes online is announced within 5 s');
    is($ann->get("/api/rooms/$dm->{id}")->json->{peer}{online}, JSON::PP::true, 'a direct room shows an online peer');
};

subtest 'a user is offline only when the last stream has ended for a while' => sub {
    $phone->close;
    ok(!told(!!0, 4), 'a user with one stream left stays online');
    my $began = time;
    $desk->close;
    ok(told(!!0, 60), 'a user is announced as offline after the last stream ended');
    cmp_ok(time - $began, '>', 5, 'a client has 5 s to come back before it is announced as offline');
    is($ann->get("/api/rooms/$dm->{id}")->json->{peer}{online}, JSON::PP::false, 'a direct room shows an offline peer');
};

subtest 'presence is announced to nobody else' => sub {
    ok(!$elsewhere->await('presence', 0.5), 'a user who shares no room gets no presence events');
};

done_testing;
