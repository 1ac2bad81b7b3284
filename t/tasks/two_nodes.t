#!/usr/bin/perl
# Two nodes of a Galera cluster with a runner each: both see the same tasks, the loser's commit fails, none is done
# twice.
use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use Fastchat::Logs;
use Fastchat::Server qw(start_database);
use Fastchat::Stack;

plan(skip_all => 'Galera is MariaDB\'s') if Database::kind() ne 'mariadb';
my ($provider) = grep { -e } '/usr/lib/galera/libgalera_smm.so', '/usr/lib64/galera-4/libgalera_smm.so',
    '/usr/lib/libgalera_smm.so';
ok($provider, 'Galera is installed') or BAIL_OUT('galera-4 is missing: etc/install-packages check');

my $dir = tempdir('fastchat-nodes-XXXXXX', DIR => $ENV{TMPDIR} // '/tmp', CLEANUP => 1);
my @runners;
END { my $status = $?; kill 'KILL', @runners; waitpid $_, 0 for @runners; $? = $status }

# Two adjacent ports: one for the group, one for the state sent to a joining node.
sub two_ports {
    for (1 .. 200) {
        my $port = 20000 + 2 * int rand 6000;
        return $port
            if !grep { !IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $_, Listen => 1, ReuseAddr => 1) }
            $port, $port + 1;
    }
    die "no free ports\n";
}

my @port = (two_ports(), two_ports());

sub wsrep {
    my ($number, @more) = @_;
    my ($port, $ist)    = ($port[ $number - 1 ], $port[ $number - 1 ] + 1);
    return (
        qw(--binlog-format=ROW --innodb-autoinc-lock-mode=2 --wsrep-on=ON --wsrep-cluster-name=fastchat),
        qw(--wsrep-sst-method=skip --wsrep-slave-threads=2),
        "--wsrep-provider=$provider", "--wsrep-node-name=node$number", "--wsrep-node-address=127.0.0.1:$port",
        "--wsrep-provider-options=base_port=$port;gmcast.listen_addr=tcp://127.0.0.1:$port;"
            . "ist.recv_addr=127.0.0.1:$ist;gcache.size=16M",
        @more
    );
}

my @database;    # none before it is made

sub sql {
    my ($node, $sql) = @_;
    open my $out, '-|', 'timeout', '20', 'mariadb', '--no-defaults', '-S', $node->socket, '-u', 'root', '-N', '-B',
        '-e', $sql, @database
        or die "mariadb: $!\n";
    my @rows = map { chomp; [ split /\t/ ] } <$out>;
    close $out or die "mariadb: $sql\n";
    return @rows == 1 && @{ $rows[0] } == 1 ? $rows[0][0] : @rows;
}

sub status_of { my ($node, $name) = @_; return (sql($node, "SHOW STATUS LIKE '$name'"))[0][1] }

sub wait_for {
    my ($seconds, $code) = @_;
    my $until = time + $seconds;
    until (eval { $code->() }) {
        return 0 if time > $until;
        sleep 0.05;
    }
    return 1;
}

my $first = start_database("$dir/1", wsrep(1, '--wsrep-new-cluster', '--wsrep-cluster-address=gcomm://'));
my $second;

# The second node joins at the first one's position: both are freshly installed, so no state has to be sent.
subtest 'two nodes form a cluster' => sub {
    ok(wait_for(20, sub { status_of($first, 'wsrep_ready') eq 'ON' }), 'a first node runs');
    my $plain = start_database("$dir/2");
    $plain->stop;
    my ($uuid, $seqno) = map { status_of($first, $_) } qw(wsrep_cluster_state_uuid wsrep_last_committed);
    my ($data) = grep { -d "$_/mysql" } glob "$dir/2/data/* $dir/2/data";
    open my $state, '>', "$data/grastate.dat" or die "$!\n";
    print $state "# GALERA saved state\nversion: 2.1\nuuid:    $uuid\nseqno:   $seqno\nsafe_to_bootstrap: 0\n";
    close $state;
    $second = start_database(
        "$dir/2",
        wsrep(2, "--wsrep-cluster-address=gcomm://127.0.0.1:$port[0]", "--wsrep-start-position=$uuid:$seqno")
    );
    ok(
        wait_for(
            20, sub { status_of($second, 'wsrep_ready') eq 'ON' && status_of($second, 'wsrep_cluster_size') == 2 }
        ),
        'a second node joins the first'
    );
};

# The program on one of the nodes.
sub environment {
    my ($node) = @_;
    my $bare = bless { dir => "$dir/1", env => {} }, 'Fastchat::Stack';
    return (
        $bare->environment, DB_SOCKET => $node->socket, DB_USER => 'root', DB_PASSWORD => '',
        DB_DATABASE                   => 'fastchat', REDIS_HOST => '', TASK_CHILDREN   => 2, TASK_LEASE_SECONDS => 5
    );
}

sub begin {
    my ($node, $log, @words) = @_;
    my $binary = Fastchat::Stack::binary();
    my $pid    = fork // die "fork: $!\n";
    if ($pid == 0) {
        %ENV = environment($node);
        open STDOUT, '>>', $log;
        open STDERR, '>&', \*STDOUT;
        exec $binary, @words or POSIX::_exit(127);
    }
    return $pid;
}

subtest 'tables created on one node are replicated to the other' => sub {
    waitpid begin($first, "$dir/1/log/migrate.log", 'migrate'), 0;
    @database = ('fastchat');
    is($?, 0, 'the tables are created on the first node') or diag `cat $dir/1/log/migrate.log`;
    ok(
        wait_for(10, sub { sql($second, 'SELECT COUNT(*) FROM tasks') == 0 }),
        'the tables are replicated to the second node'
    );
};

sql($first, 'CREATE TABLE trial_effects (id BIGINT AUTO_INCREMENT PRIMARY KEY, task_id BIGINT NOT NULL)');
@runners = (begin($first, "$dir/1/log/tasks.log", 'tasks'), begin($second, "$dir/1/log/tasks2.log", 'tasks'));

# Tasks are added in batches, so that both runners are idle, get no hint, and find the same rows at their next poll.
my $count     = 0;
my $conflicts = 0;
my $until     = time + 150;

sub conflicts {
    my $sum = 0;
    $sum += status_of($_->[0], $_->[1]) for map {
        my $name = $_;
        map { [ $_, $name ] } $first, $second
    } qw(wsrep_local_cert_failures wsrep_local_bf_aborts);
    return $sum;
}
while ($count < 600 || (!$conflicts && time < $until)) {
    sql(
        $first,
        "INSERT INTO tasks (kind, run_at, max_attempts, arguments, created_at) SELECT ELT(seq % 2 + 1, "
            . "'trial.effect', 'trial.nothing'), 0, 100, '{}', 0 FROM seq_1_to_60"
    );
    $count += 60;
    wait_for(30, sub { sql($second, "SELECT COUNT(*) FROM tasks WHERE kind LIKE 'trial.%' AND state <> 2") == 0 })
        or last;
    $conflicts = conflicts();
}

subtest 'tasks that two runners claim at once are done once' => sub {
    ok(
        wait_for(30, sub { sql($_, "SELECT COUNT(*) FROM tasks WHERE kind LIKE 'trial.%' AND state = 2") == $count }),
        'every task is done'
    ) for $first, $second;
    cmp_ok($conflicts, '>', 0, "both runners claimed the same rows ($conflicts conflicts)");
    is(sql($first, "SELECT COUNT(*) FROM trial_effects"), $count / 2, 'every effect is there');
    is(sql($first, "SELECT COUNT(DISTINCT task_id) FROM trial_effects"), $count / 2, 'every effect is there once');
    my $by = sql($first, "SELECT COUNT(DISTINCT runner) FROM tasks WHERE kind LIKE 'trial.%'");
    is($by, 2, 'both runners ran tasks');
    is(
        sql($second, "SELECT COUNT(*) FROM tasks WHERE kind LIKE 'clean_up.%'"), 6,
        'every scheduled task was enqueued once'
    );
};

subtest 'runners that end leave no task running' => sub {
    kill 'TERM', @runners;
    ok(
        wait_for(
            15,
            sub {
                @runners = grep { waitpid($_, POSIX::WNOHANG()) == 0 } @runners;
                !@runners;
            }
        ),
        'both runners end on SIGTERM'
    );
    is(sql($first, 'SELECT COUNT(*) FROM tasks WHERE state = 1'), 0, 'no task stays running after both runners ended');
};

my @problems = Fastchat::Logs::problems("$dir/1/log", qr/mariadb/);
is_deeply(\@problems, [], 'the logs hold no report of a sanitizer, crash or alert');

done_testing;
