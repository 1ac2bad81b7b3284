# Everything a test file needs: strict, warnings, utf8, Test::More and Fastchat::Stack.
package Fastchat::Test;

use strict;
use warnings;
use utf8;
use Test::More;
use Fastchat::Stack;

sub import {
    my ($class) = @_;
    strict->import;
    warnings->import;
    utf8->import;
    my $caller = caller;
    binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output todo_output);
    no strict 'refs';
    no warnings 'redefine';
    *{"${caller}::$_"}           = Test::More->can($_) for grep { /^\w/ } @Test::More::EXPORT;
    *{"${caller}::done_testing"} = \&finished;
}

# Stops the stack first: the results of its log check belong before the plan.
sub finished {
    Fastchat::Stack::finish();
    Test::More::done_testing();
}

1;
