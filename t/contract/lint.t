#!/usr/bin/perl
# The linters of OpenAPI documents find nothing to say about ours.
use lib 't/lib', 't/contract/lib';
use Fastchat::Test;
use ContractTest;

run_contract('lint', Fastchat::Stack->new);
done_testing;
