#!/usr/bin/perl
# Swagger UI at /docs: what it shows, and that calls from it are real, is in docs.mjs.
use lib 't/lib', 't/browser/lib';
use Fastchat::Test;
use BrowserTest;

my $chromium = find_chromium();
is_deeply([ glob 'web/app/dist/*.map web/app/dist/*/*.map' ], [], 'the web client is built without source maps');
my $stack = Fastchat::Stack->new;
my $alice = $stack->user('alice');
my $room  = $alice->post('/api/rooms', { name => '文档' })->json->{id};

run_in_browsers('docs.mjs', $stack, $chromium, $alice->username, $alice->password, $alice->token, $room);
is($stack->sql("SELECT name FROM rooms WHERE id = $room"), '改名', 'a PATCH from /docs has changed the room');
done_testing;
