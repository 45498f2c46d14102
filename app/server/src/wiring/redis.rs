//! Implements the Redis listener's ports: authentication with the tokens and the throttle of `access`, and the audit log.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use outrigger_access::{
    Access, Changes, LoginAttempt, LoginThrottle, Principal, Scope, ScopeAccess, network,
};
use outrigger_audit::Act;
use outrigger_history::Events;
use outrigger_http_api::{Repeats, note_cleared};
use outrigger_redis_api::{
    Auditor, Authenticator, Clearing, Grant, Peer, SecretKind, Unavailable, Validity,
};
use outrigger_stdx::{Actor, Clock, RareLog, Secret, Via};

/// The maximum number of addresses whose wrong secrets are remembered. Above it, all are discarded.
const ADDRESSES_MAX: usize = 10_000;
/// The maximum number of remembered wrong secrets of an address.
const RECOGNISED_MAX: usize = 8;

/// Checks tokens and throttles clients that guess secrets.
///
/// * Only failed attempts count, in contrast to the login page, because a connection pool opens many connections with the right
///   password at once.
/// * The same wrong secret counts once. A misconfigured program retries the same password indefinitely. It must not lock out
///   programs with the right password at the same address.
pub(crate) struct RedisAuthenticator {
    access: Access,
    throttle: Arc<dyn LoginThrottle>,
    /// The last wrong secrets of each address, hashed with random keys of this process.
    wrong: Mutex<HashMap<IpAddr, VecDeque<u64>>>,
    keys: RandomState,
    clock: Arc<dyn Clock>,
    /// Limits the log lines about failed token checks.
    log: RareLog,
}

impl RedisAuthenticator {
    pub(crate) fn new(
        access: Access,
        throttle: Arc<dyn LoginThrottle>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            access,
            throttle,
            wrong: Mutex::default(),
            keys: RandomState::new(),
            clock,
            log: RareLog::default(),
        }
    }

    /// Returns whether the wrong secret is new for this address, and remembers it.
    fn is_new(&self, address: IpAddr, secret: &Secret) -> bool {
        let hash = self.keys.hash_one(secret.expose());
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= ADDRESSES_MAX && !wrong.contains_key(&address) {
            wrong.clear();
        }
        let recognised = wrong.entry(address).or_default();
        if recognised.contains(&hash) {
            return false;
        }
        recognised.push_back(hash);
        if recognised.len() > RECOGNISED_MAX {
            recognised.pop_front();
        }
        true
    }
}

#[async_trait]
impl Authenticator for RedisAuthenticator {
    async fn admits(&self, peer: Peer, kind: SecretKind) -> bool {
        match address_of(peer) {
            // All programs on this machine share the address, and none of them has authenticated yet after a restart.
            Some(address) if address.is_loopback() => true,
            Some(address) => self.throttle.check(&attempt(address, kind)).await.is_ok(),
            None => true,
        }
    }

    async fn check_token(
        &self,
        token: &Secret,
        peer: Peer,
    ) -> Result<Option<Arc<dyn Grant>>, Unavailable> {
        // The subscription must begin before the check, so that a revocation during the check is not missed.
        let changes = self.access.changes();
        let checked = self
            .access
            .authenticate_token(token.expose(), Via::Redis)
            .await;
        match checked {
            Ok(principal) if allows_cache(&principal) => Ok(Some(Arc::new(TokenGrant {
                access: self.access.clone(),
                principal,
                changes: Mutex::new(changes),
            }))),
            Err(error) if error.is_retryable() => {
                if let Some(skipped) = self.log.admit(self.clock.monotonic()) {
                    tracing::warn!(%error, %peer, skipped, "a token could not be checked");
                }
                Err(Unavailable)
            }
            Ok(_) | Err(_) => Ok(None),
        }
    }

    async fn failed(&self, peer: Peer, kind: SecretKind, secret: &Secret) -> bool {
        let Some(address) = address_of(peer) else {
            return false;
        };
        let attempt = attempt(address, kind);
        if !self.is_new(address, secret) {
            return self.throttle.check(&attempt).await.is_err();
        }
        match self.throttle.admit(&attempt).await {
            Ok(admission) => self.throttle.failed(&attempt, admission).await.is_some(),
            Err(_) => true,
        }
    }

    async fn succeeded(&self, peer: Peer, kind: SecretKind) {
        if let Some(address) = address_of(peer) {
            self.throttle.mark_known(&attempt(address, kind)).await;
        }
    }
}

impl fmt::Debug for RedisAuthenticator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisAuthenticator")
            .finish_non_exhaustive()
    }
}

/// The token of an authenticated connection.
#[derive(Debug)]
struct TokenGrant {
    access: Access,
    principal: Principal,
    changes: Mutex<Changes>,
}

#[async_trait]
impl Grant for TokenGrant {
    fn holder(&self) -> Actor {
        self.principal.actor.clone()
    }

    fn expires_at(&self) -> Option<i64> {
        let expires_at = self.principal.expires_at?;
        Some(expires_at.as_millisecond())
    }

    fn may_be_revoked(&self) -> bool {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.has_changed()
    }

    fn check_every(&self) -> Duration {
        self.access.revalidate_every()
    }

    async fn check(&self) -> Validity {
        // Subscribes again before the check, so that a revocation during the check is not missed.
        let changes = self.access.changes();
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner) = changes;
        match self.access.revalidate(&self.principal).await {
            Ok(principal) if allows_cache(&principal) => Validity::Valid,
            Ok(_) => Validity::Ended,
            Err(error) if error.is_retryable() => Validity::Unknown,
            Err(_) => Validity::Ended,
        }
    }
}

/// Records the clearing of databases in the audit log and as an event.
pub(crate) struct RedisAuditor {
    access: Access,
    events: Events,
    repeats: Arc<Repeats>,
    clock: Arc<dyn Clock>,
}

impl RedisAuditor {
    pub(crate) fn new(
        access: Access,
        events: Events,
        repeats: Arc<Repeats>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            access,
            events,
            repeats,
            clock,
        }
    }
}

#[async_trait]
impl Auditor for RedisAuditor {
    async fn cleared(&self, clearing: Clearing) {
        let address = match clearing.peer {
            Peer::Tcp(address) => address.ip().to_canonical().to_string(),
            Peer::Unix => "redis socket".to_owned(),
        };
        let name = match clearing.database {
            Some(database) => format!("database {}", database.number()),
            None => "all databases".to_owned(),
        };
        note_cleared(
            &self.events,
            clearing.database,
            clearing.removed,
            &clearing.actor,
            &address,
        );
        // The same entry as over HTTP.
        let entry = Act::new(clearing.actor)
            .from_address(address)
            .entry("cache.clear", self.clock.now())
            .on_id(&name)
            .change("entries", Some(&clearing.removed.to_string()), Some("0"));
        let Some(entry) = self.repeats.admit(entry, self.clock.monotonic()) else {
            // A client that clears the cache all the time must not fill the disk.
            return;
        };
        if let Err(error) = self.access.audit_log().append(vec![entry]).await {
            // The entries are already removed, and the cache works without the database. So this is not an error of the command.
            tracing::error!(%error, "the audit log could not be written");
        }
    }
}

impl fmt::Debug for RedisAuditor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisAuditor")
            .finish_non_exhaustive()
    }
}

fn allows_cache(principal: &Principal) -> bool {
    principal.allows(Scope::of("cache", ScopeAccess::All).unwrap_or(Scope::Everything))
}

/// Returns the address to throttle. Unix sockets have none; their file mode restricts access.
fn address_of(peer: Peer) -> Option<IpAddr> {
    match peer {
        Peer::Tcp(address) => Some(network(address.ip())),
        Peer::Unix => None,
    }
}

/// Returns the key of the throttle. The listener has one password and no account names. Attempts are counted per address, so
/// that one client cannot lock out others, and per kind of secret, so that a client that is known by its token is not known
/// when it guesses the password.
fn attempt(address: IpAddr, kind: SecretKind) -> LoginAttempt {
    let account = match kind {
        SecretKind::Password => format!("redis password from {address}"),
        SecretKind::Token => format!("redis token from {address}"),
    };
    LoginAttempt { account, address }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::Tcp(address.parse().expect("it is an address"))
    }

    #[test]
    fn addresses_of_one_network_are_throttled_together() {
        let first = address_of(peer("[2001:db8:1:2::3]:1"));

        assert_eq!(first, address_of(peer("[2001:db8:1:2:ffff::4]:2")));
        assert_ne!(first, address_of(peer("[2001:db8:1:3::3]:1")));
        assert_eq!(
            address_of(peer("[::ffff:192.0.2.1]:1")),
            address_of(peer("192.0.2.1:2"))
        );
    }
}
