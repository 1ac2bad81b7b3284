#!/usr/bin/perl
# Input of every type: each value is read, or refused with exactly one list of faults. The trial routes reply with
# what they have read.
use lib 't/lib';
use Fastchat::Test;
use Encode ();
use JSON::PP ();

my $stack = Fastchat::Stack->new;
my $json  = JSON::PP->new->utf8(0)->canonical->allow_nonref;
my (%seen, %texts);    # the types of faults; their English and Chinese texts

sub encode_url {
    my ($text) = @_;
    utf8::encode($text);
    return $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/egr;
}

# Sends a value as the field of that name from there; in a query, a list as one parameter for each element.
sub send_value {
    my ($where, $name, $value, $language) = @_;
    my %headers = ('Accept-Language' => $language);
    if ($where eq 'path') {
        return $stack->get('/api/trial/values/' . encode_url($value), headers => \%headers);
    }
    if ($where eq 'query') {
        my $query = join '&', map { "$name=" . encode_url($_) } ref $value ? @$value : $value;
        return $stack->get("/api/trial/values/1?$query", headers => \%headers);
    }
    if ($where eq 'header') {
        utf8::encode($value);
        return $stack->get('/api/trial/values/1', headers => { %headers, $name => $value });
    }
    my %route = (body => 'values', null => 'nullable', order => 'order');
    return $stack->request(
        'POST', "/api/trial/$route{$where}",
        headers => { %headers, 'Content-Type' => 'application/json' },
        content => Encode::encode('UTF-8', $where eq 'order' ? $value : "{\"$name\":$value}")
    );
}

# The value at a place in another; for a place that is not there, the object that lacks it.
sub at_place {
    my ($value, @place) = @_;
    for my $step (@place) {
        if (ref $value eq 'HASH') {
            return $value if !exists $value->{$step};
            $value = $value->{$step};
        } elsif (ref $value eq 'ARRAY') {
            $value = $value->[$step];
        }
    }
    return $value;
}

# "type @place {ctx} <- input" as a fault without its text. Without a place it is the field itself, without an input
# it is what was sent there.
sub fault {
    my ($text, $base, $sent) = @_;
    my ($type, $place, $ctx, $input) = $text =~ /^(\w+)(?: @(\S+))?(?: (\{.*?\}))?(?: <- (.*))?$/
        or die "cannot read: $text\n";
    my @place = defined $place ? @{ $json->decode("[$place]") } : ();
    my %fault = (type => $type, loc => [ @$base, @place ]);
    $fault{input} = defined $input ? $json->decode($input) : at_place($sent, @place);
    $fault{ctx}   = $json->decode($ctx) if defined $ctx;
    return \%fault;
}

# The faults of a 422 without their texts, which are noted.
sub faults_of {
    my ($english, $chinese) = @_;
    my @faults = map { @{ $_->json->{detail} } } $english;
    my @zh     = map { $_->{msg} } @{ $chinese->json->{detail} };
    for my $fault (@faults) {
        $seen{ $fault->{type} } = 1;
        my $en = delete $fault->{msg};
        $texts{$en} = shift @zh;
    }
    return \@faults;
}

# One line of a table: where, the field, what is sent, and "= what is read" or "! the faults; of it".
sub check_line {
    my ($line) = @_;
    my ($where, $name, $given, $sign, $outcome) = $line =~ /^(?|(order)() +|(\w+) +(\S+) +)(\S.*?) +([=!]) ?(.*)$/
        or die "cannot read: $line\n";
    $outcome = $given if $outcome eq '';
    my $sent   = $where =~ /body|null|order/ ? $given : $json->decode($given);
    my $answer = send_value($where, $name, $sent, 'en');
    my $title  = "$where $name: $given";
    if ($sign eq '=') {
        my $read = $answer->json;
        $read = $read->{ $name =~ tr/-/_/r } if $where ne 'order';
        return is($answer->status, 200, "$title is read")
            && is($json->encode($read), $json->encode($json->decode($outcome)), "$title is read as $outcome")
            || diag($answer->content);
    }
    my @base  = $where eq 'order' ? 'body' : ($where eq 'null' ? 'body' : $where, $where eq 'path' ? 'num' : $name);
    my $value = $json->decode($given);
    my @want  = map { fault($_, \@base, $value) } split / ; /, $outcome;
    is($answer->status, 422, "$title is refused") || diag $answer->content;
    return if $answer->status != 422;
    my $got = faults_of($answer, send_value($where, $name, $sent, 'zh'));
    return is($json->encode($got), $json->encode(\@want), "$title is refused with $outcome");
}

sub check_table {
    my ($promise, $table) = @_;
    return subtest $promise => sub {
        check_line($_) for split /\n/, $table =~ s/\n +(?=\S)/ /gr;    # an indented line belongs to the one before
    };
}

my $words = q({"expected":"'red', 'green' or 'blue'"});

check_table 'an integer is read from whatever pydantic reads one from' => <<'END';
path    num  "7"                    = 7
path    num  "-007"                 = -7
path    num  "+7"                   = 7
path    num  " 7 "                  = 7
path    num  "7.0"                  = 7
path    num  "1_0"                  = 10
path    num  "x"                    ! int_parsing
path    num  "1.5"                  ! int_parsing
path    num  "1e1"                  ! int_parsing
path    num  "7."                   ! int_parsing
path    num  "７"                    ! int_parsing
path    num  "0x7"                  ! int_parsing
path    num  "21"                   ! less_than_equal {"le":20}
path    num  "-21"                  ! greater_than_equal {"ge":-20}
path    num  "99999999999999999999" ! less_than_equal {"le":20}
query   n    "7"                    = 7
query   n    "7.00"                 = 7
query   n    "\t7\n"                = 7
query   n    ""                     ! int_parsing
query   n    " "                    ! int_parsing
query   n    "--1"                  ! int_parsing
query   n    "1__0"                 ! int_parsing
query   n    "1_"                   ! int_parsing
query   n    "true"                 ! int_parsing
query   n    "null"                 ! int_parsing
query   n    "-1"                   ! greater_than_equal {"ge":0}
query   n    "11"                   ! less_than_equal {"le":10}
header  x-count "7"                 = 7
header  x-count "7.0"               = 7
header  x-count "seven"             ! int_parsing
header  x-count "11"                ! less_than_equal {"le":10}
body    n    7                      =
body    n    7.0                    = 7
body    n    0.1e2                  = 10
body    n    -0                     = 0
body    n    "7"                    = 7
body    n    " 7 "                  = 7
body    n    "+7"                   = 7
body    n    "7.0"                  = 7
body    n    true                   = 1
body    n    false                  = 0
body    n    1.5                    ! int_from_float
body    n    1e-1                   ! int_from_float
body    n    1e30                   ! int_parsing_size
body    n    "1.5"                  ! int_parsing
body    n    "x"                    ! int_parsing
body    n    ""                     ! int_parsing
body    n    "7\u0000"              ! int_parsing
body    n    11                     ! less_than_equal {"le":10}
body    n    11.0                   ! less_than_equal {"le":10}
body    n    "11"                   ! less_than_equal {"le":10}
body    n    18446744073709551615   ! less_than_equal {"le":10}
body    n    -1                     ! greater_than_equal {"ge":0}
body    n    null                   ! int_type
body    n    []                     ! int_type
body    n    {}                     ! int_type
null    n    null                   = 5
null    n    "x"                    ! int_parsing
END

check_table 'a float is finite, and read from numbers, texts and booleans' => <<'END';
query   size "1.5"                  = 1.5
query   size "1"                    = 1.0
query   size " -1.5 "               = -1.5
query   size "1."                   = 1.0
query   size ".5"                   = 0.5
query   size "1e0"                  = 1.0
query   size "2.1"                  ! less_than_equal {"le":2}
query   size "-1.6"                 ! greater_than_equal {"ge":-1.5}
query   any  "1_000.5"              = 1000.5
query   any  "-1e-7"                = -1e-7
query   any  "0.1"                  = 0.1
query   any  "inf"                  ! finite_number
query   any  "-Infinity"            ! finite_number
query   any  "nan"                  ! finite_number
query   any  "1e400"                ! finite_number
query   any  "1,5"                  ! float_parsing
query   any  "0x1p3"                ! float_parsing
query   any  "1e"                   ! float_parsing
query   any  "."                    ! float_parsing
query   any  ""                     ! float_parsing
query   any  "infinit"              ! float_parsing
header  x-size "2.5"                = 2.5
header  x-size "big"                ! float_parsing
body    any  1.5                    =
body    any  -3                     = -3.0
body    any  1e300                  =
body    any  "1.5"                  = 1.5
body    any  " 1e3 "                = 1000.0
body    any  true                   = 1.0
body    any  "nan"                  ! finite_number
body    any  "x"                    ! float_parsing
body    any  "1\u0000"              ! float_parsing
body    any  null                   ! float_type
body    any  [1]                    ! float_type
body    any  {}                     ! float_type
body    size 2                      = 2.0
body    size 2.5                    ! less_than_equal {"le":2}
body    size -2                     ! greater_than_equal {"ge":-1.5}
null    size null                   = 0.25
END

check_table 'a boolean is read from the words that pydantic knows, in any case, and from 0 and 1' => <<'END';
query   flag "true"                 = true
query   flag "True"                 = true
query   flag "TRUE"                 = true
query   flag "1"                    = true
query   flag "yes"                  = true
query   flag "On"                   = true
query   flag "t"                    = true
query   flag "Y"                    = true
query   flag "false"                = false
query   flag "False"                = false
query   flag "0"                    = false
query   flag "no"                   = false
query   flag "off"                  = false
query   flag "F"                    = false
query   flag "n"                    = false
query   flag ""                     ! bool_parsing
query   flag " true"                ! bool_parsing
query   flag "2"                    ! bool_parsing
query   flag "maybe"                ! bool_parsing
header  x-flag "yes"                = true
header  x-flag "ja"                 ! bool_parsing
body    flag false                  =
body    flag 0                      = false
body    flag 0.0                    = false
body    flag 1.0                    = true
body    flag "Off"                  = false
body    flag "on"                   = true
body    flag 2                      ! bool_parsing
body    flag -1                     ! bool_parsing
body    flag 2.0                    ! bool_parsing
body    flag "1.0"                  ! bool_parsing
body    flag 0.5                    ! bool_type
body    flag null                   ! bool_type
body    flag []                     ! bool_type
null    flag null                   = true
END

check_table 'a word of a list is read as it is' => <<"END";
query   color "blue"                =
query   color "Blue"                ! enum $words
query   color ""                    ! enum $words
header  x-color "green"             =
header  x-color "grey"              ! enum $words
body    color "blue"                =
body    color " blue"               ! enum $words
body    color "blue\\u0000"         ! enum $words
body    color 1                     ! enum $words
body    color true                  ! enum $words
body    color null                  ! enum $words
body    color ["red"]               ! enum $words
null    color null                  = "green"
END

check_table 'a text is read from a text alone' => <<'END';
query   word "abc"                  =
query   word "a"                    ! string_too_short {"min_length":2}
query   word "abcde"                ! string_too_long {"max_length":4}
query   word "a1"                   ! string_pattern_mismatch {"pattern":"^[a-z]*$"}
query   word "好"                    ! string_too_short {"min_length":2}
query   word "好的"                   ! string_pattern_mismatch {"pattern":"^[a-z]*$"}
header  x-word "ab"                 =
header  x-word "a"                  ! string_too_short {"min_length":2} <- "***"
body    word "ab"                   =
body    word "\u0061b"              = "ab"
body    word ""                     ! string_too_short {"min_length":2}
body    word "abcde"                ! string_too_long {"max_length":4}
body    word "AB"                   ! string_pattern_mismatch {"pattern":"^[a-z]*$"}
body    word "a\u0000b"             ! value_error {"error":"U+0000 in a text"}
body    word 12                     ! string_type
body    word 1.5                    ! string_type
body    word true                   ! string_type
body    word null                   ! string_type
body    word ["ab"]                 ! string_type
body    word {}                     ! string_type
null    word null                   = "none"
END

my $hex   = '5e0f8f1c8f0a4d539e5b0c4d3c1b2a19';
my $uuid  = '5e0f8f1c-8f0a-4d53-9e5b-0c4d3c1b2a19';
my $short = '{"error":"a UUID has 32 digits, with or without hyphens"}';
my $digit = '{"error":"a UUID has the digits 0 to 9 and a to f only"}';

check_table 'a UUID is read in each of its forms, and kept in one' => <<"END";
query   uuid "$uuid"                =
query   uuid "$hex"                 = "$uuid"
query   uuid "x"                    ! uuid_parsing $short
body    uuid "$uuid"                =
body    uuid "\U$uuid\E"            = "$uuid"
body    uuid "\U$hex\E"             = "$uuid"
body    uuid "{$uuid}"              = "$uuid"
body    uuid "urn:uuid:$uuid"       = "$uuid"
body    uuid "{$hex}"               ! uuid_parsing $short
body    uuid "urn:uuid:$hex"        ! uuid_parsing $short
body    uuid ""                     ! uuid_parsing $short
body    uuid "${uuid}0"             ! uuid_parsing $short
body    uuid "5e0f8f1c-8f0a-4d53-9e5b-0c4d3c1b2a1g"  ! uuid_parsing $digit
body    uuid "5e0f8f1c8-f0a-4d53-9e5b-0c4d3c1b2a19"  ! uuid_parsing $digit
body    uuid 1                      ! uuid_type
body    uuid null                   ! uuid_type
null    uuid null                   =
END

my $offset = '{"error":"after the time there is an offset, as \\"Z\\" or \\"+08:00\\""}';
my $hours  = '{"error":"an offset has hours and minutes, and is less than a day"}';
my $year   = '{"error":"a date begins with a year of four digits and \\"-\\""}';
my $range  = '{"error":"the years are 0001 to 9999"}';

check_table 'a time has an offset, and is read from RFC 3339 or as Unix time' => <<"END";
query   at "2026-01-31T23:59:59.999Z"           = "2026-02-01T07:59:59.999+08:00"
query   at "2026-01-31T23:59:59.999+08:00"      =
query   at "2026-01-31 23:59:59Z"               = "2026-02-01T07:59:59.000+08:00"
query   at "1700000000"                         = "2023-11-15T06:13:20.000+08:00"
query   at "2026-01-31T23:59:59"                ! timezone_aware
query   at "tomorrow"                           ! datetime_from_date_parsing $year
header  x-at "2026-01-31T23:59:59Z"             = "2026-02-01T07:59:59.000+08:00"
header  x-at "2026-01-31"                       ! timezone_aware
body    at "2024-02-29T00:00:00Z"               = "2024-02-29T08:00:00.000+08:00"
body    at "2026-01-31t23:59z"                  = "2026-02-01T07:59:00.000+08:00"
body    at "2026-01-31_23:59:59,5-00:30"        = "2026-02-01T08:29:59.500+08:00"
body    at "2026-01-31T23:59:59.123987+0800"    = "2026-01-31T23:59:59.123+08:00"
body    at 0                                    = "1970-01-01T08:00:00.000+08:00"
body    at 1700000000.25                        = "2023-11-15T06:13:20.250+08:00"
body    at 20000000000                          = "2603-10-11T19:33:20.000+08:00"
body    at 20000000001                          = "1970-08-20T19:33:20.001+08:00"
body    at "-5"                                 = "1970-01-01T07:59:55.000+08:00"
body    at "1700000000.25"                      = "2023-11-15T06:13:20.250+08:00"
body    at "2026-01-31T23:59:59"                ! timezone_aware
body    at "2026-01-31"                         ! timezone_aware
body    at ""                                   ! datetime_from_date_parsing $year
body    at "20260131T235959Z"                   ! datetime_from_date_parsing $year
body    at "2026-13-01T00:00:00Z"               ! datetime_from_date_parsing {"error":"a month is 01 to 12"}
body    at "2026-02-29T00:00:00Z"               ! datetime_from_date_parsing {"error":"that month has no such day"}
body    at "2026-01-31x23:59:59Z"               ! datetime_from_date_parsing {"error":"after the date there is \\"T\\""}
body    at "2026-01-31T24:00:00Z"
    ! datetime_from_date_parsing {"error":"an hour is 00 to 23, with \\":\\" after it"}
body    at "2026-01-31T23:60:00Z"               ! datetime_from_date_parsing {"error":"a minute is 00 to 59"}
body    at "2026-01-31T23:59:60Z"               ! datetime_from_date_parsing {"error":"a second is 00 to 59"}
body    at "2026-01-31T23:59:59.Z"              ! datetime_from_date_parsing {"error":"a fraction has digits"}
body    at "2026-01-31T23:59:59 Z"              ! datetime_from_date_parsing $offset
body    at "2026-01-31T23:59:59+24:00"          ! datetime_from_date_parsing $hours
body    at "2026-01-31T23:59:59+08"             ! datetime_from_date_parsing $hours
body    at "2026-01-31T23:59:59Z "              ! datetime_from_date_parsing {"error":"nothing follows the offset"}
body    at "2026-01-31T23:59:59Z\\u0000"        ! datetime_from_date_parsing {"error":"U+0000 in a text"}
body    at "12\\u0000abc"                       ! datetime_from_date_parsing {"error":"U+0000 in a text"}
body    at "1e9"                                ! datetime_from_date_parsing $year
body    at "0000-01-01T00:00:00Z"               ! datetime_parsing $range
body    at 1e20                                 ! datetime_parsing $range
body    at true                                 ! datetime_type
body    at null                                 ! datetime_type
body    at []                                   ! datetime_type
null    at null                                 = "2026-01-01T08:00:00.000+08:00"
END

check_table 'a list is read from a list, or in a query from a parameter that is repeated' => <<"END";
query   ids     ["4"]               = [4]
query   ids     ["4","5","04"]      = [4,5,4]
query   ids     ["4","x","0"]       ! int_parsing \@1 ; greater_than_equal \@2 {"ge":1}
query   ids     ["1","2","3","4"]   ! too_long {"field_type":"List","max_length":3,"actual_length":4}
query   numbers ["-5","5.0"]        = [-5,5]
query   numbers ["6"]               ! less_than_equal \@0 {"le":5}
query   words   ["a","abc"]         =
query   words   ["","ab"]           ! string_too_short \@0 {"min_length":1}
query   colors  ["red","blue"]      =
query   colors  ["red","rot"]       ! enum \@1 $words
body    ids     [1,"2",3.0]         = [1,2,3]
body    ids     []                  =
body    ids     [0]                 ! greater_than_equal \@0 {"ge":1}
body    ids     [9007199254740992]  ! less_than_equal \@0 {"le":9007199254740991}
body    ids     [1,null]            ! int_type \@1
body    ids     [1.5,[]]            ! int_from_float \@0 ; int_type \@1
body    ids     [1,2,3,4]           ! too_long {"field_type":"List","max_length":3,"actual_length":4}
body    ids     ["x",2,3,4]         ! too_long {"field_type":"List","max_length":3,"actual_length":4}
body    ids     "1"                 ! list_type
body    ids     {"0":1}             ! list_type
body    ids     null                ! list_type
body    numbers []                  ! too_short {"field_type":"List","min_length":1,"actual_length":0}
body    numbers [-6,6]              ! greater_than_equal \@0 {"ge":-5} ; less_than_equal \@1 {"le":5}
body    words   ["a","bc"]          =
body    words   ["a",1]             ! string_type \@1
body    words   ["abcd","A"]
    ! string_too_long \@0 {"max_length":3} ; string_pattern_mismatch \@1 {"pattern":"^[a-z]*\$"}
body    words   null                ! list_type
body    colors  ["blue","red"]      =
body    colors  ["blue",2]          ! enum \@1 $words
body    colors  ["red","red","red"] ! too_long {"field_type":"List","max_length":2,"actual_length":3}
body    colors  "red"               ! list_type
null    ids     null                = [7,8]
null    words   null                = ["so","me"]
null    colors  null                = ["blue"]
null    numbers null                = []
END

check_table 'an object of numbers has integers as keys' => <<'END';
body    seqs {"4":0,"12":7}         =
body    seqs {" 4 ":"7","5.0":1.0}  = {"4":7,"5":1}
body    seqs {}                     =
body    seqs {"a":1}                ! int_parsing @"a","[key]" <- "a"
body    seqs {"1.5":1}              ! int_parsing @"1.5","[key]" <- "1.5"
body    seqs {"0":1}                ! greater_than_equal @"0","[key]" {"ge":1} <- "0"
body    seqs {"4":-1}               ! greater_than_equal @"4" {"ge":0}
body    seqs {"4":"x"}              ! int_parsing @"4"
body    seqs {"4":null}             ! int_type @"4"
body    seqs {"x":"y"}              ! int_parsing @"x","[key]" <- "x" ; int_parsing @"x"
body    seqs {"1":1,"2":2,"3":3}    ! too_long {"field_type":"Dictionary","max_length":2,"actual_length":3}
body    seqs []                     ! dict_type
body    seqs null                   ! dict_type
null    seqs null                   = {}
END

my $line = '"lines":[{"count":1}]';
my $read = '"lines":[{"count":1,"unit":"piece","parts":[]}]';
my $rest = '"cards":[],"card":null,"first":null,"place":{"x":0.5,"y":0}';

check_table 'a fault inside an object or a list names the way to it' => <<"END";
order  {"name":"a",$line}  = {"name":"a",$read,$rest}
order  {"name":"a","lines":[{"count":"2","unit":"kg","parts":[{"n":1.0,"color":"red"},{"n":2}]}]}
    = {"name":"a","lines":[{"count":2,"unit":"kg","parts":[{"n":1,"color":"red"},{"n":2,"color":"blue"}]}],$rest}
order  {"name":"a",$line,"first":{"count":3},"place":{"y":"4"}}
    = {"name":"a",$read,"cards":[],"card":null,"first":{"count":3,"unit":"piece","parts":[]},"place":{"x":0.5,"y":4}}
order  {"name":"a",$line,"first":null,"card":null}  = {"name":"a",$read,$rest}
order  {}                                    ! missing \@"name" <- "***" ; missing \@"lines" <- "***"
order  {"name":"a","lines":[]}
    ! too_short \@"lines" {"field_type":"List","min_length":1,"actual_length":0}
order  {"name":"a","lines":[{},5]}           ! missing \@"lines",0,"count" <- "***" ; model_attributes_type \@"lines",1
order  {"name":"a","lines":null}             ! list_type \@"lines"
order  {"name":"a","lines":{"count":1}}      ! list_type \@"lines"
order  {"name":"a","lines":[{"count":"x"}]}  ! int_parsing \@"lines",0,"count"
order  {"name":"a","lines":[{"count":101,"unit":""}]}
    ! less_than_equal \@"lines",0,"count" {"le":100} ; string_too_short \@"lines",0,"unit" {"min_length":1}
order  {"name":"a","lines":[{"count":1,"parts":[{"n":1},{"n":0,"color":"x"}]}]}
    ! greater_than_equal \@"lines",0,"parts",1,"n" {"ge":1} ; enum \@"lines",0,"parts",1,"color" $words
order  {"name":"a","lines":[{"count":1,"parts":[{"color":"red"}]}]}  ! missing \@"lines",0,"parts",0,"n" <- "***"
order  {"name":"a","lines":[{"count":1,"sum":2}],"sum":3}
    ! extra_forbidden \@"lines",0,"sum" <- "***" ; extra_forbidden \@"sum" <- "***"
order  {"name":"a",$line,"first":{}}         ! missing \@"first","count" <- "***"
order  {"name":"a",$line,"first":[]}         ! model_attributes_type \@"first"
order  {"name":"a",$line,"place":null}       ! model_attributes_type \@"place"
order  {"name":"a",$line,"place":{"x":"x","z":1}}
    ! float_parsing \@"place","x" ; extra_forbidden \@"place","z" <- "***"
END

check_table 'a secret is not echoed, wherever it is' => <<"END";
order  {"name":"a",$line,"card":{"holder":"x","pin":"1234"}}
    = {"name":"a",$read,"card":{"holder":"x"},"cards":[],"first":null,"place":{"x":0.5,"y":0}}
order  {"name":"a",$line,"card":{"holder":"x","pin":"123"}}
    ! string_too_short \@"card","pin" {"min_length":4} <- "***"
order  {"name":"a",$line,"card":{"holder":"x","pin":1234}}   ! string_type \@"card","pin" <- "***"
order  {"name":"a",$line,"card":{"pin":"1234"}}              ! missing \@"card","holder" <- "***"
order  {"name":"a",$line,"card":{"holder":"x","pni":"1234"}}
    ! missing \@"card","pin" <- "***" ; extra_forbidden \@"card","pni" <- "***"
order  {"name":"a",$line,"card":"1234"}                      ! model_attributes_type \@"card" <- "***"
order  {"name":"a",$line,"cards":{"pin":"1234"}}             ! list_type \@"cards" <- "***"
order  {"name":"a",$line,"cards":[{"holder":"x","pin":"1"}]}
    ! string_too_short \@"cards",0,"pin" {"min_length":4} <- "***"
order  {"name":"a",$line,"cards":[1,"1234",2]}
    ! too_long \@"cards" {"field_type":"List","max_length":2,"actual_length":3} <- "***"
order  {"name":"a",$line,"cards":["1234"]}                   ! model_attributes_type \@"cards",0 <- "***"
order  ["1234"]                                              ! model_attributes_type <- "***"
order  {$line,"card":{"holder":"x","pin":"1234"}}            ! missing \@"name" <- "***"
order  {"name":"a",$line,"place":{"pin":"1234"}}             ! extra_forbidden \@"place","pin" <- "***"
END

sub detail {
    my ($answer) = @_;
    return $json->encode([ map { [ @{$_}{qw(type loc input)} ] } @{ $answer->json->{detail} // [] } ]);
}

subtest 'a field that nothing is given for has its default value' => sub {
    my $read = $stack->get('/api/trial/values/1')->json;
    is(
        $json->encode([ @{$read}{qw(n size any flag color word at uuid ids numbers words colors)} ]),
        $json->encode($json->decode(
            '[5,0.25,0,true,"green","none","2026-01-01T08:00:00.000+08:00",null,[7,8],[],["so","me"],' . '["blue"]]'
        )),
        'each type has its default in a query'
    );
    is($json->encode([ @{$read}{qw(x_count x_size x_flag)} ]), '[3,1.5,false]', 'headers have defaults');
    is(
        $json->encode($stack->post('/api/trial/values', {})->json->{words}), '["so","me"]',
        'a body has the same defaults'
    );
};

subtest 'a body may be missing exactly if it needs no field' => sub {
    my $without = sub { $stack->request('POST', $_[0]) };
    is($without->('/api/trial/values')->status, 200, 'a body of optional fields may be missing');
    is(detail($without->('/api/trial/order')), '[["missing",["body"],null]]', 'a required field needs a body');
    is($stack->post('/api/trial/values', {})->status, 200, 'an object may be empty');
};

subtest 'a query has fields that it may not set' => sub {
    is($stack->get('/api/trial/values/1?_=17&utm_source=x')->status, 200, 'a name that the route lacks is ignored');
    is(
        detail($stack->get('/api/trial/values/1?num=2&x-count=3')),
        '[["extra_forbidden",["query","num"],"***"],["extra_forbidden",["query","x-count"],"***"]]',
        'a field of the path or of a header is refused'
    );
    is(
        detail($stack->post('/api/trial/values?n=2', {})), '[["extra_forbidden",["query","n"],"2"]]',
        'a field of the body is refused'
    );
};

subtest 'of a parameter that is given twice the last value counts' => sub {
    is($stack->get('/api/trial/values/1?n=1&n=x&n=2')->json->{n}, 2, 'the last value is read');
    is(
        detail($stack->get('/api/trial/values/1?n=1&n=x')), '[["int_parsing",["query","n"],"x"]]',
        'a fault of the last value counts'
    );
};

subtest 'bytes that are no UTF-8 are refused wherever they are' => sub {
    is(
        detail($stack->get('/api/trial/values/1?word=%ff')),
        '[["string_unicode",["query","word"],"' . "\x{FFFD}" . '"]]', 'in a query'
    );
    is(
        detail($stack->get('/api/trial/values/1?words=ab&words=%zz')),
        '[["string_unicode",["query","words",1],"%zz"]]', 'in a list of a query'
    );
    is(
        detail($stack->raw('GET', '/api/trial/values/1', ["X-Word: a\xff"])),
        '[["string_unicode",["header","x-word"],"***"]]', 'in a header'
    );
};

subtest 'a body that is not an object of JSON is one fault' => sub {
    my $post = sub {
        return $stack->request(
            'POST', '/api/trial/values',
            headers => { 'Content-Type' => 'application/json' }, content => $_[0]
        );
    };
    is(detail($post->('[1]')), '[["model_attributes_type",["body"],[1]]]', 'a list is refused');
    is(detail($post->('null')), '[["model_attributes_type",["body"],null]]', 'null is refused');
    is(detail($post->('{"n":1,}')), '[["json_invalid",["body",7],{}]]', 'a comma too many is refused at its byte');
    is(detail($post->('{"any":NaN}')), '[["json_invalid",["body",7],{}]]', 'NaN is not JSON');
};

subtest 'a list of faults is bounded, also inside lists' => sub {
    my @lines  = map { { count => -1, parts => [ map { { n => 0 } } 1 .. 4 ], "k$_" => 1 } } 1 .. 3;
    my $answer = $stack->post('/api/trial/order', { name => 'x', lines => \@lines, map { ("x$_" => 1) } 1 .. 50 });
    is(scalar @{ $answer->json->{detail} }, 20, 'twenty faults are described');
    is($answer->json->{more}, 3 * 6 + 50 - 20, 'the others are counted');
    my $long = $stack->post('/api/trial/order', { name => 'x', lines => [ { count => 1, unit => '长' x 500 } ] });
    like($long->json->{detail}[0]{input}, qr/^长{65}…$/, 'a long value is echoed in part');
};

subtest 'every text is in English and in Chinese' => sub {
    my @json = ('Content-Type: application/json');
    for my $request (
        [ 'GET', '/api/trial/values/1?word=%ff', [] ],
        [ 'GET', '/api/trial/values/1', ["X-Word: a\xff"] ],
        [ 'GET', '/api/trial/values/1?num=1', [] ],
        [ 'POST', '/api/trial/order', \@json, '' ],
        [ 'POST', '/api/trial/order', \@json, '{' ],
        [ 'POST', '/api/trial/order', \@json, '[]' ],
        [ 'GET', '/api/task/' . '9' x 1001, [ 'Authorization: Bearer ' . $stack->user('ann')->token ] ],
        )
    {
        my ($method, $path, $headers, @body) = @$request;
        my @answers = map { $stack->raw($method, $path, [ @$headers, "Accept-Language: $_" ], @body) } qw(en zh);
        is($answers[0]->status, 422, "$method of " . substr($path, 0, 40) . ' is refused');
        faults_of(@answers);
    }
    for my $en (sort keys %texts) {
        like($en, qr/^[\x20-\x7e]+$/, "English: $en");
        like($texts{$en} // '', qr/\p{Han}/, "Chinese: $en");
    }
};

subtest 'every kind of fault is in the tables' => sub {
    ok($seen{$_}, "$_ is in a table") for qw(
        bool_parsing bool_type datetime_from_date_parsing datetime_parsing datetime_type dict_type enum extra_forbidden
        finite_number float_parsing float_type greater_than_equal int_from_float int_parsing int_parsing_size int_type
        less_than_equal list_type missing model_attributes_type string_pattern_mismatch string_too_long
        string_too_short string_type timezone_aware too_long too_short uuid_parsing uuid_type value_error
    );
};

done_testing;
