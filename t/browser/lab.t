#!/usr/bin/perl
# An admin runs the lab in a browser, and takes the own data away; lab.mjs holds what is done. Pictures are kept in build/t/browser.
use lib 't/lib';
use Fastchat::Test;
use File::Path qw(make_path);

-e 'web/app/dist/index.html' or plan skip_all => 'the web client is not built (make web)';
my ($chromium) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};
$chromium or plan skip_all => 'chromium is not installed';

my $stack = Fastchat::Stack->new(own => 1);
my ($admin, $other) = map { $stack->user($_) } qw(admin other);
is(($stack->fastchat('user', 'admin', $admin->username))[1], 0, 'an operator makes an admin');
my $room = $admin->post('/api/rooms', { name => '周末爬山' })->json;
$admin->post("/api/rooms/$room->{id}/messages", { client_id => "c$_", body => "第 $_ 条" }) for 1 .. 3;
my $pictures = "$Fastchat::Stack::root/build/t/browser";
make_path($pictures);
is(system('etc/npm-ci t/browser >&2'), 0, 'the browser driver is installed') or BAIL_OUT('npm');

# It prints "ok WORDS" or "not ok WORDS", and "# WORDS".
open my $out, '-|', 'etc/node', 'node', 't/browser/lab.mjs', $stack->url, $pictures, $chromium,
    map { ($_->username, $_->password) } $admin, $other
    or die "$!\n";
binmode $out, ':encoding(UTF-8)';
while (my $line = <$out>) {
    chomp $line;
    if ($line =~ /^(not )?ok (.*)/) { ok(!$1, $2) }
    else                            { diag($line) }
}
close $out;
is($?, 0, 'the browsers ran to their end');
done_testing;
