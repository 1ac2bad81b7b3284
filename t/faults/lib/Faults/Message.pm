# The messages of a run: each has a number, from which its client_id and its text are made.
package Faults::Message;

use strict;
use warnings;
use Exporter qw(import);
use Time::Local qw(timegm);

our @EXPORT_OK = qw(client_id body_of json_body_of id_of ms_of clip);

# 64 texts of up to 120 characters in UTF-8, without characters that the database's client would escape.
my @fillers;
{
    use utf8;
    my $text = '春眠不觉晓 "处处闻啼鸟" · naïve 👍🏽 夜来风雨声, 花落知多少? ' x 4;
    @fillers = map { my $some = substr $text, $_ % 7, $_ * 2; utf8::encode($some); $some } 0 .. 63;
}
my @json = map { s/"/\\"/gr } @fillers;

# A message is writer << 24 | count.
sub client_id { return 'w' . ($_[0] >> 24) . '-' . ($_[0] & 0xFFFFFF) }
sub id_of     { return $_[0] =~ /^w(\d+)-(\d+)$/ ? $1 << 24 | $2 : undef }

sub body_of      { return client_id($_[0]) . '|' . $fillers[ ($_[0] >> 24) * 31 + $_[0] & 63 ] }
sub json_body_of { return client_id($_[0]) . '|' . $json[ ($_[0] >> 24) * 31 + $_[0] & 63 ] }

# The time of an entry, as RFC 3339 with milliseconds, in ms since 1970. Most entries follow one of the same second.
my %second;

sub ms_of {
    my ($text) = @_;
    my ($day, $ms, $zone) = $text =~ /^(.{19})\.(\d{3})(.+)$/ or die "not a time: $text\n";
    return ($second{"$day$zone"} //= seconds_of($day, $zone)) * 1000 + $ms;
}

sub seconds_of {
    my ($day, $zone)             = @_;
    my ($year, $month, @rest)    = $day  =~ /\d+/g;
    my ($sign, $hours, $minutes) = $zone =~ /^([+-])(\d\d):(\d\d)$/;
    my $ahead = $sign ? "${sign}1" * ($hours * 60 + $minutes) * 60 : 0;
    return timegm(reverse(@rest), $month - 1, $year) - $ahead;
}

# The beginning of a text, in whole characters.
sub clip {
    my ($text, $most) = @_;
    return length $text <= $most ? $text : substr($text, 0, $most) =~ s/[\xC0-\xFF][\x80-\xBF]*\z//r . ' ...';
}

1;
