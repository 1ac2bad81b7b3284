#!/usr/bin/perl
# The task part of the fault checker in short: the runner passes, and a runner that is broken on purpose fails.
use lib 't/lib';
use Fastchat::Test;

my $patient = ($ENV{FASTCHAT_FLAVOUR} || 'release') ne 'release';    # a sanitizer makes all of it slow

# Exit status, and the rows of the table that are red.
sub check {
    my (@options) = @_;
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec $^X, 't/faults/tasks', '--with-parent', '--quick', @options or POSIX::_exit(127);
    }
    binmode $out, ':encoding(UTF-8)';
    my $text = do { local $/; <$out> }
        // '';
    close $out;
    my $status = $? & 127 ? "signal $?" : $? >> 8;
    return ($status, { map { $_ => 1 } $text =~ /^(\S.*?) {2,}\S.*  RED/mg }, $text);
}

subtest 'every task is done once, whatever is killed or stopped' => sub {
    my ($status, $red, $text) = check($patient ? qw(--tasks 600 --kills 15 --seconds 150) : ());
    is_deeply(
        [ $status, $red ], [ 0, {} ],
        'every task is done once while runners, tasks and stores are killed and stopped'
    ) or diag $text;
};

subtest 'the check finds a task that is done twice' => sub {
    my ($status, $red, $text) = check('--break', 'claims', qw(--stores 0 --seconds 150 --kills 80 --tasks 4000));
    is($status, 1, 'a runner that ends tasks it has lost fails the check');
    ok(
        $red->{'finished twice'} || $red->{'effects: doubled'},
        'a runner that ends tasks it has lost fails by what is done twice'
    ) or diag $text;
};

done_testing;
