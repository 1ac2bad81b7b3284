#!/usr/bin/perl
# hey-api: its types, client, zod and valibot compile, load, and are right about real answers.
use lib 't/lib', 't/contract/lib';
use Fastchat::Test;
use ContractTest;

run_contract('hey_api', Fastchat::Stack->new(own => 1, env => { EVENTS_HEARTBEAT_SECONDS => 1 }));
done_testing;
