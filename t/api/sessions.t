#!/usr/bin/perl
# Signing in and out, on several devices.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(time);

my $stack = Fastchat::Stack->new;
my $alice = $stack->user('alice');
my $bob   = $stack->user('bob');
my %form  = (username => uc $alice->username, password => $alice->password, device => '手机');

my $phone = $stack->post('/api/sessions', \%form);
my $token = $phone->json->{token};

subtest 'a user signs in on a second device' => sub {
    is($phone->status, 201, 'a second device signs in, whatever the case of the name');
    like($phone->json->{token}, qr/^[\w-]{43}$/, 'a token is 256 bits in base64url');
    is($phone->json->{user}{id}, $alice->id, 'signing in returns the user');
    is(
        $stack->sql(
            "SELECT COUNT(*) FROM fastchat.sessions WHERE token_hash = '$token' OR HEX(token_hash) = HEX('$token')"),
        0,
        'the token itself is not stored'
    );
};

subtest 'a failed sign-in does not reveal whether the name exists' => sub {
    my $wrong = $stack->post('/api/sessions', { %form, password => 'wrong password' });
    is($wrong->status, 401, 'a wrong password is refused');
    is($wrong->json->{code}, 'bad_credentials', 'a wrong password has a code');
    my $nobody = $stack->post('/api/sessions', { %form, username => 'nobody_at_all' });
    is($nobody->content, $wrong->content, 'an unknown name gets the very same answer');
};

my $list = $alice->get('/api/sessions')->json->{items};

subtest 'the sessions of a user are listed, page by page' => sub {
    is(scalar @$list, 2, 'the sessions of a user are listed');
    is($list->[0]{device}, '手机', 'the newest session comes first, with its device');
    is_deeply([ map { $_->{current} ? 1 : 0 } @$list ], [ 0, 1 ], 'the current session is marked');
    my $page = $alice->get('/api/sessions?limit=1')->json;
    is(
        $alice->get("/api/sessions?limit=1&cursor=$page->{next}")->json->{items}[0]{id}, $list->[1]{id},
        'sessions are listed page by page'
    );
};

subtest 'a user ends a session from another device, which nobody else can' => sub {
    is($stack->get('/api/users/me', token => $token)->status, 200, 'the new token is accepted');
    is(
        $bob->delete("/api/sessions/$list->[0]{id}")->json->{code}, 'no_such_session',
        'nobody can end another user\'s session'
    );
    is($alice->delete("/api/sessions/$list->[0]{id}")->status, 204, 'a user ends a session from another device');
    is($stack->get('/api/users/me', token => $token)->status, 401, 'the token of an ended session is rejected at once');
    is($alice->delete("/api/sessions/$list->[0]{id}")->status, 404, 'an ended session cannot be ended again');
};

subtest 'signing out ends the session' => sub {
    is($alice->delete('/api/sessions/current')->status, 204, 'signing out ends the current session');
    my $out = $alice->get('/api/users/me');
    is($out->status, 401, 'the token is rejected after signing out');
    is($out->header('WWW-Authenticate'), 'Bearer', 'a 401 carries WWW-Authenticate');
    is($out->json->{code}, 'not_signed_in', 'a 401 has a code');
};

subtest 'a malformed token is refused' => sub {
    for my $bad ('x', 'a' x 43, 'A' x 5000, '../../x', '%00') {
        is($stack->get('/api/users/me', token => $bad)->status, 401, 'a malformed token is refused');
    }
    is(
        $stack->raw('GET', '/api/users/me', [ "Authorization: Bearer \xff\xfe" . 'a' x 41 ])->status, 401,
        'a token that is not ASCII is refused'
    );
    is(
        $stack->raw('GET', '/api/users/me', ['Authorization: Bearer'])->status, 401,
        'a Bearer header without a token is refused'
    );
    is(
        $stack->get('/api/users/me', headers => { Authorization => 'Basic eDp5' })->status, 401,
        'another authentication scheme is refused'
    );
};

# Runs code while another transaction holds a lock that the code waits for, and ends the transaction with `$sql`.
sub meanwhile {
    my ($lock, $sql, $code) = @_;
    my $other = $stack->sql_session;
    $other->("START TRANSACTION; $lock");
    my $waits = q(SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT');
    my $run   = $stack->begin_at_once(1, $code);
    $stack->wait_for(5, sub { $stack->sql($waits) });
    $other->("$sql; COMMIT");
    return ($run->())[0];
}

subtest 'a sign-in with the old password fails if the password is changed meanwhile' => sub {
    my $dave   = $stack->user('dave');
    my %old    = (username => $dave->username, password => $dave->password);
    my $status = meanwhile(
        'SELECT 1 FROM users WHERE id = ' . $dave->id . ' FOR UPDATE',
        q(UPDATE users SET password_hash = 'another' WHERE id = ) . $dave->id,
        sub { return $stack->post('/api/sessions', \%old)->status }
    );
    is($status, 401, 'a sign-in whose password is changed before it ends is refused');

    my $erin = $stack->user('erin');
    for my $try (1 .. 20) {
        my %form     = (username => $erin->username, password => $erin->password);
        my $sign_ins = $stack->begin_at_once(
            4,
            sub {
                return [ map { $stack->post('/api/sessions', \%form)->json->{token} } 1 .. 5 ];
            }
        );
        my $new     = "password number $try";
        my $changed = $erin->put('/api/users/me/password', { old_password => $erin->password, password => $new });
        my @alive   = grep { defined && $stack->get('/api/users/me', token => $_)->status != 401 }
            map { @$_ } $sign_ins->();
        is_deeply([ $changed->status, @alive ], [204], 'no session of the old password outlives it') or last;
        $erin->{password} = $new;
    }
};

subtest 'of two changes of a password at once, the one that comes second is refused' => sub {
    my $finn     = $stack->user('finn');
    my @statuses = $stack->at_once(
        6,
        sub {
            my %form = (old_password => $finn->password, password => "password number $_[0]");
            return $finn->put('/api/users/me/password', \%form)->status;
        }
    );
    is_deeply([ sort @statuses ], [ 204, (401) x 5 ], 'one change of a password succeeds');
};

subtest 'a token of a user who does not exist any more is refused' => sub {
    my $gone = $stack->user('gone');
    $stack->sql('DELETE FROM users WHERE id = ' . $gone->id);
    is($gone->get('/api/users/me')->status, 401, 'a token without its user is refused');
};

subtest 'sessions expire by the database, not by Redis' => sub {
    my $carol = $stack->user('carol');
    $stack->sql('UPDATE fastchat.sessions SET expires_at = 1 WHERE user_id = ' . $carol->id);
    $stack->redis_cli('FLUSHALL');
    is($carol->get('/api/users/me')->status, 401, 'an expired session lets nobody in');
    is($bob->get('/api/users/me')->status, 200, 'a wiped Redis signs nobody out');
};

subtest 'using a session prolongs it' => sub {
    my $dave = $stack->user('dave');             # whose session no worker knows yet
    my $of   = 'WHERE user_id = ' . $dave->id;
    $stack->sql(
        "UPDATE fastchat.sessions SET last_seen_at = last_seen_at - 7200000, expires_at = expires_at - 7200000 $of");
    my $before = $stack->sql("SELECT expires_at FROM fastchat.sessions $of");
    is($dave->get('/api/users/me')->status, 200, 'a session that is two hours old is still accepted');
    cmp_ok(
        $stack->sql("SELECT expires_at FROM fastchat.sessions $of"), '>', $before,
        'using a session prolongs it'
    );
};

done_testing;
