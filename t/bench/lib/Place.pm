# The setting of t/bench/run: a stack of its own, the bare programs behind the same nginx, users, rooms and messages.
package Place;

use strict;
use warnings;
use Fastchat::Stack;
use Load;

our @bare     = qw(hello history send);
our $users    = 16;
our $rooms    = 32;
our $messages = 1000;                     # in the room whose history is read

my $running;                              # the stack, to be stopped however the run ends

# Compiles the bare programs with the server's flags.
sub compile {
    mkdir 'build/bench';
    chomp(my $flags = `pkg-config --cflags --libs libmariadb 2>/dev/null || pkg-config --cflags --libs mysqlclient`);
    for my $name (@bare) {
        my $command = join ' ', $ENV{CC} || 'cc', '-std=c17 -D_GNU_SOURCE -I. -Wall -Wextra -O2 -g -U_FORTIFY_SOURCE',
            '-D_FORTIFY_SOURCE=3 -fstack-protector-strong -fPIE -pie -o', "build/bench/bare_$name",
            "t/bench/bare_$name.c t/bench/bare.c -Wl,--as-needed", $flags, '-lfcgi -lpthread';
        system($command) == 0 or die "t/bench/bare_$name.c does not compile\n";
    }
}

sub new {
    my ($class) = @_;
    my $self = bless {}, $class;
    $running = $self->{stack} =
        Fastchat::Stack->new(own => 1, env => { WORKER_MAX_REQUESTS => 0, TASK_DEMO_SECONDS => 0 });
    $self->fill;
    $self->start_bare;
    $self->put_behind_nginx;
    return $self;
}

sub stack   { return $_[0]{stack} }
sub workers { my ($self) = @_; return $self->{stack}->workers('api') }
sub url     { my ($self, $path) = @_; return $self->{stack}->url . $path }
sub bare    { my ($self, $name) = @_; return @{ $self->{bare}{$name} } }

sub tokens {
    my ($self) = @_;
    return join ',', map { $_->token } @{ $self->{users} };
}
sub rooms { my ($self) = @_; return join ',', @{ $self->{rooms} } }

# All users are in all rooms. The first room has the messages.
sub fill {
    my ($self) = @_;
    my $stack = $self->{stack};
    $self->{users} = [ map { $stack->user("sender_$_", nickname => "sender $_") } 1 .. $users ];
    $stack->sql("UPDATE users SET username = 'sender_1_000000'");    # as the bare programs write it
    my ($owner, @others) = @{ $self->{users} };
    for my $n (0 .. $rooms) {
        my $made = $owner->post('/api/rooms', { name => "room $n", member_ids => [ map { $_->id } @others ] });
        $made->status == 201 or die 'POST /api/rooms: ' . $made->content . "\n";
        push @{ $self->{rooms} }, $made->json->{id};
    }
    my $room  = $self->{room} = shift @{ $self->{rooms} };
    my $last  = $stack->sql("SELECT last_seq FROM rooms WHERE id = $room");
    my $ends  = $last + $messages;
    my @texts = (
        'See you at the station at half past eight, bring the map and something warm to wear.',
        '明天早上八点半在车站见，别忘了带地图和一件厚衣服 (it is cold up there).'
    );
    my @rows = map {
        sprintf "(%d,%d,0,%d,'%08x-4f0f-4e0a-9d55-3a3b7f5f2c11','%s',%d)", $room, $last + $_,
            $self->{users}[ $_ % 8 ]->id, $_,
            $texts[ $_ % 2 ], 1767225600000 + $_ * 61007
    } 1 .. $messages;
    my $insert = 'INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) VALUES ';
    while (my @some = splice @rows, 0, 200) { $stack->sql($insert . join ',', @some) }
    $stack->sql("UPDATE rooms SET last_seq = $ends, last_message_seq = $ends WHERE id = $room");
}

# As many processes and threads as the api pool, with kept connections. `once`: one connection per request.
sub start_bare {
    my ($self) = @_;
    my $stack  = $self->{stack};
    my $socket = sub { $stack->dir . "/tmp/$_[0].sock" };
    local @ENV{qw(DB_SOCKET DB_USER DB_DATABASE)} = map { $stack->setting($_) } qw(DB_SOCKET DB_USER DB_DATABASE);
    my $processes = () = $self->workers;
    my $threads   = int(16 / $processes);
    $self->{bare}{hello} = [ Load::bare('build/bench/bare_hello', $socket->('hello'), 4) ];
    for my $name (qw(history send)) {
        $self->{bare}{$name} = [ Load::bare("build/bench/bare_$name", $socket->($name), $processes, $threads) ];
    }
    $self->{bare}{once} = [ Load::bare('build/bench/bare_history', $socket->('once'), $processes, $threads) ];
}

sub put_behind_nginx {
    my ($self) = @_;
    my $conf   = $self->{stack}->dir . '/conf';
    my $ours   = slurp("$conf/fastchat.conf");
    my ($api)  = $ours =~ /^(    location ~ \^\/\(api.*?^    \}\n)/ms
        or die "fastchat nginx has no location for the API\n";
    my $same   = join '', $api =~ /^( +fastcgi_(?!pass|keep_conn).*\n)/mg;
    my $answer = $self->{stack}->get('/api');
    my $bytes  = $answer->content;
    my ($upstreams, $locations) = ('', <<"END");
    location = /bench/nginx {
        default_type application/json;
        add_header X-Content-Type-Options nosniff;
        add_header X-Request-ID 0123456789abcdef;
        add_header Cache-Control no-store;
        return 200 '$bytes';
    }
END
    for my $name (qw(hello once history send)) {
        my $kept  = $name eq 'history' || $name eq 'send' ? 'on'                                             : 'off';
        my $keeps = $kept eq 'on'                         ? "    keepalive 32;\n    keepalive_timeout 1s;\n" : '';
        $upstreams .= "upstream bench_$name {\n    server unix:tmp/$name.sock max_fails=0;\n$keeps}\n";
        $locations .= "    location /bench/$name {\n        add_header X-Content-Type-Options nosniff always;\n"
            . "        fastcgi_pass bench_$name;\n        fastcgi_keep_conn $kept;\n$same    }\n";
    }
    $upstreams =~ s{unix:tmp/}{'unix:' . $self->{stack}->dir . '/tmp/'}ge;
    $self->add_to_nginx($upstreams, $locations);
    for my $path ('/bench/nginx', '/bench/hello') {
        $self->{stack}
            ->wait_for(10, sub { my $a = $self->{stack}->get($path); $a->status == 200 && $a->content eq $bytes })
            or die "$path does not answer as GET /api does\n";
    }
}

# Adds upstreams and locations to the stack's nginx, which reads its configuration again.
sub add_to_nginx {
    my ($self, $upstreams, $locations) = @_;
    my $conf = $self->{stack}->dir . '/conf/fastchat.conf';
    my $ours = slurp($conf);
    $ours =~ s{(?=^    location /assets/)}{$locations}m or die "fastchat nginx has no location /assets/\n";
    spew($conf, $upstreams . $ours);
    $self->{stack}->kill('nginx', 'HUP');
}

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

sub spew {
    my ($file, $text) = @_;
    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}

END {
    my $status = $?;
    $running->forget if $running && $running->{owner} == $$;
    $? = $status;
}

1;
