//! The test cases of `ClientAddress`, and properties that hold for all inputs.

use std::{collections::HashSet, net::IpAddr};

use http::{HeaderMap, HeaderName, HeaderValue};
use outrigger_net::{ClientAddress, Scheme, TrustedProxies};
use proptest::prelude::*;

const CORPUS: &str = include_str!("client_address_corpus.txt");

struct Case<'a> {
    line: usize,
    trusted: TrustedProxies,
    peer: &'a str,
    headers: &'a str,
    answer: &'a str,
    about: &'a str,
}

#[test]
fn every_case_of_the_corpus_has_the_expected_result() {
    for case in cases() {
        let peer = case.peer.parse().expect("the peer is an address");
        let client = ClientAddress::resolve(peer, &headers(case.headers), &case.trusted);
        assert_eq!(
            written(&client),
            case.answer,
            "line {}: {}",
            case.line,
            case.about
        );
    }
}

#[test]
fn the_corpus_has_at_least_200_different_cases() {
    let cases = cases();
    let different: HashSet<_> = cases
        .iter()
        .map(|case| (format!("{:?}", case.trusted), case.peer, case.headers))
        .collect();

    assert!(different.len() >= 200, "{}", different.len());
    assert_eq!(different.len(), cases.len(), "a case is there twice");
}

proptest! {
    #[test]
    fn a_client_behind_a_proxy_cannot_choose_its_address(
        sent in prop::collection::vec((sent_header(), "[ -~]{0,60}"), 0..6),
    ) {
        // The client sends any headers; the proxy appends the client's address to the list.
        let client: IpAddr = "203.0.113.9".parse().expect("it is an address");
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(name, HeaderValue::from_str(&value).expect("it is printable"));
        }
        let list = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap().to_owned());
        let list: Vec<_> = list.chain(["203.0.113.9".to_owned()]).collect();
        headers.insert("x-forwarded-for", list.join(", ").parse().expect("it is a header"));

        let found = resolve("10.0.0.1", &headers).ip;

        // The result is the proxy if the client's own `Forwarded` contradicts the list.
        let proxy: IpAddr = "10.0.0.1".parse().expect("it is an address");
        prop_assert!(found == client || (found == proxy && headers.contains_key("forwarded")), "{found}");
    }

    #[test]
    fn the_same_holds_for_a_proxy_that_writes_forwarded(
        before in "[ -~]{0,60}", separate in any::<bool>(), list in prop::option::of("[ -~]{0,40}"),
    ) {
        let mut headers = HeaderMap::new();
        let own = "for=\"203.0.113.9:4711\";proto=https";
        if separate {
            headers.append("forwarded", before.parse().expect("it is a header"));
            headers.append("forwarded", own.parse().expect("it is a header"));
        } else {
            headers.append("forwarded", format!("{before}, {own}").parse().expect("it is a header"));
        }
        if let Some(list) = list {
            headers.append("x-forwarded-for", list.parse().expect("it is a header"));
        }

        let found = resolve("10.0.0.1", &headers).ip.to_string();

        prop_assert!(found == "203.0.113.9" || found == "10.0.0.1", "{found}");
    }

    #[test]
    fn an_untrusted_peer_is_always_the_client(
        sent in prop::collection::vec((sent_header(), "[ -~]{0,60}"), 0..6),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(name, HeaderValue::from_str(&value).expect("it is printable"));
        }

        let found = resolve("198.51.100.1", &headers);

        prop_assert_eq!(written(&found), "198.51.100.1");
    }

    #[test]
    fn any_bytes_are_handled(
        lines in prop::collection::vec(prop::collection::vec(0x20_u8..=0xfe, 0..200), 0..4),
    ) {
        let mut headers = HeaderMap::new();
        for line in lines {
            let Ok(value) = HeaderValue::from_bytes(&line) else { continue };
            for name in ["x-forwarded-for", "forwarded", "x-forwarded-host", "x-forwarded-proto"] {
                headers.append(name, value.clone());
            }
        }
        resolve("10.0.0.1", &headers);
    }
}

fn sent_header() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "x-forwarded-proto",
        "x-forwarded-host",
    ])
}

fn resolve(peer: &str, headers: &HeaderMap) -> ClientAddress {
    let trusted = TrustedProxies::parse(["10.0.0.0/8"]).expect("it is a network");
    ClientAddress::resolve(peer.parse().expect("it is an address"), headers, &trusted)
}

fn cases() -> Vec<Case<'static>> {
    let mut trusted = TrustedProxies::none();
    let mut cases = Vec::new();
    for (index, line) in CORPUS.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix("[trusted") {
            let list = section.trim_end_matches(']').split(',').map(str::trim);
            trusted = TrustedProxies::parse(list.filter(|text| !text.is_empty()))
                .expect("the section lists networks");
            continue;
        }
        let columns: Vec<_> = line.splitn(4, '|').map(str::trim).collect();
        let [peer, headers, answer, about] = columns[..] else {
            panic!("line {} has no four columns", index + 1);
        };
        let trusted = trusted.clone();
        cases.push(Case {
            line: index + 1,
            trusted,
            peer,
            headers,
            answer,
            about,
        });
    }
    cases
}

fn headers(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for header in text
        .split("&&")
        .map(str::trim)
        .filter(|header| !header.is_empty())
    {
        let (name, value) = header.split_once(':').expect("a header has a colon");
        let name = match name {
            "xff" => "x-forwarded-for",
            "fwd" => "forwarded",
            "proto" => "x-forwarded-proto",
            "host" => "x-forwarded-host",
            other => other,
        };
        let value =
            HeaderValue::from_bytes(&bytes(value.trim_matches(' '))).expect("it is a value");
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).expect("it is a name"),
            value,
        );
    }
    headers
}

/// Decodes `\xNN` and `\\`.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, used) = match after {
            [b'x', high, low, ..] if *first == b'\\' => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("digits are ASCII");
                (
                    u8::from_str_radix(digits, 16).expect("they are hexadecimal"),
                    4,
                )
            }
            [b'\\', ..] if *first == b'\\' => (b'\\', 2),
            _ => (*first, 1),
        };
        bytes.push(byte);
        rest = &rest[used..];
    }
    bytes
}

fn written(client: &ClientAddress) -> String {
    let scheme = match client.scheme {
        Some(Scheme::Https) => " scheme=https",
        Some(Scheme::Http) => " scheme=http",
        None => "",
    };
    let host = client.host.as_ref().map(|host| format!(" host={host}"));
    format!("{}{scheme}{}", client.ip, host.unwrap_or_default())
}
