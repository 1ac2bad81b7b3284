#!/usr/bin/perl
# Every answer is compared with the row of its route, in whatever test: a wrong one is found, and fails that test.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new(own => 1, expect => [qr{undeclared answer: GET /api/trial/answer: }]);

# The report about each wrong answer of the trial route (t/program/trial_answers.c).
my %faults = (
    silence                => '0: status: none, the handler did not reply',
    status                 => '202: status: not declared',
    code                   => '404: code: "no_such_task" is not declared',
    code_of_another_status => '403: code: "no_such_room" is not declared',
    server_error           => '500: code: "internal_error" is not declared',
    no_detail              => '404: detail: missing, not a string',
    missing                => '200: at: missing',
    extra                  => '200: more: not declared',
    type                   => '200: id: a string, not an integer',
    range                  => '200: id: 9007199254740992 is not from 0 to 9007199254740991',
    fraction               => '200: id: a fraction, not an integer',
    null                   => '200: name: null, not a string',
    word                   => '200: state: "ajar" is not one of its words',
    time                   => '200: at: "2026-01-02 03:04" is not a time',
    inner                  => '200: inner.flag: an integer, not a boolean',
    element                => '200: ids.1: null, not an integer',
    key                    => '200: seqs.x: the key is not an id',
    text                   => '200: texts.3: an integer, not a string',
    list                   => '200: body: a list, not an object',
    not_json               => '200: body: not JSON: ',
    media_type             => '200: Content-Type: text/plain, not application/json',
    body_of_204            => '204: body: not empty',
    type_of_204            => '204: Content-Type: of no body',
    retry_after            => '429: Retry-After: no seconds',
    retry_after_503        => '503: Retry-After: no seconds',
    allow                  => '405: Allow: not there once',
    authenticate           => '401: WWW-Authenticate: not there once',
    no_faults              => '422: detail: empty',
    fault                  => '422: detail.0: not type, loc, msg, input and perhaps ctx',
    fault_place            => '422: detail.0.loc: does not begin with path, query, header or body',
);

sub wish { return $stack->get('/api/trial/answer', headers => { 'X-Trial-Answer' => $_[0] }) }

# The reports in the log so far.
sub reports {
    my @messages =
        map { JSON::PP->new->utf8->decode($_)->{message} // '' } split /\n/, $stack->log_text('api');
    return map { /^undeclared answer: (.*)/s ? $1 : () } @messages;
}

subtest 'an answer that its route declares is not reported' => sub {
    wish($_) for qw(good good_other good_problem);
    $stack->head('/api/trial/answer');
    $stack->request('OPTIONS', '/api/trial/answer');
    $stack->post('/api/trial/answer', {});
    $stack->get($_) for '/api/trial/answer?limit=0', '/api/nothing', '/api/%ff', '/openapi.json';
    is_deeply([ reports() ], [], 'nothing is reported');
};

subtest 'an answer that its route does not declare is reported once, with the place and the reason' => sub {
    for my $answer (sort keys %faults) {
        my @before = reports();
        wish($answer);
        my @new = reports();
        splice @new, 0, @before;
        is(scalar @new, 1, "$answer: one report");
        like($new[0] // '', qr{^GET /api/trial/answer: \Q$faults{$answer}\E}, "$answer: it says what is wrong");
    }
};

subtest 'a report in a log fails the test' => sub {
    my @found = Fastchat::Logs::problems($stack->dir . '/log');
    ok(@found > 0, 'Fastchat::Logs finds reports');
    is_deeply([ grep { !/undeclared answer/ } @found ], [], 'Fastchat::Logs finds nothing else');
};

done_testing;
