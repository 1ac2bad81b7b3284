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

    my %known  = map  { $_ => 1 } keys %{ $document->{components}{schemas} };
    my @broken = grep { !$known{$_} } $stack->get('/openapi.json')->content =~ m{#/components/schemas/(\w+)}g;
    is_deeply(\@broken, [], 'every reference in the document resolves');
    my %ids;
    $ids{ $_->{operationId} }++ for map { values %$_ } values %{ $document->{paths} };
    is_deeply([ grep { $ids{$_} > 1 } keys %ids ], [], 'operation ids are unique');
};

done_testing;
