# Hostile bodies: small to send, dear to a server that builds what they describe.
#     for my $name (sort keys %Fastchat::Bodies::kinds) { my $body = $Fastchat::Bodies::kinds{$name}->(1_000_000) }
package Fastchat::Bodies;

use strict;
use warnings;

sub repeated { my ($part, $size) = @_; return join ',', ($part) x ($size / (1 + length $part)) }

sub numbered {
    my ($size, $format) = @_;
    my $count = int($size / (1 + length sprintf $format, 99999));
    return join ',', map { sprintf $format, $_ } 10001 .. 10000 + $count;
}

# By name: code that returns a body of about `size` bytes.
our %kinds = (
    'empty objects'              => sub { '{"x":[' . repeated('{}', $_[0]) . ']}' },
    'empty lists'                => sub { '{"x":[' . repeated('[]', $_[0]) . ']}' },
    'small objects'              => sub { '{"x":[' . repeated('{"a":{"b":[1]}}', $_[0]) . ']}' },
    'objects of odd keys'        => sub { '{"x":[' . repeated('{"\u0061":1}', $_[0]) . ']}' },
    'short numbers'              => sub { '{"x":[' . repeated('1', $_[0]) . ']}' },
    'exponents'                  => sub { '{"x":[' . repeated('1e1', $_[0]) . ']}' },
    'deep lists'                 => sub { '{"x":[' . repeated('[' x 30 . ']' x 30, $_[0]) . ']}' },
    'one huge number'            => sub { '{"x":1.' . '7' x $_[0] . '}' },
    'one long text'              => sub { '{"x":"' . 'y' x $_[0] . '"}' },
    'one text of escapes'        => sub { '{"x":"' . '\u0001' x ($_[0] / 6) . '"}' },
    'a name of escapes'          => sub { '{"' . '\u0001' x ($_[0] / 6) . '":1}' },
    'unknown members'            => sub { '{' . numbered($_[0], '"k%d":1') . '}' },
    'unknown members in escapes' => sub { '{' . numbered($_[0], '"\u006b%d":{}') . '}' },
    'rooms that are no ids'      => sub { '{"rooms":{' . numbered($_[0], '"r%d":"x"') . '}}' },
    'rooms'                      => sub {
        '{"wait":1,"rooms":{' . join(',', map { "\"$_\":$_" } 1 .. 2000) . '}}';
    },
    'members that are no ids' => sub { '{"member_ids":[' . repeated('{}', $_[0]) . ']}' },
    'a list'                  => sub { '[' . repeated('{}', $_[0]) . ']' },
    'an open list'            => sub { '{"x":[' . repeated('{}', $_[0]) },
    'a duplicate key'         => sub { '{' . numbered($_[0], '"k%d":1') . ',"k10001":2}' },
);

# Sends a body over a kept connection to a path. Returns status, length and answer; dies if there is none.
sub send {
    my ($socket, $token, $method, $path, $body) = @_;
    my $head = join "\r\n", "$method $path HTTP/1.1", 'Host: x', "Authorization: Bearer $token",
        'Content-Type: application/json', 'Content-Length: ' . length $body, '', '';
    print $socket $head . $body or die "$method $path: $!\n";
    my ($status, $length, $answer) = (0, 0, '');
    while (my $line = <$socket>) {
        $status = $1 if $line =~ m{^HTTP/1.1 (\d+)};
        $length = $1 if $line =~ /^Content-Length: (\d+)/i;
        last if $line eq "\r\n";
    }
    die "$method $path: no answer\n" if !$status;
    read($socket, $answer, $length) == $length or die "$method $path: half an answer\n" if $length;
    return ($status, length $answer, $answer);
}

1;
