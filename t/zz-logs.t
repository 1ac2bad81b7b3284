#!/usr/bin/perl
# The last test of a run: stops the shared stack and checks its logs.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Logs;

my $dir = $ENV{FASTCHAT_TEST_STACK} or plan skip_all => 'no stack was shared';
is(system("etc/stack stop --dir '$dir' >/dev/null"), 0, 'the shared stack stops');
my @bad = Fastchat::Logs::problems("$dir/log");
ok(!@bad, 'its logs hold no report of a sanitizer, crash or alert');
diag $_ for @bad;
done_testing;
