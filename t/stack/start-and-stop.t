#!/usr/bin/perl
# etc/stack: one stack per directory and port, one clear line if it cannot start, and nothing left running.
use lib 't/lib';
use Fastchat::Test;
use File::Temp qw(tempdir);
use IO::Socket::INET;

my $binary = Fastchat::Stack::binary();
my $room   = tempdir('fastchat-t-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my @started;

# Runs etc/stack to its end: (output, exit status).
sub stack {
    my ($settings, @arguments) = @_;
    my $pid = open(my $out, '-|') // die;
    if ($pid == 0) {
        %ENV = (Fastchat::Stack::environment({ dir => $room, env => $settings }));
        open STDERR, '>&', \*STDOUT;
        exec 'etc/stack', @arguments, '--binary', $binary or die;
    }
    my $words = do { local $/; <$out> }
        // '';
    close $out;
    return ($words, $? >> 8);
}

# Starts a stack in the background and waits until it is ready. Returns its process.
sub begin {
    my ($dir, $port) = @_;
    unlink "$dir.out";
    my $pid = fork // die;
    if ($pid == 0) {
        setpgrp;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        # Under a locale that is not installed, as often in a container.
        %ENV = (Fastchat::Stack::environment({ dir => $room, env => {} }), LANG => 'xx_XX.UTF-8');
        delete $ENV{LC_ALL};
        open STDOUT, '>', "$dir.out";
        open STDERR, '>&', \*STDOUT;
        exec 'etc/stack', 'run', '--dir', $dir, '--port', $port, '--binary', $binary or die;
    }
    push @started, $pid;
    Fastchat::Stack->wait_for(20, sub { slurp("$dir.out") =~ /^ready: /m }) or diag slurp("$dir.out");
    return $pid;
}

sub slurp { open my $in, '<', $_[0] or return ''; local $/; return <$in> // '' }

sub begin_deep {
    my ($at, $on) = @_;
    require File::Path;
    File::Path::make_path($at);
    return begin($at, $on);
}

# The processes that use the directory.
sub remains {
    my ($dir) = @_;
    opendir my $proc, '/proc';
    return grep {
               /^\d+$/
            && (slurp("/proc/$_/cmdline") =~ /\Q$dir\E/ || (readlink("/proc/$_/cwd") // '') =~ /^\Q$dir\E/)
            && $_ != $$
    } readdir $proc;
}

sub answers { return HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$_[0]/api/readyz")->{status} == 200 }

my $port = Fastchat::Stack::free_port();
my $dir  = "$room/one";
my $pid  = begin($dir, $port);

subtest 'a stack reports that it is ready once it answers' => sub {
    ok(answers($port), 'a ready stack answers, even under a locale that is not installed');
    like(slurp("$dir.out"), qr{^ready: http://127\.0\.0\.1:$port$}m, 'the ready line has the URL');
};

subtest 'a second stack in the same directory is refused' => sub {
    my ($words, $status) = stack({}, 'run', '--dir', $dir, '--port', $port);
    is($status, 1, 'a second stack in one directory ends with status 1');
    like($words, qr/^fastchat: it runs already in .*\n\z/, 'a second stack in one directory is refused in one line');
};

subtest 'a port in use is refused before anything starts' => sub {
    my ($words, $status) = stack({}, 'run', '--dir', "$room/two", '--port', $port);
    is($status, 1, 'a stack on a port in use ends with status 1');
    like($words, qr/^fastchat: port $port is in use.*\n\z/, 'a port in use is refused in one line');
    is_deeply([ remains("$room/two") ], [], 'a stack on a port in use starts nothing');
};

subtest 'a second stack runs beside the first' => sub {
    my $other  = Fastchat::Stack::free_port();
    my $second = begin("$room/two", $other);
    ok(answers($other) && answers($port), 'both stacks answer');
    kill 'INT', $second;
    waitpid $second, 0;
    is($? >> 8, 0, 'SIGINT stops a stack');
    is_deeply([ remains("$room/two") ], [], 'SIGINT leaves no process of a stack');
    ok(answers($port), 'the first stack goes on when the second stops');
};

subtest 'a killed supervisor leaves a working stack that the next start replaces' => sub {
    kill 'KILL', $pid;
    waitpid $pid, 0;
    ok(answers($port), 'the parts of a killed supervisor go on');
    $pid = begin($dir, $port);
    ok(answers($port), 'the next start replaces the parts of a killed supervisor');
    like(
        slurp("$dir.out"), qr/ended what a killed run has left: .*database/,
        'the next start reports the parts that it ended'
    );
};

subtest 'stop ends what a killed run has left' => sub {
    kill 'KILL', $pid;
    waitpid $pid, 0;
    my ($words, $status) = stack({}, 'stop', '--dir', $dir);
    is($status, 0, 'stop succeeds after a killed run');
    is_deeply([ remains($dir) ], [], 'stop leaves nothing of a killed run');
    ($words) = stack({}, 'stop', '--dir', $dir);
    like($words, qr/^nothing runs in/, 'stop reports if nothing runs');
};

subtest 'stop ends a running stack' => sub {
    $pid = begin($dir, $port);
    my ($words) = stack({}, 'stop', '--dir', $dir);
    waitpid $pid, 0;
    is($words, "stopped\n", 'stop reports that it stopped a running stack');
    is_deeply([ remains($dir) ], [], 'stop leaves nothing of a running stack');
};

subtest 'SIGTERM and SIGHUP end a stack with all of its processes' => sub {
    for my $signal (qw(TERM HUP)) {
        $pid = begin($dir, $port);
        kill $signal, $pid;
        waitpid $pid, 0;
        is($? >> 8, 0, "SIG$signal stops a stack");
        is_deeply([ remains($dir) ], [], "SIG$signal leaves no process of a stack");
    }
};

# A directory whose path is too long for a socket, and one with a blank.
subtest 'a stack runs in a deep directory with blanks in its path' => sub {
    my $deep = "$room/a directory with blanks/" . 'd' x 80;
    $pid = begin_deep($deep, $port);
    ok(answers($port), 'a deep directory with blanks in its path works');
    kill 'TERM', $pid;
    waitpid $pid, 0;
    ok(!-l "$deep/sock", 'the short socket directory of a deep directory is removed');
};

subtest 'a bad setting is refused before anything starts' => sub {
    my ($words, $status) = stack({ APP_PORT => 70000 }, 'run', '--dir', "$room/three");
    is($status, 1, 'a bad setting stops the start');
    like($words, qr/APP_PORT/, 'the message names the bad setting');
    is_deeply([ remains("$room/three") ], [], 'a stack with a bad setting starts nothing');
};

subtest "a database of the user's own that does not answer stops the start" => sub {
    my ($words, $status) =
        stack({ DB_HOST => '127.0.0.1', DB_PORT => 1 }, 'run', '--dir', "$room/three", '--port', $port);
    is($status, 1, 'a stack whose database does not answer ends with status 1');
    is_deeply([ remains("$room/three") ], [], 'a stack whose database does not answer leaves no process');
    ok(!glob("$room/three/data/m*"), 'a stack whose database does not answer creates no private database');
};

done_testing;

END {
    kill 'TERM', grep { kill 0, $_ } @started;
}
