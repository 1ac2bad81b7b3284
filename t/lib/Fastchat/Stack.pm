# A running fastchat for a test: nginx, pools, MariaDB, Redis, in a temporary directory. t/README.md shows how to use
# it.
package Fastchat::Stack;

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp;
use IO::Socket::INET;
use IPC::Open2 ();
use JSON::PP ();
use List::Util ();
use POSIX ();
use Test::More ();
use Time::HiRes qw(time sleep);
use lib abs_path(dirname(__FILE__) . '/../../..') . '/etc/lib';
use Database;
use Fastchat::Client;
use Fastchat::Logs;
use Fastchat::Server ();

our @ISA  = ('Fastchat::Client');
our $root = abs_path(dirname(__FILE__) . '/../../..');

my @own;       # stacks that this process has started
my $shared;    # the one that the whole run shares

$SIG{$_} = sub { exit 1 }
    for qw(INT TERM HUP);    # END stops what runs
$SIG{PIPE} = sub { };        # a peer that ends early is a test's to see; what it starts has the default again

# Fastchat::Stack->new: the run's shared stack, or one of this test's own if there is none.
# Fastchat::Stack->new(env => {LIMIT_LOGIN => 5}), (own => 1): always one of its own. `expect` lists patterns of log
# lines that would otherwise fail the test; `binary` is the program to run, if it is not Fastchat::Stack::binary().
sub new {
    my ($class, %option) = @_;
    my $settings = $option{env} || {};
    if (!%$settings && !$option{own} && $ENV{FASTCHAT_TEST_STACK}) {
        return $shared //= $class->attach($ENV{FASTCHAT_TEST_STACK});
    }
    my $self = bless { expect => $option{expect} || [], env => {%$settings}, owner => $$, binary => $option{binary} },
        $class;
    -x $self->binary or die $self->binary . " is not there: make build tests\n";
    $self->{dir} = File::Temp::tempdir('fastchat-t-XXXXXX', DIR => $ENV{TMPDIR} // '/tmp');
    push @own, $self;
    $self->start;
    return $self;
}

# A stack that another process has started.
sub attach {
    my ($class, $dir) = @_;
    my $self = bless { dir => $dir, shared => 1 }, $class;
    $self->read_env;
    return $self;
}

# The program under test: the released objects with those of t/program. A stack may have been given another.
sub binary {
    my ($self) = @_;
    return ref $self && $self->{binary} || abs_path($ENV{FASTCHAT_BINARY} || "$root/build/fastchat-test");
}

# The released program, which is built beside it.
sub released { return binary() =~ s/-test$//r }

# A port below the range that the system uses for outgoing connections.
sub free_port {
    for (1 .. 200) {
        my $port = 20000 + int rand 12000;
        return $port
            if IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1);
    }
    die "no free port\n";
}

# The environment of the stack's programs: none of the developer's settings, no rate limits, sanitizers report to files.
sub environment {
    my ($self) = @_;
    my $report = "log_path=$self->{dir}/log/sanitizer";
    my %env =
        map  { $_ => $ENV{$_} }
        grep { !/^(?:APP|DB|REDIS|LIMIT)_|_PER_(?:ADDRESS|DAY)$|^(?:CORS_ORIGINS|ROOMS_CONSENT)$|^FASTCHAT_/ }
        keys %ENV;
    return (
        %env,
        FASTCHAT_ENV_FILE => '/dev/null',
        FASTCHAT_WRAP     => $ENV{FASTCHAT_WRAP} // '',
        APP_ENV           => 'test',
        map({ ("${_}_PER_ADDRESS" => 0) } qw(EVENTS CONNECTIONS)),    # every client is on this host
        map({ ($_ => 0) } map({ "LIMIT_$_" } qw(LOGIN REGISTER SEND GENERAL ADD)), qw(ROOMS_PER_DAY STRANGERS_PER_DAY)),
        # A test may preload a library of its own in front: link order matters.
        ASAN_OPTIONS  => "$report:halt_on_error=1:detect_stack_use_after_return=1:verify_asan_link_order=0",
        LSAN_OPTIONS  => "suppressions=$root/t/lib/lsan.supp:print_suppressions=0",
        UBSAN_OPTIONS => "$report:halt_on_error=1:print_stacktrace=1",
        TSAN_OPTIONS  => "$report:halt_on_error=1:suppressions=$root/t/lib/tsan.supp",
        %{ $self->{env} || {} },
    );
}

# Starts the stack (also again after stop). Dies with its output if it does not start.
sub start {
    my ($self) = @_;
    my $words;
    for my $try (1 .. 5) {
        my $port = $self->{port} // free_port();
        $words = $self->launch($port) // return;
        last unless $words =~ /port \d+ is in use/ && !$self->{port};
    }
    die "the stack did not start:\n$words";
}

# Returns undef once it is ready, else its output.
sub launch {
    my ($self, $port) = @_;
    my @command = (
        "$root/etc/stack", 'run', '--quiet', '--with-parent', '--no-check', '--dir', $self->{dir}, '--port', $port,
        '--binary', $self->binary
    );
    pipe my $from, my $to or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        POSIX::setpgid(0, 0);    # a Ctrl-C reaches it through us, once
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        %ENV = $self->environment;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $to;
        open STDERR, '>&', $to;
        exec @command or POSIX::_exit(127);
    }
    close $to;
    $self->{pid} = $pid;
    my $words = '';
    while (my $line = <$from>) {
        $words .= $line;
        if ($line =~ /^ready: /) {
            $self->{from} = $from;                  # kept open; its pipe holds what little else is said
            @$self{qw(port failed)} = ($port, 0);
            $self->read_env;
            return;
        }
    }
    waitpid $pid, 0;
    delete $self->{pid};
    $self->{failed} = 1;
    return $words || "etc/stack ended with status $?\n";
}

sub read_env {
    my ($self) = @_;
    my $file = "$self->{dir}/env";
    open my $in, '<', $file or die "$file: $!\n";
    my %env = map { /^(\w+)='(.*)'$/ ? ($1 => $2) : () } <$in>;
    $self->{settings} = \%env;
    $self->{url}      = "http://127.0.0.1:$env{APP_PORT}";
}

sub dir  { return $_[0]{dir} }
sub port { return $_[0]{settings}{APP_PORT} }

# A setting that addresses the stack's own stores: DB_SOCKET, REDIS_HOST …
sub setting { my ($self, $key) = @_; return $self->{settings}{$key} }

# Stops the stack; its directory stays, with complete logs.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    CORE::kill 'TERM', $pid;
    waitpid $pid, 0;
}

# The numbers from FIRST to LAST as a table with the column seq: as MariaDB's seq_1_to_500, for MySQL as well.
sub numbers {
    my ($first, $last) = @_;
    my @digits = 0 .. length($last) - 1;
    my $seq    = join ' + ', map                          { "d$_.d * 1" . '0' x $_ } @digits;
    my $digit  = join ' UNION ALL ', 'SELECT 0 AS d', map { "SELECT $_" } 1 .. 9;
    my $from   = join ' JOIN ', map                       { "($digit) d$_" } @digits;
    return "(SELECT $seq AS seq FROM $from HAVING seq BETWEEN $first AND $last) numbers";
}

# Runs SQL as the server's root. Returns the rows, each a reference to its columns; in scalar context the first column
# of the first row. seq_1_to_500 is a table of these numbers.
sub sql {
    my ($self, $sql) = @_;
    $sql =~ s/\bseq_(\d+)_to_(\d+)\b/numbers($1, $2)/ge;
    my $out = $self->ask(
        Database::client($self->setting('DB_SOCKET')),
        '--default-character-set=utf8mb4', '-e', $sql, $self->setting('DB_DATABASE')
    );
    my @rows = rows($out);
    return wantarray ? @rows : $rows[0] && $rows[0][0];
}

sub rows {
    my ($text) = @_;
    return map { [ map { $_ eq 'NULL' ? undef : $_ } /\t/ ? split /\t/, $_, -1 : $_ ] } split /\n/, $text;
}

# An SQL session that stays open and keeps its locks: $run->('LOCK TABLES room_log READ') returns once the lock is held,
# until $run->('UNLOCK TABLES'). Returns the first value, and is much quicker than sql for many statements.
sub sql_session {
    my ($self) = @_;
    my $pid = IPC::Open2::open2(
        my $out, my $in, Database::client($self->setting('DB_SOCKET'), '-n'),
        $self->setting('DB_DATABASE')
    );
    return sub {
        my $text = '';
        print $in "$_[0]; SELECT 'it is done';\n";
        $in->flush;
        while (my $line = <$out>) {
            return (map { $_->[0] } rows($text))[0] if $line eq "it is done\n";
            $text .= $line;
        }
        die "the SQL session has ended\n";
    };
}

sub redis_cli {
    my ($self, @arguments) = @_;
    my $out = $self->ask(Parts::redis_program('cli'), '-s', $self->setting('REDIS_HOST'), @arguments);
    chomp $out;
    return $out;
}

# Runs the stack's fastchat with its settings; returns (output with errors, exit status).
sub fastchat {
    my ($self, @arguments) = @_;
    my $binary = $self->binary;
    my $pid    = open(my $out, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        %ENV = ($self->environment, %{ $self->{settings} });
        chdir $self->{dir};
        open STDERR, '>&', \*STDOUT;
        exec $binary, @arguments or POSIX::_exit(127);
    }
    my $text = do { local $/; <$out> }
        // '';
    close $out;
    return ($text, $? >> 8);
}

sub ask {
    my ($self, @command) = @_;
    utf8::encode($_) for grep { utf8::is_utf8($_) } @command;
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }
    my $text = do { local $/; <$out> }
        // '';
    close $out or die "$command[0] failed: $text\n";
    utf8::decode($text);
    return $text;
}

# The process of a part: database, redis, nginx, api, cpu; of a pool: its multiwatch.
sub pid {
    my ($self, $part) = @_;
    open my $file, '<', "$self->{dir}/pids/$part.pid" or return;
    my $pid = <$file> // return;
    chomp $pid;
    return $pid;
}

# The worker processes of a pool, or of nginx.
sub workers {
    my ($self, $part) = @_;
    my $parent = $self->pid($part) or return;
    opendir my $proc, '/proc' or return;
    my @found;
    for my $pid (grep { /^\d+$/ } readdir $proc) {
        open my $in, '<', "/proc/$pid/stat" or next;
        push @found, $pid if (<$in> // '') =~ /\) [^Z] (\d+) / && $1 == $parent;
    }
    return @found;
}

# Sends a part a signal: kill('redis'), kill('database', 'STOP'). The supervisor restarts it unless it is on hold.
sub kill {
    my ($self, $part, $signal) = @_;
    die "a test that kills must have a stack of its own: Fastchat::Stack->new(own => 1)\n" if $self->{shared};
    my $pid = $self->pid($part) or die "$part does not run\n";
    my $did = CORE::kill $signal // 'KILL', $pid;
    Fastchat::Server::until_all_stand($pid) if ($signal // '') eq 'STOP';
    return $did;
}

# Keeps a part down after its next kill, until release.
sub hold {
    my ($self, $part) = @_;
    make_path("$self->{dir}/hold");
    open my $out, '>', "$self->{dir}/hold/$part" or die "$part: $!\n";
}

sub release {
    my ($self, $part) = @_;
    unlink "$self->{dir}/hold/$part";
}

# Waits until the code returns true, up to `seconds`, and on a busy machine longer; returns that value, or false. Calls
# it less often while it waits long: a statement costs a process.
sub wait_for {
    my ($self, $seconds, $code) = @_;
    my $began = time;
    my $until = $began + ($seconds < 30 ? 30 : $seconds);
    while (1) {
        my $got = $code->();
        return $got if $got || time > $until;
        sleep List::Util::max(0.02, List::Util::min(0.1, (time - $began) / 10));
    }
}

# Starts the code in `count` processes, each with its number from 1. Returns code that waits and returns every result.
sub begin_at_once {
    my ($self, $count, $code) = @_;
    my $json = JSON::PP->new->utf8->allow_nonref;
    my @children;
    for my $number (1 .. $count) {
        my $pid = open(my $out, '-|') // die "fork: $!\n";
        if ($pid == 0) {
            my $result = eval { $code->($number) } // { died => "$@" };
            syswrite STDOUT, $json->encode($result);
            POSIX::_exit(0);
        }
        push @children, $out;
    }
    return sub {
        return map {
            my $text = do { local $/; readline $_ };
            close $_;
            $json->decode($text)
        } @children;
    };
}

# Runs the code in `count` processes and waits for them.
sub at_once {
    my ($self, $count, $code) = @_;
    return $self->begin_at_once($count, $code)->();
}

# Waits until the stack reports that it is ready.
sub wait_ready {
    my ($self, $seconds) = @_;
    return $self->wait_for($seconds // 15, sub { $self->get('/api/readyz')->status == 200 });
}

sub log_text {
    my ($self, $part) = @_;
    open my $in, '<', "$self->{dir}/log/$part.log" or return '';
    local $/;
    return <$in> // '';
}

# A new user, signed in. The name gets a random suffix, since tests share a stack.
sub user {
    my ($self, $name, %more) = @_;
    my $username = $more{username} // sprintf '%s_%06x', $name, int rand 1 << 24;
    my $password = $more{password} // "password of $name";
    my $made;
    $self->wait_for(    # 503: a machine that is busy, and a deadline that the test has set short
        30,
        sub {
            $made = $self->post(
                '/api/users',
                { username => $username, password => $password, nickname => $more{nickname} // $name }
            );
            return $made->status != 503;
        }
    );
    $made->status == 201 or die "POST /api/users: " . $made->status . ' ' . $made->content . "\n";
    my $session = $self->post('/api/sessions', { username => $username, password => $password });
    $session->status == 201 or die "POST /api/sessions: " . $session->status . ' ' . $session->content . "\n";
    return Fastchat::User->new(
        url      => $self->{url}, dir   => $self->{dir}, token => $session->json->{token}, id => $made->json->{id},
        username => $username, password => $password, nickname => $made->json->{nickname},
    );
}

# Stops the test's own stacks and checks their logs: one result each.
sub finish {
    my $builder = Test::More->builder;
    my $plan    = $builder->has_plan // 0;
    my $counted = $builder->{Done_Testing} || $plan =~ /^[1-9]/ && $builder->current_test >= $plan;
    while (my $self = shift @own) {
        next if $self->{owner} != $$;
        $self->stop;
        my @bad = $self->{failed} ? () : Fastchat::Logs::problems("$self->{dir}/log", @{ $self->{expect} });
        if ($counted) {
            $? ||= 1 if @bad;    # the test has counted its results already: fail it as a whole
        } else {
            $builder->ok(!@bad, 'the logs hold no report of a sanitizer, crash or alert');
        }
        $builder->diag("$self->{dir}/log:\n$_") for @bad;
        if (@bad || !$builder->is_passing || $? || $ENV{FASTCHAT_KEEP}) {
            remove_tree("$self->{dir}/data");
            $builder->diag("kept for you to look at: $self->{dir}");
        } else {
            remove_tree($self->{dir});
        }
    }
}

# Stops a stack and deletes its directory without checking its logs; `keep` deletes only the data.
sub forget {
    my ($self, %option) = @_;
    $self->stop;
    @own = grep { $_ != $self } @own;
    remove_tree($option{keep} ? "$self->{dir}/data" : $self->{dir});
    print STDERR "# kept for you to look at: $self->{dir}\n" if $option{keep};
}

END {
    my $status = $?;
    finish();
    $? ||= $status;
}

1;
