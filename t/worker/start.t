#!/usr/bin/perl
# A process that cannot start reports in one line which step failed and why, and ends with status 1.
use lib 't/lib';
use Fastchat::Test;
use File::Temp qw(tempdir);
use IO::Socket::UNIX;

plan skip_all => 'sanitizers replace the same calls' if ($ENV{FASTCHAT_FLAVOUR} || 'release') ne 'release';

my $binary = Fastchat::Stack::binary();
my $shim   = "$Fastchat::Stack::root/build/release/t/shim/failing_start.so";
my $dir    = tempdir('fastchat-t-XXXXXX', DIR => '/tmp', CLEANUP => 1);
-e $shim or BAIL_OUT("$shim is not built (make tests)");

# Starts fastchat on `input`; one call of its start fails. Returns its exit status and its output.
sub start {
    my ($failing, $input, @arguments) = @_;
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        %ENV = (
            Fastchat::Stack::environment({
                dir => $dir,
                env => {
                    APP_ENV    => 'dev', DB_SOCKET => "$dir/no-database", DB_POOL_MINSIZE => 0, APP_WORKERS => 1,
                    REDIS_HOST => ''
                }
            }),
            FASTCHAT_FAIL_START => $failing,
            LD_PRELOAD          => $shim
        );
        open STDIN, '<&', $input;
        open STDERR, '>&', \*STDOUT;
        exec $binary, @arguments or POSIX::_exit(127);
    }
    my $text = do { local $/; <$out> }
        // '';
    close $out;
    return ($? & 127 ? "signal $?" : $? >> 8, $text);
}

my $socket = IO::Socket::UNIX->new(Local => "$dir/socket", Listen => 1) or die "$!";
open my $nothing, '<', '/dev/null'                                      or die "$!";
for (
    [
        epoll_create1 => $socket, [ 'worker', '--pool', 'api' ],
        'the worker cannot start: no epoll set (epoll_create1): Too many open files'
    ],
    [
        pthread_create => $socket, [ 'worker', '--pool', 'api' ],
        'the worker cannot start: not all threads (pthread_create): Resource temporarily unavailable'
    ],
    [
        signalfd => $nothing, ['tasks'],
        'the task runner cannot start: no descriptor for signals (signalfd): Too many open files'
    ],
    )
{
    my ($call, $input, $arguments, $line) = @$_;
    subtest "fastchat $arguments->[0] reports in one line that $call fails" => sub {
        my ($status, $text) = start($call, $input, @$arguments);
        is($status, 1, 'the process ends with status 1');
        is(scalar(() = $text =~ /^.*\berror\b.*$/gmi), 1, 'the process reports one error') or diag $text;
        like($text, qr/\Q$line\E/, 'the error names the step and the reason');
    };
}

done_testing;
