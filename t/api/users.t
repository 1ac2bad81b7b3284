#!/usr/bin/perl
# Signing up, the own account, and finding others.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my $tail  = sprintf '%06x', rand 0xffffff;

subtest 'a user signs up' => sub {
    my $made = $stack->post('/api/users', { username => "Li_$tail", password => 'correct horse' });
    is($made->status, 201, 'somebody signs up');
    is($made->json->{nickname}, "Li_$tail", 'the nickname defaults to the user name');
    like(
        $made->json->{created_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$/,
        'times are RFC 3339 in APP_TIMEZONE'
    );
    is_deeply([ sort keys %{ $made->json } ], [qw(created_at id nickname username)], 'a user has no other fields');
};

subtest 'user names are unique without regard to case' => sub {
    my $again = $stack->post('/api/users', { username => "li_$tail", password => 'correct horse' });
    is($again->status, 409, 'the same name in another case is taken');
    is($again->json->{code}, 'username_taken', 'a name that is taken has its own code');
    is(
        $stack->post('/api/users', { username => "小明$tail", password => '12345678' })->status, 201,
        'a name may be Chinese'
    );
};

subtest 'a malformed user name is refused' => sub {
    for my $bad ('ab', 'x' x 33, 'a b c', "a\x{2e}b", "em\x{1F600}oji", "a'b--c", "\x{202e}abc") {
        is(
            $stack->post('/api/users', { username => $bad, password => '12345678' })->status, 422,
            "a malformed user name is refused (@{[length $bad]} characters)"
        );
    }
};

subtest 'every fault of an input is reported at once' => sub {
    my $faults = $stack->post('/api/users', { username => 'a', password => 'short', nickname => '', extra => 1 });
    is($faults->status, 422, 'bad input is refused');
    is_deeply(
        [ sort map { "$_->{type} $_->{loc}[1]" } @{ $faults->json->{detail} } ],
        [
            'extra_forbidden extra', 'string_too_short nickname', 'string_too_short password',
            'string_too_short username'
        ],
        'every fault is reported at once'
    );
    unlike($faults->content, qr/"short"/, 'a password is never echoed');
    my ($short) = grep { $_->{loc}[1] eq 'password' } @{ $faults->json->{detail} };
    is_deeply($short->{ctx}, { min_length => 8 }, 'a fault carries its bound');
};

my $alice = $stack->user('alice');
my $bob   = $stack->user('bob');

subtest 'an account is changed by its user and seen by others' => sub {
    is($alice->get('/api/users/me')->json->{id}, $alice->id, 'users/me returns the caller');
    is($alice->patch('/api/users/me', { nickname => '阿丽' })->json->{nickname}, '阿丽', 'a user changes the nickname');
    is($bob->get('/api/users/' . $alice->id)->json->{nickname}, '阿丽', 'others see the new nickname');
    is($alice->patch('/api/users/me', {})->json->{nickname}, '阿丽', 'an empty change changes nothing');
    is(
        $alice->patch('/api/users/me', { nickname => " x" })->status, 422,
        'a nickname with space at its ends is refused'
    );
    is($alice->patch('/api/users/me', { nickname => "a\nb" })->status, 422, 'a nickname of two lines is refused');
    is($bob->get('/api/users/999999999')->json->{code}, 'no_such_user', 'an unknown user is not found');
};

sub escaped { my ($text) = @_; utf8::encode($text); return $text =~ s/([^A-Za-z0-9])/sprintf '%%%02x', ord $1/ger }

sub found {
    my ($q, %query) = @_;
    my $more = join q{}, map { "&$_=$query{$_}" } sort keys %query;
    my $page = $bob->get('/api/users?q=' . escaped($q) . $more);
    return $page->json;
}

sub names {
    my ($page) = @_;
    return [ map { $_->{username} } @{ $page->{items} } ];
}

subtest 'users are found by the beginning of their name' => sub {
    $stack->user("find${tail}_$_") for 1 .. 5;
    my $page = $bob->get("/api/users?q=FIND$tail&limit=2");
    is(scalar @{ $page->json->{items} }, 2, 'users are found by the beginning of their name, whatever its case');
    my $next = $bob->get("/api/users?q=find$tail&limit=10&cursor=" . $page->json->{next});
    is(scalar @{ $next->json->{items} }, 3, 'the next page of a search has the other users');
    is($next->json->{next}, undef, 'the last page of a search has no next');
    is_deeply($bob->get('/api/users?q=%25')->json->{items}, [], 'a % is not a wildcard');
    is($bob->get('/api/users')->json->{detail}[0]{type}, 'missing', 'q is required');
};

subtest 'users are found by any part of their names' => sub {
    my ($first, $last) = map {
        join q{},
            map { chr 0x4E00 + int rand 20_000 } 1 .. 3
    } 1 .. 2;
    my $user = $stack->user('n', username => "xyz_$tail", nickname => "$first Ｌi  $last");
    for my $q (
        $first, substr($first, 1, 1), substr($first, 1), "$last", "LI $last", "Ｌｉ $last", "  li  $last ",
        substr($first, 2) . ' li ' . substr($last, 0, 1), "z_$tail", "XYZ_$tail"
        )
    {
        is_deeply(names(found($q)), [ $user->username ], "a user is found by a part of the names: $q");
    }
    is_deeply(names(found($_)), [], "a user is not found by other texts: $_")
        for "$first$last", "$last $first", "%$last", "xyz_$tail$first";
    is(scalar @{ found("\x{200B}")->{items} }, 0, 'a text without characters finds nobody');
};

subtest 'a new nickname shows in the log within seconds' => sub {
    my ($ann, $ben) = map { $stack->user($_) } qw(ann ben);
    my $path = '/api/rooms/' . $ann->post('/api/rooms', { name => 'x', member_ids => [ $ben->id ] })->json->{id};
    $ann->post("$path/messages", { client_id => 'a', body => 'x' });
    my $names = sub {
        my %seen = map { $ben->get("$path/messages")->json->{items}[-1]{sender}{nickname} => 1 } 1 .. 40;
        return join ' ', sort keys %seen;
    };
    is($names->(), 'ann', 'every thread knows the nickname');
    $ann->patch('/api/users/me', { nickname => '安' });
    ok($stack->wait_for(20, sub { $names->() eq '安' }), 'every thread knows the new nickname');
};

subtest 'the index of users follows their nicknames' => sub {
    my @words = map {
        join q{},
            map { chr 0xAC00 + int rand 11_000 } 1 .. 4
    } 1 .. 2;
    my $user = $stack->user('n', nickname => $words[0]);
    $user->patch('/api/users/me', { nickname => $words[1] });
    is_deeply(names(found($words[1])), [ $user->username ], 'a user is found by a new nickname');
    is_deeply(names(found($words[0])), [], 'a user is not found by an old nickname');
    is_deeply(names(found(substr $user->username, 2)), [ $user->username ], 'a user is still found by the user name');
    is(
        $stack->sql('SELECT COUNT(*) FROM user_grams WHERE user_id = ' . $user->id . ' AND LENGTH(gram) IN (3, 6)'), 7,
        'nothing of an old nickname stays in the index'
    );
};

subtest 'every user who matches is on one page, those whose name begins with the text first' => sub {
    my $word  = join q{}, map { chr 0x3041 + int rand 80 } 1 .. 5;
    my @begin = map           { $stack->user('b', username => "${word}_$_") } 1 .. 3;
    my @hold  = map           { $stack->user('h', nickname => "的$word$_") } 1 .. 4;
    for my $limit (1, 2, 3, 4, 7, 50) {
        my ($page, @seen) = ({ next => q{} });
        while (defined $page->{next} && @seen < 20) {
            $page = found($word, limit => $limit, cursor => escaped($page->{next}));
            push @seen, @{ names($page) };
        }
        is_deeply(
            \@seen, [ map { $_->username } @begin, @hold ],
            "with pages of $limit, every user is found once, in order"
        );
    }
    is(
        $bob->get('/api/users?q=' . escaped($word) . '&cursor=%23x')->status, 200,
        'a malformed cursor does no harm'
    );
};

subtest 'a search reads a bounded number of users' => sub {
    my ($one, $two) = map {
        join q{},
            map { chr 0x1200 + int rand 70 } 1 .. 2
    } 1 .. 2;
    my $id = $stack->user('rare', nickname => "$one$two")->id;
    $stack->sql("INSERT INTO user_grams (gram, user_id) SELECT g.gram, $id + 1000000 + numbers.seq FROM user_grams g "
            . "JOIN seq_1_to_6000 WHERE g.user_id = $id");
    my ($page, $pages, @seen) = ({ next => q{} }, 0);
    while (defined $page->{next} && $pages < 9) {
        $page = found("$one$two", cursor => escaped($page->{next}));
        push @seen, @{ names($page) };
        $pages++;
    }
    is(scalar @seen, 1, 'the user is found among thousands whose names contain the same characters');
    is($pages, 2, 'a page ends after some thousands of users, and its cursor leads on');
};

subtest 'a new password ends the other sessions' => sub {
    is(
        $alice->put('/api/users/me/password', { old_password => 'wrong', password => 'new password' })->json->{code},
        'bad_credentials', 'changing the password needs the old one'
    );
    my $other =
        $stack->post('/api/sessions', { username => $alice->username, password => $alice->password })->json->{token};
    is(
        $alice->put('/api/users/me/password', { old_password => $alice->password, password => 'new password' })->status,
        204, 'the password is changed with the old one'
    );
    is($stack->get('/api/users/me', token => $other)->status, 401, 'a new password ends the other sessions');
    is($alice->get('/api/users/me')->status, 200, 'a new password keeps the current session');
    is(
        $stack->post('/api/sessions', { username => $alice->username, password => $alice->password })->status, 401,
        'the old password is rejected'
    );
    is(
        $stack->post('/api/sessions', { username => $alice->username, password => 'new password' })->status, 201,
        'the new password is accepted'
    );
};

subtest 'a user whose row is gone is not signed in, at once and later' => sub {
    my $gone = $stack->user('gone');
    is($gone->get('/api/users/me')->status, 200, 'the user is signed in');
    $stack->sql('DELETE FROM users WHERE id = ' . $gone->id);
    is($gone->get('/api/users/me')->status, 401, 'the account of a deleted user is not shown');
    is(
        $gone->patch('/api/users/me', { nickname => 'x' })->json->{code}, 'not_signed_in',
        'the account of a deleted user is not changed'
    );
};

done_testing;
