#!/usr/bin/perl
# x
use lib 't/lib', 't/contract/lib';
use Fastchat::Test;
use ContractTest;

run_contract('hey_api', Fastchat::Stack->new);
done_testing;
