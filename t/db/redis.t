#!/usr/bin/perl
# Redis: commands, scripts, and the cost of its absence.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('redis');
