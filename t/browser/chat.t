#!/usr/bin/perl
# Two people chat in two browsers: what they do and what must hold is in chat.mjs.
use lib 't/lib', 't/browser/lib';
use Fastchat::Test;
use BrowserTest;

my $chromium = find_chromium();
run_in_browsers('chat.mjs', Fastchat::Stack->new, $chromium);
done_testing;
