#!/usr/bin/perl
# The database goes away in every way it can, and comes back: what each call returns meanwhile, and how soon.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('faults');
