#!/usr/bin/perl
# The authorization matrix: every call of authorization.txt by every kind of caller is answered as the table says, a
# refused one changes and shows nothing, and every route of the OpenAPI document is in the table.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;
use FindBin;

my @callers = qw(none ended stranger former member admin owner server);
my %codes   = (
    '401'  => 'not_signed_in', '401p'   => 'bad_credentials', '403m'    => 'not_a_member',
    '403r' => 'not_allowed', '403a'     => 'admins_only', '403x'        => 'removed_from_room',
    '404r' => 'no_such_room', '403i'    => 'invitation_refused', '404u' => 'no_such_user',
    '404s' => 'no_such_session', '404m' => 'no_such_member', '404v'     => 'no_such_removal',
    '404t' => 'no_such_task', '404i'    => 'no_such_invitation', '404f' => 'no_such_refusal',
    '404e' => 'no_such_export', '409d'  => 'is_a_dm', '422'             => undef,
);

my $stack = Fastchat::Stack->new(own => 1);
my $sql   = $stack->sql_session;
$stack->hold('tasks');    # tasks stay as they are made
$stack->kill('tasks');

# The rows of the table: the call, its expected answer for each caller, and the objects whose existence it hides.
sub read_table {
    my @rows;
    my $begun = '';
    open my $in, '<:encoding(UTF-8)', "$FindBin::Bin/authorization.txt" or die "authorization.txt: $!\n";
    while (my $line = <$in>) {
        next if $line =~ /^\s*(?:#|$)/ || $line =~ /^call /;
        if ($line !~ /^(.*?)((?:\s+\d{3}[a-z-]?){8})(?:\s+(\S+))?\s*$/) {
            $begun = $line =~ s/\s+$//r;
            next;
        }
        my ($call, $cells, $hides) = ("$begun$1", $2, $3);
        my ($method, $path, $body) = split ' ', $call =~ s/\s+$//r, 3;
        my %expected;
        @expected{@callers} = split ' ', $cells;
        push @rows,
            { call => $call, method => $method, path => $path, body => $body, hides => $hides, expected => \%expected };
        $begun = '';
    }
    return @rows;
}

# The routes of the program; those of the tests' own program are not part of the API.
sub routes {
    my $paths = $stack->get('/openapi.json')->json->{paths};
    my @routes;
    for my $path (grep { !m{^/api/trial/} } sort keys %$paths) {
        push @routes, map { { method => uc, path => $path, %{ $paths->{$path}{$_} } } } sort keys %{ $paths->{$path} };
    }
    return @routes;
}

# Is the row a call of the route? A literal segment belongs to the route that has it: /api/users/me is no {user_id}.
sub calls {
    my ($row, $route) = @_;
    my ($path) = split /\?/, $row->{path};
    my $pattern = join '/', map { /^\{/ ? '(?:\{\w+\}|\d+)' : quotemeta } split m{/}, $route->{path};
    return $row->{method} eq $route->{method} && $path =~ /^$pattern$/;
}

# The users, who stay the same; `none` and `ended` are not users.
my %user = map { $_ => $stack->user($_) }
    qw(stranger former member admin owner server other outsider removed guest shy host ended);
my %id = map { $_ => $user{$_}->id } keys %user;
$stack->sql("UPDATE users SET is_admin = 1 WHERE id = $id{server}");
$user{ended}->delete('/api/sessions/current');
my $none = 9_007_199_254_740_991;
my $made = 0;

my ($far, $past) = (9_999_999_999_999, 1_700_000_000_000);

# Statements that fill a table.
sub rows_of {
    my ($table, $columns, @rows) = @_;
    return "INSERT INTO $table ($columns) VALUES " . join ', ', map { '(' . join(', ', @$_) . ')' } @rows;
}

# The rooms with their members and logs: statements.
sub rooms_of {
    my ($at, $now) = @_;
    my @groups = qw(closed open barred);
    my %role   = (owner => 2, admin => 1, member => 0, other => 0);
    my $dm_key = sprintf "'%d:%d'", sort { $a <=> $b } @id{qw(member other)};
    my (@rooms, @members, @log);
    for my $name (@groups, qw(invited refused)) {
        my $is_open = $name eq 'open' || $name eq 'barred'     ? 1           : 0;
        my %in      = $name eq 'invited' || $name eq 'refused' ? (host => 2) : %role;
        my ($first, $said_by) = exists $in{host} ? qw(host host) : qw(former other);
        push @rooms,
            [
            $at->{$name}, 0, $is_open ? "'everybody'" : "'hush-$name'",
            $is_open, 'NULL', 2, 2, $now, $past, scalar keys %in
            ];
        push @members, map { [ $at->{$name}, $id{$_}, $in{$_}, 0, $past ] } sort keys %in;
        push @log, [ $at->{$name}, 1, 2, $id{$first}, 'NULL', 'NULL', $past ],
            [ $at->{$name}, 2, 0, $id{$said_by}, "'o'", "'hush-said'", $now ];
    }
    push @rooms, [ $at->{direct}, 1, "''", 0, $dm_key, 1, 1, $now, $past, 2 ];
    push @members, map { [ $at->{direct}, $id{$_}, 0, 0, $past ] } qw(member other);
    push @log, [ $at->{direct}, 1, 0, $id{other}, "'o'", "'hush-said'", $now ];
    return (
        rows_of(
            'rooms', 'id, kind, name, is_open, dm_key, last_seq, last_message_seq, last_at, created_at, member_count',
            @rooms
        ),
        rows_of('members', 'room_id, user_id, role, read_seq, joined_at', @members),
        rows_of('room_log', 'room_id, seq, kind, sender_id, client_id, body, created_at', @log),
    );
}

# Departures, removals, invitations and refusals: statements.
sub departures_of {
    my ($at, $now) = @_;
    my @inviters = grep { $id{$_} && $_ ne 'ended' } @callers;
    return (
        rows_of(
            'departures', 'room_id, user_id, kind, departed_at',
            [ $at->{closed}, $id{former}, 0, $past ], [ $at->{open}, $id{former}, 0, $past ],
            [ $at->{barred}, $id{former}, 1, $past ], [ $at->{closed}, $id{removed}, 1, $past ],
        ),
        rows_of(
            'invitations',
            'room_id, user_id, inviter_id, state, created_at',
            [ $at->{invited}, $id{member}, $id{host}, 0, $now ],
            [ $at->{refused}, $id{member}, $id{host}, 1, $now ],
            [ $at->{closed}, $id{guest}, $id{owner}, 0, $now ],
            map { [ $none - 1 - $_, $id{shy}, $id{ $inviters[$_] }, 1, $now ] } 0 .. $#inviters,
        ),
    );
}

# The member's tasks, export and other session: statements.
sub belongings_of {
    my ($at) = @_;
    return (
        rows_of(
            'tasks',
            'id, kind, owner_id, state, ready, run_at, max_attempts, until_at, arguments, error, created_at',
            [ $at->{waiting}, "'square'", $id{member}, 0, 1, $far, 1, 0, q('{"num":"12"}'), "'hush-task'", $past ],
            [ $at->{dead}, "'square'", $id{member}, 4, 0, $far, 1, $far, q('{"num":"12"}'), "'hush-task'", $past ],
        ),
        rows_of(
            'exports', 'id, user_id, run, bytes, made_at, expires_at',
            [ $at->{file}, $id{member}, 1, 8, $past, $far ]
        ),
        rows_of('export_chunks', 'export_id, run, number, bytes', [ $at->{file}, 1, 0, "'hush-zip'" ]),
        rows_of(
            'sessions',
            'id, user_id, token_hash, device, created_at, last_seen_at, expires_at',
            [ $at->{device}, $id{member}, 'UNHEX(SHA2(UUID(), 256))', "'hush-device'", $past, $past, $far ]
        ),
    );
}

# Objects for one call, by name, with ids that no process has seen before; those of earlier calls are deleted.
sub world {
    my %at  = (%id, absent => $none);
    my $now = time * 1000;
    @at{qw(closed open barred direct invited refused waiting dead file device)} = map { 1000 * ++$made } 1 .. 10;
    my @tables = qw(rooms members room_log departures invitations tasks exports export_chunks guesses);
    $sql->(
        join ';',
        'START TRANSACTION',
        map({ "DELETE FROM $_" } @tables),
        "DELETE FROM sessions WHERE device = 'hush-device'",
        rooms_of(\%at, $now), departures_of(\%at, $now), belongings_of(\%at),
        'COMMIT'
    );
    return \%at;
}

# A query of one value that changes with every row of what calls could change.
sub contents_query {
    my @tables = (
        qw(users sessions rooms members room_log departures invitations),
        qw(tasks exports export_chunks daily_counts user_grams)
    );
    my @sums;
    for my $table (@tables) {
        my @columns =
            map { $_->[0] }
            $stack->sql("SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() "
                . "AND table_name = '$table' "
                . "AND column_name NOT IN ('last_seen_at', 'expires_at') ORDER BY ordinal_position");
        my $row = join ', ', map { "COALESCE(HEX($_), '-')" } @columns;
        push @sums, "(SELECT CONCAT(COUNT(*), '/', COALESCE(SUM(CRC32(CONCAT_WS('|', $row))), 0)) FROM $table)";
    }
    return "SELECT CONCAT_WS(' ', " . join(', ', @sums) . ')';
}

my $contents = contents_query();

# A text of the table with the objects' ids, and the caller's own texts as JSON.
sub fill {
    my ($text, $at, $caller) = @_;
    my %own = (
        self          => $at->{$caller} // $none,
        'member.name' => $user{member}->username,
        'absent.name' => 'nobody_at_all',
        password      => ($user{$caller} // $user{stranger})->password,
        new           => sprintf('new_%08x', rand 1 << 32),
    );
    return $text =~ s/\{([a-z.]+)\}/$own{$1} \/\/ $at->{$1} \/\/ die "no object {$1}\n"/ger;
}

# name="x" ids=[1] as a JSON object; a word without quotes is a text.
sub json_of {
    my ($body) = @_;
    my @members;
    while ($body =~ /\G\s*(\w+)=("[^"]*"|\S+)/g) {
        my ($name, $value) = ($1, $2);
        push @members, qq("$name":) . ($value =~ /^(?:["\[\{]|-?\d+$|true$|false$)/ ? $value : qq("$value"));
    }
    return '{' . join(',', @members) . '}';
}

# The first event of a caller's stream; its secret is the room that it names.
sub open_stream {
    my ($client, $at) = @_;
    my $stream = Fastchat::Stream->new($client);
    return ($stream->status, $stream->content) if $stream->status != 200;
    my $hello = $stream->next;
    return (200, join ' ', map { exists $hello->{data}{rooms}{ $at->{$_} } ? "hush-$_" : () } qw(closed open direct));
}

# Makes the call; returns status and content.
sub answer {
    my ($row, $caller, $at) = @_;
    my $client = $user{$caller} // $stack;
    return open_stream($client, $at) if $row->{path} eq '/api/events' && $caller ne 'none' && $caller ne 'ended';
    my $body = $row->{body} && json_of(fill($row->{body}, $at, $caller));
    $body //= '{}' if $row->{method} eq 'PUT';
    my @sent   = defined $body ? (content => $body, headers => { 'Content-Type' => 'application/json' }) : ();
    my $answer = $client->request($row->{method}, fill($row->{path}, $at, $caller), @sent);
    return ($answer->status, $answer->content // '');
}

# Signs a caller in again whose session or password the call has ended.
sub restore_caller {
    my ($caller) = @_;
    my $user = $user{$caller};
    $user->put('/api/users/me/password', { old_password => 'another one', password => $user->password });
    $user->{token} =
        $stack->post('/api/sessions', { username => $user->username, password => $user->password })->json->{token};
}

# The answer as the table writes it: the status, the letter of its code, and "-" if it shows nothing that is secret.
# Only rows that tell callers apart in this way have "-".
sub written {
    my ($row, $status, $content) = @_;
    my ($code)  = $content =~ /"code":"(\w+)"/;
    my ($known) = grep { /^$status/ && ($codes{$_} // '') eq ($code // '') } sort keys %codes;
    return $known // "$status " . ($code // '') if $status >= 400;
    return $status . ($content !~ /hush/ && grep({ /-$/ } values %{ $row->{expected} }) ? '-' : '');
}

# Do callers who are refused, or shown nothing, get the same answer about what does not exist?
sub same_as_absent {
    my ($row, $caller, $at, $status, $content) = @_;
    my $absent = $row->{hides} =~ /name$/ ? '{absent.name}' : '{absent}';
    my %other  = (%$row, map { $_ => ($row->{$_} // '') =~ s/\{\Q$row->{hides}\E\}/$absent/gr } qw(path body));
    my ($its_status, $its_content) = answer(\%other, $caller, $at);
    my $id = $at->{ $row->{hides} } // 'no id';
    s/\b(?:$id|$none)\b/ID/g for $content, $its_content;
    return $its_status == $status && $content eq $its_content;
}

sub try_call {
    my ($row, $caller) = @_;
    my $expected = $row->{expected}{$caller};
    my $at       = world();
    my $before   = $sql->($contents);
    my ($status, $content) = answer($row, $caller, $at);
    my @wrong;
    my $written = written($row, $status, $content);
    push @wrong, "$written, not $expected" if $written ne $expected;
    push @wrong, 'the answer shows what is secret' if $status >= 400 && $content =~ /hush/;
    push @wrong, 'something has changed' if $status >= 400           && $sql->($contents) ne $before;
    push @wrong, 'the answer tells a missing object from one that is hidden'
        if $row->{hides} && $expected =~ /^4|-$/ && !same_as_absent($row, $caller, $at, $status, $content);
    restore_caller($caller) if $row->{path} =~ /current|password/ && $status < 300;
    return map { "$caller: $_" } @wrong;
}

my @rows   = read_table();
my @routes = routes();

subtest 'every route and every id of a body is in the table' => sub {
    for my $route (@routes) {
        my @of = grep { calls($_, $route) } @rows;
        ok(@of > 0, "$route->{method} $route->{path} has a row");
        my $schema = (($route->{requestBody} // {})->{content} // {})->{'application/json'}{schema}{'$ref'} // next;
        my ($name) = $schema =~ m{/(\w+)$};
        my $fields = $stack->get('/openapi.json')->json->{components}{schemas}{$name}{properties};
        for my $field (grep { /_ids?$|^rooms$|^times$/ && $_ ne 'client_id' } sort keys %$fields) {
            ok((grep { ($_->{body} // '') =~ /\b$field=/ } @of), "$route->{method} $route->{path}: a row has $field");
        }
    }
    is_deeply(
        [
            map {
                my $row = $_;
                (grep { calls($row, $_) } @routes) ? () : $row->{call}
            } @rows
        ],
        [],
        'every row calls a route'
    );
};

subtest 'every caller gets the answer of the table, and a refused one sees and changes nothing' => sub {
    for my $row (@rows) {
        is(join(', ', map { try_call($row, $_) } @callers), '', $row->{call});
    }
};

subtest 'a change of each kind is noticed' => sub {
    my %calls = (
        'a message' =>
            sub { $user{member}->post("/api/rooms/$_[0]{closed}/messages", { client_id => 'n', body => 'x' }) },
        'a role'      => sub { $user{owner}->put("/api/rooms/$_[0]{closed}/members/$id{other}", { role => 'admin' }) },
        'a name'      => sub { $user{owner}->patch("/api/rooms/$_[0]{closed}", { name => 'new' }) },
        'a read mark' => sub { $user{member}->put("/api/rooms/$_[0]{closed}/read", { seq => 1 }) },
        'a nickname'  => sub { $user{member}->patch('/api/users/me', { nickname => 'new' }) },
        'an invitation' => sub { $user{owner}->put("/api/rooms/$_[0]{closed}/members/$id{former}", {}) },
        'a removal'     => sub { $user{owner}->delete("/api/rooms/$_[0]{closed}/removals/$id{removed}") },
        'a session'     => sub { $user{member}->delete("/api/sessions/$_[0]{device}") },
        'a task'        => sub { $user{member}->post("/api/tasks/$_[0]{waiting}/cancel") },
        'an export'     => sub { $stack->sql("DELETE FROM export_chunks WHERE export_id = $_[0]{file}") },
    );
    for my $what (sort keys %calls) {
        my $at     = world();
        my $before = $sql->($contents);
        $calls{$what}->($at);
        isnt($sql->($contents), $before, "$what that changes is noticed");
    }
};

done_testing;
