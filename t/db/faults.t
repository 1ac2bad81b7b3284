#!/usr/bin/perl
# Every way in which a database can go away and come back: what each call returns in the meantime, and how soon.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('faults');
