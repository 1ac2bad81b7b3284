# Runs the node programs of t/contract against a stack.
package ContractTest;
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use File::Path qw(make_path remove_tree);
use JSON::PP ();
use Test::More;
use Fastchat::Stack;

our @EXPORT = qw(run_contract);

# Runs t/contract/$name.mjs in a folder of its own in build/t/contract, with the document of `fastchat openapi` and a
# file of JSON: the stack's address, its event loops, and an admin of the server. Each line "ok NAME" or "not ok NAME"
# becomes a test, each line "# …" a diagnostic, and every other line a note (prove -v).
sub run_contract {
    my ($name, $stack) = @_;
    my $folder = "$Fastchat::Stack::root/build/t/contract/$name";
    remove_tree($folder);
    make_path($folder);
    my ($document, $exit) = $stack->fastchat('openapi');
    is($exit, 0, 'fastchat openapi prints the document');
    my $admin = $stack->user('admin');
    is(($stack->fastchat('user', 'admin', $admin->username))[1], 0, 'an operator makes a user an admin');
    write_file("$folder/openapi.json", $document);
    write_file(
        "$folder/test.json",
        JSON::PP->new->utf8->encode({
            url   => $stack->url, streamers => [ map { $_ + 0 } $stack->workers('events') ], folder => $folder,
            admin => { map { $_ => $admin->$_ } qw(id username password token) }
        })
    );
    is(system('etc/npm-ci t/contract >&2'), 0, 'the tools are installed')               or BAIL_OUT('npm');
    open my $out, '-|', 'etc/node', 'node', "t/contract/$name.mjs", "$folder/test.json" or die "$!\n";
    binmode $out, ':encoding(UTF-8)';
    while (my $line = <$out>) {
        chomp $line;
        if ($line =~ /^(not )?ok (.*)/) { ok(!$1, $2) }
        elsif ($line =~ /^# (.*)/)      { diag($1) }
        else                            { note($line) }
    }
    close $out;
    is($?, 0, "$name.mjs ran to its end");
    return;
}

sub write_file {
    my ($path, $bytes) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print $out $bytes;
    close $out or die "$path: $!\n";
    return;
}

1;
