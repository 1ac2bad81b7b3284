#!/usr/bin/perl
# Values are read as they were written, and unread rows do no harm.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('values');
