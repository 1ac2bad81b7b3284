#!/usr/bin/perl
# TLS to the database and to Redis: a connection is as the settings require, or there is none.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Certificates;
use Fastchat::Server qw(start_database start_redis);
use Fastchat::Stream;
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my $binary = Fastchat::Stack::binary();
my $dir    = tempdir('fastchat-tls-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $made   = Fastchat::Certificates->new;
my @children;    # of this test: ended with it

$made->ca($_) for qw(office stranger);
$made->server('good', 'office', 'DNS:localhost,IP:127.0.0.1');
$made->server('expired', 'office', 'DNS:localhost,IP:127.0.0.1', 1);
$made->server('elsewhere', 'office', 'DNS:db.example.com,IP:127.0.0.9');

my $kind    = Database::kind();
my @tcp     = ('--skip-networking=0', '--bind-address=127.0.0.1');
my @without = $kind eq 'mysql' ? ('--tls-version=') : ('--skip-ssl');
my $account = 'tls';
my $port    = Fastchat::Stack::free_port();
my ($server, $account_made);

# Starts the database (again) with the certificate of that name; undef: without TLS.
sub database {
    my ($name) = @_;
    my @tls = map { "--ssl-$_->[0]=" . $made->path($_->[1]) }
        ([ 'ca', 'office.pem' ], [ 'cert', ($name // '') . '.pem' ], [ 'key', ($name // '') . '.key' ]);
    $server->stop if $server;
    $server = start_database("$dir/database", @tcp, "--port=$port", $name ? @tls : @without);
    return if $account_made++;
    sql("CREATE USER $account\@'%' IDENTIFIED BY 'long secret'; GRANT ALL ON *.* TO $account\@'%'");
}

# The connections of the account.
sub connections {
    return map { /^(\d+)\t\Q$account\E\t/ ? $1 : () } sql('SHOW PROCESSLIST');
}

# Runs SQL as the administrator; returns the lines of the result.
sub sql {
    my ($text) = @_;
    open my $run, '-|', Database::client($server->socket, '-e', $text) or die "$text: $!\n";
    chomp(my @lines = readline $run);
    close $run or die "$text failed\n";
    return @lines;
}

sub redis {
    my ($name) = @_;
    my $port   = Fastchat::Stack::free_port();
    my @tls    = (
        '--tls-port', $port, '--tls-auth-clients', 'no', '--tls-ca-cert-file', $made->path('office.pem'),
        '--tls-cert-file', $made->path(($name // '') . '.pem'), '--tls-key-file', $made->path(($name // '') . '.key')
    );
    start_redis("$dir/redis-" . ($name // 'plain'), '--bind', '127.0.0.1', $name ? @tls : ('--port', $port));
    return $port;
}

# Runs the program with these settings; returns what it writes.
sub fastchat {
    my ($settings, @words) = @_;
    my %sanitizers = map { $_ => $ENV{$_} } grep { /SAN_OPTIONS$/ } keys %ENV;
    local %ENV = (
        %sanitizers, PATH => $ENV{PATH}, FASTCHAT_ENV_FILE => '/dev/null', APP_ENV    => 'test', DB_USER => $account,
        DB_PASSWORD       => 'long secret', DB_HOST        => 'localhost', REDIS_HOST => '', %$settings
    );
    my $text = qx{'$binary' @words 2>&1};
    utf8::decode($text);
    return $text;
}

# The step of `fastchat check` of that name, with its result.
sub step {
    my ($name, %settings) = @_;
    my ($line) = fastchat(\%settings, 'check', '--no-web') =~ /^((?:ok|FAILED)\s+\Q$name\E\s.*)$/m;
    return $line // '';
}

sub db_step { return step('database', DB_PORT => $port, @_) }

# The port of a man in the middle. `change` may alter the first bytes that the server sends.
sub relay {
    my ($to, $change, $address) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => $address // '127.0.0.1', Listen => 5, ReuseAddr => 1)
        or die "relay: $@\n";
    my $pid = fork // die "fork: $!\n";
    push @children, $pid;
    return $listener->sockport if $pid;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    while (my $client = $listener->accept) {
        my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $to) or next;
        my ($select, $changed) = (IO::Select->new($client, $server), 0);
        RELAY: while (my @ready = $select->can_read) {
            for my $from (@ready) {
                sysread($from, my $bytes, 65536) or last RELAY;
                $bytes   = $change->($bytes) if $from == $server && !$changed;
                $changed = 1 if $from == $server;
                syswrite $from == $server ? $client : $server, $bytes;
            }
        }
    }
    POSIX::_exit(0);
}

# Protocol::HandshakeV10 without CLIENT_SSL: as if the server did not offer TLS.
sub without_tls {
    my ($greeting) = @_;
    my $at = index($greeting, "\0", 5) + 1 + 4 + 8 + 1;
    substr($greeting, $at, 2) = pack 'v', unpack('v', substr $greeting, $at, 2) & ~0x0800;
    return $greeting;
}

my %verify = (DB_TLS => 'verify', DB_TLS_CA => $made->path('office.pem'));
database('good');
fastchat({ DB_PORT => $port, %verify }, 'migrate');

subtest 'the database is reached as DB_TLS requires' => sub {
    like(db_step(%verify), qr/^ok .*; encrypted \(\S+\);/, 'verify: a valid certificate is accepted');
    like(db_step(%verify, DB_HOST => '127.0.0.1'), qr/^ok .*; encrypted/, 'verify: an address may be certified');
    like(db_step(DB_TLS           => 'on'), qr/^ok .*; encrypted \(\S+\);/, 'on: encrypted');
    like(db_step(DB_TLS           => 'off', DB_HOST => '127.0.0.1'), qr/^ok .*; not encrypted;/, 'off: not encrypted');
    like(
        db_step(%verify, DB_SOCKET => $server->socket, DB_USER => 'root', DB_PASSWORD => ''),
        qr/^ok .*; through a unix socket;/, 'a unix socket is not encrypted'
    );
};

subtest 'verify refuses a database whose certificate is not valid' => sub {
    for my $host (qw(localhost 127.0.0.1)) {
        like(
            db_step(%verify, DB_HOST => $host, DB_TLS_CA => $made->path('stranger.pem')),
            qr/^FAILED .*DB_TLS: \Q$host\E: /, "the CA is another: $host"
        );
        like(db_step(DB_TLS => 'verify', DB_HOST => $host), qr/^FAILED .*DB_TLS: /, "unknown to the system: $host");
    }
    database('expired');
    like(db_step(%verify), qr/^FAILED .*DB_TLS: localhost: /, 'the certificate has expired');
    like(db_step(DB_TLS => 'on'), qr/^ok .*; encrypted/, 'on: an expired certificate is accepted');
    database('elsewhere');
    like(db_step(%verify), qr/^FAILED .*DB_TLS: localhost: /, 'the certificate is for another host');
    database('good');
    my $other = relay($port, sub { $_[0] }, '127.0.0.2');
    like(
        db_step(%verify, DB_HOST => '127.0.0.2', DB_PORT => $other),
        qr/^FAILED .*DB_TLS: 127\.0\.0\.2: /,
        'the certificate is for another address'
    );
};

subtest 'a database without TLS is refused where TLS is required' => sub {
    database(undef);
    for my $mode ('on', 'verify') {
        like(db_step(%verify, DB_TLS => $mode), qr/^FAILED .*DB_TLS: localhost: /, "$mode: a server without TLS");
    }
    like(db_step(DB_HOST => '127.0.0.1'), qr/^ok .*; not encrypted/, 'off: a server without TLS is used');
    database('good');
    my ($stripping, $honest) = (relay($port, \&without_tls), relay($port, sub { $_[0] }));
    for my $mode ('on', 'verify') {
        for my $host (qw(localhost 127.0.0.1)) {
            my %through = (%verify, DB_TLS => $mode, DB_HOST => $host);
            like(
                db_step(%through, DB_PORT => $stripping),
                qr/^FAILED .*DB_TLS: \Q$host\E: /, "$mode: a relay that hides the server's TLS: $host"
            );
            like(
                db_step(%through, DB_PORT => $honest), qr/^ok .*; encrypted/,
                "$mode: a relay that hides nothing: $host"
            );
        }
    }
    like(
        db_step(DB_HOST => '127.0.0.1', DB_PORT => $stripping),
        qr/^ok .*; not encrypted/, 'off: the relay itself works without TLS'
    );
};

my $redis = redis('good');
my %redis = (REDIS_TLS => 'verify', REDIS_TLS_CA => $made->path('office.pem'), REDIS_HOST => 'localhost');

sub redis_step { my ($to, %more) = @_; return step('Redis', %verify, DB_PORT => $port, REDIS_PORT => $to, %more) }

subtest 'Redis is reached as REDIS_TLS requires' => sub {
    like(redis_step($redis, %redis), qr/; encrypted \(TLSv1\.[23], \S+\)$/, 'verify: a valid certificate is accepted');
    like(redis_step($redis, %redis, REDIS_HOST => '127.0.0.1'), qr/; encrypted/, 'verify: an address may be certified');
    like(redis_step($redis, REDIS_HOST         => '127.0.0.1', REDIS_TLS => 'on'), qr/; encrypted/, 'on: encrypted');
    my $plain = redis(undef);
    like(redis_step($plain, REDIS_HOST => '127.0.0.1'), qr/; not encrypted$/, 'off: not encrypted');
    like(
        redis_step($plain, %redis, REDIS_HOST => "$dir/redis-good/sock/redis.sock"),
        qr/; through a unix socket$/, 'a unix socket is not encrypted'
    );
    for my $mode (qw(on verify)) {
        like(
            redis_step($plain, %redis, REDIS_TLS => $mode),
            qr/cannot be used.*: REDIS_TLS: localhost does not agree on TLS: /, "$mode: a server without TLS is refused"
        );
    }
    like(
        redis_step($redis, REDIS_HOST => 'localhost'), qr/cannot be used/,
        'off: a server with TLS only is not reached'
    );
};

subtest 'verify refuses a Redis whose certificate is not valid' => sub {
    my $refused = qr/cannot be used.*: REDIS_TLS: the certificate of localhost is not valid: /;
    like(redis_step($redis, %redis, REDIS_TLS_CA => $made->path('stranger.pem')), $refused, 'the CA is another');
    like(redis_step($redis, %redis, REDIS_TLS_CA => ''), $refused, 'the CA is unknown to the system');
    like(redis_step(redis('expired'), %redis), qr/${refused}certificate has expired/, 'the certificate has expired');
    my $elsewhere = redis('elsewhere');
    like(redis_step($elsewhere, %redis), qr/${refused}.*mismatch/i, 'the certificate is for another host');
    like(
        redis_step($elsewhere, %redis, REDIS_HOST => '127.0.0.1'), qr/127\.0\.0\.1 is not valid: .*mismatch/i,
        'the certificate is for another address'
    );
    like(redis_step($elsewhere, %redis, REDIS_TLS => 'on'), qr/; encrypted/, 'on: such a certificate is accepted');
};

subtest 'the CAs of the system are trusted if no file is named' => sub {
    my %system = (SSL_CERT_FILE => $made->path('office.pem'));
    like(db_step(DB_TLS => 'verify', %system), qr/^ok .*; encrypted/, 'for the database');
    like(redis_step($redis, %redis, REDIS_TLS_CA => '', %system), qr/; encrypted/, 'for Redis');
};

subtest 'a wrong file of certificates stops the start' => sub {
    open my $empty, '>', "$dir/empty.pem" or die $!;
    close $empty;
    for my $key (qw(DB_TLS_CA REDIS_TLS_CA)) {
        for my $fault (
            [ "$dir/none.pem", 'does not exist' ],
            [ "$dir/empty.pem", 'holds no certificate in PEM form' ],
            [ $dir, 'is not a file' ],
            [ 'office.pem', 'is not the absolute path of a PEM file' ]
            )
        {
            like(
                fastchat({ $key => $fault->[0] }, 'settings', '--check'),
                qr/^environment: $key: "\Q$fault->[0]\E" $fault->[1]$/m, "$key: $fault->[1]"
            );
        }
    }
};

subtest 'the whole server works through TLS' => sub {
    my $stack = Fastchat::Stack->new(
        env => {
            %verify, %redis,
            DB_HOST    => 'localhost', DB_PORT      => $port, DB_USER => $account, DB_PASSWORD => 'long secret',
            REDIS_PORT => $redis, TASK_DEMO_SECONDS => 0
        }
    );
    my ($ann, $bob) = map { $stack->user($_) } qw(ann bob);
    my $room   = $ann->post('/api/rooms', { name => '加密', member_ids => [ $bob->id ] })->json->{id};
    my $stream = Fastchat::Stream->new($bob);
    is($stream->next->{event}, 'hello', 'a stream opens');
    for my $n (1 .. 20) {
        $ann->post("/api/rooms/$room/messages", { client_id => "c$n", body => '好' x (100 * $n) });
        my $entry = $stream->await('entry', 5);
        is(length $entry->{data}{body}, 100 * $n, "message $n arrives whole");
    }
    my @closed = connections();
    for my $id (@closed) {
        eval { sql("KILL $id") };    # it may have ended by itself
    }
    $stack->wait_for(
        5,
        sub {
            my %left = map { $_ => 1 } connections();
            !grep { $left{$_} } @closed;
        }
    );
    for my $n (21 .. 40) {
        my $sent = $ann->post("/api/rooms/$room/messages", { client_id => "c$n", body => '好' });
        is($sent->status, 201, "message $n is sent after the database has closed the connections");
    }
    my $task = $ann->get('/api/task/12')->json->{id};
    ok(
        $stack->wait_for(30, sub { $ann->get("/api/tasks/$task")->json->{state} eq 'done' }),
        'a task runs, in a process with connections of its own'
    );
    my ($text) = $stack->fastchat('check');
    like($text, qr/^all is well$/m, 'the check finds all well') or diag $text;
};

END { kill 'KILL', @children if @children }

done_testing;
