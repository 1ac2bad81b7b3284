# The private database server of a stack, MariaDB or MySQL: its installation, configuration, start and client.
package Database;

use strict;
use warnings;
use POSIX ();
use Parts;

my %kinds = (
    mariadb => {
        server  => 'mariadbd',
        client  => 'mariadb',
        options => [ '--innodb-log-file-size=32M', '--innodb-temp-data-file-path=ibtmp1:4M:autoextend' ],
        serving => [],
        install => sub {
            my ($dir, @options) = @_;
            return (
                'mariadb-install-db', '--no-defaults', @options, "--datadir=./$dir", '--skip-test-db',
                '--auth-root-authentication-method=normal'
            );
        },
    },
    mysql => {
        server  => 'mysqld',
        client  => 'mysql',
        options => [ '--innodb-redo-log-capacity=64M', '--secure-file-priv=NULL' ],
        serving => ['--mysqlx=OFF'],
        install => sub {
            my ($dir, @options) = @_;
            return (Parts::program('mysqld'), '--no-defaults', '--initialize-insecure', @options, "--datadir=./$dir");
        },
    },
);

# mariadb or mysql: the value of DB, else the one that is installed, MariaDB if both are.
# MariaDB's packages also have a mysqld.
sub kind {
    my $wanted = $ENV{DB} || '';
    return $wanted if $kinds{$wanted};
    return Parts::program('mariadbd') ne 'mariadbd' || Parts::program('mysqld') eq 'mysqld' ? 'mariadb' : 'mysql';
}

# The client's command, as root of the server at a socket. More arguments follow it.
sub client {
    my ($socket, @more) = @_;
    return ($kinds{ kind() }{client}, '--no-defaults', '-S', $socket, '-u', 'root', '-N', '-B', @more);
}

sub data { my ($stack) = @_; return "$stack->{dir}/data/" . kind() }

# Options for both the installation and the server.
sub options {
    return (
        ($> == 0 ? '--user=root' : ()),
        '--innodb-buffer-pool-size=128M',
        @{ $kinds{ kind() }{options} },
    );
}

# A part for the supervisor.
sub part {
    my ($stack) = @_;
    my $kind    = $kinds{ kind() };
    my $socket  = "$stack->{sockets}/db.sock";
    my $data    = data($stack);
    return {
        name    => 'database',
        command => [
            Parts::program($kind->{server}), '--no-defaults', options(), @{ $kind->{serving} },
            "--tmpdir=$stack->{dir}/tmp", # at its start a server removes the temporary tables of others in a shared one
            "--datadir=$data", "--socket=$socket", "--pid-file=$data/database.pid",
            "--init-file=$stack->{dir}/conf/database.sql",
            '--skip-networking', '--skip-name-resolve', '--skip-log-bin', '--max-connections=300',
            '--table-open-cache=500',
            '--character-set-server=utf8mb4', '--performance-schema=OFF',
        ],
        ready => sub {
            my $server   = Parts::connected($socket) or return 0;
            my $greeting = '';
            # A greeting begins with the protocol's version, 10; an error with 255.
            return sysread($server, $greeting, 5) && length $greeting == 5 && ord(substr $greeting, 4) == 10;
        },
        showing  => qr/\[(?:ERROR|Warning)\](?! '(?:user|proxies_priv)' entry)(?!.*without authentication)/,
        patience => 20,
    };
}

# At the first start, creates the system tables in another folder and renames it, so that a start that was interrupted
# leaves no half of them. Returns the reason if it failed, or nothing.
sub make {
    my ($stack) = @_;
    my $place = data($stack);
    return if -d $place;
    my $aside = kind() . '.new';
    my $log   = "$stack->{dir}/log/database-install.log";
    system 'rm', '-rf', "$stack->{dir}/data/$aside";
    my @command = $kinds{ kind() }{install}->($aside, options());
    my $pid     = fork // return "cannot fork: $!";
    if ($pid == 0) {
        POSIX::setsid();
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $log;
        open STDERR, '>&', \*STDOUT;
        $ENV{TMPDIR} = "$stack->{dir}/tmp";
        chdir "$stack->{dir}/data";    # MariaDB's script cannot take a blank in a path
        exec @command or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    if ($? != 0 || !rename "$stack->{dir}/data/$aside", $place) {
        system 'rm', '-rf', "$stack->{dir}/data/$aside";
        return "$command[0] failed; see $log";
    }
    return;
}

# The SQL that the server runs at each start: an account with all rights on the stack's own database only.
sub init_file {
    my ($stack) = @_;
    my $database = $stack->{database};
    return "CREATE USER IF NOT EXISTS fastchat\@localhost;\n" . "GRANT ALL ON `$database`.* TO fastchat\@localhost;\n";
}

1;
