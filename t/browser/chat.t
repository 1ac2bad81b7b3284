#!/usr/bin/perl
# Two people chat in two browsers: what they do and what must hold is in chat.mjs.
use lib 't/lib', 't/browser/lib';
use Fastchat::Test;
use BrowserTest;

-e 'web/app/dist/index.html' or plan skip_all => 'the web client is not built (make web)';
my ($chromium) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};
$chromium or plan skip_all => 'chromium is not installed';

my $stack    = Fastchat::Stack->new;
my $pictures = "$Fastchat::Stack::root/build/t/browser";
make_path($pictures);
is(system('etc/npm-ci t/browser >&2'), 0, 'the browser driver is installed') or BAIL_OUT('npm');

# It prints "ok WORDS" or "not ok WORDS", and "# WORDS".
open my $out, '-|', 'etc/node', 'node', 't/browser/chat.mjs', $stack->url, $pictures, $chromium or die "$!\n";
binmode $out, ':encoding(UTF-8)';
while (my $line = <$out>) {
    chomp $line;
    if ($line =~ /^(not )?ok (.*)/) { ok(!$1, $2) }
    else { diag($line) }
}
close $out;
is($?, 0, 'the browsers ran to their end');
done_testing;
