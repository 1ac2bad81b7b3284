#!/usr/bin/perl
# docs/new-route.md: its steps apply to this tree, build one by one, and add a route that works.
use strict;
use warnings;

use Cwd qw(getcwd);
use File::Temp ();
use Test::More;

my $document = 'docs/new-route.md';
my $root     = getcwd;
my $place    = File::Temp->newdir;
my $copy     = "$place/fastchat";

sub slurp {
    my ($file) = @_;
    open my $handle, '<', $file or die "$file: $!";
    local $/;
    return scalar <$handle>;
}

# Runs a shell command in the copy. Returns whether it succeeded; shows its output if not.
sub succeeds {
    my ($command) = @_;
    my $output    = qx(cd $copy && { $command; } 2>&1);
    my $good      = $? == 0;
    diag "$command\n$output" if !$good;
    return $good;
}

# Copies the build, too: timestamps are kept, so make compiles only what a step changes.
my $skipped = join ' ',
    map { "--exclude=$_" } qw(./.git ./var node_modules ./build/address ./build/thread ./build/fuzz);
system("mkdir $copy && tar -cf - $skipped . | tar -xf - -C $copy") == 0 or die "cannot copy the tree\n";

# The document leaves the number of the migration open.
my $number = sprintf '%04d', 1 + scalar(my @migrations = glob 'db/migrations/*.sql');
my @steps  = slurp($document) =~ s/NNNN_/${number}_/gr =~ /^```diff\n(.*?)^```$/msg;
my %changed;

subtest 'every step applies to this tree and builds' => sub {
    for my $i (0 .. $#steps) {
        my $step = $i + 1;
        open my $file, '>', "$copy/step.diff" or die "step.diff: $!";
        print $file $steps[$i];
        close $file or die "step.diff: $!";
        $changed{$_} = 1 for $steps[$i] =~ m{^\+\+\+ b/(\S+)}mg;
        cmp_ok(scalar(split /\n/, $steps[$i]), '<', 60, "step $step has fewer than 60 lines");
        ok(succeeds('patch -p1 --no-backup-if-mismatch -F0 < step.diff'), "step $step applies to this tree");
        ok(succeeds('make -s build build/fastchat-test'), "step $step builds");
    }
};

subtest 'the steps together add a route that works' => sub {
    my @code = grep { /\.(?:c|h|sql)$/ && !m{^t/} } sort keys %changed;
    cmp_ok(scalar @code, '<=', 6, 'the feature changes at most six files of C and SQL') or diag "@code";
    ok(succeeds('build/fastchat routes | grep -q /pins'), 'the routes are listed');
    ok(succeeds('env -u FASTCHAT_BINARY -u FASTCHAT_TEST_STACK prove t/api/pins.t'), "the feature's own test passes");
    ok(
        succeeds('env -u FASTCHAT_BINARY -u FASTCHAT_TEST_STACK prove t/api/authorization.t'),
        'its lines in the table of callers hold'
    );
};

chdir $root;
done_testing;
