#!/usr/bin/perl
# Pools that close each connection after its answer lose no request, even if nginx keeps connections by default.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new(own => 1, env => { WORKER_MAX_REQUESTS => 60 });
my $user  = $stack->user('busy');
$user->post('/api/rooms', { name => 'x' });    # so that there is always something new

# The unexpected answers among the requests that several clients send at the same time.
sub wrong {
    my ($clients, $requests, $send, $expected) = @_;
    return map { @$_ } $stack->at_once(
        $clients,
        sub {
            return [
                grep { !/^$expected / }
                map  { my $answer = $send->(); $answer->status . ' ' . $answer->content } 1 .. $requests
            ];
        }
    );
}

subtest 'no request is lost on connections that the pools close' => sub {
    is_deeply(
        [ wrong(6, 150, sub { $user->post('/api/sync/wait', { rooms => {}, wait => 1 }) }, 200) ], [],
        '900 long polls that are answered at once succeed'
    );
    is_deeply(
        [
            wrong(
                4, 100,
                sub { $stack->post('/api/sessions', { username => $user->username, password => $user->password }) },
                201
            )
        ],
        [],
        '400 sign-ins succeed while their processes are replaced after 60 each'
    );
    is_deeply(
        [ wrong(4, 60, sub { $stack->get('/api/events', token => 'bad') }, 401) ], [],
        '240 streams with a bad token are refused with 401'
    );
};

done_testing;
