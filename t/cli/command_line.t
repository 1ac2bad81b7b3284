#!/usr/bin/perl
# The command line: help for every command and option, and errors that name the fault and the remedy.
use strict;
use warnings;
use lib 't/lib';

use Fastchat::Stack;
use File::Temp ();
use Test::More;

my $binary = Fastchat::Stack::binary();

# Runs the program with arguments. Returns its exit status, and what it prints on stdout and on stderr.
sub fastchat {
    my @arguments = @_;
    my $errors    = File::Temp->new;
    my $pid       = open my $out, '-|' // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or die "/dev/null: $!";
        open STDERR, '>', $errors    or die "$errors: $!";
        exec $binary, @arguments     or die "$binary: $!";
    }
    my $text = do { local $/; <$out> }
        // '';
    close $out;
    my $status = $? >> 8;
    open my $file, '<', $errors or die "$errors: $!";
    my $said = do { local $/; <$file> }
        // '';
    close $file;
    return ($status, $text, $said);
}

# The names in the first column of a help text, in lines that begin with two blanks.
sub names {
    return grep { $_ ne 'help' && $_ ne 'version' } $_[0] =~ /^  (-{0,2}[a-z][a-z-]*)/mg;
}

my (undef, $overview) = fastchat('--help');
my @commands = names($overview =~ s/\n\n  help .*//sr);

subtest 'the program prints its help and its version' => sub {
    my $expected = join "\n", @commands;
    is_deeply [ fastchat($_) ], [ 0, $overview, '' ], "fastchat $_ prints the overview" for qw(help --help);
    is_deeply [ fastchat() ], [ 0, $overview, '' ], 'fastchat without a command prints the overview';
    for my $argument (qw(version --version)) {
        my ($status, $text) = fastchat($argument);
        is $status, 0, "fastchat $argument succeeds";
        like $text, qr/\Afastchat \d+\.\d+\.\d+\n\z/, "fastchat $argument prints the version";
    }
    is scalar(grep { $_ eq 'task' } @commands), 1, 'the overview lists the commands';
};

my %options = (
    check        => 'url no-live no-web',
    lab          => 'tasks cpu wait repeat threads processes no-traps json',
    migrate      => 'status to',
    nginx        => 'listen root sockets tls cert key redirect nginx',
    settings     => 'check get',
    'task list'  => 'state kind limit',
    'task purge' => 'state',
    tasks        => 'once',
    'user list'  => 'admins limit',
    worker       => 'pool',
);

subtest 'every command and subcommand explains itself and its options' => sub {
    my %subcommands = map { $_ => [ names((fastchat($_, '--help'))[1] =~ s/\nOptions:.*//sr) ] } qw(task user);
    for my $command (
        (map { [$_] } @commands),
        map {
            my $c = $_;
            map { [ $c, $_ ] } @{ $subcommands{$c} }
        } qw(task user)
        )
    {
        my ($status, $text, $errors) = fastchat(@$command, '--help');
        my @options = sort grep { /^--/ } names($text);
        is_deeply \@options, [ sort '--help', map { "--$_" } split ' ', $options{"@$command"} // '' ],
            "fastchat @$command --help lists the options of the command";
        is "$status $errors", '0 ', "fastchat @$command --help succeeds";
        like $text, qr/\Ausage: fastchat @$command\b/, "fastchat @$command --help begins with its usage";
        my @silent = grep { $text !~ /^  \Q$_\E(?: [A-Za-z|:]+)? +\w.+$/m } names($text);
        is "@silent", '', "fastchat @$command --help explains every option";
    }
    cmp_ok scalar @{ $subcommands{task} }, '>=', 6, 'fastchat task lists its subcommands';
    is_deeply [ fastchat('help', split) ], [ fastchat(split, '--help') ], "fastchat help $_ prints the help of $_"
        for @commands, 'task list', 'user admin';
};

subtest 'arguments that are not understood end with status 2 and one line that names them' => sub {
    my @cases = (
        [ [qw(frobnicate)], qr/frobnicate is not a command; see fastchat --help/ ],
        [ [qw(help frobnicate)], qr/frobnicate is not a command/ ],
        [
            [qw(migrate --frobnicate)],
            qr/migrate: --frobnicate is not an option of this command; see fastchat migrate --help/
        ],
        [ [qw(migrate --help=1)], qr/migrate: --help takes no value/ ],
        [ [qw(migrate --status=1)], qr/migrate: --status takes no value/ ],
        [ [qw(tasks --once=1)], qr/tasks: --once takes no value; see fastchat tasks --help/ ],
        [ [qw(tasks -once)], qr/tasks: -o is not an option of this command/ ],
        [ [qw(lab --t 1)], qr/lab: --t is not an option of this command/ ],
        [ [qw(help task nope)], qr/task: nope is not one of: list, show/ ],
        [ [qw(help migrate now)], qr/migrate: has no subcommand now/ ],
        [ [qw(help task list all)], qr/help takes no more words, but got all/ ],
        [ [qw(version 2)], qr/version takes no more words, but got 2/ ],
        [ [qw(task show)], qr/task show: the operand ID is missing; see fastchat task show --help/ ],
        [ [qw(migrate --to)], qr/migrate: --to needs a value/ ],
        [ [qw(migrate --to -1)], qr/--to takes a number from 0 to \d+, not -1/ ],
        [ [qw(migrate --to 1x)], qr/--to takes a number from 0 to \d+, not 1x/ ],
        [ [qw(routes all)], qr/routes: takes no operand, but got all/ ],
        [ [qw(worker)], qr/worker: standard input is not a listening socket; start it with `spawn-fcgi/ ],
        [ [qw(events)], qr/events: standard input is not a listening socket/ ],
        [ [qw(worker --pool web)], qr/worker: --pool takes api or cpu, not web/ ],
        [ [qw(nginx --nginx new)], qr/nginx: --nginx takes a version such as 1\.26\.3, not new/ ],
        [ [qw(nginx --tls a.example)], qr/nginx: --tls also needs --cert and --key/ ],
        [ [qw(settings --get NOPE)], qr/settings: NOPE is not a setting/ ],
        [ [qw(lab dance)], qr/lab: dance is not an experiment/ ],
        [ [qw(task)], qr/task: one of these must follow: list, show/ ],
        [ [qw(user promote)], qr/user: promote is not one of: list, add, password/ ],
    );
    for my $case (@cases) {
        my ($arguments, $message) = @$case;
        my ($status, $text, $errors) = fastchat(@$arguments);
        is "$status $text", '2 ', "fastchat @$arguments: status 2, nothing on stdout";
        like $errors, qr/\Afastchat[^\n]*$message[^\n]*\n\z/, "fastchat @$arguments: one line names the fault";
    }
};

done_testing;
