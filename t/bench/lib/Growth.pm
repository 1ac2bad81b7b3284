# The figures of growth: the same requests on databases of 10^5, 10^6 and 10^7 messages. A database for each, since its
# size counts as a whole (the depth of the trees, the optimizer's statistics), and all at once, since the machine is not
# equally fast all the time: each request goes to the three in turn.
package Growth;

use strict;
use warnings;
use utf8;
use Fastchat::Stack;
use IO::Socket::INET;
use List::Util qw(sum);
use Time::HiRes qw(time);
use Load;
use Table;

our @sizes    = (100_000, 1_000_000, 10_000_000);
our $rooms    = 200;                                # of the user of many rooms, with a thousandth of the messages each
our $senders  = 50;                                 # in these rooms, in turn: a page has as many
our $requests = 100;                                # of each kind, in each round
our $bound    = 1.3;

sub rows {
    my @measured = $Table::quick ? @sizes[ 0, 1 ] : @sizes;
    my $began    = time;
    my @stacks   = map { filled($_) } @measured;
    printf STDERR "loaded in %d s; ours: %d messages, other: %d; rows: read for a request\n", time - $began,
        @measured[ -1, 0 ];
    for my $kind (kinds()) {
        my ($name, $code) = @$kind;
        my @rounds = map { measure($code, @stacks) } 0 .. $Table::rounds;
        shift @rounds;
        my @by_size = map {
            my $n = $_;
            [ map { $_->[$n] } @rounds ]
        } 0 .. $#stacks;
        row(
            figure => "$name, p50 ms",
            ours   => middle($by_size[-1], 'ms'), other => middle($by_size[0], 'ms'),
            with   => sprintf('rows %d / %d', map { middle($by_size[$_], 'rows') } -1, 0),
            ratio  => ratio(@by_size[ -1, 0 ], 'ms'), most => $bound, form => '%.2f',
            p50    => [ map { middle($_, 'ms') } @by_size ],
            reads  => [ map { int middle($_, 'rows') } @by_size ],
            pages  => [ map { int middle($_, 'pages') } @by_size ]
        );
    }
    $_->{stack}->forget for @stacks;
}

# The kinds of requests: a name, and code that makes the request of a stack for the n-th time.
sub kinds {
    my @all;
    my %of = (
        'many rooms'                => { user => 'wide', room   => sub { $_[0]{first} + $_[1] % $rooms } },
        'a long room, nothing read' => { user => 'reader', room => sub { $_[0]{long} } },
        'a bot that only writes'    => { user => 'bot', room    => sub { $_[0]{long} } },
    );
    for my $who ('many rooms', 'a long room, nothing read', 'a bot that only writes') {
        my ($user, $room) = @{ $of{$who} }{qw(user room)};
        my $get = sub {
            my ($path) = @_;
            sub { [ $user, 'GET', $path->(@_) ] }
        };
        my $marks = sub {
            my ($behind) = @_;
            sub { [ $user, 'POST', '/api/sync', marks($_[0], $user, $behind) ] }
        };
        push @all,
            [ "$who: room list", $get->(sub { '/api/rooms' }) ],
            [ "$who: a room", $get->(sub { '/api/rooms/' . $room->(@_) }) ],
            [ "$who: sync without marks", sub { [ $user, 'POST', '/api/sync', '{"rooms":{}}' ] } ],
            [ "$who: sync, none behind", $marks->(0) ],
            [ "$who: sync, each one behind", $marks->(1) ],
            [ "$who: newest 50", $get->(sub { '/api/rooms/' . $room->(@_) . '/messages' }) ],
            [
            "$who: an old page",
            $get->(sub { my $r = $room->(@_); "/api/rooms/$r/messages?before=" . old_seq($_[0], $r, $_[1]) })
            ],
            [ "$who: send", sub { [ $user, 'POST', '/api/rooms/' . $room->(@_) . '/messages', message() ] } ],
            [ "$who: members", $get->(sub { '/api/rooms/' . $room->(@_) . '/members' }) ];
    }
    push @all, [ 'search of users', sub { [ 'wide', 'GET', '/api/users?q=se' ] } ];
    return @all;
}

my $sent = 0;
sub message { return sprintf '{"client_id":"g%d-%d","body":"one more message"}', $$, ++$sent }

# A place in the first half of a room, another one each time.
sub old_seq {
    my ($stack, $room, $n) = @_;
    my $last = $room == $stack->{long} ? $stack->{size} : $stack->{size} / 1000;
    return 51 + int(($n * 0.381966 - int $n * 0.381966) * ($last / 2 - 50));
}

# The body of a sync: the user's rooms, each `behind` its last entry.
sub marks {
    my ($stack, $user, $behind) = @_;
    my $last = $stack->{last}{$user};
    return sprintf '{"rooms":{%s},"limit":500}', join ',', map { "\"$_\":" . ($last->{$_} - $behind) } keys %$last;
}

# One round, for each stack: the median of the milliseconds, and the rows and pages that the database read a request.
sub measure {
    my ($code, @stacks) = @_;
    my @ms = map { [] } @stacks;
    for my $stack (@stacks) {    # sends have moved these
        for my $user (qw(wide reader bot)) {
            my $ids = join ',', keys %{ $stack->{last}{$user} };
            $stack->{last}{$user} =
                { map { $_->[0] => $_->[1] }
                    $stack->{stack}->sql("SELECT id, last_seq FROM rooms WHERE id IN ($ids)") };
        }
    }
    delete $_->{socket} for @stacks;    # nginx ends a connection after 1,000 requests
    my @before = map { reads($_) } @stacks;
    for my $n (1 .. $requests) {
        for my $i ($n % 2 ? 0 .. $#stacks : reverse 0 .. $#stacks) {
            my ($user, @request) = @{ $code->($stacks[$i], $n) };
            push @{ $ms[$i] }, request($stacks[$i], $stacks[$i]{tokens}{$user}, @request);
        }
    }
    return [ map { result($stacks[$_], $ms[$_], $before[$_]) } 0 .. $#stacks ];
}

sub result {
    my ($stack, $ms, $before) = @_;
    my $after = reads($stack);
    return { ms => Load::median(@$ms), map { $_ => ($after->{$_} - $before->{$_}) / $requests } qw(rows pages) };
}

# The rows that the database has read, and the pages that it looked at.
sub reads {
    my ($stack) = @_;
    my %count =
        map { @$_ }
        $stack->{stack}->sql('SHOW GLOBAL STATUS WHERE Variable_name LIKE '
            . q('Handler_read%' OR Variable_name = 'Innodb_buffer_pool_read_requests'));
    my $pages = delete $count{Innodb_buffer_pool_read_requests};
    return { rows => sum(values %count), pages => $pages };
}

# Makes one request over the stack's kept connection. Returns its milliseconds; dies unless it succeeds.
sub request {
    my ($stack, $token, $method, $path, $body) = @_;
    my $socket = $stack->{socket} //= IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $stack->{stack}->port)
        // die "connect: $!\n";
    my $text =
          "$method $path HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $token\r\n"
        . (defined $body ? "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n" : '')
        . "\r\n"
        . ($body // '');
    my ($answer, $size) = '';
    my $began = time;
    syswrite($socket, $text) == length $text or die "$path: $!\n";
    while (!defined $size || length $answer < $size) {
        sysread($socket, $answer, 1 << 20, length $answer) or die "$method $path: the connection has ended\n";
        $size = $+[0] + $1 if !defined $size && $answer =~ /\A.*?^Content-Length: (\d+).*?^\r\n/ims;
    }
    my $ms = (time - $began) * 1000;
    $answer =~ /\AHTTP\/1.1 20/ or die "$method $path:\n$answer\n";
    return $ms;
}

# A stack with `size` messages in one room, all of a bot, and a fifth of that in the rooms of a user of many rooms.
sub filled {
    my ($size) = @_;
    my $stack  = Fastchat::Stack->new(own => 1, env => { WORKER_MAX_REQUESTS => 0, TASK_DEMO_SECONDS => 0 });
    my $self   = { stack => $stack, size => $size };
    my %user   = map { $_ => $stack->user($_, nickname => $_) } qw(bot reader wide);
    $self->{tokens} = { map { $_ => $user{$_}->token } keys %user };
    my $first_sender = 1 + $stack->sql('SELECT MAX(id) FROM users');
    $stack->sql('INSERT INTO users (id, username, username_key, nickname, nickname_key, password_hash, created_at) '
            . "SELECT $first_sender - 1 + seq, CONCAT('sender', seq), CONCAT('sender', seq), CONCAT('sender ', seq), "
            . "CONCAT('sender ', seq), 'x', 0 FROM seq_1_to_$senders");
    $stack->sql("INSERT INTO user_grams (gram, user_id) SELECT 'se', $first_sender - 1 + seq FROM seq_1_to_$senders");
    my $long = $self->{long} = 1 + $stack->sql('SELECT COALESCE(MAX(id), 0) FROM rooms');
    my $each = $size / 1000;
    $self->{first} = $long + 1;
    $stack->sql('INSERT INTO rooms (id, kind, name, member_count, last_seq, last_message_seq, last_at, created_at) '
            . "VALUES ($long, 0, 'long', 2, $size, $size, 1000, 0)");
    $stack->sql('INSERT INTO rooms (id, kind, name, member_count, last_seq, last_message_seq, last_at, created_at) '
            . "SELECT $long + seq, 0, 'wide', $senders + 1, $each, $each, 1000, 0 FROM seq_1_to_$rooms");
    my $member = 'INSERT INTO members (room_id, user_id, role, joined_at) ';
    $stack->sql("$member SELECT $long + r.seq, $first_sender - 1 + s.seq, 0, 0 FROM "
            . "(SELECT seq FROM seq_1_to_$rooms) r JOIN (SELECT seq FROM seq_1_to_$senders) s");
    $stack->sql("$member SELECT $long + seq, ${\$user{wide}->id}, 0, 0 FROM seq_1_to_$rooms");
    $stack->sql("$member VALUES ($long, $_, 0, 0)") for map { $user{$_}->id } qw(bot reader);
    load($stack, $size, $long, $each, $user{bot}->id, $first_sender);
    $self->{last} = { wide => { map { $long + $_ => 0 } 1 .. $rooms }, map { $_ => { $long => 0 } } qw(reader bot) };
    return $self;
}

# Loads the messages, 100,000 at a time. While they are loaded, nothing is flushed for each transaction. All of the data
# fits into the database's memory, so that what is read counts, and not the disk.
sub load {
    my ($stack, $size, $long, $each, $bot, $first_sender) = @_;
    my $sql    = $stack->sql_session;
    my $some   = 100_000;
    my $into   = 'INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) SELECT';
    my $rest   = "LPAD(n.seq, 8, '0'), 'a message as people write them', 1000 FROM";
    my $memory = ($size < 1_000_000 ? 256 : $size < 10_000_000 ? 768 : 4096) << 20;
    $sql->("SET GLOBAL innodb_buffer_pool_size = $memory");
    $sql->('SET GLOBAL innodb_flush_log_at_trx_commit = 0');
    my $numbers = sub { my ($count) = @_; Fastchat::Stack::numbers(0, $count - 1) };
    $sql->('CREATE TEMPORARY TABLE digits (seq INT NOT NULL PRIMARY KEY)');
    $sql->("INSERT INTO digits SELECT seq FROM " . $numbers->($some));
    for (my $from = 1; $from <= $size; $from += $some) {
        $sql->("$into $long, n.seq, 0, $bot, $rest (SELECT $from + seq AS seq FROM digits) n");
    }
    for (my $room = 1; $room <= $rooms; $room++) {
        $sql->(   "$into $long + $room, n.seq, 0, $first_sender + n.seq % $senders, $rest "
                . "(SELECT 1 + seq AS seq FROM digits WHERE seq < $each) n");
    }
    $sql->('DROP TEMPORARY TABLE digits');
    $sql->('ANALYZE TABLE room_log');
    $sql->('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
}

1;
