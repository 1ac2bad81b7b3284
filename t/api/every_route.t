#!/usr/bin/perl
# Every route of the OpenAPI document, called as documented and with garbage: every reply is documented.
# The callers of each are in authorization.t.
use lib 't/lib';
use Fastchat::Test;
use B ();

my $stack = Fastchat::Stack->new(env => { LIMIT_SEND => 1_000_000, LIMIT_ADD => 1_000_000 });    # these are counted
my ($text, $exit) = $stack->fastchat('openapi');

subtest 'fastchat openapi prints the document' => sub {
    is($exit, 0, 'fastchat openapi exits with status 0');
};

my $document = JSON::PP->new->utf8->decode($text);
my @routes;
for my $path (sort keys %{ $document->{paths} }) {
    push @routes,
        map { { method => uc, path => $path, %{ $document->{paths}{$path}{$_} } } }
        sort keys %{ $document->{paths}{$path} };
}

# A part of the document, or the component that it refers to.
sub follow {
    my ($part) = @_;
    return $part
        && ($part->{'$ref'} // '') =~ m{^#/components/(\w+)/([\w-]+)$} ? $document->{components}{$1}{$2} : $part;
}

for my $route (@routes) {
    $_ = follow($_) for @{ $route->{parameters} }, values %{ $route->{responses} };
}

# The codes that the document has for a status of a route.
sub codes {
    my ($route, $status) = @_;
    return @{ $route->{responses}{$status}{content}{'application/json'}{schema}{properties}{code}{enum} || [] };
}

# The JSON type of a value.
sub type {
    my ($value) = @_;
    return 'null' if !defined $value;
    return 'array' if ref $value eq 'ARRAY';
    return 'object' if ref $value eq 'HASH';
    return 'boolean' if ref $value;
    my $flags = B::svref_2object(\$value)->FLAGS;
    return $flags & B::SVf_POK ? 'string' : $flags & B::SVf_NOK && $value != int $value ? 'number' : 'integer';
}

# The faults of a value by its schema: a list of "place: reason".
sub faults {
    my ($value, $schema, $place) = @_;
    $schema = follow($schema);
    if ($schema->{oneOf}) {
        my @each = map { [ faults($value, $_, $place) ] } @{ $schema->{oneOf} };
        return grep({ !@$_ } @each) == 1 ? () : ("$place: none or several of its kinds", map { @$_ } @each);
    }
    my $type  = type($value);
    my @types = !$schema->{type} ? $type : ref $schema->{type} ? @{ $schema->{type} } : $schema->{type};
    return "$place: $type in place of @types" if !grep { $_ eq $type || ($_ eq 'number' && $type eq 'integer') } @types;
    my @found;
    push @found, "$place: \"$value\" is not of its words"
        if $schema->{enum} && defined $value && !grep { defined && $_ eq $value } @{ $schema->{enum} };
    push @found, "$place: \"$value\" is no time"
        if ($schema->{format} // '') eq 'date-time'
        && defined $value
        && $value !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:\d\d)$/;
    push @found, map { faults($value->[$_], $schema->{items}, "$place.$_") } 0 .. $#$value
        if $type eq 'array' && $schema->{items};
    if ($type eq 'object') {
        my $has = $schema->{properties} || {};
        push @found, map { "$place.$_: missing" } grep { !exists $value->{$_} } @{ $schema->{required} || [] };
        push @found, map { $has->{$_} ? faults($value->{$_}, $has->{$_}, "$place.$_") : () } sort keys %$value;
        push @found, map { "$place.$_: not in the document" } grep { !$has->{$_} } sort keys %$value
            if exists $schema->{additionalProperties} && !$schema->{additionalProperties};
    }
    return @found;
}

# Checks that the document has this reply.
sub documented {
    my ($route, $answer, $name) = @_;
    my $status = $answer->status;
    my $told   = $route->{responses}{$status};
    return fail("$name: status $status is not in the document") if !$told;
    return ok($told->{content}{ $answer->header('Content-Type') }, "$name: $status has its media type")
        if $route->{method} eq 'HEAD' || ($told->{content} && !$told->{content}{'application/json'});
    return is($answer->content // '', '', "$name: $status, without a body") if $status == 204;
    like($answer->header('Content-Type'), qr{^application/json\b}, "$name: $status is JSON");
    my @wrong = faults($answer->json, $told->{content}{'application/json'}{schema} || {}, 'body');
    return is_deeply(\@wrong, [], "$name: the answer has the documented form");
}

# The users and objects of one call.
sub world {
    my ($alice, $bob) = (count_exactly($stack->user('alice')), $stack->user('bob'));
    my $room = $alice->post('/api/rooms', { name => '每条路', member_ids => [ $bob->id ] })->json->{id};
    my $other =
        $stack->post('/api/sessions', { username => $alice->username, password => $alice->password })->json->{token};
    $bob->post("/api/rooms/$room/messages", { client_id => 'b', body => '你好' });
    return {
        alice        => $alice, bob => $bob, forever => 'true', room_id => $room, user_id => $bob->id,
        session_id   => $alice->get('/api/sessions')->json->{items}[0]{id},
        username     => sprintf('new_%06x', int rand 1 << 24), password => $alice->password,
        old_password => $alice->password, q                             => 'bob',
        name         => '好名字', open => JSON::PP::true, nickname => '阿丽', device => '手机', member_ids => [ $bob->id ],
        limit        => 10,
        num          => '12', kind => 'square', state => 'done', tasks => 1, cpu => 1, wait_ms => 1, repeat => 1,
        client_id    => 'a', body  => '大家好', seq      => 2, rooms => { $room => 1, 999_999_999 => 3 }, role => 'admin',
        wait         => 1, after   => 'x', lines      => [ { count => 1 } ],
    };
}

# From half of the limit on, each call is counted in Redis at once.
sub count_exactly {
    my ($user) = @_;
    my $minute = int(time / 60);
    $stack->redis_cli('SET', 'fc:l:send:u' . $user->id . ":$_", 600_000, 'EX', 120) for $minute, $minute + 1;
    return $user;
}

# A task for one call: a dead one to retry, otherwise one that waits for a distant day.
sub task_of {
    my ($owner, $path)  = @_;
    my ($state, $ready) = $path =~ /retry/ ? (4, 0) : (0, 1);
    return $stack->sql(
              'INSERT INTO tasks (kind, owner_id, state, ready, run_at, max_attempts, arguments, created_at) VALUES '
            . "('square', "
            . $owner->id
            . ", $state, $ready, 9999999999999, 1, '{}', 0); SELECT LAST_INSERT_ID()");
}

# An export of one chunk.
sub export_of {
    my ($owner) = @_;
    my $id = int rand 1 << 40;
    $stack->sql("INSERT INTO exports VALUES ($id, "
            . $owner->id
            . ", 1, 3, 0, 9999999999999); INSERT INTO export_chunks VALUES ($id, 1, 0, 'zip')");
    return $id;
}

# A room that the user is invited to, since they have left it.
sub invitation_of {
    my ($invited, $inviter) = @_;
    my $room = $inviter->post('/api/rooms', { name => '邀请', member_ids => [ $invited->id ] })->json->{id};
    $invited->delete("/api/rooms/$room/members/" . $invited->id);
    $inviter->put("/api/rooms/$room/members/" . $invited->id, {});
    return $room;
}

# A room that the user is invited to, and has refused for good.
sub refusal_of {
    my ($invited, $inviter) = @_;
    my $room = invitation_of($invited, $inviter);
    $invited->delete("/api/invitations/$room?forever=true");
    return $room;
}

# Entries in all logs, and how many of them the user has been charged for.
sub appended { return scalar $stack->sql('SELECT COUNT(*) FROM room_log') }

sub charged {
    my ($user) = @_;
    my @keys   = split ' ', $stack->redis_cli('KEYS', 'fc:l:*:u' . $user->id . ':*');
    my $sum    = 0;
    $sum += $stack->redis_cli('GET', $_) for @keys;
    return $sum;
}

sub fill { my ($path, $with) = @_; return $path =~ s/\{(\w+)\}/$with->{$1} \/\/ die "no $1 for $path\n"/ger }

sub body_schema {
    my ($route) = @_;
    my $body = $route->{requestBody} or return;
    return follow($body->{content}{'application/json'}{schema});
}

sub query_of {
    my ($with, @parameters) = @_;
    return @parameters ? '?' . join('&', map { "$_->{name}=$with->{ $_->{name} }" } @parameters) : '';
}

# A stream does not end, so only its head is requested.
for my $route (@routes) {
    $route->{method} = 'HEAD' if exists(($route->{responses}{200}{content} || {})->{'text/event-stream'});
}

for my $route (@routes) {
    my $name   = "$route->{method} $route->{path}";
    my $schema = body_schema($route);
    my @query  = grep { $_->{in} eq 'query' } @{ $route->{parameters} };
    my $w      = world();
    my $alice  = $w->{alice};
    $w->{task_id} = task_of($alice, $route->{path});
    $w->{room_id} = invitation_of($alice, $w->{bob}) if $route->{path} =~ /invitations/;
    $w->{room_id} = refusal_of($alice, $w->{bob}) if $route->{path}    =~ /refusals/;
    $alice->delete("/api/rooms/$w->{room_id}/members/$w->{user_id}") if $route->{path} =~ /removals/;
    $w->{export_id} = export_of($alice) if $route->{path} =~ /export_id/;
    $stack->sql('UPDATE users SET is_admin = 1 WHERE id = ' . $alice->id)
        if grep { $_ eq 'admins_only' } codes($route, 403);

    my $sign_in = $route->{path} eq '/api/sessions' && $route->{method} eq 'POST';
    my %sent    = map { $_ => $sign_in && $_ eq 'username' ? $alice->username : $w->{$_} }
        grep { exists $w->{$_} } keys %{ $schema ? $schema->{properties} : {} };
    my $uri = fill($route->{path}, $w) . query_of($w, grep { $_->{required} } @query);

    subtest "$name answers a documented call as documented" => sub {
        my ($entries, $charges) = (appended(), charged($alice));
        my $good = $alice->request($route->{method}, $uri, $schema ? \%sent : ());
        cmp_ok($good->status, '<', 300, "$name does what it says") or diag $good->content;
        documented($route, $good, $name);
        ($entries, $charges) = (appended() - $entries, charged($alice) - $charges);
        cmp_ok($charges, '>=', $entries, "$name charges its caller for every entry that it appends to a log");
    };

    $alice = world()->{alice} if $route->{path} =~ m{^/api/sessions/};

    for my $parameter (grep { $_->{in} ne 'header' || $_->{name} =~ /^x-/ } @{ $route->{parameters} }) {
        subtest "$name takes no garbage as $parameter->{name}" => sub {
            my $integer = ($parameter->{schema}{minimum} // -1) >= 0;
            my $header  = $parameter->{in} eq 'header';
            for my $garbage (
                '-1', '1e3', '%00', '%ff', '%zz', '9223372036854775808', '', '%F0%9F%98%80', "'%20OR%201=1",
                'x' x 2000
                )
            {
                next if $parameter->{in} eq 'path' && $garbage eq '';
                my %with = (%$w, $parameter->{name} => $garbage);
                my @also = grep { $_->{required} || $_->{name} eq $parameter->{name} } @query;
                my $odd  = $alice->raw(
                    $route->{method}, fill($route->{path}, \%with) . query_of(\%with, @also),
                    [
                        'Authorization: Bearer ' . $alice->token, $schema ? 'Content-Type: application/json' : (),
                        $header                                           ? "$parameter->{name}: $garbage"   : ()
                    ],
                    $schema ? JSON::PP->new->utf8->encode(\%sent) : undef
                );
                my $words = "$name with $parameter->{name}=" . substr $garbage, 0, 20;
                ok(
                    $odd->status == 422 || $odd->status == 400 || (!$integer && $odd->status < 300),
                    "$words: " . $odd->status
                ) or diag $odd->content;
                next if $odd->status != 422 || $route->{method} eq 'HEAD';
                my @wrong = faults($odd->json, $document->{components}{schemas}{Invalid}, 'body');
                my ($fault) = grep { $_->{loc}[0] eq $parameter->{in} && $_->{loc}[1] eq $parameter->{name} }
                    @{ $odd->json->{detail} };
                ok(!@wrong && $fault, "$words: the fault names the parameter") or diag $odd->content;
            }
        };
    }

    next if !$schema;

    subtest "$name takes no garbage as a body" => sub {
        my %field = %{ $schema->{properties} };
        my @bad   = (
            '[]', 'null', '"x"', '{', "\xff",
            '{"no such field":1}',
            map {
                my $key = $_;
                map { qq({"$key":$_}) } '{}', '[[]]', '1e400', '-1', '""', '"\u0000"', 'true', '"' . 'x' x 3000 . '"'
            } sort keys %field
        );
        my @odd = map {
            $alice->request($route->{method}, $uri, content => $_, headers => { 'Content-Type' => 'application/json' })
        } @bad;
        my @not_refused = grep { $odd[$_]->status >= 500 || !$route->{responses}{ $odd[$_]->status } } 0 .. $#odd;
        is_deeply(
            [ map { $odd[$_]->status . ' ' . substr $bad[$_], 0, 40 } @not_refused ], [],
            "$name: every body is answered as documented"
        );
        is_deeply(
            [
                map { $_->status == 422 ? faults($_->json, $document->{components}{schemas}{Invalid}, 'body') : () }
                    @odd
            ],
            [],
            "$name: every 422 has the documented form"
        );
        is($odd[$_]->status, 422, "$name: $bad[$_] is refused") for 0 .. 5;
        my $no_type = $alice->raw($route->{method}, $uri, [ 'Authorization: Bearer ' . $alice->token ], '{}');
        is($no_type->status, 415, "$name: a body without a media type is refused");
        documented($route, $no_type, $name);
    };
}

done_testing;
