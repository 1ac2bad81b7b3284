#!/usr/bin/perl
# A worker replaces itself after a number of requests, and nobody notices.
use lib 't/lib';
use Fastchat::Test;
use POSIX ();

my $stack = Fastchat::Stack->new(env => { WORKER_MAX_REQUESTS => 300 });
sleep 1.2;    # a process that ends within its first second counts as one that failed
my %first = map { $_ => 1 } $stack->workers('api');
my @children;
pipe my $read, my $write;
for (1 .. 4) {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        delete $stack->{http};
        syswrite $write, join('', map { $stack->get('/api')->status . "\n" } 1 .. 700);
        POSIX::_exit(0);
    }
    push @children, $pid;
}
close $write;
my %statuses;
$statuses{ $_ =~ s/\n//r }++ while <$read>;
waitpid $_, 0 for @children;
is_deeply(\%statuses, { 200 => 2800 }, 'every request is answered while workers recycle');
ok($stack->wait_for(10, sub { my @now = $stack->workers('api'); @now >= 1 && !grep { $first{$_} } @now }), 'and all of the first ones are gone');

done_testing;
