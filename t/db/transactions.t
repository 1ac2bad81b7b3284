#!/usr/bin/perl
# Transactions that meet deadlocks, lost connections or deadlines are run again or rolled back, never half done.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('transactions');
