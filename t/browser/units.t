#!/usr/bin/perl
# The web client's own unit tests (vitest, in web/app).
use strict;
use warnings;
use Test::More;

system('etc/npm-ci web/app >/dev/null') == 0 or BAIL_OUT('npm ci fails in web/app');
my $output = qx{cd web/app && NO_COLOR=1 ../../etc/node npm test --silent 2>&1};
is($?, 0, 'the unit tests of the web client pass') or diag $output;
like($output, qr/Tests\D+\d+ passed/, 'the unit tests of the web client ran');

done_testing;
