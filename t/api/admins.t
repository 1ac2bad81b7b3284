#!/usr/bin/perl
# Admins: how a user becomes one, what only admins may do, and the commands that list users.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;
my ($alice, $bob) = map { $stack->user($_) } qw(alice bob);

sub user { return $stack->fastchat('user', @_) }

subtest 'a new user has no rights of an admin' => sub {
    is($alice->get('/api/users/me')->json->{is_admin}, JSON::PP::false, 'a new user is not an admin');
    is(
        $alice->post('/api/lab', { tasks => 0 })->json->{code}, 'admins_only',
        'a route for admins denies others before it checks the input'
    );
};

subtest 'an operator makes a user an admin at once' => sub {
    like(
        (user('admin', uc $alice->username))[0], qr/is an admin$/m,
        'an operator makes an admin by name, whatever its case'
    );
    is($alice->get('/api/users/me')->json->{is_admin}, JSON::PP::true, 'users/me returns is_admin to an admin');
    is(
        $alice->post('/api/lab', { tasks => 0 })->status, 422,
        'a new admin is let in at once, without signing in again'
    );
    ok(!exists $bob->get('/api/users/' . $alice->id)->json->{is_admin}, 'other users do not see who is an admin');
    my $session = $stack->post('/api/sessions', { username => $alice->username, password => $alice->password });
    is($session->json->{user}{is_admin}, JSON::PP::true, 'signing in returns is_admin to an admin');
};

subtest 'an operator lists users' => sub {
    my ($list) = user('list', '--admins', '--limit', 10000);
    like($list, qr/^ *@{[ $alice->id ]} yes /m, 'list --admins shows the admins');
    unlike($list, qr/^ *@{[ $bob->id ]} /m, 'list --admins shows nobody else');
    like(
        (user('list', '--limit', 10000))[0], qr/^ *@{[ $bob->id ]} - .*\Q@{[ $bob->username ]}\E/m,
        'list shows every user'
    );
    like(
        (user('list', '--limit', 1))[0], qr/the first 1; --limit N shows more/,
        'list --limit shows that there are more'
    );
};

subtest 'an operator takes the role away' => sub {
    is((user('no-admin', $alice->username))[1], 0, 'an operator takes the role away');
    is($alice->post('/api/lab', { tasks => 0 })->status, 403, 'a former admin is denied at once');
};

subtest 'wrong arguments of fastchat user are refused' => sub {
    for (
        [ [ 'admin', 'nobody_of_that_name' ], 1, qr/user nobody_of_that_name does not exist/ ],
        [ ['admin'], 2, qr/the operand NAME is missing/ ],
        [ [ 'list', '--limit', 0 ], 2, qr/--limit takes a number from 1 to 10000, not 0/ ],
        [ [ 'list', '--state', 'done' ], 2, qr/--state is not an option of this command/ ],
        [ ['promote'], 2, qr/promote is not one of: list, add, password/ ],
        [ [], 2, qr/one of these must follow/ ]
        )
    {
        my ($words, $status, $says) = @$_;
        my ($text, $is) = user(@$words);
        is($is, $status, "wrong arguments are refused: @$words");
        like($text, $says, "the message names the fault: @$words");
    }
};

done_testing;
