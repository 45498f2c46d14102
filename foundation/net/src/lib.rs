//! Who is calling, whom we may call, and where we are called.
//!
//! [`ClientAddress`] finds the address of a client behind proxies. It believes forwarding headers only from proxies that the
//! configuration trusts, and walks them from the right, because everything to the left of the first untrusted address was
//! written by whoever sent the request.
//!
//! [`OutgoingClient`] sends requests to addresses that users may choose (webhooks, checks). It resolves the name itself,
//! refuses addresses inside the network unless they are allow-listed, and connects to the address that it has looked at, so
//! that a second answer of the name server cannot lead elsewhere. Do not use it for peers that whoever runs Outrigger
//! configured as part of it, such as a database: those are allowed to be inside.
//!
//! [`listen_tcp`] and [`listen_unix`] take the addresses that we are called at.
//!
//! This crate knows no capability and no framework: headers come as `http::HeaderMap`.
//!
//! ```
//! use http::HeaderMap;
//! use outrigger_net::{ClientAddress, TrustedProxies};
//!
//! let trusted = TrustedProxies::parse(["10.0.0.0/8"])?;
//! let mut headers = HeaderMap::new();
//! headers.insert("x-forwarded-for", "6.6.6.6, 203.0.113.9".parse().expect("it is a header"));
//!
//! let client = ClientAddress::resolve("10.0.0.1".parse().expect("it is an address"), &headers, &trusted);
//! assert_eq!(client.ip.to_string(), "203.0.113.9");
//! # Ok::<(), outrigger_net::ParseNetworkError>(())
//! ```

mod client;
mod config;
mod error;
mod global;
mod listen;
mod outgoing;
mod trusted;

pub use client::{ClientAddress, Scheme, is_forwarded, is_loopback};
pub use config::NetConfig;
pub use error::NetError;
pub use global::is_global;
pub use listen::{SOCKET_PATH_MAX, listen_tcp, listen_unix};
pub use outgoing::{Lookup, OutgoingClient, OutgoingRequest, OutgoingResponse, SystemLookup};
pub use trusted::{ParseNetworkError, TrustedProxies};
