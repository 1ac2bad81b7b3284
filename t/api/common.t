#!/usr/bin/perl
# The name of the server, its health, and its OpenAPI document.
use lib 't/lib';
use Fastchat::Test;

my $stack = Fastchat::Stack->new;

subtest 'the server reports what it is and whether it is ready' => sub {
    my $about = $stack->get('/api');
    is($about->status, 200, 'GET /api answers');
    is(
        $about->content, '{"title":"fastchat api","registration":"open"}',
        'GET /api returns exactly the title and whether everybody may sign up'
    );
    is($stack->get('/api/healthz')->content, '{"status":"ok"}', 'healthz reports that the process is alive');
    is_deeply(
        $stack->get('/api/readyz')->json, { status => 'ok', database => 'ok', redis => 'ok' },
        'readyz reports that every store is ready'
    );
};

subtest 'the OpenAPI document has every route, without loose ends' => sub {
    my $document = $stack->get('/openapi.json')->json;
    is($document->{openapi}, '3.1.0', 'the OpenAPI document is of version 3.1.0');
    my ($listing) = $stack->fastchat('routes');
    my @routes = map { [ (split)[ 0, 1 ] ] } split /\n/, $listing;
    ok(@routes > 20, 'fastchat routes lists the routes');
    is_deeply([ grep { !$document->{paths}{ $_->[1] }{ lc $_->[0] } } @routes ], [], 'the document has every route');

    my $parts = $document->{components};
    my %known = map {
        my $kind = $_;
        map { ("$kind/$_" => 1) } keys %{ $parts->{$kind} }
    } keys %$parts;
    my @broken = grep { !$known{$_} } $stack->get('/openapi.json')->content =~ m{#/components/([\w/-]+)}g;
    is_deeply(\@broken, [], 'every reference in the document resolves');
    my %ids;
    $ids{ $_->{operationId} }++ for map { values %$_ } values %{ $document->{paths} };
    is_deeply([ grep { $ids{$_} > 1 } keys %ids ], [], 'operation ids are unique');
};

subtest 'a client that has the document does not get it again' => sub {
    my $first = $stack->get('/openapi.json');
    my $etag  = $first->header('ETag');
    is($first->status, 200, 'the document is sent to a client without it');
    is($first->header('X-Content-Type-Options'), 'nosniff', 'the document may not be sniffed for its type');
    like($etag, qr/^"[0-9a-f]{32}"$/, 'the document has a strong entity tag');
    is($first->header('Cache-Control'), 'no-cache', 'the document may be kept, and is asked for each time');
    is($stack->get('/openapi.json')->header('ETag'), $etag, 'the entity tag stays the same');
    for my $list ($etag, "W/$etag", qq("other", $etag), '*') {
        my $answer = $stack->get('/openapi.json', headers => { 'If-None-Match' => $list });
        is($answer->status, 304, "If-None-Match: $list is answered with 304");
        is($answer->header('ETag') . ($answer->content // ''), $etag, 'a 304 has the entity tag and no body');
    }
    is($stack->head('/openapi.json', headers => { 'If-None-Match' => $etag })->status, 304, 'HEAD has conditions, too');
    is(
        $stack->get('/openapi.json', headers => { 'If-Match' => '"other"' })->status, 412,
        'If-Match refuses another document'
    );
    my $stale = $stack->get('/openapi.json', headers => { 'If-None-Match' => '"other"' });
    is($stale->status, 200, 'a client with another document gets this one');
    is($stale->content, $first->content, 'the document of a stale client is whole');
};

done_testing;
