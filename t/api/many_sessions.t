#!/usr/bin/perl
# How many sessions a user may have, and that those of older versions, which had no limit, cost nothing.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;

my $stack = Fastchat::Stack->new(env => { SESSIONS_MAX => 3 });

sub sign_in {
    my ($user, $password) = @_;
    my %form = (username => $user->username, password => $password // $user->password);
    return $stack->post('/api/sessions', \%form);
}

sub count { return $stack->sql('SELECT COUNT(*) FROM sessions WHERE user_id = ' . $_[0]->id) }

subtest 'the least recently used session ends when there are too many' => sub {
    my $ann = $stack->user('ann');
    my ($second, $third) = map { sign_in($ann)->json->{token} } 1 .. 2;
    my $stream = Fastchat::Stream->new($ann, token => $second);
    $stream->next;
    my $id = $ann->get('/api/sessions')->json->{items}[1]{id};
    $stack->sql("UPDATE sessions SET last_seen_at = last_seen_at - 3600000 WHERE id = $id");
    my $fourth = sign_in($ann);
    is($fourth->status, 201, 'a sign-in beyond the largest number succeeds');
    is(count($ann), 3, 'the largest number of sessions is kept');
    is($stack->get('/api/users/me', token => $second)->status, 401, 'the least recently used session ends at once');
    is_deeply(
        [ map { $stack->get('/api/users/me', token => $_)->status } $ann->token, $third, $fourth->json->{token} ],
        [ 200, 200, 200 ],
        'the other sessions go on'
    );
    ok($stream->ends(5), 'the stream of the session that ended is closed');
};

subtest 'several sign-ins at once keep to the largest number' => sub {
    my $bob = $stack->user('bob');
    $stack->at_once(6, sub { return sign_in($bob)->status });
    is(count($bob), 3, 'the largest number of sessions is kept');
};

sub add_sessions {
    my ($user) = @_;
    $stack->sql('INSERT INTO sessions (user_id, token_hash, device, created_at, last_seen_at, expires_at) '
            . "SELECT ${\$user->id}, UNHEX(SHA2(CONCAT(seq, ' ', ${\$user->id}), 256)), '', 1, 1, 9999999999999 "
            . 'FROM seq_1_to_20000');
}

subtest 'the stream of an old session goes on, however many newer ones there are' => sub {
    my $eve    = $stack->user('eve');
    my $stream = Fastchat::Stream->new($eve);
    $stream->next;
    add_sessions($eve);
    my $room = $eve->post('/api/rooms', { name => '周末爬山' })->json->{id};
    is(($stream->await('rooms', 5) || {})->{event}, 'rooms', 'the stream shows the new room');
    $eve->post("/api/rooms/$room/messages", { client_id => 'c', body => '你好' });
    is(($stream->await('entry', 5) || {})->{event}, 'entry', 'the stream goes on after it');
};

subtest 'a password is changed in one step, however many sessions there are' => sub {
    my $joe = $stack->user('joe');
    add_sessions($joe);
    my %form = (old_password => $joe->password, password => 'another password');
    is($joe->put('/api/users/me/password', \%form)->status, 204, 'the password is changed');
    is(count($joe), 1, 'all other sessions have ended');
    add_sessions($joe);
    is(sign_in($joe, 'another password')->status, 201, 'a sign-in succeeds with too many sessions');
    is(count($joe), 3, 'a sign-in ends all sessions beyond the largest number');
};

done_testing;
