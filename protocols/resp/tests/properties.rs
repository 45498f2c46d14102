//! Properties that hold for every input.

use outrigger_resp::{
    Limits, encode_request,
    invariants::{parse_in_pieces, splitting_does_not_change_the_result},
};
use proptest::{collection::vec, prelude::*};

/// Generates bytes that resemble the protocol closely enough to pass the first line.
fn nearly_protocol() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        Just(b"*1\r\n".to_vec()),
        Just(b"*3\r\n".to_vec()),
        Just(b"$3\r\nGET\r\n".to_vec()),
        Just(b"$0\r\n\r\n".to_vec()),
        Just(b"$70\r\n".to_vec()),
        Just(b"$300\r\n".to_vec()),
        Just(b"PING\r\n".to_vec()),
        Just(b"\"a b\" 'c'\n".to_vec()),
        Just(b"GET / HTTP/1.1\r\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        vec(any::<u8>(), 0..80),
    ];
    vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn bytes_split_anywhere_parse_the_same(
        bytes in nearly_protocol(),
        cuts in vec(0usize..40, 0..30),
    ) {
        splitting_does_not_change_the_result(&bytes, &cuts);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..400), cuts in vec(0usize..40, 0..10)) {
        splitting_does_not_change_the_result(&bytes, &cuts);
    }

    #[test]
    fn encoded_requests_parse_to_the_same_arguments(
        sent in vec(vec(vec(any::<u8>(), 0..200), 1..6), 0..8),
        size in 1usize..64,
    ) {
        let mut stream = Vec::new();
        for request in &sent {
            encode_request(request.iter().map(Vec::as_slice), &mut stream);
        }

        let parsed = parse_in_pieces(stream.chunks(size), &Limits::default());

        let read: Vec<_> = parsed.requests.into_iter().map(|request| request.expect("none is too large")).collect();
        prop_assert_eq!(parsed.error, None);
        prop_assert_eq!(read, sent);
    }
}
