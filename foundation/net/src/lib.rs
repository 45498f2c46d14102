//! Addresses: of clients, of destinations, of listeners.
//!
//! [`ClientAddress`] finds the address of a client behind proxies. It believes forwarding headers only from proxies that the
//! configuration trusts, and reads them from the right, because the client can write everything to the left of the first
//! untrusted address.
//!
//! [`Guard`] decides whether a destination that a user chose may be connected to, for HTTP, TCP and SMTP alike: public
//! addresses may, addresses inside the network only if they are allow-listed. [`OutgoingClient`] sends HTTP requests to such
//! destinations (webhooks, checks), within limits of size and time. Do not use either for peers that an operator configured,
//! such as a database: those may be inside.
//!
//! [`listen_tcp`] and [`listen_unix`] bind the sockets of listeners.
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

mod allowed;
mod client;
mod config;
mod error;
mod global;
mod guard;
mod listen;
mod lookup;
mod outgoing;
mod trusted;

pub use client::{ClientAddress, Scheme, is_forwarded, is_loopback};
pub use config::NetConfig;
pub use error::NetError;
pub use global::is_global;
pub use guard::Guard;
pub use listen::{SOCKET_PATH_MAX, listen_tcp, listen_unix};
pub use lookup::{Lookup, SystemLookup};
pub use outgoing::{
    OutgoingBody, OutgoingClient, OutgoingRequest, OutgoingResponse, OutgoingStream, RequestLimits,
    ResponseStream, Timings,
};
pub use trusted::{ParseNetworkError, TrustedProxies};
