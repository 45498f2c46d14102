//! Authentication of clients.
//!
//! The listener compares the password itself, in constant time. API tokens and the throttle belong to `access`, which this
//! crate does not depend on; the server connects them through the port [`Authenticator`].

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_stdx::{Actor, Secret};
use subtle::ConstantTimeEq;

/// The peer of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A TCP client with this address.
    Tcp(SocketAddr),
    /// A client of the unix socket.
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

/// The kind of a secret that a client presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// `[redis] password`.
    Password,
    /// An API token.
    Token,
}

/// Checks tokens for `AUTH` and throttles clients that guess secrets.
///
/// The listener calls [`admits`](Self::admits) before it accepts a secret and reports the outcome afterwards, also for its own
/// password. One implementation therefore throttles all attempts of a peer, whatever kind of secret it tries.
#[async_trait]
pub trait Authenticator: Send + Sync + fmt::Debug {
    /// Returns whether the listener may accept a secret of this kind from this peer now.
    ///
    /// Returns `false` after too many failures, unless the address is loopback or has presented a correct secret of this kind
    /// before. This exception keeps legitimate clients working when an attacker shares their address.
    async fn admits(&self, peer: Peer, kind: SecretKind) -> bool;

    /// Returns the grant of `token` if it is valid now and has the scope `cache:*`.
    ///
    /// # Errors
    ///
    /// Returns [`Unavailable`] if the token cannot be checked now.
    async fn check_token(
        &self,
        token: &Secret,
        peer: Peer,
    ) -> Result<Option<Arc<dyn Grant>>, Unavailable>;

    /// Counts a failed attempt with `secret` and returns whether the peer has failed too often. Repeating the same wrong
    /// secret does not count again.
    async fn failed(&self, peer: Peer, kind: SecretKind, secret: &Secret) -> bool;

    /// Records that the peer's address knows a correct secret of this kind. This does not reset its failures.
    async fn succeeded(&self, peer: Peer, kind: SecretKind);
}

/// The account store is unavailable, so tokens cannot be checked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable;

/// The right that a token granted when it was presented. It can end while the connection is open.
#[async_trait]
pub trait Grant: Send + Sync + fmt::Debug {
    /// Returns the owner of the token, for the audit log.
    fn holder(&self) -> Actor;

    /// Returns when the grant expires, in milliseconds since 1970, or `None` if it does not expire.
    fn expires_at(&self) -> Option<i64>;

    /// Returns whether a revocation since the last [`check`](Self::check) may concern this grant. The listener calls this
    /// between small groups of commands, so it must cost only nanoseconds.
    fn may_be_revoked(&self) -> bool;

    /// Returns how often to check the grant anyway, to notice what other nodes revoke.
    fn check_every(&self) -> Duration;

    /// Checks whether the grant is still valid.
    async fn check(&self) -> Validity;
}

/// The result of checking a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// The grant is valid.
    Valid,
    /// The token was revoked, has expired, or no longer has the scope.
    Ended,
    /// The account store is unavailable, so the grant cannot be checked.
    Unknown,
}

/// Returns whether a grant is still valid.
///
/// If the store is unavailable, a grant that may have been revoked counts as invalid, and any other grant stays valid.
pub(crate) async fn is_still_valid(grant: &dyn Grant) -> bool {
    let may_be_revoked = grant.may_be_revoked();
    match grant.check().await {
        Validity::Valid => true,
        Validity::Ended => false,
        Validity::Unknown => !may_be_revoked,
    }
}

/// An [`Authenticator`] without tokens and throttle, for tests and for running the listener alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct PasswordOnly;

#[async_trait]
impl Authenticator for PasswordOnly {
    async fn admits(&self, _: Peer, _: SecretKind) -> bool {
        true
    }

    async fn check_token(
        &self,
        _: &Secret,
        _: Peer,
    ) -> Result<Option<Arc<dyn Grant>>, Unavailable> {
        Ok(None)
    }

    async fn failed(&self, _: Peer, _: SecretKind, _: &Secret) -> bool {
        false
    }

    async fn succeeded(&self, _: Peer, _: SecretKind) {}
}

/// The credentials that a client presents.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// The user name; `None` for the form of `AUTH` with only a password.
    pub(crate) user: Option<Vec<u8>>,
    /// The password or token.
    pub(crate) secret: Secret,
}

/// The outcome of an attempt to authenticate.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Allowed for as long as the connection is open.
    Allowed,
    /// Allowed while the grant is valid.
    Granted(Arc<dyn Grant>),
    Refused(Refused),
}

/// The reason why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Wrong,
    /// The client sent a password, but none is configured.
    NoPassword,
    /// The peer has failed too often. The connection closes, so that each further guess needs a new connection.
    Throttled,
    /// The account store is unavailable, so the secret could not be checked.
    Unavailable,
}

impl Refused {
    /// Returns the error for the client.
    pub(crate) const fn error(self) -> &'static str {
        match self {
            Self::Wrong => "WRONGPASS invalid username-password pair or user is disabled.",
            Self::NoPassword => {
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
            }
            Self::Throttled => "ERR too many failed attempts to authenticate, try again later",
            Self::Unavailable => {
                "ERR credentials cannot be checked now because the account store is unavailable, try again later"
            }
        }
    }
}

/// Checks credentials.
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
        // Without a configured password, the user `default` may present any password, because some clients always send one.
        // This proves nothing, so it is not reported as a success either.
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
    let checked = match authenticator.admits(peer, SecretKind::Token).await {
        true => authenticator.check_token(secret, peer).await,
        false => Ok(None),
    };
    if let Ok(Some(grant)) = checked {
        authenticator.succeeded(peer, SecretKind::Token).await;
        return Verdict::Granted(grant);
    }
    let is_unavailable = checked.is_err();
    let kind = match password {
        Some(_) if is_default => SecretKind::Password,
        _ => SecretKind::Token,
    };
    // A wrong password is a failure even if tokens cannot be checked: otherwise the throttle would not stop guesses meanwhile.
    let is_failure = kind == SecretKind::Password || !is_unavailable;
    if is_failure && authenticator.failed(peer, kind, secret).await {
        return Verdict::Refused(Refused::Throttled);
    }
    if is_unavailable {
        return Verdict::Refused(Refused::Unavailable);
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
