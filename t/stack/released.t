#!/usr/bin/perl
# The released program has nothing that the test program adds (base/test_seams.h), in any environment.
use lib 't/lib';
use Fastchat::Test;

# The parameters in the user's stored password hash.
sub hash_costs {
    my ($stack, $user) = @_;
    return $stack->sql('SELECT password_hash FROM users WHERE id = ' . $user->id) =~
        s/^(\$argon2id\$v=\d+\$[^\$]*).*/$1/sr;
}

# Sends a message to a new room twice with one client_id; returns how many entries of it the room then has.
sub kept_of_a_retry {
    my ($user) = @_;
    my $room = '/api/rooms/' . $user->post('/api/rooms', { name => 'retries' })->json->{id} . '/messages';
    $user->post($room, { client_id => 'a-client-id-of-one-message', body => 'once' }) for 1, 2;
    return scalar grep { ($_->{body} // '') eq 'once' } @{ $user->get($room)->json->{items} };
}

sub task_state {
    my ($stack, $kind) = @_;
    my ($row) = $stack->sql(
              "INSERT INTO tasks (kind, run_at, created_at, max_attempts, arguments) VALUES ('$kind', 0, 0, 1, '{}'); "
            . 'SELECT LAST_INSERT_ID()');
    my $id = ref $row ? $row->[0] : $row;
    $stack->wait_for(10, sub { $stack->sql("SELECT state FROM tasks WHERE id = $id") > 1 });
    return $stack->sql("SELECT state FROM tasks WHERE id = $id");
}

sub bytes { open my $in, '<:raw', $_[0] or die "$_[0]: $!\n"; local $/; return scalar <$in> }

my %state = (done => 2, dead => 4);
my @traces =
    ('FASTCHAT_BREAK', '/api/trial', 'trial.', 'trial_routes', 'trial_kinds', 'undeclared answer', 'answer_check');
my @asked = (own => 1, env => { APP_ENV => 'test', FASTCHAT_BREAK => 'retry' });

subtest 'no setting turns the released program into the test program' => sub {
    my $program = Fastchat::Stack::released();
    my $holds   = bytes($program);
    is_deeply(
        [ grep { index($holds, $_) >= 0 } @traces ], [],
        'the released program holds no string and no symbol of the test program'
    );

    my $stack = Fastchat::Stack->new(@asked, binary => $program, expect => [qr/knows no tasks of the kind trial/]);
    my $user  = $stack->user('released');
    is(
        hash_costs($stack, $user), '$argon2id$v=19$m=19456,t=2,p=1',
        'the released program hashes passwords at their full cost'
    );
    is(kept_of_a_retry($user), 1, 'the released program keeps a message that is sent twice once');
    is(
        $stack->get('/api/trial/pause?ms=1')->status, 404,
        'the released program has no route that holds a thread of the api pool'
    );
    is(
        $stack->post('/api/trial/pause?ms=1', {})->status, 404,
        'the released program has no route that holds a process of the cpu pool'
    );
    is(
        task_state($stack, 'trial.nothing'), $state{dead},
        'the released program does not know the test program\'s kinds of tasks'
    );
    my ($routes) = $stack->fastchat('routes');
    unlike($routes, qr/trial/, 'the released program lists no route of the test program');
};

# This proves that the strings above exist in the test program.
subtest 'the test program has everything that the released program lacks' => sub {
    my $program = Fastchat::Stack::binary();
    my $holds   = bytes($program);
    is_deeply(
        [ grep { index($holds, $_) >= 0 } @traces ], \@traces,
        'the test program holds all of these strings and symbols'
    );

    my $stack = Fastchat::Stack->new(@asked);
    my $user  = $stack->user('tested');
    is(hash_costs($stack, $user), '$argon2id$v=19$m=8,t=1,p=1', 'the test program hashes passwords at the lowest cost');
    is(kept_of_a_retry($user), 2, 'the test program, broken on purpose, keeps a repeated message twice');
    is($stack->get('/api/trial/pause?ms=1')->status, 204, 'the test program has the routes of the tests');
    is(task_state($stack, 'trial.nothing'), $state{done}, 'the test program runs the tasks of the tests');
};

done_testing;
