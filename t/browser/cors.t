#!/usr/bin/perl
# Pages on other origins, in Chromium: what they read of each status is in cors.mjs.
use lib 't/lib', 't/browser/lib';
use Fastchat::Test;
use BrowserTest;

my $chromium = find_chromium(page => 0);
my ($allowed, $other) = map { Fastchat::Stack::free_port() } 1 .. 2;
my $stack = Fastchat::Stack->new(
    own    => 1,
    env    => { CORS_ORIGINS => "http://127.0.0.1:$allowed", EVENTS_PER_ADDRESS => 2 },
    expect => [qr/./]
);
my $ann    = $stack->user('ann');
my $export = 1 + int rand 1 << 40;
$stack->sql("INSERT INTO exports VALUES ($export, " . $ann->id . ", 1, 8, 0, 9999999999999)");
$stack->sql("INSERT INTO export_chunks VALUES ($export, 1, 0, 'abcdefgh')");

# nginx waits for a route that is slow on purpose for a second, and not for the 30 of all others.
my $file = $stack->dir . '/conf/fastchat.conf';
open my $in, '<', $file or die "$file: $!\n";
my $conf  = do { local $/; <$in> };
my ($api) = $conf =~ /(    location ~ \^\/\(api.*?\n    \}\n)/s;
$api  =~ s/location [^{]*/location = \/api\/trial\/pause /;
$api  =~ s/fastcgi_read_timeout 30s/fastcgi_read_timeout 1s/ or die "no timeout to change\n";
$conf =~ s/(?=    location ~ \^\/\(api)/$api\n/;
open my $out, '>', $file or die "$file: $!\n";
print $out $conf;
close $out;
$stack->kill('nginx', 'HUP');
ok($stack->wait_for(30, sub { $stack->get('/api/trial/pause?ms=3000')->status == 504 }), 'nginx waits for a second');

sub run_phase {
    my ($phase) = @_;
    run_in_browsers('cors.mjs', $stack, $chromium, $allowed, $other, $ann->token, $export, $phase);
}

subtest 'while all runs' => sub { run_phase('running') };

subtest 'while the database is down' => sub {
    $stack->hold('database');
    $stack->kill('database');
    ok($stack->wait_for(30, sub { $stack->get('/api/readyz')->status == 503 }), 'the database is down');
    run_phase('no-database');
};

subtest 'while the workers are down' => sub {
    my @workers = $stack->workers('api');
    $stack->hold('api');
    $stack->kill('api');
    kill KILL => @workers;
    ok($stack->wait_for(30, sub { $stack->get('/api')->status == 502 }), 'the workers are down');
    run_phase('stopped');
};

done_testing;
