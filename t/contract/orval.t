#!/usr/bin/perl
# orval: its zod and its client compile, load, and are right about real answers.
use lib 't/lib', 't/contract/lib';
use Fastchat::Test;
use ContractTest;

run_contract('orval', Fastchat::Stack->new);
done_testing;
