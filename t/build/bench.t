#!/usr/bin/perl
# The table of t/bench/run: ratios of rounds, targets, and how much is noise.
use lib 't/lib', 't/bench/lib';
use strict;
use warnings;
use utf8;
use Test::More;
use Table;

my @ours  = map { { rate => $_ } } 10, 30, 20;
my @other = map { { rate => 10 } } 1 .. 3;
is_deeply(
    ratio(\@ours, \@other, 'rate'),
    { median => 2, least => 1, most => 3 },
    'a ratio is the median of those of the rounds, with the least and the greatest'
);

# The only row so far, as it would be printed.
sub added { row(figure => 'a figure', ours => 20, form => '%d', @_); return $Table::rows[-1] }

my $clear = added(ratio => ratio(\@ours, \@other, 'rate'), least => 0.5);
ok($clear->{ok} && !$clear->{noise}, 'a target that every round reaches is reached without noise');
my $noisy = added(ratio => ratio(\@ours, \@other, 'rate'), least => 1.5);
ok($noisy->{ok} && $noisy->{noise}, 'a target that one round misses is reached, and marked as noise');
ok(!Table::missed(), 'no target is missed while the medians reach them');
my $missed = added(ratio => ratio(\@ours, \@other, 'rate'), most => 0.9);
ok(!$missed->{ok} && !$missed->{noise}, 'a target that no round reaches is missed without noise');
is(Table::missed(), 1, 'a missed target is counted');
ok(!defined added(other => 10, ratio => 2)->{ok}, 'a row without a target is neither reached nor missed');

my @order;
$Table::rounds = 2;
my $got = in_turn(
    map {
        my $name = $_;
        ($name => sub { push @order, $name; return {} })
    } qw(a b)
);
is(join('', @order), 'baabba', 'the sides take turns, backwards in every other round');
is(scalar @{ $got->{a} }, 2, 'the first round does not count');

done_testing;
