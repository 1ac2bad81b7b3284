#!/usr/bin/perl
# openapi-typescript: its types fit real answers, and no damaged ones.
use lib 't/lib', 't/contract/lib';
use Fastchat::Test;
use ContractTest;

run_contract('types', Fastchat::Stack->new(own => 1, env => { EVENTS_HEARTBEAT_SECONDS => 1 }));
done_testing;
