#!/usr/bin/perl
# Doors that shut: closed registration, and accounts that an operator makes, disables, signs out and deletes.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use IO::Socket::UNIX;

my $stack = Fastchat::Stack->new(env => { REGISTRATION => 'closed' }, expect => [qr/cut after \d+ of \d+ bytes/]);

# Runs `fastchat user WORDS` with the input; returns its output with errors, and its exit status.
sub user {
    my ($input, @words) = @_;
    my $file = File::Temp->new;
    print {$file} $input;
    close $file;
    open my $kept, '<&', \*STDIN or die "stdin: $!";
    open STDIN, '<', "$file"     or die "$file: $!";
    my @result = $stack->fastchat('user', @words);
    open STDIN, '<&', $kept or die "stdin: $!";
    return @result;
}

sub sign_in {
    my ($name, $password) = @_;
    return $stack->post('/api/sessions', { username => $name, password => $password });
}

# A user whom the operator makes, signed in.
sub made {
    my ($name) = @_;
    my (undef, $status) = user("password of $name\n", 'add', $name);
    my $answer = sign_in($name, "password of $name");
    $status == 0 && $answer->status == 201 or die "user add $name: $status, " . $answer->content;
    return Fastchat::User->new(
        url      => $stack->{url}, token => $answer->json->{token}, id    => $answer->json->{user}{id},
        username => $name, password      => "password of $name", nickname => $name,
    );
}

subtest 'nobody signs up where registration is closed' => sub {
    my $answer = $stack->post('/api/users', { username => 'somebody', password => 'long enough' });
    is_deeply([ $answer->status, $answer->json->{code} ], [ 403, 'registration_closed' ], 'signing up is refused');
    is($stack->get('/api')->json->{registration}, 'closed', 'GET /api shows that registration is closed');
    like($stack->log_text('cpu'), qr/signing up is closed/, 'the log of the start says that registration is closed');
};

subtest 'an operator makes users' => sub {
    my $ann = made('ann');
    is($ann->get('/api/users/me')->json->{username}, 'ann', 'a user whom an operator made signs in');
    for (
        [ "password of ann\n", 'ann', qr/the user name ann is taken/ ],
        [ "short\n", 'bob', qr/a password has 8 to 128 characters/ ],
        [ '', 'bob', qr/no password on standard input/ ],
        [ "password of ann\n", 'x y', qr/user name may contain only letters, digits and _/ ],
        )
    {
        my ($input, $name, $says) = @$_;
        my ($text, $status) = user($input, 'add', $name);
        is($status, 1, "a user is not made: $says");
        like($text, $says, 'the error names the reason');
    }
};

subtest 'a disabled user is out within 2 s, and in again when enabled' => sub {
    my $carl   = made('carl');
    my $stream = Fastchat::Stream->new($carl);
    $stream->next;
    is((user('', 'disable', 'CARL'))[1], 0, 'a user is disabled, whatever the case of the name');
    is($carl->get('/api/users/me')->status, 401, 'the token of a disabled user is refused');
    ok($stream->ends(2), 'the stream of a disabled user ends');
    my $answer = sign_in('carl', $carl->password);
    is_deeply([ $answer->status, $answer->json->{code} ], [ 403, 'account_disabled' ], 'signing in is refused');
    is(sign_in('carl', 'another password')->json->{code}, 'bad_credentials', 'a wrong password tells nothing');
    like((user('', 'list'))[0], qr/ disabled .* carl /, 'the list shows who is disabled');
    is((user('', 'enable', 'carl'))[1], 0, 'a user is enabled');
    is(sign_in('carl', $carl->password)->status, 201, 'an enabled user signs in');
};

subtest 'an operator signs a user out, and sets a new password' => sub {
    my $dave = made('dave');
    is((user('', 'sign-out', 'dave'))[1], 0, 'a user is signed out');
    is($dave->get('/api/users/me')->status, 401, 'the token of a user who was signed out is refused');
    is((user("the new password\n", 'password', 'dave'))[1], 0, 'a new password is set');
    is(sign_in('dave', $dave->password)->status, 401, 'the old password is refused');
    is(sign_in('dave', 'the new password')->status, 201, 'the new password is accepted');
    my ($text, $status) = user('', 'sign-out', 'nobody_at_all');
    is($status, 1, 'an unknown user is an error');
    like($text, qr/user nobody_at_all does not exist/, 'the message names the unknown user');
};

subtest 'a name that is not valid UTF-8 is refused' => sub {
    for my $command (qw(add password disable enable sign-out delete admin no-admin)) {
        my ($text, $status) = user("long enough\n", $command, "x\xFF");
        is($status, 2, "user $command: a usage error");
        like($text, qr/the operand NAME is not valid UTF-8/, 'the message names the fault');
    }
};

subtest 'a deleted user leaves, and what was said stays' => sub {
    my ($eve, $finn) = (made('eve'), made('finn'));
    my $group = $eve->post('/api/rooms', { name => '周末爬山', member_ids => [ $finn->id ] })->json->{id};
    my $dm    = $eve->put('/api/dms/' . $finn->id, {})->json->{id};
    $eve->post("/api/rooms/$_/messages", { client_id => 'c', body => '你好' }) for $group, $dm;
    $eve->post('/api/exports', {});
    my $stream = Fastchat::Stream->new($eve);
    $stream->next;
    is((user('', 'delete', 'eve'))[1], 0, 'a user is deleted');
    is($eve->get('/api/users/me')->status, 401, 'the token of a deleted user is refused');
    ok($stream->ends(2), 'the stream of a deleted user ends');
    is(sign_in('eve', $eve->password)->status, 401, 'a deleted user does not sign in');
    is($finn->get("/api/rooms/$group")->json->{role}, 'owner', 'a room of a deleted user has a new owner');
    my @items = map  { @{ $finn->get("/api/rooms/$_/messages")->json->{items} } } $group, $dm;
    my @said  = grep { ($_->{body} // '') eq '你好' } @items;
    is(scalar @said, 2, 'the messages of a deleted user stay');
    my $shown;
    $stack->wait_for(
        20,
        sub {
            $shown = $finn->get("/api/rooms/$dm/messages")->json->{items}[0]{sender}{nickname};
            return $shown =~ /deleted user/;
        }
    );
    is($shown, '已注销用户 (deleted user)', 'the sender shows as a deleted user');
    is_deeply($finn->get('/api/users?q=~')->json->{items}, [], 'a deleted user is not found');
    is(
        $finn->put("/api/rooms/$group/members/" . $eve->id, {})->json->{code}, 'no_such_user',
        'a deleted user cannot be added to a room'
    );
    is($stack->sql('SELECT COUNT(*) FROM tasks WHERE owner_id = ' . $eve->id), 0, 'the tasks of a deleted user go');
    is((user("password of eve\n", 'add', 'eve'))[1], 0, 'the name of a deleted user is free');
    isnt(sign_in('eve', $eve->password)->json->{user}{id}, $eve->id, 'the new owner of the name is another user');
};

subtest 'a deleted user gets nothing back' => sub {
    my $gwen = made('gwen');
    my $id   = $gwen->id;
    user('', 'delete', 'gwen');
    for my $command (qw(enable password sign-out admin)) {
        my ($text, $status) = user("long enough\n", $command, "~$id");
        is($status, 1, "user $command fails for a deleted user");
        like($text, qr/user ~$id (?:is deleted|does not exist)/, 'the message names the reason');
    }
    is($stack->sql("SELECT is_admin FROM users WHERE id = $id"), 0, 'a deleted user is no admin');
    $stack->sql("UPDATE users SET unicode_version = 1 WHERE id = $id");
    $stack->fastchat('migrate');
    cmp_ok($stack->sql("SELECT unicode_version FROM users WHERE id = $id"), '>', 1, 'a newer Unicode is noted');
    is($stack->sql("SELECT COUNT(*) FROM user_grams WHERE user_id = $id"), 0, 'a deleted user is not indexed again');
    is(
        $stack->sql("SELECT skeleton IS NULL AND nickname_key IS NULL FROM users WHERE id = $id"),
        1, 'no name looks like that of a deleted user'
    );
};

# A connection to the api pool that sends a download, and reads what it is given when it is asked.
sub download {
    my ($user, $export) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => $stack->dir . '/sock/api.sock') // die "api.sock: $!";
    my %params = (
        REQUEST_METHOD     => 'GET', REQUEST_URI => "/api/exports/$export", REMOTE_ADDR => '127.0.0.1',
        HTTP_AUTHORIZATION => 'Bearer ' . $user->token
    );
    my $pairs = join '', map { pack('CN', length, length($params{$_}) | 0x80000000) . $_ . $params{$_} } keys %params;
    my $sent  = join '',
        map { pack('CCnnCC', 1, $_->[0], 1, length $_->[1], 0, 0) . $_->[1] }[ 1, pack 'nCx5', 1, 0 ], [ 4, $pairs ],
        [ 4, '' ], [ 5, '' ];
    syswrite $socket, $sent;
    return $socket;
}

subtest 'a download ends with the session that began it' => sub {
    my ($chunk, $chunks) = (524_288, 16);
    my @ends = ([ disabled => 'disable' ], [ 'signed out' => 'sign-out' ], [ deleted => 'delete' ], ['left alone']);
    for (@ends) {
        my ($how, $command) = @$_;
        my $user = made('reader_' . ($command // 'kept') =~ tr/-/_/r);
        my $id   = 1_000_000 + $user->id;
        $stack->sql("INSERT INTO export_chunks (export_id, run, number, bytes) "
                . "SELECT $id, 1, seq - 1, REPEAT('x', $chunk) FROM seq_1_to_500 WHERE seq <= $chunks; "
                . "INSERT INTO exports (id, user_id, run, bytes, made_at, expires_at) VALUES ($id, "
                . $user->id
                . ", 1, $chunks * $chunk, 1, 9000000000000)");
        my $socket = download($user, $id);
        my $got    = '';
        sysread $socket, $got, 65_536 or die "nothing is sent: $!";
        like($got, qr/Status: 200/, 'a download begins');
        user('', $command, $user->username) if $command;
        1 while sysread $socket, $got, 1_048_576, length $got;
        if ($command) { cmp_ok(length $got, '<', $chunks * $chunk / 2, "a download of a user who is $how is cut") }
        else          { cmp_ok(length $got, '>', $chunks * $chunk, 'a download of a user who stays is whole') }
    }
};

done_testing;
