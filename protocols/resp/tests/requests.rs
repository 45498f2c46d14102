//! Requests as clients send them: complete, split, too large and malformed.

use outrigger_resp::{
    Limits, ProtocolError, Refusal, Trust, encode_request,
    invariants::{Parsed, parse_in_pieces},
};

fn read(input: &[u8]) -> Parsed {
    parse_in_pieces([input], &Limits::default())
}

fn requests(parsed: &Parsed) -> Vec<String> {
    parsed
        .requests
        .iter()
        .map(|request| match request {
            Ok(args) => args.join(&b' ').escape_ascii().to_string(),
            Err(refusal) => format!("{refusal:?}"),
        })
        .collect()
}

#[test]
fn pipelined_requests_of_both_kinds_are_parsed_in_order() {
    let parsed = read(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n*1\r\n$4\r\nPING\r\n\r\nGET b\n");

    assert_eq!(requests(&parsed), ["GET a", "PING", "PING", "GET b"]);
    assert_eq!(parsed.error, None);
}

#[test]
fn empty_and_negative_arrays_are_skipped() {
    let parsed = read(b"*0\r\n*-1\r\n*-9\r\nPING\r\n");

    assert_eq!(requests(&parsed), ["PING"]);
}

#[test]
fn arguments_hold_any_bytes() {
    let parsed = read(b"*2\r\n$3\r\nGET\r\n$6\r\n\r\n\0\xff*$\r\n");

    assert_eq!(requests(&parsed), ["GET \\r\\n\\x00\\xff*$"]);
}

#[test]
fn malformed_requests_return_the_error_that_clients_recognise() {
    let long_line = [b"*".to_vec(), vec![b'1'; 70_000]].concat();
    let long_bulk = [b"*1\r\n$".to_vec(), vec![b'1'; 70_000]].concat();
    let long_inline = vec![b'a'; 70_000];
    let cases: [(&[u8], ProtocolError); 14] = [
        (b"*x\r\n", ProtocolError::InvalidCount),
        (b"*1048577\r\n", ProtocolError::InvalidCount),
        (b"*99999999999999999999\r\n", ProtocolError::InvalidCount),
        (&long_line, ProtocolError::CountLineTooLong),
        (b"*1\r\nPING\r\n", ProtocolError::ExpectedBulk { got: b'P' }),
        (b"*1\r\n$x\r\n", ProtocolError::InvalidBulk),
        (b"*1\r\n$-1\r\n", ProtocolError::InvalidBulk),
        (b"*1\r\n$67108865\r\n", ProtocolError::InvalidBulk),
        (&long_bulk, ProtocolError::BulkLineTooLong),
        (&long_inline, ProtocolError::InlineTooLong),
        (b"SET a \"b\r\n", ProtocolError::UnbalancedQuotes),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", ProtocolError::Http),
        (b"POST / HTTP/1.1\r\n", ProtocolError::Http),
        (b"\x16\x03\x01", ProtocolError::Tls),
    ];
    for (input, error) in cases {
        let parsed = read(input);
        assert_eq!(
            parsed.error,
            Some(error),
            "{}",
            input[..10.min(input.len())].escape_ascii()
        );
        assert_eq!(parsed.requests, []);
    }
}

#[test]
fn an_argument_above_the_limit_is_discarded_and_the_connection_stays_usable() {
    let limits = Limits {
        bulk_max: 10,
        drain_max: 100,
        ..Limits::default()
    };
    let mut input = Vec::new();
    let value = [b'v'; 11];
    encode_request(
        [&b"SET"[..], b"a", &value, b"EX", b"10"].into_iter(),
        &mut input,
    );
    encode_request([&b"SET"[..], b"b", &value[..10]].into_iter(), &mut input);

    let parsed = parse_in_pieces(input.chunks(7), &limits);

    assert_eq!(
        requests(&parsed),
        ["Bulk { length: 11 }", "SET b vvvvvvvvvv"]
    );
}

#[test]
fn arguments_that_are_too_large_together_are_discarded() {
    let limits = Limits {
        request_max: 20,
        ..Limits::default()
    };
    let mut input = Vec::new();
    encode_request(
        [&b"MSET"[..], b"a", &[b'v'; 9], b"b", &[b'v'; 9]].into_iter(),
        &mut input,
    );
    input.extend_from_slice(b"PING\r\n");

    let parsed = parse_in_pieces([&input[..]], &limits);

    assert_eq!(parsed.requests[0], Err(Refusal::Request));
    assert_eq!(requests(&parsed)[1], "PING");
}

#[test]
fn unauthenticated_peers_have_tighter_limits() {
    let limits = Limits::default().unauthenticated();
    assert_eq!(limits.trust, Trust::Unauthenticated);

    let many = parse_in_pieces([&b"*11\r\n"[..]], &limits);
    let long = parse_in_pieces([&b"*2\r\n$16385\r\n"[..]], &limits);
    let enough = parse_in_pieces([&b"*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n"[..]], &limits);

    assert_eq!(many.error, Some(ProtocolError::UnauthenticatedCount));
    assert_eq!(long.error, Some(ProtocolError::UnauthenticatedBulk));
    assert_eq!(requests(&enough), ["AUTH x"]);
}

#[test]
fn error_texts_are_those_that_clients_match_on() {
    assert_eq!(
        ProtocolError::ExpectedBulk { got: b'P' }.to_string(),
        "Protocol error: expected '$', got 'P'"
    );
    assert_eq!(
        ProtocolError::InvalidBulk.to_string(),
        "Protocol error: invalid bulk length"
    );
}
