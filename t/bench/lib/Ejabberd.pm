# The figures beside ejabberd: messages a second that are committed or archived. 16 senders are online, each in a room
# of its own, then all in one. ejabberd's archive is in Mnesia, which does not flush each message to the disk, and in a
# database server with the options of our own, which does.
package Ejabberd;

use strict;
use warnings;
use utf8;
use Fastchat::Server;
use Fastchat::Stack;
use IO::Socket::INET;
use Live;
use Load;
use Peers;
use Place;
use Table;

sub rows {
    my ($place) = @_;
    my $stack = $place->stack;
    Peers::compile('xmpp');
    my %port = map { $_ => start($stack, $_) } qw(mnesia sql);
    my $run  = 0;
    my $xmpp = sub {
        my ($port, $rooms) = @_;
        return sub {
            open(my $out, '-|', 'build/bench/xmpp', $port, $_[0], 16, $rooms, 'w' . ++$run) or die "xmpp: $!\n";
            return Load::finish({ out => $out, url => 'ejabberd' });
        };
    };
    my @alone = map { $_->post('/api/rooms', { name => 'alone' })->json->{id} } @{ $place->{users} };
    my $held =
        Live::hold({ tokens => [ map { $_->token } @{ $place->{users} } ] }, $stack->port, '/api/events', 16, 3600);
    for (
        [ '16 rooms, 16 senders', 16, join(',', @alone), least => 1.1 ],
        [ 'one room, 16 online', 1, $place->{rooms}[0], least  => 3 ]
        )
    {
        my ($title, $rooms, $ids, @target) = @$_;
        my $got = in_turn(
            ours => sub {
                Load::run(
                    $place->url('/'), clients => 16, seconds => $_[0], script => 'send',
                    arguments                 => [ '/api/rooms/', '/messages', 'x' . ++$run, $ids, $place->tokens ]
                );
            },
            map { ($_ => $xmpp->($port{$_}, $rooms)) } keys %port
        );
        rows_of($title, "ejabberd, $_", @$got{ 'ours', $_ }, @target) for qw(sql mnesia);
    }
    Live::let_go($held);
    Peers::stop_all();
}

# Starts ejabberd in the stack's directory, without a node name, so that no epmd is started. Returns its port.
sub start {
    my ($stack, $archive) = @_;
    my $dir         = $stack->dir . "/ejabberd-$archive";
    my $port        = Fastchat::Stack::free_port();
    my ($libraries) = map { s{/ejabberd-[^/]*$}{}r } glob '/usr/lib/*/ejabberd-*';
    $libraries or die "ejabberd is not installed; on Debian: etc/install-packages peers\n";
    mkdir $_ for $dir, "$dir/spool";
    my $database = $archive eq 'sql' ? start_archive($dir) : '';
    Place::spew("$dir/ejabberd.yml", <<"END");
hosts: [localhost]
loglevel: warning
auth_method: anonymous
anonymous_protocol: login_anon
allow_multiple_connections: true
${database}listen:
  - {port: $port, ip: "127.0.0.1", module: ejabberd_c2s, access: all, shaper: none}
modules:
  mod_mam: {default: always, db_type: $archive}
  mod_muc: {access: all, access_create: all, access_mam: all, default_room_options: {mam: true}}
END
    Peers::start(
        $stack, "ejabberd-$archive",
        {
            HOME              => $dir, ERL_LIBS => $libraries, EJABBERD_CONFIG_PATH => "$dir/ejabberd.yml",
            EJABBERD_LOG_PATH => "$dir/ejabberd.log"
        },
        qw(erl -noinput +K true -mnesia dir),
        "\"$dir/spool\"",
        qw(-s ejabberd)
    );
    $stack->wait_for(30, sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") })
        or die "ejabberd does not start; $dir/ejabberd.log\n";
    return $port;
}

# A database server with the stack's options, for this version of ejabberd cannot connect to a unix socket. Returns
# ejabberd's settings for it.
sub start_archive {
    my ($dir)  = @_;
    my $port   = Fastchat::Stack::free_port();
    my $server = Fastchat::Server::start_database(
        "$dir/archive", '--skip-networking=0', '--bind-address=127.0.0.1',
        "--port=$port"
    );
    my $sql = sub {
        my ($text, @database) = @_;
        open my $in, '|-', Database::client($server->socket), @database or die "the database's client: $!\n";
        print $in $text;
        close $in or die "the archive's tables were not made\n";
    };
    $sql->(
        "CREATE DATABASE ejabberd CHARACTER SET utf8mb4; CREATE USER ejabberd\@127.0.0.1 IDENTIFIED BY 'archive'; "
            . "GRANT ALL ON ejabberd.* TO ejabberd\@127.0.0.1;");
    $sql->(Place::slurp('/usr/share/ejabberd/sql/mysql.sql'), 'ejabberd');
    return join '', map { "$_\n" } 'sql_type: mysql', 'sql_server: "127.0.0.1"', "sql_port: $port",
        'sql_username: ejabberd', 'sql_password: archive', 'sql_database: ejabberd', 'sql_pool_size: 16';
}

1;
