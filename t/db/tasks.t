#!/usr/bin/perl
# The queue of tasks: enqueued with what caused it, claimed by one, ended by who claimed it.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('tasks');
