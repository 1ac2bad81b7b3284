#!/usr/bin/perl
# `fastchat nginx`: both forms of the configuration in a real nginx.
use lib 't/lib';
use Fastchat::Test;
use Cwd qw(getcwd);
use File::Temp qw(tempdir);
use POSIX ();

my $stack = Fastchat::Stack->new(own => 1, expect => [qr/./]);
my $dir   = tempdir(CLEANUP => 1);
my $root  = "$dir/web";
mkdir $_ for $root, "$root/assets", "$dir/tmp";
sub put { my ($path, $text) = @_; open my $f, '>', $path or die "$path: $!"; print {$f} $text; close $f }
put("$root/index.html", '<!doctype html>the page');
put("$root/assets/app-1a2b3c.js", 'export const x = 1;' x 200);
chmod 0755, $dir, $root, "$root/assets";

my $tls_port = Fastchat::Stack::free_port();
my $redirect = Fastchat::Stack::free_port();
my $plain    = Fastchat::Stack::free_port();

my ($tls, $clear);

subtest 'the configuration is printed with and without TLS' => sub {
    is(
        system(
                  "openssl req -x509 -newkey rsa:2048 -nodes -keyout $dir/key.pem -out $dir/cert.pem -days 2 -subj "
                . "/CN=chat.example >/dev/null 2>&1"
        ),
        0,
        'a certificate is created'
    );
    my $sockets = $stack->dir . '/sock';
    ($tls, my $status) = $stack->fastchat(
        'nginx', '--listen', "127.0.0.1:$tls_port", '--root', $root, '--sockets', $sockets, '--tls',
        'chat.example', '--cert', "$dir/cert.pem", '--key', "$dir/key.pem", '--redirect', "127.0.0.1:$redirect"
    );
    is($status, 0, 'the form with TLS is printed');
    ($clear) = $stack->fastchat('nginx', '--listen', "127.0.0.1:$plain", '--root', $root, '--sockets', $sockets);
    like($clear, qr{"POST /api/users" fastchat_cpu}, 'the pools come from the route table');
    unlike($clear, qr{"GET /api/users" fastchat_cpu}, 'pools depend on method and path');
};

# Both in one nginx: the maps and upstreams are the same, the servers differ.
my ($servers) = $clear =~ /^(server \{.*)\z/ms;
my $seen = Fastchat::Stack::free_port();
put("$dir/site.conf", "$tls\n$servers" . <<"END");
server {
    listen 127.0.0.1:$seen;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Client;
    location / { try_files none \@seen; }
    location \@seen { return 200 \$fastchat_address; }
}
END
my $types = -e '/etc/nginx/mime.types' ? 'include /etc/nginx/mime.types;' : '';
put(
    "$dir/nginx.conf",
    ($> == 0 ? "user root;\n" : '')
        . "daemon off; worker_processes 1; pid $dir/nginx.pid; error_log $dir/error.log warn; events {}\nhttp "
        . "{ $types access_log off; client_body_temp_path $dir/tmp/a; fastcgi_temp_path $dir/tmp/b; "
        . "proxy_temp_path $dir/tmp/c; scgi_temp_path $dir/tmp/d; uwsgi_temp_path $dir/tmp/e;\ninclude "
        . "$dir/site.conf;\n}\n"
);
my $nginx = (grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin')[0];

subtest 'nginx accepts the printed configuration without a warning' => sub {
    my $check = `$nginx -t -c $dir/nginx.conf 2>&1`;
    is($?, 0, 'nginx accepts both forms') or diag $check;
    unlike($check, qr/\[warn\]/, 'nginx gives no warning about the form for its own version');
};

subtest 'HTTP/2 is switched on as the version of nginx requires' => sub {
    for my $version ('1.22.1', '1.25.0') {
        my ($old) = $stack->fastchat('nginx', '--nginx', $version, '--tls', 'a', '--cert', 'b', '--key', 'c');
        like($old, qr/listen 443 ssl http2 backlog=4096;/, "HTTP/2 for nginx $version is a parameter of listen");
    }
    for my $version ('1.25.1', '1.30.6', 'nginx version: nginx/1.26.3 (Ubuntu)') {
        my ($new) = $stack->fastchat('nginx', '--nginx', $version, '--tls', 'a', '--cert', 'b', '--key', 'c');
        like($new, qr/listen 443 ssl backlog=4096;\n    http2 on;/, "HTTP/2 for $version is a line of its own");
    }
    is(($stack->fastchat('nginx', '--nginx', 'new'))[1], 2, 'a malformed version is refused');
};

# From 1.29.7 on nginx keeps upstream connections by default; these pools close theirs after each reply.
subtest 'connections to the pools for events and passwords are not kept' => sub {
    like(
        $clear, qr/upstream $_ \{[^}]*\n    keepalive 1;\n    keepalive_requests 1;\n\}/,
        "connections to $_ are not kept"
    ) for qw(fastchat_events fastchat_cpu);
};

my $pid = fork // die "fork: $!";
if (!$pid) { open STDERR, '>', "$dir/stderr"; exec $nginx, '-c', "$dir/nginx.conf" or POSIX::_exit(1) }

END {
    local $?;
    if ($pid) { kill TERM => $pid; waitpid $pid, 0 }
}

sub curl {
    my (@words) = @_;
    open my $c, '-|', 'curl', '-sk', '--max-time', 10, @words or die "curl: $!";
    local $/;
    my $text = <$c>;
    close $c;
    return $text // '';
}
my ($t, $p) = ("https://127.0.0.1:$tls_port", "http://127.0.0.1:$plain");

subtest 'the API answers without TLS, with TLS and over HTTP/2' => sub {
    ok($stack->wait_for(5, sub { curl("$p/api") =~ /title/ }), 'nginx serves the printed configuration');

    is(curl("$p/api"), '{"title":"fastchat api","registration":"open"}', 'the API answers without TLS');
    is(curl("$t/api"), '{"title":"fastchat api","registration":"open"}', 'the API answers with TLS');
    is(curl('-o', '/dev/null', '-w', '%{http_version}', '--http2', "$t/api"), '2', 'the API answers over HTTP/2');
};

subtest 'limits count an IPv4 address, and the first half of an IPv6 address' => sub {
    my $address_of = sub { unpack 'H*', curl('-H', "X-Client: $_[0]", "http://127.0.0.1:$seen/") };
    is($address_of->('192.0.2.1'), 'c0000201', 'an IPv4 address counts whole');
    is($address_of->('2001:db8:1:2:3:4:5:6'), '20010db800010002', 'an IPv6 address counts by its /64');
    is($address_of->('2001:db8:a0a::a'), '20010db80a0a0000', 'an IPv6 address may contain newlines');
    is($address_of->('::ffff:192.0.2.1'), '00000000000000000000ffffc0000201', 'an IPv4 address in IPv6 counts whole');
};

subtest 'the form with TLS redirects plain HTTP and refuses old versions of TLS' => sub {
    like(
        curl('-i', "http://127.0.0.1:$redirect/api/rooms?x=1"),
        qr{^HTTP/1.1 308.*Location: https://chat\.example:$tls_port/api/rooms\?x=1}si, 'plain HTTP is redirected to TLS'
    );
    isnt(system("curl -sk --tls-max 1.1 --max-time 5 $t/api >/dev/null 2>&1"), 0, 'TLS 1.1 is refused');
    is(system("curl -sk --tlsv1.3 --max-time 5 $t/api >/dev/null 2>&1"), 0, 'TLS 1.3 is spoken');
    like(curl('-i', "$t/"), qr/strict-transport-security/i, 'the page sets Strict-Transport-Security');
};

subtest 'the page is served with its headers' => sub {
    my $page = curl('-i', "$p/rooms/12");
    like($page, qr/the page/, 'a path of the client serves the page');
    like($page, qr/$_/i, "the page has $_")
        for 'Content-Security-Policy: default-src', 'X-Content-Type-Options: nosniff', 'Referrer-Policy',
        'Cache-Control: no-cache';
    like(
        curl('-i', "$p/assets/app-1a2b3c.js"), qr/Cache-Control: public, max-age=31536000, immutable/i,
        'hashed files are kept for ever'
    );
    like(
        curl('-i', '-H', 'Accept-Encoding: gzip', "$p/assets/app-1a2b3c.js"), qr/Content-Encoding: gzip/i,
        'hashed files are sent gzipped'
    );
};

subtest "nginx's own errors have the codes of the API" => sub {
    like(curl('-i', "$p/assets/none.js"), qr/404.*"code":"not_found"/s, 'nginx\'s own 404 is JSON');
    like(
        curl('-H', 'Accept-Language: zh-CN', "$p/assets/none.js"), qr/\xe8\xaf\xa5\xe5\x9c\xb0\xe5\x9d\x80/,
        'nginx\'s own 404 can be Chinese'
    );
    put("$dir/large", 'x' x 2_000_000);
    like(
        curl('-i', '-H', 'Content-Type: application/json', '--data-binary', "\@$dir/large", "$p/api/rooms"),
        qr/413.*"code":"body_too_large"/s, 'nginx\'s own 413 is JSON'
    );
    like(curl('-i', "$p/api?" . 'x' x 20_000), qr/414.*"code":"uri_too_long"/s, 'nginx\'s own 414 is JSON');
};

subtest 'signing up runs in the cpu pool' => sub {
    my $name = sprintf 'pool%06x', rand 0xffffff;
    like(
        curl(
            '-H', 'Content-Type: application/json', '-d', "{\"username\":\"$name\",\"password\":\"12345678\"}",
            "$p/api/users"
        ),
        qr/"id"/,
        'somebody signs up'
    );
    ok(
        $stack->wait_for(3, sub { $stack->log_text('cpu') =~ m{"method":"POST","route":"/api/users"} }),
        'signing up runs in the cpu pool'
    );
    unlike(
        $stack->log_text('api'), qr{"method":"POST","route":"/api/users"},
        'signing up does not run in the api pool'
    );
    curl('-X', 'POST', '-H', 'X-HTTP-Method-Override: PUT', "$p/api/users/me/password");
    ok(
        $stack->wait_for(3, sub { $stack->log_text('cpu') =~ m{"method":"PUT","route":"/api/users/me/password"} }),
        'an overridden method chooses the pool'
    );
};

subtest 'a request runs in the pool of its route, however its path is written' => sub {
    for my $path ('/api/users/', '/api/%75sers', '/api/users?x=1', '/api/./users', '/api/users/#x') {
        my $user = sprintf 'pool%06x', rand 0xffffff;
        my $made = curl(
            '--path-as-is', '-H', 'Content-Type: application/json', '-d',
            "{\"username\":\"$user\",\"password\":\"12345678\"}", "$p$path"
        );
        ok(
            $stack->log_text('api') !~ m{"method":"POST","route":"/api/users"},
            "the pool for I/O hashes no password: POST $path"
        );
    }
};

subtest "nginx's own errors are JSON in both languages" => sub {
    my %own = (
        404 => ["$p/assets/none.js"], 414 => [ "$p/api?" . 'x' x 20_000 ], 400 => [ '-H', 'Host: a b', "$p/api" ],
        413 => [ '-H', 'Content-Type: application/json', '--data-binary', "\@$dir/large", "$p/api/rooms" ],
    );
    for my $code (sort keys %own) {
        for my $language ('en', 'zh-CN,zh;q=0.9') {
            my ($head, $body) = split /\r\n\r\n/,
                curl('-i', '-H', 'Expect:', '-H', "Accept-Language: $language", @{ $own{$code} }), 2;
            my $said = eval { JSON::PP->new->utf8->decode($body) } || {};
            like($head, qr{^HTTP/1.1 $code }, "nginx's own $code ($language) has its status");
            like($head, qr{Content-Type: application/json}i, "nginx's own $code ($language) is JSON");
            ok($said->{code}, "nginx's own $code ($language) has a code");
            # After an unreadable request line or host, nginx has not read Accept-Language.
            is(
                ($said->{detail} // '') =~ /\p{Han}/       ? 'zh' : 'en',
                $code                   =~ /^(?:400|414)$/ ? 'en' : substr($language, 0, 2),
                "nginx's own $code ($language) is in the language asked for"
            );
            unlike($head, qr{^server: nginx/}im, "nginx's own $code ($language) does not reveal the version");
        }
    }
};

subtest "nginx's own errors over HTTP/2 and TLS are JSON, too" => sub {
    my %own = (
        404 => ["$t/assets/none.js"],
        405 => [ '-d', '', "$t/rooms/12" ],
        413 => [ '-H', 'Content-Type: application/json', '--data-binary', "\@$dir/large", "$t/api/rooms" ],
        400 => ["$t/api/%zz"],
    );
    for my $code (sort keys %own) {
        my ($head, $body) = split /\r\n\r\n/, curl('-i', '--http2', '-H', 'Expect:', @{ $own{$code} }), 2;
        like($head, qr{^HTTP/2 $code }, "nginx's own $code over HTTP/2 has its status");
        like($body, qr/^\{"detail":.*"code":"\w+"\}$/, "nginx's own $code over HTTP/2 is JSON");
        like($head, qr/^strict-transport-security:/im, "nginx's own $code with TLS sets Strict-Transport-Security");
        like($head, qr/^x-content-type-options: nosniff/im, "nginx's own $code may not be sniffed for its type");
    }
    like(
        curl('-i', "http://127.0.0.1:$tls_port/"), qr/^HTTP\S+ 400.*"code":"bad_request"/s,
        'a request without TLS on the port for TLS is answered with JSON'
    );
};

subtest 'a 500 of nginx is JSON' => sub {
    rmdir "$dir/tmp/a" or die "$dir/tmp/a: $!\n";    # where nginx stores bodies
    put("$dir/body", ' ' x 500_000);
    like(
        curl('-i', '-H', 'Expect:', '--data-binary', "\@$dir/body", "$p/api/rooms"),
        qr/^HTTP\S+ 500.*"code":"internal_error"/s, 'a body that cannot be stored is answered with JSON'
    );
    mkdir "$dir/tmp/a";
};

subtest 'nothing outside of the pages is served' => sub {
    for my $path (
        '/../../etc/passwd', '/assets/../../key.pem', '/%2e%2e/key.pem', '/assets/..%2f..%2fkey.pem',
        '/assets../key.pem', '/.git/config'
        )
    {
        unlike(curl('--path-as-is', "$p$path"), qr/PRIVATE KEY|root:/, "nothing outside of the pages is served: $path");
    }
};

subtest 'only TLS sets Strict-Transport-Security' => sub {
    like(curl('-i', "$t/api"), qr/strict-transport-security/i, 'the API sets Strict-Transport-Security');
    unlike(curl('-i', "$p/api"), qr/strict-transport-security/i, 'Strict-Transport-Security is not set without TLS');
};

subtest 'only long answers of the API are gzipped' => sub {
    like(
        curl('-i', '-H', 'Accept-Encoding: gzip', "$p/openapi.json"), qr/Content-Encoding: gzip/i,
        'long answers of the API are gzipped'
    );
    unlike(
        curl('-i', '-H', 'Accept-Encoding: gzip', "$p/api"), qr/Content-Encoding: gzip/i,
        'short answers of the API are not gzipped'
    );
};

subtest 'a page answers HEAD and refuses POST' => sub {
    is(curl('-I', '-o', '/dev/null', '-w', '%{http_code}', "$p/rooms/12"), '200', 'HEAD of a page is answered');
    like(curl('-i', '-X', 'POST', "$p/index.html"), qr/^HTTP\S+ 405/, 'POST to a page is refused');
};

subtest 'the 502 without a pool is JSON in both languages, with Retry-After' => sub {
    my @workers = $stack->workers('api');
    $stack->hold('api');
    $stack->kill('api');
    kill KILL => @workers;    # they would go on without the one that watches them
    $stack->wait_for(5, sub { curl('-o', '/dev/null', '-w', '%{http_code}', "$p/api") eq '502' });
    my $down = curl('-i', "$p/api");
    like($down, qr/502.*"code":"unavailable"/s, 'without a pool the 502 is JSON');
    like(
        curl('-H', 'Accept-Language: zh', "$p/api"), qr/\xe6\x9c\x8d\xe5\x8a\xa1/,
        'the 502 without a pool can be Chinese'
    );
    like($down, qr/Retry-After: 1/, 'the 502 without a pool carries Retry-After');
};

subtest 'options that would break the configuration are refused' => sub {
    for my $bad ('x"y', "a;b", "a b\n", '', '$x', '{') {
        my ($words, $exit) = $stack->fastchat('nginx', '--root', $bad);
        isnt($exit, 0, 'a --root that would break the configuration is refused: ' . qq("$bad") =~ s/\n/\\n/r);
    }
    isnt(($stack->fastchat('nginx', '--tls', 'x'))[1], 0, 'TLS without a certificate is refused');
};

done_testing;
