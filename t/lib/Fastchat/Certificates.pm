# Certificates for tests of TLS, as PEM files in a directory that ends with the test.
#
#     my $made = Fastchat::Certificates->new;
#     $made->ca('office');                                   # office.pem
#     $made->server('chat', 'office', 'DNS:localhost');      # chat.pem and chat.key, signed by office
#     $made->server('old', 'office', 'DNS:localhost', 1);    # expired
#     $made->path('chat.pem');
package Fastchat::Certificates;

use strict;
use warnings;
use File::Temp;

my @key = qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes);

sub new {
    my ($class) = @_;
    my $dir = File::Temp->newdir('fastchat-certificates-XXXXXX', TMPDIR => 1);
    chmod 0755, $dir;    # a database server may run as another user
    return bless { dir => $dir, count => 0 }, $class;
}

sub path { my ($self, $name) = @_; return "$self->{dir}/$name" }

sub ca {
    my ($self, $name) = @_;
    openssl(
        'req', '-x509', @key, '-keyout', $self->path("$name.key"), '-out', $self->path("$name.pem"), '-days', 2,
        '-subj', "/CN=$name"
    );
}

sub server {
    my ($self, $name, $ca, $hosts, $expired) = @_;
    my ($request, $names) = map { $self->path("$name.$_") } qw(csr names);
    open my $out, '>', $names or die "$names: $!\n";
    print $out "subjectAltName=$hosts\n";
    close $out;
    openssl('req', @key, '-keyout', $self->path("$name.key"), '-out', $request, '-subj', "/CN=$name");
    openssl(
        'x509', '-req', '-in', $request, '-CA', $self->path("$ca.pem"), '-CAkey', $self->path("$ca.key"),
        '-set_serial', ++$self->{count}, '-extfile', $names,
        '-out', $self->path("$name.pem"), ($expired ? past() : ('-days', 2))
    );
    chmod 0644, $self->path("$name.key");
}

# The options of a validity that is over. OpenSSL before 3.4 takes no dates, and later ones no negative number of days.
sub past {
    my $dates = qx{openssl x509 -help 2>&1} =~ /-not_before/;
    return $dates ? qw(-not_before 20200101000000Z -not_after 20200102000000Z) : qw(-days -1);
}

sub openssl {
    my (@words) = @_;
    open my $run, '-|', 'sh', '-c', 'exec openssl "$@" 2>&1', 'sh', @words or die "openssl: $!\n";
    my $text = do { local $/; readline $run };
    close $run or die "openssl @words:\n$text";
}

1;
