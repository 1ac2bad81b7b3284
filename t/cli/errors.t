#!/usr/bin/perl
# fastchat errors: the table of errors in docs/api.md is the program's.
use strict;
use warnings;
use lib 't/lib';

use Fastchat::Stack;
use Test::More;

sub text {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

my $program = Fastchat::Stack::released();
local $ENV{FASTCHAT_ENV_FILE} = '/dev/null';
my $table = qx("$program" errors </dev/null);

is($?, 0, 'fastchat errors succeeds');
like(
    $table, qr/^\| 401 \| `not_signed_in` \| Please sign in\. \| all that need a token \|$/m,
    'an error has its text and its routes'
);
my ($documented) = text('docs/api.md') =~ /^(\| status \| `code` \|.*?\n)\n/ms;
is($documented, $table, 'docs/api.md has the table that the program prints (make docs)');

done_testing;
