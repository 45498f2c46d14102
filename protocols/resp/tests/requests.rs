//! Requests as clients send them, whole, in pieces, too large and broken.

use outrigger_resp::{
    Limits, ProtocolError, Refusal, Trust, encode_request,
    invariants::{Meaning, read_in_pieces},
};

fn read(input: &[u8]) -> Meaning {
    read_in_pieces([input], &Limits::default())
}

fn requests(meaning: &Meaning) -> Vec<String> {
    meaning
        .requests
        .iter()
        .map(|request| match request {
            Ok(args) => args.join(&b' ').escape_ascii().to_string(),
            Err(refusal) => format!("{refusal:?}"),
        })
        .collect()
}

#[test]
fn pipelined_requests_of_both_kinds_come_out_in_order() {
    let meaning = read(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n*1\r\n$4\r\nPING\r\n\r\nGET b\n");

    assert_eq!(requests(&meaning), ["GET a", "PING", "PING", "GET b"]);
    assert_eq!(meaning.error, None);
}

#[test]
fn empty_and_negative_arrays_are_passed_over() {
    let meaning = read(b"*0\r\n*-1\r\n*-9\r\nPING\r\n");

    assert_eq!(requests(&meaning), ["PING"]);
}

#[test]
fn arguments_hold_any_bytes() {
    let meaning = read(b"*2\r\n$3\r\nGET\r\n$6\r\n\r\n\0\xff*$\r\n");

    assert_eq!(requests(&meaning), ["GET \\r\\n\\x00\\xff*$"]);
}

#[test]
fn broken_requests_get_the_error_that_clients_know() {
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
        let meaning = read(input);
        assert_eq!(
            meaning.error,
            Some(error),
            "{}",
            input[..10.min(input.len())].escape_ascii()
        );
        assert_eq!(meaning.requests, []);
    }
}

#[test]
fn an_argument_above_the_limit_is_read_away_and_the_connection_goes_on() {
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

    let meaning = read_in_pieces(input.chunks(7), &limits);

    assert_eq!(
        requests(&meaning),
        ["Bulk { length: 11 }", "SET b vvvvvvvvvv"]
    );
}

#[test]
fn many_arguments_that_are_too_large_together_are_read_away() {
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

    let meaning = read_in_pieces([&input[..]], &limits);

    assert_eq!(meaning.requests[0], Err(Refusal::Request));
    assert_eq!(requests(&meaning)[1], "PING");
}

#[test]
fn a_peer_that_has_not_authenticated_is_held_short() {
    let limits = Limits::default().unauthenticated();
    assert_eq!(limits.trust, Trust::Unauthenticated);

    let many = read_in_pieces([&b"*11\r\n"[..]], &limits);
    let long = read_in_pieces([&b"*2\r\n$16385\r\n"[..]], &limits);
    let enough = read_in_pieces([&b"*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n"[..]], &limits);

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
