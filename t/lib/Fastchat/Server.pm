# A private MariaDB and Redis for the tests of t/db, on unix sockets in a temporary directory; they end with the test.
#
#     use Fastchat::Server;
#     exit Fastchat::Server::run('transactions');        # build/FLAVOUR/t/db/transactions, beside both servers
#     exit Fastchat::Server::run_command(@command);        # the same for another program
#
#     my $database = start_database($dir);                 # ->socket ->pid ->kill ->stop ->start (with the same data)
package Fastchat::Server;

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use Fcntl ();
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp;
use POSIX ();
use Socket;
use Time::HiRes qw(time sleep);

our @EXPORT_OK = qw(start_database start_redis);
our $root      = abs_path(dirname(__FILE__) . '/../../..');

use lib abs_path(dirname(__FILE__) . '/../../..') . '/etc/lib';
use Database;
use Parts;

my (@running, @made);

$SIG{$_} = sub { exit 1 }
    for qw(INT TERM HUP);    # END stops what runs

# A database server with an empty password for root and its data under `dir`. Options are added to those of a stack.
sub start_database {
    my ($dir, @options) = @_;
    my $stack = place($dir);
    make_path("$dir/conf");
    open my $init, '>', "$dir/conf/database.sql" or die "$dir: $!\n";
    print $init Database::init_file($stack);
    close $init;
    my $why = Database::make($stack);
    die "$why\n" if $why;
    my $part = Database::part($stack);
    push @{ $part->{command} }, '--max-allowed-packet=64M', @options;
    return server($part, "$stack->{sockets}/db.sock", $dir);
}

sub start_redis {
    my ($dir, @options) = @_;
    my $stack = place($dir);
    my $part  = Parts::redis($stack);
    push @{ $part->{command} }, @options;
    return server($part, "$stack->{sockets}/redis.sock", $dir);
}

sub place {
    my ($dir) = @_;
    make_path(map { "$dir/$_" } qw(data log sock tmp));
    return { dir => $dir, sockets => "$dir/sock", database => 'fastchat' };
}

sub server {
    my ($part, $socket, $dir) = @_;
    my $self = bless { part => $part, socket => $socket, log => "$dir/log/$part->{name}.log", owner => $$ };
    push @running, $self;
    $self->start;
    return $self;
}

sub socket { return $_[0]{socket} }
sub pid    { return $_[0]{pid} }

# Returns once the server accepts connections.
sub start {
    my ($self) = @_;
    my $part = $self->{part};
    $part->{before}->() if $part->{before};
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        POSIX::setsid();    # a Ctrl-C is for us to pass on
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $ENV{LC_ALL} = 'C.UTF-8';
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $self->{log};
        open STDERR, '>&', \*STDOUT;
        exec @{ $part->{command} } or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    my $until = time + 60;
    until ($part->{ready}->()) {
        die "$part->{name} does not run; see $self->{log}\n" if time > $until || waitpid($pid, POSIX::WNOHANG()) != 0;
        sleep 0.02;
    }
}

# Sends a signal: KILL ends the server at once; STOP and CONT freeze it and let it go on.
sub kill {
    my ($self, $signal) = @_;
    $signal //= 'KILL';
    my $pid = $self->{pid} or return;
    CORE::kill $signal, $pid;
    until_all_stand($pid) if $signal eq 'STOP';
    return if $signal !~ /^(?:KILL|TERM)$/;
    waitpid $pid, 0;
    delete $self->{pid};
}

sub state_of {
    my ($file) = @_;
    open my $in, '<', $file or return ();
    return (<$in> // '') =~ /\) (\w) / ? $1 : ();
}

# On a busy machine a thread may still answer once before the signal reaches it.
sub until_all_stand {
    my ($pid) = @_;
    for (1 .. 1000) {
        return if !grep { $_ ne 'T' } map { state_of($_) } glob "/proc/$pid/task/*/stat";
        sleep 0.01;
    }
}

sub stop { return $_[0]->kill('TERM') }

# Runs a C program of t/db with both servers, and these options of the database; returns its exit status.
sub run {
    my ($name, @options) = @_;
    return run_with(\@options, program($name));
}

# The path of a C program of t/db.
sub program {
    my ($name) = @_;
    return "$ENV{FASTCHAT_DB_TESTS}/$name" if $ENV{FASTCHAT_DB_TESTS};
    return "$root/build/" . ($ENV{FASTCHAT_FLAVOUR} || 'release') . "/t/db/$name";
}

# Runs any command with both servers. Its rows need not survive a crash of the host.
sub run_command { return run_with(['--innodb-flush-log-at-trx-commit=0'], @_) }

# The program finds the servers by DB_SOCKET and REDIS_HOST, and sends commands on the descriptor CONTROL_FD: a line
# "database kill" (stop, start, hold, cont) is answered by a line "ok" when it is done.
sub run_with {
    my ($options, @command) = @_;
    my $dir = File::Temp::tempdir('fastchat-db-XXXXXX', DIR => '/tmp');
    push @made, [ $dir, $$ ];
    my %servers = (database => start_database($dir, @$options), redis => start_redis($dir));
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!\n";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        close $ours;
        fcntl $theirs, Fcntl::F_SETFD(), 0;
        @ENV{qw(DB_SOCKET REDIS_HOST CONTROL_FD)} =
            ($servers{database}->socket, $servers{redis}->socket, fileno $theirs);
        exec_program(@command);
    }
    close $theirs;
    while (my $order = <$ours>) {
        my ($who, $what) = $order =~ /^(\w+) (\w+)$/ or die "not an order: $order";
        my $server = $servers{$who} or die "no server: $who\n";
        my %signal = (kill => "KILL", hold => "STOP", cont => "CONT");
        $signal{$what} ? $server->kill($signal{$what}) : $server->$what;
        syswrite $ours, "ok\n";
    }
    waitpid $pid, 0;
    return $? & 127 ? 128 + ($? & 127) : $? >> 8;
}

sub exec_program {
    my (@command) = @_;
    $ENV{TSAN_OPTIONS} = "suppressions=$root/t/lib/tsan.supp:halt_on_error=1";
    $ENV{LSAN_OPTIONS} = "suppressions=$root/t/lib/lsan.supp:print_suppressions=0";
    { no warnings 'exec'; exec { $command[0] } @command }
    print "1..1\nnot ok 1 - $command[0] is built (make tests)\n";
    STDOUT->flush;
    POSIX::_exit(1);
}

END {
    my $status = $?;
    for my $self (grep { $_->{owner} == $$ } reverse @running) {
        CORE::kill 'CONT', $self->{pid} if $self->{pid};
        $self->kill('KILL');
    }
    for my $place (grep { $_->[1] == $$ } @made) {
        if ($status && $ENV{FASTCHAT_KEEP}) {
            print STDERR "# kept for you to look at: $place->[0]/log\n";
            remove_tree("$place->[0]/data");
        } else {
            remove_tree($place->[0]);
        }
    }
    $? = $status;
}

1;
