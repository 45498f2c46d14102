//! Addresses of clients, destinations and listeners.
//!
//! [`ClientAddress`] determines the address of a client behind proxies. It trusts forwarding headers only from configured
//! proxies and reads them from the right, because the client can write anything to the left of the first untrusted address.
//!
//! [`Guard`] decides whether a connection to a destination that a user chose is permitted, for HTTP, TCP and SMTP: public
//! addresses are, addresses inside the network only if they are in the allow-list. [`OutgoingClient`] sends HTTP requests
//! to such destinations (webhooks, checks), with limits on size and time. Do not use either for peers that an operator
//! configures, such as a database: those can be inside the network.
//!
//! [`listen_tcp`] and [`listen_unix`] bind the sockets of listeners.
//!
//! This crate knows no capability and no web framework: headers are `http::HeaderMap`.
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
