//! Parses the content of forwarding headers: addresses with ports and zones, schemes, hosts, and the pairs of `Forwarded`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str,
};

use super::{Scheme, chain::Element};

/// The maximum length of an address with zone and port, with room to spare.
const NODE_MAX: usize = 100;
/// The maximum length of a host name with a port.
const HOST_MAX: usize = 260;

/// Parses an address with an optional port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`, with or without
/// a zone. Returns `None` for `unknown`, obfuscated identifiers and anything else.
pub(super) fn address(text: &[u8]) -> Option<IpAddr> {
    if text.len() > NODE_MAX {
        return None;
    }
    let text = str::from_utf8(text).ok()?;
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']')?;
            let ends = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
            if !ends {
                return None;
            }
            IpAddr::V6(ipv6(inside)?)
        }
        None => match text.split_once(':') {
            None => IpAddr::V4(text.parse::<Ipv4Addr>().ok()?),
            Some((before, port)) if is_port(port) && before.contains('.') => {
                IpAddr::V4(before.parse::<Ipv4Addr>().ok()?)
            }
            Some(_) => IpAddr::V6(ipv6(text)?),
        },
    };
    let address = address.to_canonical();
    (!address.is_unspecified() && !address.is_multicast() && !is_broadcast(address))
        .then_some(address)
}

fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let (address, zone) = text.split_once('%').unwrap_or((text, "none"));
    let is_zone = !zone.is_empty()
        && zone
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if !is_zone {
        return None;
    }
    address.parse().ok()
}

fn is_broadcast(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.is_broadcast())
}

/// Returns whether the text is a port, or the obfuscated port that `Forwarded` allows.
fn is_port(text: &str) -> bool {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok();
    number || text.strip_prefix('_').is_some_and(is_obfuscated)
}

fn is_obfuscated(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Parses `http` or `https`.
pub(super) fn scheme(text: &[u8]) -> Option<Scheme> {
    if text.eq_ignore_ascii_case(b"https") {
        Some(Scheme::Https)
    } else if text.eq_ignore_ascii_case(b"http") {
        Some(Scheme::Http)
    } else {
        None
    }
}

/// Parses a host with an optional port and converts it to lower case. Returns `None` if it is invalid in a URL.
pub(super) fn host(text: &[u8]) -> Option<String> {
    if text.is_empty() || text.len() > HOST_MAX {
        return None;
    }
    let text = str::from_utf8(text).ok()?;
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let valid = match name.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.bytes().all(is_name),
    };
    let port_is_number =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (valid && port.is_none_or(port_is_number)).then(|| text.to_ascii_lowercase())
}

/// Parses one line of `Forwarded` (RFC 7239). Returns `None` if any part of the line is malformed.
pub(super) fn forwarded_line(line: &[u8]) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    let mut element = Pairs::default();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        // An element or pair can be empty. An element without `for` ends the walk, like any other without an address.
        if !matches!(rest.first(), None | Some(b',' | b';')) {
            rest = element.take(rest)?.trim_ascii_start();
        }
        match rest.split_first() {
            Some((b';', after)) => rest = after,
            Some((b',', after)) => {
                elements.push(std::mem::take(&mut element).into_element());
                rest = after;
            }
            None => {
                elements.push(element.into_element());
                return Some(elements);
            }
            Some(_) => return None,
        }
    }
}

/// The pairs of one element.
#[derive(Debug, Default)]
struct Pairs {
    node: Option<Vec<u8>>,
    scheme: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
}

impl Pairs {
    /// Parses one `name=value` at the start and returns the rest. A repeated name is malformed.
    fn take<'a>(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let equals = text.iter().position(|byte| *byte == b'=')?;
        let (name, rest) = (&text[..equals], &text[equals + 1..]);
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return None;
        }
        let (value, rest) = value(rest)?;
        let place = match name.to_ascii_lowercase().as_slice() {
            b"for" => &mut self.node,
            b"proto" => &mut self.scheme,
            b"host" => &mut self.host,
            _ => return Some(rest),
        };
        place.replace(value).is_none().then_some(rest)
    }

    fn into_element(self) -> Element {
        Element {
            address: self.node.as_deref().and_then(address),
            scheme: self.scheme,
            host: self.host,
        }
    }
}

/// Parses a token or quoted string at the start and returns it with the rest. The grammar requires quotes for IPv6
/// addresses and ports, but many proxies omit them; unquoted ones are unambiguous and accepted.
fn value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let accepted = |byte: u8| is_token(byte) || matches!(byte, b':' | b'[' | b']');
        let end = text.iter().take_while(|byte| accepted(**byte)).count();
        return (end > 0).then(|| (text[..end].to_vec(), &text[end..]));
    };
    let mut value = Vec::new();
    let mut bytes = quoted.iter().enumerate();
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((value, &quoted[index + 1..])),
            b'\\' => value.push(*bytes.next()?.1),
            byte => value.push(*byte),
        }
    }
    None
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
