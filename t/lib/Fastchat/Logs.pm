# The lines that no log of a test may hold.
package Fastchat::Logs;

use strict;
use warnings;

my $bad = qr{
    ERROR:\ (?:Address|Leak)Sanitizer | WARNING:\ ThreadSanitizer | runtime\ error:
    | \[(?:alert|emerg)\]
    | Assertion\ .*\ failed | Segmentation\ fault | \*\*\*.*\ detected\ \*\*\* | died\ to\ often
    | exit\ status\ 1[0-9][0-9] | undeclared\ answer:
}x;

# The problems in a stack's log directory, one text each; lines that match one of `expected` are not problems.
sub problems {
    my ($dir, @expected) = @_;
    my @found;
    opendir my $handle, $dir or return "$dir: $!";
    for my $name (sort grep { !/^\./ } readdir $handle) {
        open my $in, '<', "$dir/$name" or next;
        if ($name =~ /^sanitizer\./) {
            my @lines = <$in>;
            splice @lines, 60 if @lines > 60;
            push @found, "$name:\n" . join '', @lines if @lines;
            next;
        }
        while (my $line = <$in>) {
            next if $line !~ $bad || grep { $line =~ $_ } @expected;
            push @found, "$name: $line";
            last if @found > 20;
        }
    }
    return @found;
}

1;
