#!/usr/bin/perl
# Workers that must end finish their requests: replacing them, and reloading nginx, loses no request.
use lib 't/lib';
use Fastchat::Test;
use Time::HiRes qw(time sleep);

my $stack = Fastchat::Stack->new(own => 1);
my $room  = $stack->user('owner')->post('/api/rooms', { name => 'busy' })->json->{id};

# Sends a request; again if nginx reset its connection, which a reload can do to one that it has just accepted. A worker
# that loses a request never does that: nginx then replies 502.
sub send_despite_reload {
    my ($send) = @_;
    my $reply = $send->();
    return $reply->status == 599 && $reply->content =~ /reset by peer/ ? $send->() : $reply;
}

# Four clients read and write all the time; each reports how many replies were unexpected.
my @clients = map {
    my $number = $_;
    my $pid    = open(my $out, '-|') // die;
    if ($pid == 0) {
        my $user = $stack->user("client$number");
        # Every request has a new connection: a reload closes kept ones, which can cut off a request.
        $user->{http} = HTTP::Tiny->new(timeout => 30, max_redirect => 0);
        my ($made, $until, @bad) = (0, time + 6);
        while (time < $until) {
            my $read  = send_despite_reload(sub { $user->get('/api/users/me') });
            my $wrote = send_despite_reload(sub { $user->post('/api/rooms', { name => "room $made" }) });
            $made++;
            push @bad, map { $_->status . ' ' . $_->content =~ s/\s+/ /gr } grep { $_->status !~ /^20[01]$/ } $read,
                $wrote;
        }
        print join("\t", $made, @bad), "\n";
        close STDOUT;
        POSIX::_exit(0);
    }
    $out;
} 1 .. 4;

sleep 1;

subtest 'workers that end are replaced by new ones' => sub {
    for my $round (1 .. 2) {
        for my $pool (qw(api cpu)) {
            for my $worker ($stack->workers($pool)) {
                kill 'TERM', $worker;
                ok($stack->wait_for(20, sub { !kill 0, $worker }), "a worker of $pool ends");
                ok(
                    $stack->wait_for(
                        5, sub { $stack->workers($pool) >= 2 || $pool eq 'cpu' && $stack->workers($pool) }
                    ),
                    "a new worker of $pool takes its place"
                );
                sleep 0.6;    # multiwatch counts one that ends within half a second as failed
            }
        }
        $stack->kill('nginx', 'HUP') if $round == 1;
    }
};

subtest 'no request is lost while workers and nginx are replaced' => sub {
    for my $client (@clients) {
        my ($made, @bad) = split /\t|\n/, <$client> // "0\tit died";
        cmp_ok($made, '>', 20, "a client was served $made times");
        is("@bad", '', 'no request of a client failed');
    }
};

done_testing;
