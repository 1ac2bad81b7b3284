#!/usr/bin/perl
# Downloads by RFC 9110, sections 13 and 14: a client that lost a large export continues where it stopped.
use lib 't/lib';
use Fastchat::Test;
use IO::Socket::INET;

my $stack = Fastchat::Stack->new;
my ($alice, $eve) = map { $stack->user($_) } qw(alice eve);
my $chunk = 512 * 1024;
my $whole = join '', map { chr(ord('a') + $_) x ($_ < 3 ? $chunk : 1000) } 0 .. 3;
my $size  = length $whole;

# An export of alice's, made at that time.
sub export_of {
    my ($made_at) = @_;
    my $id = 1 + int rand 1 << 40;
    $stack->sql("INSERT INTO exports VALUES ($id, " . $alice->id . ", 7, $size, $made_at, 9999999999999)");
    $stack->sql("INSERT INTO export_chunks SELECT $id, 7, seq - 1, REPEAT(CHAR(96 + seq), $chunk) FROM seq_1_to_3");
    $stack->sql("INSERT INTO export_chunks VALUES ($id, 7, 3, REPEAT('d', 1000))");
    return $id;
}

my $id   = export_of(1_700_000_000_000);
my $path = "/api/exports/$id";
my $etag;

sub with { my (%headers) = @_; return $alice->get($path, headers => {%headers}) }

subtest 'a download has a strong validator and offers ranges' => sub {
    my $answer = with();
    $etag = $answer->header('ETag');
    is($answer->status, 200, 'a download without conditions is whole');
    ok($answer->content eq $whole, 'a download has all bytes');
    like($etag, qr/^"[!#-~]+"$/, 'the entity tag is strong');
    is($answer->header('Accept-Ranges'), 'bytes', 'ranges of bytes are offered');
    is($answer->header('Content-Range'), undef, 'a whole download has no Content-Range');
    is(with()->header('ETag'), $etag, 'the entity tag of the same file is the same');
};

subtest 'a range is sent alone' => sub {
    my @parts = (
        [ 'bytes=0-0', 0, 1 ],
        [ 'bytes=0-', 0, $size ],
        [ 'bytes=10-19', 10, 10 ],
        [ 'Bytes=524280-524295', 524_280, 16 ],
        [ 'bytes=524288-524288', 524_288, 1 ],
        [ 'bytes=524287-1048576', 524_287, 524_290 ],
        [ 'bytes=600000-', 600_000, $size - 600_000 ],
        [ 'bytes=-5', $size - 5, 5 ],
        [ 'bytes=-1001', $size - 1001, 1001 ],
        [ 'bytes=-99999999', 0, $size ],
        [ 'bytes=1573000-999999999999', 1_573_000, $size - 1_573_000 ],
    );
    for my $part (@parts) {
        my ($range, $first, $length) = @$part;
        my $answer = with(Range => $range);
        my $last   = $first + $length - 1;
        is($answer->status, 206, "$range is a part");
        is($answer->header('Content-Range'), "bytes $first-$last/$size", "$range has its Content-Range");
        is($answer->header('Content-Length'), $length, "$range has its length");
        ok($answer->content eq substr($whole, $first, $length), "$range has exactly its bytes");
        is($answer->header('ETag'), $etag, "$range has the entity tag of the file");
        like($answer->header('Content-Disposition'), qr/^attachment/, "$range has the name of the file");
    }
};

subtest 'the whole is sent if Range is not one range of bytes' => sub {
    for my $range ('bytes=0-1,5-6', 'bytes=20-10', 'bytes=a-b', 'bytes=-', 'items=0-1', 'bytes 0-1', '') {
        my $answer = with(Range => $range);
        is($answer->status, 200, "Range: $range is ignored");
        is(length $answer->content, $size, "Range: $range brings all bytes");
    }
};

subtest 'a range after the end is refused' => sub {
    for my $range ("bytes=$size-", 'bytes=99999999999999999999999-', 'bytes=-0') {
        my $answer = with(Range => $range);
        is($answer->status, 416, "$range is refused");
        is($answer->json->{code}, 'range_not_satisfiable', "$range is refused with a code");
        is($answer->header('Content-Range'), "bytes */$size", "the refusal of $range has the length");
    }
};

subtest 'If-Range sends a part only of the same file' => sub {
    my %status = (
        $etag              => 206, "W/$etag" => 200, '"other"' => 200, 'Wed, 21 Oct 2065 07:28:00 GMT' => 200,
        "$etag, \"other\"" => 200
    );
    for my $condition (sort keys %status) {
        is(with(Range => 'bytes=5-9', 'If-Range' => $condition)->status, $status{$condition}, "If-Range: $condition");
    }
    is(with('If-Range' => $etag)->status, 200, 'If-Range without Range changes nothing');
    is(with(Range => "bytes=$size-", 'If-Range' => '"other"')->status, 200, 'a range of another file is not checked');
};

subtest 'If-None-Match saves a download that the client has' => sub {
    for my $list ($etag, "W/$etag", "\"x\", $etag", '*') {
        my $answer = with('If-None-Match' => $list, Range => 'bytes=0-9');
        is($answer->status, 304, "If-None-Match: $list");
        is($answer->header('ETag'), $etag, "the 304 of $list has the entity tag");
        is($answer->content // '', '', "the 304 of $list has no body");
        is($answer->header('Content-Type'), undef, "the 304 of $list describes no body");
    }
    is(with('If-None-Match' => $_)->status, 200, "If-None-Match: $_ brings the file") for '"x"', 'x', '';
};

subtest 'If-Match brings no other file' => sub {
    is(with('If-Match' => $_)->status, 200, "If-Match: $_ brings the file") for $etag, "\"x\", $etag", '*';
    for my $list ("W/$etag", '"x"', 'x') {
        my $answer = with('If-Match' => $list, 'If-None-Match' => $etag);
        is($answer->status, 412, "If-Match: $list is refused before If-None-Match");
        is($answer->json->{code}, 'precondition_failed', "the refusal of $list has a code");
    }
};

subtest 'HEAD has the length of the whole and ignores ranges' => sub {
    my $answer = $alice->head($path, headers => { Range => 'bytes=0-9' });
    is($answer->status, 200, 'HEAD with Range is whole');
    is($answer->header('Content-Length'), $size, 'HEAD has the length of the whole');
    is($answer->header('Accept-Ranges'), 'bytes', 'HEAD offers ranges');
    is($alice->head($path, headers => { 'If-None-Match' => $etag })->status, 304, 'HEAD respects If-None-Match');
};

subtest 'a download that broke off continues' => sub {
    my ($address) = $stack->url =~ m{//(.*)};
    my $socket = IO::Socket::INET->new(PeerAddr => $address) or die "$address: $@";
    print $socket "GET $path HTTP/1.1\r\nHost: $address\r\nAuthorization: Bearer " . $alice->token . "\r\n\r\n";
    my $got = '';
    while (length $got < 600_000) { sysread $socket, $got, 65536, length $got or last }
    close $socket;
    $got =~ s/^.*?\r\n\r\n//s;
    ok(length $got < $size, 'the connection is lost before the end');
    my $rest = with(Range => 'bytes=' . length($got) . '-', 'If-Range' => $etag);
    is($rest->status, 206, 'the rest is sent alone');
    ok($got . $rest->content eq $whole, 'both pieces are the file');
};

subtest 'another file has another entity tag' => sub {
    my $later = export_of(1_700_000_000_001);
    isnt($alice->get("/api/exports/$later")->header('ETag'), $etag, 'another export has another entity tag');
    $stack->sql("UPDATE exports SET made_at = made_at + 1 WHERE id = $id");
    is(
        with(Range => 'bytes=5-9', 'If-Range' => $etag)->status, 200,
        'a file that a restored database made again under the same id is sent whole'
    );
};

subtest 'a condition reveals nothing of the export of somebody else' => sub {
    for my $headers ({ Range => 'bytes=0-9' }, { 'If-None-Match' => '*' }, { 'If-Match' => '"x"' }) {
        is($eve->get($path, headers => $headers)->status, 404, 'not found, whatever the condition: ' . (%$headers)[0]);
    }
};

done_testing;
