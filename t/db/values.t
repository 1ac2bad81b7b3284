#!/usr/bin/perl
# What is written is what is read, and statements that were left half read harm nobody.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('values');
