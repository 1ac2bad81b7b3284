#!/usr/bin/perl
# The small buffer that nginx keeps for each stream: heads fit in, and what is larger passes through.
use lib 't/lib';
use Fastchat::Test;
use Fastchat::Stream;

my $stack  = Fastchat::Stack->new(env => { CORS_ORIGINS => '*' });
my $ann    = $stack->user('ann');
my $label  = 'a' x 63;
my $origin = "https://$label.$label.$label." . 'b' x 61 . ':65535';
my $stream = Fastchat::Stream->new($ann, origin => $origin);

subtest 'every head fits into the buffer' => sub {
    is($stream->status, 200, 'a stream is begun for a page with the longest name of a host');
    is($stream->header('Access-Control-Allow-Origin'), $origin, 'the page may read it');
    is($stream->next->{event}, 'hello', 'the stream begins');
    my $refused = Fastchat::Stream->new($ann, token => 'x' x 43, origin => $origin);
    is($refused->status, 401, 'a refusal has its own status');
    like($refused->content, qr/"code":"not_signed_in"/, 'a refusal is whole');
};

subtest 'an event that is larger than the buffer arrives whole' => sub {
    my $room = $ann->post('/api/rooms', { name => 'long' })->json->{id};
    $stream->await('rooms');
    my $text = join ' ', map { "word$_" } 1 .. 450;
    $ann->post("/api/rooms/$room/messages", { client_id => 'long', body => $text });
    my $e = $stream->await('entry');
    is($e->{data}{body}, $text, 'a long message is whole');
};

done_testing;
