//! What holds for every input.

use outrigger_resp::{
    Limits, encode_request,
    invariants::{pieces_mean_the_same_as_the_whole, read_in_pieces},
};
use proptest::{collection::vec, prelude::*};

/// Bytes that look enough like the protocol to get past its first line.
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
    fn any_bytes_cut_anywhere_mean_the_same(
        bytes in nearly_protocol(),
        cuts in vec(0usize..40, 0..30),
    ) {
        pieces_mean_the_same_as_the_whole(&bytes, &cuts);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..400), cuts in vec(0usize..40, 0..10)) {
        pieces_mean_the_same_as_the_whole(&bytes, &cuts);
    }

    #[test]
    fn what_is_encoded_reads_back(
        sent in vec(vec(vec(any::<u8>(), 0..200), 1..6), 0..8),
        size in 1usize..64,
    ) {
        let mut stream = Vec::new();
        for request in &sent {
            encode_request(request.iter().map(Vec::as_slice), &mut stream);
        }

        let meaning = read_in_pieces(stream.chunks(size), &Limits::default());

        let read: Vec<_> = meaning.requests.into_iter().map(|request| request.expect("none is too large")).collect();
        prop_assert_eq!(meaning.error, None);
        prop_assert_eq!(read, sent);
    }
}
