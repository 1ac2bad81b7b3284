#!/usr/bin/perl
# orval: its zod and its client compile, load, and are right about real answers.
use lib 't/lib', 't/contract/lib';
use Fastchat::Test;
use ContractTest;

run_contract('orval', Fastchat::Stack->new(own => 1, env => { EVENTS_HEARTBEAT_SECONDS => 1 }));
done_testing;
