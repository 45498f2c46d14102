//! Who may use the cache.
//!
//! The password is the listener's own and compared here, in constant time. Tokens and the throttle belong to `access`, which
//! this crate does not know: they come through the port [`Authenticator`].

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_stdx::{Actor, Secret};
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

/// A kind of secret that a client can present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// `[redis] password`.
    Password,
    /// An API token.
    Token,
}

/// What lies behind `AUTH`: tokens, and the throttle for those who guess.
///
/// The listener calls [`admits`](Self::admits) before it accepts a secret and reports the outcome afterwards, for its own
/// password as well. So one implementation throttles all attempts of a peer, whatever it tries.
#[async_trait]
pub trait Authenticator: Send + Sync + fmt::Debug {
    /// Whether a secret of this kind may be accepted from this peer now. `false` after too many failures, unless the peer's
    /// address is the machine's own or has presented a right secret of this kind before: an address with a guesser on it must
    /// not lose its clients.
    async fn admits(&self, peer: Peer, kind: SecretKind) -> bool;

    /// The grant of `token`, when it is valid now and has the scope `cache:*`.
    async fn allows(&self, token: &Secret, peer: Peer) -> Option<Arc<dyn Grant>>;

    /// Counts a failed attempt with `secret`, and returns whether the peer has failed too often. The same wrong secret again is
    /// no guess.
    async fn failed(&self, peer: Peer, kind: SecretKind, secret: &Secret) -> bool;

    /// Remembers that the peer's address holds a right secret of this kind. It takes back no failure.
    async fn succeeded(&self, peer: Peer, kind: SecretKind);
}

/// What a token allowed when it was presented: a right that can end while the connection is open.
#[async_trait]
pub trait Grant: Send + Sync + fmt::Debug {
    /// Who holds the token, for the audit log.
    fn holder(&self) -> Actor;

    /// When it ends by itself, in milliseconds since 1970; `None` when it does not expire.
    fn expires_at(&self) -> Option<i64>;

    /// Whether something was revoked since the last [`check`](Self::check) that may have been this grant. Called before every
    /// few commands, so it must cost nanoseconds.
    fn is_in_doubt(&self) -> bool;

    /// How often to check again without a doubt, for what other nodes revoke.
    fn check_every(&self) -> Duration;

    /// Whether it still holds.
    async fn check(&self) -> Validity;
}

/// Whether a grant still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// It does.
    Valid,
    /// It was revoked, has expired, or no longer allows the cache.
    Ended,
    /// Nobody can say now, because the store cannot be reached.
    Unknown,
}

/// Whether a grant still holds. When something was revoked and nobody can say whether it was this grant, it was; without such
/// a doubt, a store that cannot be reached ends nothing.
pub(crate) async fn still_holds(grant: &dyn Grant) -> bool {
    let is_in_doubt = grant.is_in_doubt();
    match grant.check().await {
        Validity::Valid => true,
        Validity::Ended => false,
        Validity::Unknown => !is_in_doubt,
    }
}

/// No tokens and no throttle: for a listener on its own, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct PasswordOnly;

#[async_trait]
impl Authenticator for PasswordOnly {
    async fn admits(&self, _: Peer, _: SecretKind) -> bool {
        true
    }

    async fn allows(&self, _: &Secret, _: Peer) -> Option<Arc<dyn Grant>> {
        None
    }

    async fn failed(&self, _: Peer, _: SecretKind, _: &Secret) -> bool {
        false
    }

    async fn succeeded(&self, _: Peer, _: SecretKind) {}
}

/// What a client presented.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// The user's name; `None` in the form that has only a password.
    pub(crate) user: Option<Vec<u8>>,
    /// The password or token.
    pub(crate) secret: Secret,
}

/// The outcome of an attempt.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// For as long as the connection is open.
    Allowed,
    /// For as long as the grant holds.
    Granted(Arc<dyn Grant>),
    Refused(Refused),
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Wrong,
    /// A password was presented where none is configured.
    NoPassword,
    /// The peer has failed too often. The connection ends, so that each further guess costs a new one.
    Throttled,
}

impl Refused {
    /// What the client reads.
    pub(crate) const fn error(self) -> &'static str {
        match self {
            Self::Wrong => "WRONGPASS invalid username-password pair or user is disabled.",
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
    let secret = &credentials.secret;
    let is_default = credentials
        .user
        .as_deref()
        .is_none_or(|user| user == b"default");
    match password {
        // Without a password the user `default` may have any; that is what clients find who always send one. It proves
        // nothing, so it is no success either.
        None if is_default && credentials.user.is_some() => return Verdict::Allowed,
        Some(password) if is_default && is_same(password, secret) => {
            if !authenticator.admits(peer, SecretKind::Password).await {
                return Verdict::Refused(Refused::Throttled);
            }
            authenticator.succeeded(peer, SecretKind::Password).await;
            return Verdict::Allowed;
        }
        _ => {}
    }
    if authenticator.admits(peer, SecretKind::Token).await
        && let Some(grant) = authenticator.allows(secret, peer).await
    {
        authenticator.succeeded(peer, SecretKind::Token).await;
        return Verdict::Granted(grant);
    }
    let kind = match password {
        Some(_) if is_default => SecretKind::Password,
        _ => SecretKind::Token,
    };
    if authenticator.failed(peer, kind, secret).await {
        return Verdict::Refused(Refused::Throttled);
    }
    if password.is_none() && credentials.user.is_none() {
        return Verdict::Refused(Refused::NoPassword);
    }
    Verdict::Refused(Refused::Wrong)
}

fn is_same(expected: &Secret, given: &Secret) -> bool {
    expected
        .expose()
        .as_bytes()
        .ct_eq(given.expose().as_bytes())
        .into()
}
