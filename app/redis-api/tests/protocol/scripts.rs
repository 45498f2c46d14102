//! Hand-written commands: the edge cases of each command, in sequence on one connection.

/// The scripts by name. Spaces separate arguments; `""` is an empty argument.
pub(crate) const SCRIPTS: [(&str, &str); 9] = [
    ("strings", STRINGS),
    ("set_options", SET_OPTIONS),
    ("numbers", NUMBERS),
    ("ranges", RANGES),
    ("keys", KEYS),
    ("expiry", EXPIRY),
    ("expiry_conditions", CONDITIONS),
    ("connections", CONNECTIONS),
    ("unknown_commands", UNKNOWN),
];

const STRINGS: &str = r#"
GET a
SET a 1
get A
GET a
GET
GET a b
SET a
SET
GETSET a 2
GETSET new 3
GETSET a
GETDEL a
GETDEL a
SETNX n 1
SETNX n 2
GET n
SETNX n
MSET x 1 y 2 x 3
MSET x
MSET x 1 y
MGET x y z
MGET
APPEND x tail
APPEND fresh ""
APPEND fresh more
GET fresh
STRLEN fresh
STRLEN nothing
SET empty ""
GET empty
STRLEN empty
TYPE empty
TYPE nothing
SETEX e 100 v
SETEX e 0 v
SETEX e -5 v
SETEX e x v
SETEX e 9223372036854775807 v
PSETEX e 100000 v
PSETEX e 0 v
PSETEX e 9223372036854775807 v
TTL e
"#;

const SET_OPTIONS: &str = r#"
SET a 1 NX
SET a 2 NX
SET b 1 XX
SET a 2 XX
GET a
SET a 3 GET
SET c 1 GET
GET c
SET a 4 NX GET
SET d 4 NX GET
GET d
SET e 5 XX GET
GET e
SET a 1 NX XX
SET a 1 nx nx
SET a 1 EX 100
TTL a
SET a 1 KEEPTTL
TTL a
SET a 1
TTL a
SET a 1 EX 100 PX 100
SET a 1 EX 100 EX 200
TTL a
SET a 1 EX
SET a 1 EX 100 KEEPTTL
SET a 1 KEEPTTL EX 100
SET a 1 EX 0
SET a 1 EX -1
SET a 1 EX x
SET a 1 PX 1.5
SET a 1 EX 9223372036854775807
SET a 1 EX 9223372036854775
SET a 1 PX 9223372036854775807
SET a 1 PXAT 9223372036854775807
PEXPIRETIME a
SET a 1 EXAT 33177117420
EXPIRETIME a
PEXPIRETIME a
SET a 1 EXAT 1
GET a
EXISTS a
SET a 1 PXAT 1 GET
GET a
SET a 1 PERSIST
SET a 1 bogus
SET a 1 GET GET
GETEX a
GETEX a EX 100
TTL a
GETEX a PERSIST
TTL a
GETEX a EX
GETEX a EX 0
GETEX a EX x
GETEX a KEEPTTL
GETEX a PERSIST EX 100
GETEX a EX 100 PERSIST
GETEX a NX
GETEX a EXAT 1
GET a
GETEX a EX 100
GETEX
"#;

const NUMBERS: &str = r#"
INCR n
INCR n
DECR n
DECRBY n 10
INCRBY n 100
INCRBY n -1
GET n
SET n 9223372036854775807
INCR n
INCRBY n 1
DECR n
DECRBY n -9223372036854775808
DECRBY n x
INCRBY n 1.0
INCRBY n ""
INCRBY n 01
INCRBY n +1
SET n -9223372036854775808
DECR n
DECRBY n 1
SET n text
INCR n
SET n ""
INCR n
SET n 01
INCR n
SET n 10 EX 100
INCR n
TTL n
INCRBYFLOAT f 10.5
INCRBYFLOAT f 0.1
INCRBYFLOAT f -5
INCRBYFLOAT f 5.0e3
INCRBYFLOAT f 1e-17
INCRBYFLOAT f 1e20
INCRBYFLOAT f -1e20
INCRBYFLOAT f inf
INCRBYFLOAT f -inf
INCRBYFLOAT f nan
INCRBYFLOAT f x
INCRBYFLOAT f ""
INCRBYFLOAT f 1e5000
INCRBYFLOAT f 1.
INCRBYFLOAT f .5
INCRBYFLOAT f +1
SET f 3.0e3
INCRBYFLOAT f 200
SET f 17179869184
INCRBYFLOAT f 1.5
SET f 1
INCRBYFLOAT f -1
SET f -0.5
INCRBYFLOAT f 0.5
SET f text
INCRBYFLOAT f 1
SET f 1e4932
INCRBYFLOAT f 1e4932
INCRBYFLOAT f 0.000000000000000005
"#;

const RANGES: &str = r#"
SET a Hello-World
GETRANGE a 0 4
GETRANGE a -5 -1
GETRANGE a 0 -1
GETRANGE a 5 2
GETRANGE a -1 -5
GETRANGE a 100 200
GETRANGE a -100 2
GETRANGE a -200 -100
GETRANGE a 0 100
GETRANGE a x 1
GETRANGE a 0 1.5
GETRANGE a 0 9223372036854775807
GETRANGE a -9223372036854775808 9223372036854775807
GETRANGE nothing 0 -1
GETRANGE a 0
SUBSTR a 0 4
SETRANGE a 6 Redis
GET a
SETRANGE a 20 far
GET a
SETRANGE a -1 x
SETRANGE a x y
SETRANGE nothing 5 ""
EXISTS nothing
SETRANGE a 0 ""
SETRANGE fresh 3 abc
GET fresh
SET t value EX 100
SETRANGE t 0 V
TTL t
APPEND t x
TTL t
"#;

const KEYS: &str = r#"
RANDOMKEY
MSET one 1 two 2 three 3 four 4
DBSIZE
KEYS *
KEYS t*
KEYS t[hw]*
KEYS nothing
KEYS
EXISTS one two one nothing
TOUCH one two one nothing
DEL one nothing one
UNLINK two two
RENAME nothing other
RENAME three drei
RENAME drei drei
GET three
GET drei
RENAMENX drei four
RENAMENX drei neu
RENAMENX neu neu
RENAMENX nothing x
SET t 1 EX 100
RENAME t t2
TTL t2
RENAME a
SCAN 0 COUNT 1000 MATCH nothing
SCAN 0 TYPE hash COUNT 1000
SCAN x
SCAN 0 COUNT 0
SCAN 0 COUNT x
SCAN 0 COUNT
SCAN 0 BOGUS 1
SCAN 0 MATCH
SCAN -x
SCAN 1x
SCAN 99999999999999999999
SELECT 1
DBSIZE
SET only here
SELECT 0
EXISTS only
FLUSHDB BOGUS
FLUSHDB ASYNC SYNC
FLUSHDB SYNC
DBSIZE
SELECT 1
DBSIZE
FLUSHALL ASYNC
DBSIZE
SELECT 16
SELECT -1
SELECT x
SELECT 99999999999
SELECT 15
SELECT
SCAN 0
"#;

const EXPIRY: &str = r#"
EXPIRE nothing 100
SET a 1
TTL a
PTTL a
EXPIRETIME a
PEXPIRETIME a
TTL nothing
PTTL nothing
EXPIRETIME nothing
PEXPIRETIME nothing
EXPIRE a 100
TTL a
PTTL a
EXPIRETIME a
PEXPIRETIME a
PERSIST a
PERSIST a
PERSIST nothing
TTL a
PEXPIRE a 100000
TTL a
EXPIREAT a 33177117420
EXPIRETIME a
PEXPIRETIME a
PEXPIREAT a 33177117420123
EXPIRETIME a
PEXPIRETIME a
EXPIRE a x
EXPIRE a 1.5
EXPIRE a 9223372036854775807
EXPIRE a -9223372036854775808
EXPIRE a 9223372036854775
PEXPIRE a 9223372036854775807
PEXPIREAT a 9223372036854775807
PEXPIRETIME a
EXPIREAT a 9223372036854775807
EXPIRE a -1
GET a
SET a 1
EXPIRE a 0
EXISTS a
SET a 1
EXPIREAT a 1
EXISTS a
SET a 1
PEXPIREAT a -5
EXISTS a
SET a 1 EX 100
PEXPIRE a -9223372036854775808
EXISTS a
EXPIRE a
TTL
"#;

const CONDITIONS: &str = r#"
SET a 1
EXPIRE a 100 XX
EXPIRE a 100 GT
TTL a
EXPIRE a 100 LT
TTL a
EXPIRE a 200 NX
EXPIRE a 200 GT
TTL a
EXPIRE a 100 GT
EXPIRE a 300 LT
EXPIRE a 100 LT
TTL a
EXPIRE a 500 XX GT
TTL a
EXPIRE a 400 XX LT
EXPIRE a 1 NX XX
EXPIRE a 1 NX GT
EXPIRE a 1 GT LT
EXPIRE a 1 NX LT GT
EXPIRE a 1 BOGUS
EXPIRE a 1 nx nx
EXPIRE a x BOGUS
EXPIRE nothing 1 XX
PERSIST a
EXPIRE a 100 nx
TTL a
EXPIRE a -1 GT
EXISTS a
EXPIRE a -1 LT
EXISTS a
"#;

const CONNECTIONS: &str = r#"
PING
PING hello
PING a b
ping
ECHO hello
ECHO
ECHO a b
AUTH password
AUTH default anything
AUTH nobody anything
AUTH a b c
AUTH
CLIENT GETNAME
CLIENT SETNAME me
CLIENT GETNAME
CLIENT SETNAME a"b"
CLIENT SETNAME
CLIENT SETNAME a b
CLIENT SETNAME ""
CLIENT GETNAME
CLIENT
CLIENT BOGUS
CLIENT GETNAME extra
CLIENT NO-EVICT on
CLIENT NO-EVICT maybe
CLIENT LIST TYPE bogus
CLIENT LIST ID x
CLIENT LIST BOGUS
CONFIG
CONFIG BOGUS
CONFIG GET nothing
CONFIG GET
CONFIG GET appendonly
CONFIG GET save
CONFIG GET databases
COMMAND BOGUS
COMMAND COUNT extra
COMMAND INFO nothing
COMMAND DOCS nothing
COMMAND LIST FILTERBY PATTERN nothing
HELLO 4
HELLO 1
HELLO x
HELLO 3 BOGUS
HELLO 3 SETNAME
HELLO 3 AUTH default
HELLO 3 AUTH nobody wrong
TIME extra
DBSIZE extra
SELECT 3
RESET
CLIENT GETNAME
RESET extra
QUIT
"#;

const UNKNOWN: &str = r#"
NOSUCH
nosuch a b
NOSUCH a-long-argument-that-goes-on-and-on-for-more-than-one-hundred-and-twenty-eight-bytes-so-that-only-its-beginning-is-shown-to-the-client-again another
a-name-that-goes-on-and-on-for-more-than-one-hundred-and-twenty-eight-bytes-so-that-only-its-beginning-is-shown-to-the-client-again
"" a
GETS a
"#;

/// Inputs after which the server closes the connection.
pub(crate) fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let long = vec![b'1'; 70_000];
    vec![
        ("a_count_that_is_no_number", b"PING\r\n*x\r\n".to_vec()),
        ("a_count_beyond_all_limits", b"*9999999999\r\n".to_vec()),
        (
            "a_count_that_does_not_end",
            [b"*".to_vec(), long.clone()].concat(),
        ),
        ("an_argument_without_its_sign", b"*1\r\nPING\r\n".to_vec()),
        (
            "an_argument_of_negative_length",
            b"*2\r\n$3\r\nGET\r\n$-1\r\n".to_vec(),
        ),
        (
            "an_argument_beyond_all_limits",
            b"*1\r\n$9999999999\r\n".to_vec(),
        ),
        (
            "an_argument_whose_length_does_not_end",
            [b"*1\r\n$".to_vec(), long.clone()].concat(),
        ),
        ("an_inline_request_that_does_not_end", long),
        ("a_quote_that_is_not_closed", b"SET a \"b\r\n".to_vec()),
        (
            "a_quote_in_the_middle_of_a_word",
            b"SET a \"b\"c\r\n".to_vec(),
        ),
        (
            "inline_requests",
            b"\r\nPING\r\nset a 'b c'\nget a\r\nECHO \"\\x41\\n\"\r\nQUIT\r\nPING\r\n".to_vec(),
        ),
        (
            "empty_arrays",
            b"*0\r\n*-1\r\n*1\r\n$4\r\nQUIT\r\n".to_vec(),
        ),
        (
            "the_end_of_a_pipeline",
            b"SET a 1\r\nGET a\r\nQUIT\r\n".to_vec(),
        ),
        (
            "a_post_request",
            b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET a 1\r\n".to_vec(),
        ),
        ("a_host_header", b"Host: localhost\r\nSET a 1\r\n".to_vec()),
    ]
}
