#!/usr/bin/perl
# Transactions that meet deadlocks, lost connections and deadlines are run again or undone, never half done.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('transactions');
