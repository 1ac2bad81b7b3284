#!/usr/bin/perl
# Password guesses are slowed down by account, by network and by address, and never lock an account's owner out.
use lib 't/lib';
use Fastchat::Test;
use IPC::Open3;
use JSON::PP ();

my $binary = Fastchat::Stack::binary();
my $stack  = Fastchat::Stack->new(own => 1, env => { LIMIT_LOGIN => 10 });
my $alice  = $stack->user('alice');

# Signs in from an address, through the program as plain CGI. Returns status, code and Retry-After.
sub sign_in {
    my ($address, $username, $password) = @_;
    my $body = JSON::PP->new->utf8->encode({ username => $username, password => $password });
    local %ENV = (
        $stack->environment, %{ $stack->{settings} },
        GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'POST', REQUEST_URI => '/api/sessions',
        REMOTE_ADDR       => $address,
        CONTENT_LENGTH    => length $body, CONTENT_TYPE => 'application/json',
    );
    my $pid = open3(my $in, my $out, undef, $binary);
    print {$in} $body;
    close $in;
    my $text = do { local $/; <$out> };
    waitpid $pid, 0;
    die "no answer: $text\n" if $text !~ /^Status: /m;
    return ($text =~ /^Status: (\d+)/m)[0], ($text =~ /"code":"(\w+)"/)[0], ($text =~ /^Retry-After: (\d+)/m)[0];
}

sub statuses { my %n; $n{ (sign_in(@$_))[0] }++ for @_; return \%n }

subtest 'guesses from many networks of one site are slowed down' => sub {
    my $got = statuses(map { [ sprintf('2001:db8:7:%x::1', $_), $alice->username, "guess $_" ] } 1 .. 40);
    ok(($got->{401} // 0) <= 15, 'few of 40 guesses from 40 networks of one /48 are checked') or diag explain $got;
    is(($got->{401} // 0) + ($got->{429} // 0), 40, 'the others are refused');
    # On a slow machine the wait may just be over.
    $stack->sql('UPDATE guesses SET next_at = ' . (1000 * time + 30_000) . " WHERE subject LIKE '%2001:db8:7%'");
    my ($status, $code, $wait) = sign_in('2001:db8:7:77::1', $alice->username, $alice->password);
    is("$status $code", '429 too_many_guesses', 'a right password from that site has to wait, too');
    ok($wait >= 1 && $wait <= 60, 'the wait is at most a minute');
};

subtest 'the owner of an account under attack signs in' => sub {
    is((sign_in('127.0.0.1', $alice->username, $alice->password))[0], 201, 'from an address used before');
    is((sign_in('192.0.2.9', $alice->username, $alice->password))[0], 201, 'from a new network of another site');
    my $got = statuses(map { [ "198.51.$_.1", $alice->username, "guess $_" ] } 1 .. 70);
    ok($got->{429} > 5, 'guesses from 70 networks are slowed down') or diag explain $got;
    is((sign_in('127.0.0.1', $alice->username, $alice->password))[0], 201, 'from an address used before, even then');
};

subtest 'the wait grows' => sub {
    my $bob  = $stack->user('bob');
    my $host = 0;
    my @waits;    # after each failure that was counted, from the database: a slow machine sees less of a wait
    while (@waits < 3 && $host < 60) {
        my ($status, undef, $wait) = sign_in('203.0.113.' . ++$host, $bob->username, 'wrong');
        sleep $wait if $status == 429;
        next if $status != 401;
        my $seconds = $stack->sql('SELECT MAX(next_at - updated_at) DIV 1000 FROM guesses '
                . 'WHERE updated_at = (SELECT MAX(updated_at) FROM guesses)');
        push @waits, $seconds if $seconds;
    }
    is_deeply(\@waits, [ 1, 2, 4 ], 'the wait doubles with each guess');
};

subtest 'a user name that does not exist is treated in the same way' => sub {
    my $got = statuses(map { [ "192.0.2.$_", 'nobody_here', "guess $_" ] } 1 .. 12);
    ok($got->{401} && $got->{429}, 'guesses at it are slowed down');
};

subtest 'an address may sign in often, but not guess often' => sub {
    my @office = map { [ '203.0.113.80', $_->username, $_->password ] } map { $stack->user("office$_") } 1 .. 12;
    my ($office) = in_one_minute(sub { return statuses(@office) });
    is_deeply($office, { 201 => 12 }, 'more users than LIMIT_LOGIN sign in from one address');
    my $minute = 0;
    my ($guesses, $code) = in_one_minute(sub {
        $minute++;
        my $got = statuses(map { [ '203.0.113.90', "nobody_${minute}_$_", 'wrong' ] } 1 .. 14);
        return $got, (sign_in('203.0.113.90', @{ $office[0] }[ 1, 2 ]))[1];
    });
    is_deeply($guesses, { 401 => 10, 429 => 4 }, 'LIMIT_LOGIN wrong passwords of any accounts are checked');
    is($code, 'too_many_guesses', 'an address that guesses has to wait');
};

subtest 'counts and addresses are deleted when they no longer matter' => sub {
    $stack->sql('UPDATE guesses SET updated_at = 1');
    $stack->sql('UPDATE known_addresses SET seen_at = 1 WHERE user_id = ' . $alice->id);
    $stack->sql("INSERT INTO tasks (kind, run_at, max_attempts, arguments, created_at) "
            . "VALUES ('clean_up.guesses', 0, 1, '{}', 0)");
    ok($stack->wait_for(20, sub { $stack->sql('SELECT COUNT(*) FROM guesses') == 0 }), 'old guesses are deleted');
    ok(
        $stack->wait_for(
            20, sub { $stack->sql('SELECT COUNT(*) FROM known_addresses WHERE user_id = ' . $alice->id) == 0 }
        ),
        'addresses that were not used for long are deleted'
    );
};

subtest 'a user\'s known addresses are limited' => sub {
    my $carol = $stack->user('carol');
    $stack->sql('INSERT INTO known_addresses (user_id, address, seen_at) SELECT '
            . $carol->id
            . ", CONCAT('198.51.100.', seq), seq FROM seq_1_to_200");
    is((sign_in('127.0.0.1', $carol->username, $carol->password))[0], 201, 'a user with many addresses signs in');
    is($stack->sql('SELECT COUNT(*) FROM known_addresses WHERE user_id = ' . $carol->id), 50, 'fifty are kept');
};

done_testing;
