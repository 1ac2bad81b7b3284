# The HTTP methods of a stack and of a user, and the answer that they return.
package Fastchat::Client;

use strict;
use warnings;
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);

# HTTP::Tiny writes head and body separately; with Nagle's algorithm each POST would take 40 ms longer.
{
    no warnings qw(redefine once);
    my $connect = \&HTTP::Tiny::Handle::connect;
    *HTTP::Tiny::Handle::connect = sub {
        my $handle = $connect->(@_);
        setsockopt $handle->{fh}, IPPROTO_TCP, TCP_NODELAY, 1;
        return $handle;
    };
}

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my %own_codes;    # by the directory of a stack

sub url { return $_[0]{url} }

# $client->get(PATH, token => …, headers => {…}): the token is a user's own, unless one is given (undef: none).
# With a body: $client->post(PATH, {…} or [...], …); (content => bytes, headers => {…}) for what is not JSON.
sub get    { my $self = shift; return $self->request(GET    => @_) }
sub head   { my $self = shift; return $self->request(HEAD   => @_) }
sub post   { my $self = shift; return $self->request(POST   => @_) }
sub put    { my $self = shift; return $self->request(PUT    => @_) }
sub patch  { my $self = shift; return $self->request(PATCH  => @_) }
sub delete { my $self = shift; return $self->request(DELETE => @_) }

sub request {
    my ($self, $method, $path, @rest) = @_;
    my $body   = ref $rest[0] ? shift @rest : undef;
    my %option = (token   => $self->{token}, @rest);
    my %sent   = (headers => { %{ $option{headers} || {} } });
    $sent{headers}{Authorization} = "Bearer $option{token}" if defined $option{token};
    if (defined $body) {
        $sent{content} = $json->encode($body);
        $sent{headers}{'Content-Type'} //= 'application/json';
    }
    $sent{content} = $option{content} if defined $option{content};
    my $http = $self->{http} //= HTTP::Tiny->new(timeout => 30, keep_alive => 1, max_redirect => 0);
    utf8::encode($path) if utf8::is_utf8($path);
    return $self->checked($method, Fastchat::Answer->new($http->request($method, $self->{url} . $path, \%sent)));
}

# The codes of nginx's own errors by status, as the stack's configuration declares them.
sub own_codes {
    my ($dir) = @_;
    return $own_codes{$dir} //= do {
        my (%codes, $status);
        open my $in, '<', "$dir/conf/fastchat.conf" or return {};
        while (my $line = <$in>) {
            $status = $1 if $line =~ /^map .*\$fastchat_error_(\d+)/;
            $codes{$status}{$1} = 1 if $line =~ /"code":"(\w+)"/ && defined $status;
        }
        \%codes;
    };
}

# Does an answer that did not pass the dispatcher, where every answer is checked, have the form of an error, and a code
# that nginx declares for its status? If not, the line in the stack's logs fails the test. Returns the answer.
sub checked {
    my ($self, $method, $answer) = @_;
    my $status = $answer->status;
    return $answer
        if $status < 400
        || $status == 599
        || !$self->{dir}
        || $method eq 'HEAD'
        || defined $answer->header('X-Request-ID');
    my $error = eval { $json->decode($answer->content) };
    return $answer
        if ref $error eq 'HASH'
        && keys %$error == 2
        && length($error->{detail} // '')
        && own_codes($self->{dir})->{$status}{ $error->{code} // '' };
    open my $out, '>>', "$self->{dir}/log/client.log" or return $answer;
    syswrite $out, "undeclared answer: nginx: $status: " . substr($answer->content, 0, 200) =~ s/\s+/ /gr . "\n";
    return $answer;
}

# A request as exact bytes, for what no client library would send: raw('GET', '/api', ['Host: x', …], body).
# Content-Length is added if there is a body and no header gives the length.
sub raw {
    my ($self, $method, $path, $headers, $body) = @_;
    my @lines = @{ $headers || [] };
    unshift @lines, 'Host: 127.0.0.1' unless grep { /^host:/i } @lines;
    push @lines, 'Content-Length: ' . length $body
        if defined $body && !grep { /^(?:content-length|transfer-encoding):/i } @lines;
    push @lines, 'Connection: close' unless grep { /^connection:/i } @lines;
    return $self->raw_bytes(join("\r\n", "$method $path HTTP/1.1", @lines, '', '') . ($body // ''));
}

# Sends bytes and reads until the server closes. Status 0 if nothing is answered.
sub raw_bytes {
    my ($self, $bytes, $seconds) = @_;
    my ($method)  = $bytes       =~ /^(\S*)/;
    my ($address) = $self->{url} =~ m{//(.*)};
    my $socket    = IO::Socket::INET->new(PeerAddr => $address, Timeout => 5) or die "$address: $@\n";
    local $SIG{PIPE} = 'IGNORE';
    my $text = '';
    eval {
        local $SIG{ALRM} = sub { die "time\n" };
        alarm($seconds // 15);
        while (length $bytes) {
            my $sent = syswrite $socket, $bytes or last;
            substr $bytes, 0, $sent, '';
        }
        1 while sysread $socket, $text, 65536, length $text;
        alarm 0;
    };
    alarm 0;
    return $self->checked($method, Fastchat::Answer->parse($text));
}

package Fastchat::User;

our @ISA = ('Fastchat::Client');

sub new { my ($class, %self) = @_; return bless {%self}, $class }

sub id       { return $_[0]{id} }
sub token    { return $_[0]{token} }
sub username { return $_[0]{username} }
sub password { return $_[0]{password} }
sub nickname { return $_[0]{nickname} }

package Fastchat::Answer;

sub new { my ($class, $answer) = @_; return bless $answer, $class }

sub parse {
    my ($class, $text)   = @_;
    my ($head, $content) = split /\r\n\r\n/, $text, 2;
    my ($first, @lines)  = split /\r\n/, $head // '';
    my %headers;
    for (@lines) {
        my ($name, $value) = /^([^:]+):\s*(.*)$/ or next;
        $name = lc $name;
        $headers{$name} =
            exists $headers{$name} ? [ ref $headers{$name} ? @{ $headers{$name} } : $headers{$name}, $value ] : $value;
    }
    if (($headers{'transfer-encoding'} // '') eq 'chunked') {
        my $whole = '';
        while ($content =~ s/^([0-9a-fA-F]+)[^\r\n]*\r\n//) {
            my $size = hex $1 or last;
            $whole .= substr $content, 0, $size, '';
            $content =~ s/^\r\n//;
        }
        $content = $whole;
    }
    my ($status) = ($first // '') =~ m{^HTTP/\S+ (\d+)};
    return $class->new({ status => $status // 0, headers => \%headers, content => $content // '' });
}

sub status  { return $_[0]{status} }
sub content { return $_[0]{content} }                                         # bytes
sub header  { my ($self, $name) = @_; return $self->{headers}{ lc $name } }

# The body as data; dies if it is not JSON.
sub json {
    my ($self) = @_;
    return $self->{json} //=
        eval { $json->decode($self->{content}) } // die "not JSON ($self->{status}): $self->{content}\n";
}

1;
