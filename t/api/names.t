#!/usr/bin/perl
# Names and messages that show what they contain, user names that are taken, passwords in every normal form.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my $tail  = sprintf '%06x', rand 0xffffff;
my $alice = $stack->user('alice');
my $room  = $alice->post('/api/rooms', { name => '名字' })->json->{id};

sub sign_up {
    my ($username, %more) = @_;
    return $stack->post('/api/users', { username => $username, password => 'correct horse', %more });
}

sub sign_in {
    my ($username, $password) = @_;
    return $stack->post('/api/sessions', { username => $username, password => $password })->status;
}

# Three letters of one script that other runs hardly have had.
sub word {
    my ($first, $count) = @_;
    return join '', map { chr $first + int rand $count } 1 .. 6;
}

subtest 'user names are of any script in use' => sub {
    my %names = (
        'two Chinese characters' => word(0x4E00, 20_000) =~ s/(?<=..).*//r,
        'katakana'               => 'コーヒー' . word(0x30A2, 70), 'hangul'       => word(0xAC00, 11_000),
        'Cyrillic letters'       => word(0x430, 32), 'Arabic letters'         => word(0x641, 10) . word(0x62A, 16),
        'Devanagari letters'     => word(0x915, 35), 'Chinese and Latin ones' => word(0x4E00, 20_000) . $tail,
    );
    for my $kind (sort keys %names) {
        my $made = sign_up($names{$kind});
        is($made->status, 201, "a user name may be of $kind") or diag $made->content;
        is(sign_in($names{$kind}, 'correct horse'), 201, "a user name of $kind signs in");
    }
};

subtest 'a user name that could deceive is refused in words' => sub {
    my %faults = (
        "раypal$tail"     => qr/different scripts/, "ρaypal$tail"    => qr/different scripts/,
        "ab"              => qr/2 with a Chinese/, "li$tail\x{200D}" => qr/letters, digits/,
        "li$tail\x{3164}" => qr/letters, digits/, "li\x{0378}$tail"  => qr/letters, digits/,
        "\x{301}li$tail"  => qr/combining mark/,
    );
    for my $name (sort keys %faults) {
        my $refused = sign_up($name);
        is($refused->status, 422, 'a user name that could deceive is refused');
        like($refused->json->{detail}[0]{msg}, $faults{$name}, 'the refusal says what is wrong');
    }
};

subtest 'a user name is stored in its normal form' => sub {
    my $made = sign_up("Ｌi_$tail");
    is($made->json->{username}, "Li_$tail", 'full-width letters become ordinary ones');
    is($made->json->{nickname}, "Li_$tail", 'the nickname defaults to the normal form');
    is(sign_up("li_$tail")->status, 409, 'the same name in ordinary letters is taken');
    is(sign_in($_, 'correct horse'), 201, 'any form of the name signs in') for "Ｌi_$tail", "LI_$tail", "li_$tail";
    my $cyrillic = word(0x430, 32);
    is(sign_up($cyrillic)->status, 201, 'a Cyrillic name is free');
    is(sign_up(uc $cyrillic)->status, 409, 'the same Cyrillic name in capitals is taken');
    my ($one, $two) = map { chr 0x4E00 + int rand 20_000 } 1 .. 2;
    is(sign_up("你$one$two")->status, 201, 'a name with an ordinary ideograph is free');
    is(sign_up("\x{2F804}$one$two")->status, 409, 'the same name with a compatibility ideograph is taken');
};

subtest 'a user name that looks like another is taken' => sub {
    my $word = "sco$tail" =~ tr/0-9a-f/saeioyxpcsaeiocp/r;
    is(sign_up($word)->status, 201, 'a name is free');
    my $cyrillic = $word =~ tr/aeopcxysi/аеорсхуѕі/r;
    my $taken    = sign_up($cyrillic);
    is($taken->status, 409, 'the same word in Cyrillic letters is taken');
    is($taken->json->{code}, 'username_taken', 'a name that looks taken is answered as taken');
    is(sign_up("Ill_$tail")->status, 201, 'a name with a capital I is free');
    is(sign_up($_)->status, 409, 'a name with l, 1 or I in the same places is taken')
        for "lll_$tail", "1I1_$tail", "iLL_$tail" =~ s/^i/I/r;
};

subtest 'of names that look alike, one of many at once is made' => sub {
    my @names = map  { "${_}mage_${tail}x" } 'I', 'l', '1', 'I', 'l', '1';
    my @made  = sort { $a <=> $b } $stack->at_once(6, sub { return sign_up($names[ $_[0] - 1 ])->status });
    is_deeply(\@made, [ 201, (409) x 5 ], 'one of six is made');
};

subtest 'nicknames, room names and devices show what they contain' => sub {
    my @hidden = (
        ' ', "\x{3000}", "\x{A0}", "\x{3164}", "\x{2800}", "\x{200B}", "\x{200D}", "\x{301}", "\x{903}", "\x{202E}",
        "\x{FE0F}", "\x{E0061}", "\x{AD}", "\x{115F}", "\x{1160}", "\x{FFA0}", "\x{FFF9}", "\x{378}", "\x{E000}",
        "\x{180E}", "\x{2060}", "\x{34F}", "\x{61C}", "\x{17B4}", "\x{1D173}", "\x{2028}",
        "a\x{202E}b", "a\x{2067}b", "a\x{200B}b", "a\x{200D}b", "Z" . "\x{351}" x 5, "\x{3164}a",
    );
    my %status;
    for my $text (@hidden) {
        $status{ $alice->patch('/api/users/me', { nickname => $text })->status }++;
        $status{ $alice->post('/api/rooms', { name => $text })->status }++;
        $status{ $alice->patch("/api/rooms/$room", { name => $text })->status }++;
        $status{ $stack->post('/api/sessions', { username => 'x', password => 'x', device => $text })->status }++;
    }
    is_deeply(\%status, { 422 => 4 * @hidden }, 'a name that hides something is refused everywhere');
    for my $text ('李雷', "\x{1F469}\x{200D}\x{1F680}", "می\x{200C}خواهم", "ส\x{0E27}\x{0E31}สดี", "e\x{301}", '。') {
        is($alice->patch('/api/users/me', { nickname => $text })->json->{nickname}, $text, 'a nickname stays as it is');
    }
};

subtest 'a nickname that is the user name of somebody else is marked' => sub {
    my $victim  = $stack->user('victim', nickname  => '王总');
    my $mallory = $stack->user('mallory', nickname => uc $victim->username);
    my $honest  = $stack->user('honest');
    my $group   = $victim->post('/api/rooms', { name => 'x', member_ids => [ map { $_->id } $mallory, $honest ] });
    $group = '/api/rooms/' . $group->json->{id};
    my %taken =
        map { $_->{user}{username} => $_->{user}{nickname_taken} } @{ $victim->get("$group/members")->json->{items} };
    ok($taken{ $mallory->username }, 'a member with the user name of another is marked, in any case');
    ok(!$taken{ $_->username }, 'a member with a nickname, or with the own user name, is not') for $victim, $honest;
    $_->post("$group/messages", { client_id => 'a', body => '你好' }) for $mallory, $honest;
    %taken = map { $_->{sender}{username} => $_->{sender}{nickname_taken} }
        grep { $_->{kind} eq 'message' } @{ $victim->get("$group/messages")->json->{items} };
    ok($taken{ $mallory->username }, 'a sender with the user name of another is marked');
    ok(!$taken{ $honest->username }, 'another sender is not');
    ok($honest->put('/api/dms/' . $mallory->id, {})->json->{peer}{nickname_taken}, 'so is the other of a direct room');
    $mallory->patch('/api/users/me', { nickname => '马洛' });
    ok(!$honest->put('/api/dms/' . $mallory->id, {})->json->{peer}{nickname_taken}, 'a new nickname ends the mark');
};

subtest 'nicknames that look alike have the same skeleton' => sub {
    my ($latin, $mixed, $other) = map { $stack->user('n', nickname => $_) } 'Paypal', "p\x{430}yp\x{430}l", '李雷';
    my $group =
        $latin->post('/api/rooms', { name => 'x', member_ids => [ map { $_->id } $mixed, $other ] })->json->{id};
    my %skeleton =
        map { $_->{user}{id} => $_->{user}{skeleton} } @{ $latin->get("/api/rooms/$group/members")->json->{items} };
    is($skeleton{ $mixed->id }, $skeleton{ $latin->id }, 'nicknames that look alike have the same skeleton');
    isnt($skeleton{ $other->id }, $skeleton{ $latin->id }, 'other nicknames have another');
};

subtest 'a message shows something and stays as it is' => sub {
    my $send = sub {
        return $alice->post("/api/rooms/$room/messages", { client_id => rand . q{}, body => $_[0] });
    };
    is($send->($_)->status, 422, 'a message that shows nothing is refused')
        for "\n \t", "\x{3164}", "\x{2800}\x{200B}", "\x{301}", "\x{202E}", "\x{FE0F}", "\x{E0061}";
    like($send->("\x{200B}")->json->{detail}[0]{msg}, qr/visible/, 'the refusal says what is missing');
    is($send->($_)->json->{body}, $_, 'a message stays as it is')
        for "a\x{202E}b\x{200B}", " Ａ\n", "e\x{301}", "\x{1FADF}", 'Z' . "\x{351}" x 40;
};

subtest 'a password is the same in every normal form' => sub {
    my $user = $stack->user('normal', password => "caf\x{E9} ＡＢＣ");
    is(sign_in($user->username, $_), 201, 'a password signs in in another normal form')
        for "cafe\x{301} ABC", "caf\x{E9} ＡＢＣ";
    is(sign_in($user->username, "CAF\x{C9} ABC"), 401, 'a password in another case does not');
    is(
        $user->put('/api/users/me/password', { old_password => "cafe\x{301} ABC", password => "e\x{301}" x 8 })->status,
        204, 'the old password may be typed in another normal form'
    );
    is(sign_in($user->username, "\x{E9}" x 8), 201, 'the new password is normalized, too');
};

subtest 'a password is counted in its normal form' => sub {
    is(sign_up("n1$tail", password => "e\x{301}" x 7)->status, 422, 'seven letters with marks are too few');
    is(sign_up("n2$tail", password => "e\x{301}" x 128)->status, 201, '128 letters with marks are few enough');
    is(sign_up("n3$tail", password => "e\x{301}" x 129)->status, 422, '129 letters with marks are too many');
    is(sign_up("n4$tail", password => "\x{FDFA}" x 8)->status, 422, 'ligatures of 144 letters are too many');
};

subtest 'the published patterns refuse nothing that the server accepts' => sub {
    my $schemas = $stack->get('/openapi.json')->json->{components}{schemas};
    my %regex   = map { $_->[0] => $schemas->{ $_->[1] }{properties}{ $_->[0] }{pattern} } [ username => 'UserNew' ],
        [ nickname => 'UserChange' ], [ body => 'MessageNew' ];
    s/\\u([0-9A-F]{4})/\\x{$1}/g for values %regex;    # Perl's form
    my @texts = (
        '李雷', 'コーヒー', "ｶﾞﾗｽ", 'Ａbc', "㎏$tail", "e\x{301}abc", "①②③$tail", "\x{1F469}\x{200D}\x{1F680}", 'a b',
        "\x{1FADF}", "می\x{200C}خواهم", "葛\x{E0100}", '_9_', " \n?", "\x{E000}.", "\x{661}\x{662}\x{663}", "\x{600}1"
    );
    for my $text (@texts) {
        my %accepted = (
            username => sign_up($text)->status != 422,
            nickname => $alice->patch('/api/users/me', { nickname => $text })->status != 422,
            body     => $alice->post("/api/rooms/$room/messages", { client_id => rand . q{}, body => $text })->status !=
                422,
        );
        for my $field (grep { $accepted{$_} } sort keys %accepted) {
            like($text, qr/$regex{$field}/, "the pattern of $field matches a text that is accepted");
        }
    }
};

done_testing;
