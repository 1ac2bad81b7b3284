#!/usr/bin/perl
# However the database server is configured, and whatever init_connect sets, each change is stored and read as it was
# made: every variable of a session is given its unusual values in turn.
use lib 't/lib';
use Fastchat::Test;
use IPC::Open2 ();
use Time::HiRes qw(time sleep);

# Variables whose unusual values limit what the server can do at all, for every client.
my %limits = map { $_ => 1 } qw(max_allowed_packet max_session_mem_used net_buffer_length default_storage_engine
    enforce_storage_engine query_prealloc_size thread_pool_priority connection_memory_limit max_error_count debug
    global_connection_memory_limit pseudo_thread_id pseudo_slave_mode pseudo_replica_mode require_secure_transport);
my $batch_size = 12;

my $stack = Fastchat::Stack->new(own => 1, env => { REDIS_HOST => '', APP_WORKERS => 1, TASK_DEMO_SECONDS => 0 });

# One client of the server's root for the whole test: its own session keeps the usual values. The server's
# refusals of a value are of no interest.
open my $errors, '>', "$stack->{dir}/log/session-client.txt" or die "$stack->{dir}: $!\n";
open STDERR_KEPT, '>&', \*STDERR;
open STDERR, '>&', $errors;
my $client_pid = IPC::Open2::open2(
    my $from, my $to, Database::client($stack->setting('DB_SOCKET'), '-n', '-f'),
    $stack->setting('DB_DATABASE')
);
open STDERR, '>&', \*STDERR_KEPT;

sub ask {
    my ($sql) = @_;
    print $to "$sql;\nSELECT 'it is done';\n";
    $to->flush;
    my @rows;
    while (my $line = <$from>) {
        chomp $line;
        return wantarray ? map { [ split /\t/, $_, -1 ] } @rows : $rows[0] if $line eq 'it is done';
        push @rows, $line;
    }
    die "the SQL client has ended\n";
}

sub quoted { my ($value) = @_; return $value =~ /^-?\d+(?:\.\d+)?$/ ? $value : "'" . $value =~ s/'/''/gr . "'" }

# The unusual values of a variable: [name, value], from its type and its current value.
sub values_of {
    my ($name, $type, $value, $least, $words) = @_;
    my @words = grep { $_ ne 'NULL' } split /,/, $words // '';
    return map { [ $name, $_ ] } (
          $type =~ /BOOL/ || $value =~ /^(?:ON|OFF)$/ ? ($value eq 'ON' ? 'OFF' : 'ON')
        : $type eq 'ENUM'                             ? grep { $_ ne $value } @words
        : $type =~ /^(?:SET|FLAGSET)$/                ? $name eq 'optimizer_switch'
                ? map { "$_=off" } grep { $_ ne 'default' } @words
                : $name eq 'sql_mode' ? (@words, 'ANSI', 'ORACLE', 'TRADITIONAL')
            : @words
            : defined $least && $least =~ /^\d+$/ && $least ne $value ? $least
        : ()
    );
}

sub mariadb_variables {
    return ask(
        q{SELECT LOWER(variable_name), variable_type, global_value, numeric_min_value, enum_value_list
          FROM information_schema.system_variables
          WHERE variable_scope = 'SESSION' AND read_only = 'NO' AND global_value IS NOT NULL ORDER BY 1} =~ s/\s+/ /gr
    );
}

# MySQL does not tell types or scopes: what can be read of a session belongs to it. ON and OFF are switched, numbers
# get their least value, the rest is listed.
sub mysql_variables {
    my %words = (
        sql_mode        => 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,PIPES_AS_CONCAT,IGNORE_SPACE',
        completion_type => 'NO_CHAIN,CHAIN,RELEASE',
        transaction_isolation => 'READ-UNCOMMITTED,REPEATABLE-READ,SERIALIZABLE',
    );
    my %least = map { @$_ } ask('SELECT variable_name, min_value FROM performance_schema.variables_info');
    return map {
        my ($name, $value) = @$_;
        [ $name, !$words{$name} ? '' : $name eq 'sql_mode' ? 'SET' : 'ENUM', $value, $least{$name}, $words{$name} ]
        }
        grep { defined ask("SELECT \@\@SESSION.$_->[0]") }
        ask('SELECT variable_name, variable_value FROM performance_schema.global_variables ORDER BY 1');
}

my @strings = (
    [ character_set_client     => 'latin1' ], [ character_set_results => 'latin1' ],
    [ character_set_connection => 'latin1' ], [ collation_connection => 'utf8mb4_general_ci' ],
    [ collation_server         => 'latin1_swedish_ci' ],
    [ time_zone                => '+13:00' ],
    [ init_connect             => 'SET autocommit = 0' ],
    [ init_connect             => 'SET NAMES latin1' ],
    [ init_connect             => 'START TRANSACTION' ],
    [ init_connect             => "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', completion_type = 'CHAIN'" ],
    [ init_connect             => 'SET TRANSACTION READ ONLY' ],
    [ init_connect             => 'SET SESSION TRANSACTION READ ONLY' ],
);

# Sets variables for new sessions, and ends the sessions of the program. Returns the previous values.
sub set_all {
    my @pairs = @_;
    my @before;
    for my $pair (@pairs) {
        my ($name, $value) = @$pair;
        push @before, [ $name, ask("SELECT \@\@GLOBAL.$name") // '' ];
        ask("SET GLOBAL $name = " . quoted($value));
    }
    my @sessions = ask("SELECT id FROM information_schema.processlist WHERE user = 'fastchat'");
    ask("KILL $_->[0]") for @sessions;
    return @before;
}

my $number = 0;

# Everything that a user does, in little. Returns what went wrong, or nothing.
sub try_everything {
    my $id      = ++$number;
    my $text    = "“Grüße”, 'ß' \\ \" 世界 🌏 $id";
    my %account = (username => "probe$id", password => 'long enough');
    my $check   = sub {
        my ($step, $answer, $status) = @_;
        die "$step: " . $answer->status . ' ' . $answer->content . "\n" if $answer->status != $status;
        return $status =~ /^20[0-2]$/ ? $answer->json : undef;
    };
    my $user    = $check->('sign up', $stack->post('/api/users', { %account, nickname => $text }), 201);
    my $session = $check->('sign in', $stack->post('/api/sessions', \%account), 201);
    my @as      = (token => $session->{token});
    my $room    = $check->('make a room', $stack->post('/api/rooms', { name => $text }, @as), 201)->{id};
    my $at      = "/api/rooms/$room/messages";
    for my $n (1 .. 3) {
        $check->('send', $stack->post($at, { client_id => "c$n", body => "$text $n" }, @as), 201);
    }
    $check->('send again', $stack->post($at, { client_id => 'c3', body => "$text 3" }, @as), 200);
    $check->('read mark', $stack->put("/api/rooms/$room/read", { seq => 3 }, @as), 200);
    my $task    = $check->('task', $stack->post('/api/task/3', {}, @as), 202)->{id};
    my $history = $check->('history', $stack->get($at, @as), 200)->{items};
    my $bodies  = join '|', map { $_->{body} } grep { $_->{kind} eq 'message' } @$history;
    die "history: $bodies\n" if $bodies ne join '|', map { "$text $_" } 1 .. 3;
    my $sync = $check->('sync', $stack->post('/api/sync', { rooms => { $room => 0 } }, @as), 200);
    my $last = $sync->{entries}[-1]{body} // '';
    die "sync: the last entry is $last\n" if $last ne "$text 3";
    my $rooms = $check->('rooms', $stack->get('/api/rooms', @as), 200)->{items};
    die "rooms: the name is $rooms->[0]{name}\n" if $rooms->[0]{name} ne $text;
    my $stored =
        ask(  "SELECT CONCAT_WS(' ', (SELECT COUNT(*) FROM users WHERE id = $user->{id}), "
            . "(SELECT COUNT(*) FROM sessions WHERE user_id = $user->{id}), "
            . "(SELECT last_seq FROM rooms WHERE id = $room), (SELECT COUNT(*) FROM room_log WHERE room_id = $room), "
            . "(SELECT read_seq FROM members WHERE room_id = $room), (SELECT COUNT(*) FROM tasks WHERE id = $task), "
            . "(SELECT HEX(body) FROM room_log WHERE room_id = $room AND client_id = 'c1'))");
    my $bytes = "$text 1";
    utf8::encode($bytes);
    die "stored: $stored\n" if $stored ne '1 1 4 4 3 1 ' . uc unpack 'H*', $bytes;
    $check->('sign out', $stack->delete('/api/sessions/current', @as), 204);
    $check->('after signing out', $stack->get('/api/rooms', @as), 401);
    return;
}

# The faults of a batch of settings, each with the setting that causes it.
sub faults_of {
    my @pairs  = @_;
    my @before = set_all(@pairs);
    my $fault  = eval { try_everything(); '' } // $@;
    set_all(reverse @before);
    return if !$fault;
    my @left = @pairs > 1 ? (@pairs[ 0 .. $#pairs / 2 ], undef, @pairs[ $#pairs / 2 + 1 .. $#pairs ]) : ();
    return "$pairs[0][0] = $pairs[0][1]: $fault" if !@left;
    my @found = (faults_of(@pairs[ 0 .. $#pairs / 2 ]), faults_of(@pairs[ $#pairs / 2 + 1 .. $#pairs ]));
    return @found ? @found : join(', ', map { "$_->[0] = $_->[1]" } @pairs) . ": $fault";
}

my @settings = map { values_of(@$_) }
    grep { !$limits{ $_->[0] } } Database::kind() eq 'mariadb' ? mariadb_variables() : mysql_variables();
push @settings, @strings;

subtest 'no setting of the server makes a change fail or get lost' => sub {
    is(eval { try_everything(); '' } // $@, '', 'everything works with the usual settings');
    # Two values of one variable are never in the same batch.
    my @batches;
    for my $setting (@settings) {
        my ($batch) = grep {
            @$_ < $batch_size && !grep { $_->[0] eq $setting->[0] }
                @$_
        } @batches;
        push @batches, $batch = [] if !$batch;
        push @$batch, $setting;
    }
    my $began = time;
    for my $batch (@batches) {
        my @faults = faults_of(@$batch);
        is_deeply(\@faults, [], join ', ', map { "$_->[0] = $_->[1]" } @$batch);
    }
    note(scalar(@settings) . ' settings in ' . scalar(@batches) . sprintf ' batches took %.1f s', time - $began);
    cmp_ok(scalar @settings, '>', 100, 'the variables of the server were found');
};

done_testing;
