# The rounds of a measurement, the ratios between its sides, and the table of t/bench/run.
package Table;

use strict;
use warnings;
use utf8;
use Exporter 'import';
use JSON::PP ();
use List::Util qw(min max);
use Scalar::Util qw(reftype);
use Load;
use Place;

our @EXPORT = qw(in_turn middle ratio row rows_of);    ## no critic

our ($quick, $rounds, $seconds) = (0, 5, 2);
our @rows;

# Short runs: whether everything works, not how fast it is.
sub be_quick { ($quick, $rounds, $seconds) = (1, 2, 1) }

# Runs every load once per round, after a short run of each that does not count: in turn, and backwards in every other
# round, so that no side always comes first. Returns the results by name.
sub in_turn {
    my (@loads) = @_;
    my %code    = @loads;
    my @names   = @loads[ grep { $_ % 2 == 0 } 0 .. $#loads ];
    my %got;
    for my $round (0 .. $rounds) {
        for my $name ($round % 2 ? @names : reverse @names) {
            my $result = $code{$name}->($round == 0 ? 1 : $seconds);
            push @{ $got{$name} }, $result if $round > 0;
        }
    }
    return \%got;
}

sub middle {
    my ($results, $key) = @_;
    return Load::median(map { $_->{$key} } @$results);
}

# The ratio of each round, since a disturbance of the machine slows both sides of a round: their median, the least and
# the greatest.
sub ratio {
    my ($ours, $other, $key) = @_;
    my @ratios = map { $ours->[$_]{$key} / ($other->[$_]{$key} || 1e-9) } 0 .. $#$ours;
    return { median => Load::median(@ratios), least => min(@ratios), most => max(@ratios) };
}

# A row of the table. `least` or `most` is the target of the ratio, or of our own value without a ratio. `ratio` is what
# the function of that name returns, or a number.
sub row {
    my (%row) = @_;
    if (ref $row{ratio}) {
        @row{qw(ratio ratio_least ratio_most)} = @{ $row{ratio} }{qw(median least most)};
    }
    my $value = $row{ratio} // $row{ours};
    my $reaches =
          defined $row{least} ? sub { $_[0] >= $row{least} }
        : defined $row{most}  ? sub { $_[0] <= $row{most} }
        :                       undef;
    $row{ok}    = $reaches->($value) if $reaches;
    $row{noise} = 1
        if $reaches && defined $row{ratio_least} && $reaches->($row{ratio_least}) != $reaches->($row{ratio_most});
    push @rows, \%row;
}

# Rows of two sides: rate with a target, and the latencies for the record.
sub rows_of {
    my ($figure, $other, $ours, $theirs, @target) = @_;
    row(
        figure => "$figure, requests/s", with => $other, ours => middle($ours, 'rate'),
        other  => middle($theirs, 'rate'),
        ratio  => ratio($ours, $theirs, 'rate'), form => '%.0f', @target
    );
    for my $p (qw(p50 p99)) {
        row(
            figure => "$figure, $p ms", with => $other, ours => middle($ours, $p), other => middle($theirs, $p),
            ratio  => ratio($ours, $theirs, $p), form => '%.2f'
        );
    }
}

# Was a target missed?
sub missed {
    return scalar grep { defined $_->{ok} && !$_->{ok} } @rows;
}

sub cell { my ($form, $value) = @_; return defined $value ? sprintf $form, $value : '' }

# Prints the table, and writes it to build/bench/FILE.
sub show {
    my ($file, $took) = @_;
    my $line = "%-52s %9s %9s  %-17s %6s %-12s %8s  %s\n";
    printf "\n$line", 'figure', 'ours', 'other', '', 'ratio', 'rounds', 'target', '';
    for my $r (@rows) {
        my $target = defined $r->{least}       ? "≥ $r->{least}" : defined $r->{most} ? "≤ $r->{most}" : '';
        my $range  = defined $r->{ratio_least} ? sprintf '%.2f–%.2f', @$r{qw(ratio_least ratio_most)} : '';
        my $state  = defined $r->{ok}          ? $r->{ok} ? 'ok' : 'MISSED' : '';
        printf $line, $r->{figure}, cell($r->{form}, $r->{ours}), cell($r->{form}, $r->{other}), $r->{with} // '',
            cell('%.2f', $r->{ratio}), $range, $target, $state . ($r->{noise} ? ' ~' : '');
    }
    my @plain = map {
        my %r = %$_;
        delete $r{form};
        $r{$_} = $r{$_} ? JSON::PP::true() : JSON::PP::false() for grep { exists $r{$_} } qw(ok noise);
        \%r
    } @rows;
    Place::spew(
        "build/bench/$file",
        JSON::PP->new->utf8->canonical->pretty->encode(
            { rows => \@plain, rounds => $rounds, seconds => $seconds, took => $took }
        )
    );
    print <<"END";

Medians of $rounds interleaved rounds. A ratio is ours by the other's: the median of the rounds' own ratios, and beside
it the least and the greatest of them, which is how much is noise. ~: the rounds disagree about the target.
$took s in all; build/bench/$file has the same.
END
}

1;
