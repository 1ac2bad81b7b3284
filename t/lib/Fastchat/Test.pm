# Everything a test file needs: strict, warnings, utf8, Test::More, Fastchat::Stack and in_one_minute.
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
    *{"${caller}::$_"}            = Test::More->can($_) for grep { /^\w/ } @Test::More::EXPORT;
    *{"${caller}::done_testing"}  = \&finished;
    *{"${caller}::in_one_minute"} = \&in_one_minute;
}

# Returns what `calls` returns. Limits start again with every minute of the clock: if the minute ended meanwhile, runs
# `calls` again, which therefore checks nothing itself.
sub in_one_minute {
    my ($calls) = @_;
    while (1) {
        sleep 60 - time % 60 if time % 60 > 45;
        my $minute   = int(time / 60);
        my @returned = $calls->();
        return @returned if int(time / 60) == $minute;
    }
}

# Stops the stack first: the results of its log check belong before the plan.
sub finished {
    Fastchat::Stack::finish();
    Test::More::done_testing();
}

1;
