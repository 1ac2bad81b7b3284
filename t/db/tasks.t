#!/usr/bin/perl
# The queue: what is enqueued, claimed, ended, cancelled, lost and deleted, and by whom.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('tasks');
