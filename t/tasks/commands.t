#!/usr/bin/perl
# fastchat task on the command line: list, show, retry, cancel, purge, stats, and wrong words.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new(own => 1, env => { TASK_DEMO_SECONDS => 1 });
my $alice = $stack->user('alice');

sub task { return $stack->fastchat('task', @_) }

my $id = $alice->post('/api/task/12', {})->json->{id};
ok($stack->wait_for(10, sub { (task('show', $id))[0] =~ /^state +done$/m }), 'a task is shown, and done in the end');
my ($text) = task('show', $id);
like($text, qr/^result +\{"num":12,"q":"144"\}$/m, 'with its result');
like($text, qr/^owner +@{[ $alice->id ]}$/m, 'its owner');
like($text, qr/^runs +1 of 3$/m, 'and how often it was run');
like((task('list'))[0], qr/^ *$id square +done +100 +1\/3 /m, 'tasks are listed');
like((task('list', '--kind', 'square', '--state', 'done', '--limit', 1))[0], qr/^ *$id square .*the newest 1; --limit N shows more/ms, 'by kind and state, some at a time');
unlike((task('list', '--state', 'dead'))[0], qr/^ *$id /m, 'and no others');
like((task('stats'))[0], qr/^square +0 +0 +1 +0 +0 +0 +0\.0 s$/m, 'they are counted');

my $later = $stack->sql("INSERT INTO tasks (kind, run_at, max_attempts, arguments, created_at) VALUES ('square', 9999999999999, 3, '{\"num\":\"3\"}', 0); SELECT LAST_INSERT_ID()");
like((task('cancel', $later))[0], qr/task $later is cancelled/, 'one that waits is cancelled');
like((task('retry', $later))[0], qr/task $later is queued/, 'and queued again');
ok($stack->wait_for(10, sub { (task('show', $later))[0] =~ /^result +\{"num":3,"q":"9"\}$/m }), 'for now');
like((task('purge', '--state', 'done'))[0], qr/^[2-9]\d* tasks are deleted$/m, 'what is done is deleted');
is((task('show', $id))[1], 1, 'and then is not there');

for ([ [ 'show', 999_999 ], 1, qr/there is no task 999999/ ], [ [ 'retry', 999_999 ], 1, qr/there is no task/ ], [ [ 'cancel', 999_999 ], 1, qr/there is no task/ ],
    [ [ 'show', '1x' ], 2, qr/a task has a number, not 1x/ ], [ ['show'], 2, qr/show takes the number of a task/ ], [ [ 'show', 1, 2 ], 2, qr/show takes the number of a task/ ],
    [ [ 'list', '--state', 'asleep' ], 2, qr/there is no state asleep/ ], [ [ 'list', '--limit', 'x' ], 2, qr/--limit takes a number from 1 to 10000, not x/ ],
    [ [ 'list', 'all' ], 2, qr/list takes no such word: all/ ], [ [ 'show', '--kind', 'x', 1 ], 2, qr/show does not take that option/ ],
    [ [ 'purge', '--state', 'running' ], 2, qr/only what has ended is deleted/ ], [ ['destroy'], 2, qr/there is no destroy; what there is: list, show/ ], [ [], 2, qr/one word more is needed/ ]) {
    my ($words, $status, $says) = @$_;
    my ($said, $is) = task(@$words);
    is($is, $status, "refused: @$words");
    like($said, $says, 'and told why');
}

done_testing;
