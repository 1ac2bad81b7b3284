#!/usr/bin/perl
# Redis: commands, scripts, and what its absence costs.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('redis');
