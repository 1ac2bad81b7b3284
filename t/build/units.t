#!/usr/bin/perl
# The systemd units: limits and hardening, as far as can be checked without a running systemd.
use lib 't/lib';
use Fastchat::Test;
use File::Temp qw(tempdir);

my @units = map { m{([^/]+)$} } glob 'etc/systemd/*.service';

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!";
    local $/;
    return scalar <$in>;
}

subtest 'every unit has a limit of memory and of processes' => sub {
    ok(scalar @units >= 5, 'there are units');
    for my $unit (@units) {
        my $text = slurp("etc/systemd/$unit");
        like($text, qr/^MemoryMax=\d+%$/m, "$unit has a limit of memory");
        like($text, qr/^TasksMax=\d+$/m, "$unit has a limit of processes and threads");
        like($text, qr/^OOMPolicy=continue$/m, "$unit: one process without memory does not end the others")
            if $unit =~ /api|cpu|events|tasks/;
    }
};

subtest 'systemd accepts the units' => sub {
    plan skip_all => 'systemd-analyze is not installed' if system('systemd-analyze --version >/dev/null 2>&1') != 0;
    my $dir = tempdir(CLEANUP => 1);
    for my $file (glob 'etc/systemd/*') {
        my ($name) = $file =~ m{([^/]+)$};
        open my $out, '>', "$dir/$name" or die "$dir/$name: $!";
        print {$out} slurp($file) =~ s{\@PREFIX\@/bin/fastchat}{/bin/true}gr;
        close $out;
    }
    for my $unit (@units) {
        my $said = `cd $dir && systemd-analyze verify ./$unit 2>&1`;
        my @own  = grep { /^\S*\Q$unit\E:\d+:|bad unit file/ } split /\n/, $said;
        is("@own", '', "$unit has no fault");
        my ($level) = `cd $dir && systemd-analyze security --offline=yes ./$unit 2>&1` =~ /level for \S+: ([\d.]+)/;
        cmp_ok($level, '<=', 2, "$unit: systemd-analyze security rates its exposure at 2 or less")
            if defined $level;    # systemd 250 and newer
    }
};

done_testing;
