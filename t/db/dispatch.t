#!/usr/bin/perl
# The fuzzer of the dispatcher: its corpus, and whether it finds what it looks for.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('dispatch');
