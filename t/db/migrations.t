#!/usr/bin/perl
# Migrations run once, in order, under one lock; those that fail go on where they stopped.
use strict;
use warnings;
use lib 't/lib';
use Fastchat::Server;

exit Fastchat::Server::run('migrations');
