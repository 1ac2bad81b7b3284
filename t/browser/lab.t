#!/usr/bin/perl
# An admin runs the lab in a browser and exports data; lab.mjs has the steps. Pictures are kept in build/t/browser.
use lib 't/lib';
use Fastchat::Test;
use BrowserTest;

my $chromium = find_chromium();
my $stack    = Fastchat::Stack->new(own => 1);
my ($admin, $other) = map { $stack->user($_) } qw(admin other);
is(($stack->fastchat('user', 'admin', $admin->username))[1], 0, 'an operator makes a user an admin');
my $room = $admin->post('/api/rooms', { name => '周末爬山' })->json;
$admin->post("/api/rooms/$room->{id}/messages", { client_id => "c$_", body => "第 $_ 条" }) for 1 .. 3;

# It prints "ok WORDS" or "not ok WORDS", and "# WORDS".
open my $out, '-|', 'etc/node', 'node', 't/browser/lab.mjs', $stack->url, $pictures, $chromium,
    map { ($_->username, $_->password) } $admin, $other
    or die "$!\n";
binmode $out, ':encoding(UTF-8)';
while (my $line = <$out>) {
    chomp $line;
    if ($line =~ /^(not )?ok (.*)/) { ok(!$1, $2) }
    else { diag($line) }
}
close $out;
is($?, 0, 'the browsers ran to their end');
done_testing;
