#!/usr/bin/perl
# Where registration is closed, the page does not offer to sign up: closed.mjs.
use lib 't/lib', 't/browser/lib';
use Fastchat::Test;
use BrowserTest;

my $chromium = find_chromium();
run_in_browsers('closed.mjs', Fastchat::Stack->new(env => { REGISTRATION => 'closed' }), $chromium);
done_testing;
