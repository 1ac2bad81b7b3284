# Runs a browser test: a .mjs file that drives Chromium and prints its results. Screenshots are kept in build/t/browser.
package BrowserTest;
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use File::Path qw(make_path);
use Test::More;
use Fastchat::Stack;

our @EXPORT = qw(find_chromium run_in_browsers);

# The path of Chromium. Skips the whole test if it is not installed, or if the web client is not built; with (page => 0)
# the test needs no web client.
sub find_chromium {
    my (%need) = (page => 1, @_);
    !$need{page} || -e 'web/app/dist/index.html' or plan skip_all => 'the web client is not built (make web)';
    my ($chromium) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};
    $chromium or plan skip_all => 'chromium is not installed';
    return $chromium;
}

# Runs t/browser/$script against a stack. Each line "ok NAME" or "not ok NAME" becomes a test, every other line a
# diagnostic.
sub run_in_browsers {
    my ($script, $stack, $chromium, @arguments) = @_;
    my $pictures = "$Fastchat::Stack::root/build/t/browser";
    make_path($pictures);
    is(system('etc/npm-ci t/browser >&2'), 0, 'the browser driver is installed') or BAIL_OUT('npm');
    open my $out, '-|', 'etc/node', 'node', "t/browser/$script", $stack->url, $pictures, $chromium, @arguments
        or die "$!\n";
    binmode $out, ':encoding(UTF-8)';
    while (my $line = <$out>) {
        chomp $line;
        if ($line =~ /^(not )?ok (.*)/) { ok(!$1, $2) }
        else { diag($line) }
    }
    close $out;
    is($?, 0, 'the browser driver ran to its end');
    return;
}

1;
