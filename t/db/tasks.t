#!/usr/bin/perl
# The task queue: enqueuing, claiming, ending, cancelling, losing and deleting tasks.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('tasks');
