#!/usr/bin/perl
# A row of the route table with a handler and the shape of another input does not compile.
use strict;
use warnings;

use File::Temp ();
use Test::More;

my @compiler = split ' ', $ENV{CC} || 'cc';
my ($client) = grep { system("pkg-config --exists $_") == 0 } qw(libmariadb mysqlclient);
my @flags    = split ' ', qx(pkg-config --cflags json-c hiredis $client);
my $place    = File::Temp->newdir;

# Returns whether a route table with this row compiles. The row may name the handlers
# list(struct request *, const struct page *) and hello(struct request *).
sub compiles {
    my ($row) = @_;
    my $source = "$place/routes.c";

    open my $file, '>', $source or die "$source: $!";
    print $file <<"C";
#include "routes/frame/route.h"
struct page { int64_t limit; };
struct other { int64_t limit; };
static const struct shape page_shape = SHAPE("Page", struct page,
    FIELD(struct page, limit, FIELD_INT));
static const struct shape other_shape = SHAPE("Other", struct other,
    FIELD(struct other, limit, FIELD_INT));
HANDLER(list, page)
HANDLER_WITHOUT_INPUT(hello)
const struct route routes[] = {{.method = GET, .path = "/x", $row}, ROUTES_END};
const struct shape *const shapes[] = {&page_shape, &other_shape};
C
    close $file or die "$source: $!";
    my @command = (@compiler, qw(-std=c17 -D_GNU_SOURCE -I. -fsyntax-only -w), @flags, $source);
    return system(join(' ', map { quotemeta } @command) . " 2> $place/errors") == 0;
}

subtest 'a handler compiles with the input that it takes' => sub {
    ok compiles('INPUT(list, page)'), 'a handler with the struct of its own shape compiles';
    ok compiles('NO_INPUT(hello)'), 'a handler without input compiles';
};

subtest 'a row that does not fit its handler does not compile' => sub {
    ok !compiles('INPUT(list, other)'), 'a handler with the shape of another struct does not compile';
    ok !compiles('INPUT(hello, page)'), 'a handler without input does not compile with a shape';
    ok !compiles('NO_INPUT(list)'), 'a handler with input does not compile without its shape';
    ok !compiles('INPUT(absent, page)'), 'a row whose handler is not declared does not compile';
};

done_testing;
