#!/usr/bin/perl
# The fault checker in short: the server passes, and three that are broken on purpose do not.
use lib 't/lib';
use Fastchat::Test;

my $patient = ($ENV{FASTCHAT_FLAVOUR} || 'release') ne 'release';    # a sanitizer makes all of it slow

# Exit status, and the rows of the table that are red.
sub check {
    my (@options) = @_;
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec $^X, 't/faults/check', '--with-parent', @options or POSIX::_exit(127);
    }
    binmode $out, ':encoding(UTF-8)';
    my $text = do { local $/; <$out> }
        // '';
    close $out;
    my $status = $? & 127 ? "signal $?" : $? >> 8;
    return ($status, { map { $_ => 1 } $text =~ /^(\S.*?) {2,}\S.*  RED/mg }, $text);
}

subtest 'a server whose parts are killed, stopped and cut off loses nothing' => sub {
    my ($status, $red, $text) =
        check('--quick', $patient ? (qw(--rate 60 --messages 2000 --seconds 60 --recovery 15)) : ());
    is_deeply(
        [ $status, $red ], [ 0, {} ],
        'nothing is lost, doubled, reordered or late while processes and stores are killed, stopped and cut off'
    ) or diag $text;
    like($text, qr/^undone by a restore +[1-9]/m, 'a restore undoes messages');
};

my @short = qw(--quick --seconds 8 --messages 1200 --rate 300 --faults 2 --settle 3);

subtest 'the check finds a message that is stored twice' => sub {
    my ($status, $red, $text) = check('--break', 'retry', @short);
    is($status, 1, 'a server that stores a repeated message twice fails the check');
    ok($red->{doubled}, 'a server that stores a repeated message twice fails by "doubled"') or diag $text;
};

subtest 'the check finds hints that are lost' => sub {
    # Not by a fault that ends streams: their readers would sync, and soon have everything.
    my ($status, $red, $text) = check('--break', 'hints', @short, '--only', 'kill api worker');
    is($status, 1, 'a server that loses hints and reconciles nothing fails the check');
    ok(
        $red->{'readers: missed'} || $red->{'slowest recovery'},
        'a server that loses hints fails by what readers miss or get late'
    ) or diag $text;
};

subtest 'the check finds entries of before a restore' => sub {
    my @restores = map { ('--only', "$_ database") } qw(copy restore);
    my ($status, $red, $text) = check('--break', 'restores', @short, @restores, qw(--messages 400 --seconds 30));
    is($status, 1, 'a server that does not notice a restore fails the check');
    ok($red->{altered}, 'a server that does not notice a restore fails by "altered"') or diag $text;
};

done_testing;
