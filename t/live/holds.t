#!/usr/bin/perl
# How many requests a session and a user may hold: streams and long polls count alike.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use IO::Select;
use IO::Socket::INET;

my $stack = Fastchat::Stack->new(env => { EVENTS_PER_SESSION => 3, EVENTS_PER_USER => 5 });
my ($ann, $bob) = map { $stack->user($_) } qw(ann bob);

sub session_of {
    my ($user) = @_;
    return $stack->post('/api/sessions', { username => $user->username, password => $user->password })->json->{token};
}

# A long poll that is sent and not waited for. Its client knows everything, so it is held.
sub poll {
    my ($user, %option) = @_;
    my ($address) = $stack->url =~ m{//(.*)};
    my $socket    = IO::Socket::INET->new(PeerAddr => $address) // die "$address: $!";
    my $body      = JSON::PP::encode_json({ rooms => {}, wait => $option{wait} // 20 });
    print $socket join "\r\n", 'POST /api/sync/wait HTTP/1.1', "Host: $address",
        'Authorization: Bearer ' . ($option{token} // $user->token), 'Content-Type: application/json',
        'Accept-Language: ' . ($option{language} // 'en'), 'Content-Length: ' . length $body, 'Connection: close', '',
        $body;
    return $socket;
}

# The answer to a long poll; undef while it is held.
sub answer {
    my ($socket, $seconds) = @_;
    return if !IO::Select->new($socket)->can_read($seconds // 0);
    local $/;
    return Fastchat::Answer->parse(<$socket>);
}

my @mine;

subtest 'a session holds so many streams and long polls together' => sub {
    my $poll = poll($ann);
    is(answer(poll($ann, wait => 1), 30)->status, 200, 'two long polls are held, one of them to its end');
    @mine = (Fastchat::Stream->new($ann), Fastchat::Stream->new($ann));
    is_deeply([ map { $_->status } @mine ], [ 200, 200 ], 'two streams are held beside a long poll');
    is(Fastchat::Stream->new($ann)->status, 429, 'the session holds no third stream beside two and a long poll');
    my $refused = $ann->post('/api/sync/wait', { rooms => {}, wait => 20 });
    is($refused->status, 429, 'the session holds no second long poll beside two streams');
    is($refused->json->{code}, 'too_many_streams', 'a long poll too many has a code');
    like($refused->header('Retry-After'), qr/^[1-9]\d*$/, 'a long poll too many carries Retry-After');
    my $chinese = answer(poll($ann, language => 'zh'), 30);
    like($chinese->json->{detail}, qr/\p{Han}/, 'a long poll too many is refused in Chinese, too');
    ok(!answer($poll), 'the long poll that was held first is still held');
    is($ann->post('/api/sync', { rooms => {} })->status, 200, 'a request that is not held is answered');
    close $poll;
    $_->close for @mine;
};

subtest 'a request that has ended no longer counts' => sub {
    my $fits = sub {
        my @polls = map   { poll($ann) } 1 .. 3;
        my $free  = !grep { answer($_, 0.3) } @polls;
        close $_ for @polls;
        return $free;
    };
    ok($stack->wait_for(10, $fits), 'streams that were closed no longer count');
    ok($stack->wait_for(10, $fits), 'long polls that were closed no longer count');
    my $answered = sub {
        my @answers = map { answer($_, 30) } map { poll($ann, wait => 1) } 1 .. 3;
        return !grep { $_->status != 200 } @answers;
    };
    ok($stack->wait_for(10, $answered), 'three long polls are held, and end');
    ok($answered->(), 'long polls that were answered no longer count');
};

subtest 'a user holds so many in all sessions together' => sub {
    my @tokens  = map { session_of($bob) } 1 .. 4;
    my @streams = map { Fastchat::Stream->new($bob, token => $_) } @tokens, $tokens[0];
    is_deeply([ map { $_->status } @streams ], [ (200) x 5 ], 'five streams of one user are held');
    is(Fastchat::Stream->new($bob, token => $tokens[3])->status, 429, 'a new session does not raise the number');
    is(answer(poll($bob, token => $tokens[2]), 30)->status, 429, 'a long poll counts beside the streams of its user');
    is(Fastchat::Stream->new($stack->user('eve'))->status, 200, 'another user still opens a stream');
    my $head = $stack->request('HEAD', '/api/events', token => $tokens[3]);
    is($head->status, 200, 'HEAD of a stream holds nothing');
    $_->close for @streams;
};

done_testing;
