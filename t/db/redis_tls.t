#!/usr/bin/perl
# Redis through TLS, and peers that send too slowly.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Certificates;
use Fastchat::Server qw(start_redis);
use Fastchat::Stack;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep);

my $dir  = tempdir('fastchat-db-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $made = Fastchat::Certificates->new;
my $port = Fastchat::Stack::free_port();
my @children;

$made->ca('office');
$made->server('redis', 'office', 'DNS:localhost');
start_redis(
    $dir, '--bind', '127.0.0.1', '--tls-port', $port, '--tls-auth-clients', 'no', '--tls-ca-cert-file',
    $made->path('office.pem'), '--tls-cert-file', $made->path('redis.pem'), '--tls-key-file', $made->path('redis.key')
);

# Runs code in a process that ends with the test.
sub beside {
    my ($run) = @_;
    my $pid = fork // die "fork: $!\n";
    push @children, $pid;
    return if $pid;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    $run->();
    POSIX::_exit(0);
}

# The port of a server that sends these bytes again and again, to one client after the other.
sub peer {
    my ($bytes, $pause) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5, ReuseAddr => 1) or die "$@\n";
    beside(sub {
        local $SIG{PIPE} = 'IGNORE';
        while (my $client = $listener->accept) {
            sleep $pause while syswrite $client, $bytes;
        }
    });
    return $listener->sockport;
}

my %settings = (
    REDIS_PORT    => $port,
    REDIS_TLS_CA  => $made->path('office.pem'),
    SLOW_PORT     => peer('+', 0.05),
    ENDLESS_PORT  => peer('+', 0),
    SLOW_TLS_PORT => peer("\x16\x03\x03\x3f\xff\x02", 0.05),
);
my $pid = fork // die "fork: $!\n";
if ($pid == 0) {
    @ENV{ keys %settings } = values %settings;
    Fastchat::Server::exec_program(Fastchat::Server::program('redis_tls'));
}
waitpid $pid, 0;
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);

END { kill 'KILL', @children if @children }
