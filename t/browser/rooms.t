#!/usr/bin/perl
# People with the same name, refusals for good and removals in the page: what must hold is in rooms.mjs.
use lib 't/lib', 't/browser/lib';
use Fastchat::Test;
use BrowserTest;

my $chromium = find_chromium();
run_in_browsers('rooms.mjs', Fastchat::Stack->new, $chromium);
done_testing;
