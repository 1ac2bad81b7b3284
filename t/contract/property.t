#!/usr/bin/perl
# Seeded requests to every route, from /openapi.json alone: replies are as declared, and broken requests are refused.
# CONTRACT_SEED=N repeats a run; CONTRACT_RUNS=2000 sends that many to each route, in place of 200.
use lib 't/lib', 't/contract/lib';
use Fastchat::Test;
use ContractTest;

run_contract('property', Fastchat::Stack->new(own => 1));
done_testing;
