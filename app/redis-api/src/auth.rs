//! Who may use the cache.
//!
//! The password is the listener's own and compared here, in constant time. Tokens, the throttle and the log of failures
//! belong to `access`, which this crate does not know: they come through the port [`Authenticator`].

use std::{fmt, net::SocketAddr};

use async_trait::async_trait;
use outrigger_stdx::Secret;
use subtle::ConstantTimeEq;

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Over TCP, from this address.
    Tcp(SocketAddr),
    /// Over the unix socket.
    Unix,
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix => formatter.write_str("the unix socket"),
        }
    }
}

/// What lies behind `AUTH`: tokens, and the memory of failures.
///
/// The listener asks [`admits`](Self::admits) before it looks at any credential, and tells the outcome afterwards, also that
/// of its own password. So one implementation throttles and logs all attempts of a peer, whatever it tries.
#[async_trait]
pub trait Authenticator: Send + Sync + fmt::Debug {
    /// Whether this peer may try now; `false` after too many failures.
    async fn admits(&self, peer: Peer) -> bool;

    /// Whether `token` is valid now and has the scope `cache:*`.
    async fn allows(&self, token: &str, peer: Peer) -> bool;

    /// Notes that an attempt with `secret` failed. Whoever repeats the same wrong secret guesses nothing.
    async fn failed(&self, peer: Peer, secret: &str);

    /// Notes that an attempt succeeded.
    async fn succeeded(&self, peer: Peer);
}

/// No tokens and no throttle: for a listener on its own, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct PasswordOnly;

#[async_trait]
impl Authenticator for PasswordOnly {
    async fn admits(&self, _: Peer) -> bool {
        true
    }

    async fn allows(&self, _: &str, _: Peer) -> bool {
        false
    }

    async fn failed(&self, _: Peer, _: &str) {}

    async fn succeeded(&self, _: Peer) {}
}

/// What a client presented.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The user's name; `None` in the form that has only a password.
    pub(crate) user: Option<Vec<u8>>,
    /// The password or token.
    pub(crate) secret: Secret,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    Refused,
    /// A password was presented where none is configured.
    NoPassword,
    Throttled,
}

impl Verdict {
    /// What to answer when it is not allowed.
    pub(crate) const fn error(self) -> &'static str {
        match self {
            Self::Allowed | Self::Refused => {
                "WRONGPASS invalid username-password pair or user is disabled."
            }
            Self::NoPassword => {
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
            }
            Self::Throttled => "ERR too many failed attempts to authenticate, try again later",
        }
    }
}

/// Decides about credentials.
pub(crate) async fn authenticate(
    credentials: &Credentials,
    password: Option<&Secret>,
    authenticator: &dyn Authenticator,
    peer: Peer,
) -> Verdict {
    if !authenticator.admits(peer).await {
        return Verdict::Throttled;
    }
    let is_default = credentials
        .user
        .as_deref()
        .is_none_or(|user| user == b"default");
    let is_password = match password {
        Some(password) => is_default && is_same(password, &credentials.secret),
        // Without a password the user `default` may have any; that is what clients find who always send one.
        None => credentials.user.is_some() && is_default,
    };
    let is_allowed = is_password
        || authenticator
            .allows(credentials.secret.expose(), peer)
            .await;
    if is_allowed {
        authenticator.succeeded(peer).await;
        return Verdict::Allowed;
    }
    authenticator
        .failed(peer, credentials.secret.expose())
        .await;
    if password.is_none() && credentials.user.is_none() {
        return Verdict::NoPassword;
    }
    Verdict::Refused
}

fn is_same(expected: &Secret, given: &Secret) -> bool {
    expected
        .expose()
        .as_bytes()
        .ct_eq(given.expose().as_bytes())
        .into()
}
