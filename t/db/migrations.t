#!/usr/bin/perl
# Migrations run once, in order, under one lock; one that fails continues where it stopped.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('migrations');
