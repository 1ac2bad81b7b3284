#!/usr/bin/perl
# An admin runs the lab and exports data in a browser: what must hold is in lab.mjs.
use lib 't/lib', 't/browser/lib';
use Fastchat::Test;
use BrowserTest;

my $chromium = find_chromium();
my $stack    = Fastchat::Stack->new(own => 1);
my ($admin, $other) = map { $stack->user($_) } qw(admin other);
is(($stack->fastchat('user', 'admin', $admin->username))[1], 0, 'an operator makes a user an admin');
my $room = $admin->post('/api/rooms', { name => '周末爬山' })->json;
$admin->post("/api/rooms/$room->{id}/messages", { client_id => "c$_", body => "第 $_ 条" }) for 1 .. 3;

run_in_browsers('lab.mjs', $stack, $chromium, map { ($_->username, $_->password) } $admin, $other);
done_testing;
