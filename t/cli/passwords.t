#!/usr/bin/perl
# Passwords that an operator types at a terminal, or that a script writes.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Terminal;

my $stack = Fastchat::Stack->new(own => 1, env => { REGISTRATION => 'closed' });

sub sign_in {
    my ($name, $password) = @_;
    return $stack->post('/api/sessions', { username => $name, password => $password });
}

# Runs `fastchat user WORDS` at a terminal.
sub at_terminal {
    my (@words) = @_;
    my $binary = $stack->binary;
    return Fastchat::Terminal->new(sub {
        %ENV = ($stack->environment, %{ $stack->{settings} });
        exec $binary, 'user', @words;
    }) // plan skip_all => 'this system has no terminals';
}

# Runs it with these bytes on standard input; returns its output with errors, and its exit status.
sub with_input {
    my ($bytes, @words) = @_;
    my $file = File::Temp->new;
    print {$file} $bytes;
    close $file;
    open my $kept, '<&', \*STDIN or die "stdin: $!";
    open STDIN, '<', "$file"     or die "$file: $!";
    my @result = $stack->fastchat('user', @words);
    open STDIN, '<&', $kept or die "stdin: $!";
    return @result;
}

subtest 'a password is typed twice, and is not shown' => sub {
    my $terminal = at_terminal('add', 'Ann');
    ok($terminal->shows(qr/The new password of Ann: /), 'the first question names the user');
    ok(!$terminal->has_echo, 'the echo is off while a password is typed');
    $terminal->type("typed by ann\n");
    ok($terminal->shows(qr/The same again for Ann: /), 'the password is asked for again');
    $terminal->type("typed by ann\n");
    ok($terminal->shows(qr/\A\s*Ann is a user\s/), 'nothing but the result is shown');
    is($terminal->status, 0, 'the user is made');
    ok($terminal->has_echo, 'the echo is on again');
    is(sign_in('ann', 'typed by ann')->status, 201, 'the user signs in with what was typed');
    my $other = at_terminal('password', 'ann');
    for ('one password', 'another password') {
        $other->shows(qr/ ann: /);
        $other->type("$_\n");
    }
    ok($other->shows(qr/the two passwords differ/), 'two passwords that differ are refused');
    is($other->status, 1, 'a refused password is a failure');
    is(sign_in('ann', 'typed by ann')->status, 201, 'the old password is kept');
};

subtest 'a signal while a password is typed leaves the echo on' => sub {
    for my $case (
        [ '^C'    => 130, sub { $_[0]->type("\x03") } ],
        [ '^\\'   => 131, sub { $_[0]->type("\x1C") } ],
        [ SIGTERM => 143, sub { $_[0]->signal('TERM') } ],
        [ SIGHUP  => 129, sub { $_[0]->signal('HUP') } ],
        )
    {
        my ($name, $status, $interrupt) = @$case;
        my $terminal = at_terminal('add', 'bob');
        $terminal->shows(qr/The new password of bob: /);
        $terminal->type('half a pass');
        $interrupt->($terminal);
        is($terminal->status, $status, "$name ends the program");
        ok($terminal->has_echo, "$name leaves the echo on");
    }
    is(sign_in('bob', 'half a pass')->status, 401, 'no user is made');
};

subtest 'a program that was stopped asks again when it continues' => sub {
    my $terminal = at_terminal('add', 'carl');
    $terminal->shows(qr/The new password of carl: /);
    $terminal->type("\x1A");
    ok($stack->wait_for(10, sub { $terminal->has_echo }), '^Z turns the echo on');
    $terminal->signal('CONT');
    ok($terminal->shows(qr/The new password of carl: /), 'the question is asked again');
    ok(!$terminal->has_echo, 'the echo is off again');
    $terminal->type("typed by carl\n");
    $terminal->shows(qr/The same again for carl: /);
    $terminal->type("typed by carl\n");
    is($terminal->status, 0, 'the user is made');
    is(sign_in('carl', 'typed by carl')->status, 201, 'the user signs in with what was typed');
};

subtest 'the first line of standard input is a password' => sub {
    is((with_input("from windows\r\nmore\r\n", 'add', 'dave'))[1], 0, 'a line may end as on Windows');
    is(sign_in('dave', 'from windows')->status, 201, 'the end of the line is no part of the password');
    is((with_input('without an end', 'password', 'dave'))[1], 0, 'the last line may be without an end');
    is(sign_in('dave', 'without an end')->status, 201, 'a line without an end is the password');
    for my $case (
        [ "half\0password\n"        => qr/a password cannot contain NUL/ ],
        [ "latin \xE9\xE8\xEA\n"    => qr/the password is not valid UTF-8/ ],
        [ "e\xCC\x81" x 7 . "\n"    => qr/a password has 8 to 128 characters/ ],
        [ "\xEF\xB7\xBA" x 8 . "\n" => qr/a password has 8 to 128 characters/ ],
        [ 'x' x 3000 . "\n"         => qr/the password is too long/ ],
        )
    {
        my ($bytes, $says)    = @$case;
        my ($output, $status) = with_input($bytes, 'password', 'dave');
        is($status, 1, "a password is refused: $says");
        like($output, $says, 'the error names the reason');
    }
    is(sign_in('dave', 'without an end')->status, 201, 'the old password is kept');
    my $jamo = "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8" x 128;    # 128 syllables, typed as three letters each
    is((with_input("$jamo\n", 'password', 'dave'))[1], 0, 'a password is counted in its normal form');
    is(sign_in('dave', "\x{AC01}" x 128)->status, 201, 'it signs in in any normal form');
};

subtest 'a user name is stored in its normal form' => sub {
    my ($output, $status) = with_input("long enough\n", 'add', "\xEF\xBC\xA5ve");    # a full-width E
    is($status, 0, 'a name in full-width letters is accepted');
    like($output, qr/^Eve is a user$/m, 'the result has the name as it is stored');
    my $user = sign_in('eve', 'long enough')->json->{user};
    is_deeply([ @$user{qw(username nickname)} ], [ 'Eve', 'Eve' ], 'name and nickname are in their normal form');
    like((with_input("long enough\n", 'add', "eve"))[0], qr/eve is taken/, 'the name is taken in any case');
};

done_testing;
