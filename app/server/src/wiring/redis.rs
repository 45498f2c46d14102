//! The plug for the Redis listener's port: tokens from `access`, and a memory of failures per address.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use outrigger_access::{Access, LoginAttempt, LoginThrottle, Scope, ScopeAccess, network};
use outrigger_redis_api::{Authenticator, Peer};
use outrigger_stdx::{Clock, Monotonic, Via};

/// How many addresses may be made to wait at the same time; beyond that those whose wait is over are forgotten first.
const WAITING_MAX: usize = 10_000;
/// How many wrong secrets of an address are recognised when they come again.
const KNOWN_MAX: usize = 8;

/// Checks tokens and slows down whoever guesses.
///
/// A pool opens many connections at once, all with the right password. So, unlike at the login page, an attempt counts only
/// when it has failed. And a program with a wrong password tries again for ever, always with the same one: that is no guess,
/// and must not lock out the programs beside it that share its address and have the right one. So the same wrong secret counts
/// once.
pub(crate) struct RedisAuthenticator {
    access: Access,
    throttle: Arc<dyn LoginThrottle>,
    clock: Arc<dyn Clock>,
    /// Until when an address must wait.
    waiting: Mutex<HashMap<IpAddr, Monotonic>>,
    /// The last wrong secrets of each address, hashed with keys that only this process knows.
    wrong: Mutex<HashMap<IpAddr, VecDeque<u64>>>,
    keys: RandomState,
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
            clock,
            waiting: Mutex::default(),
            wrong: Mutex::default(),
            keys: RandomState::new(),
        }
    }

    /// Whether this address has not tried this wrong secret lately.
    fn is_new(&self, address: IpAddr, secret: &str) -> bool {
        let hash = self.keys.hash_one(secret);
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= WAITING_MAX && !wrong.contains_key(&address) {
            wrong.clear();
        }
        let known = wrong.entry(address).or_default();
        if known.contains(&hash) {
            return false;
        }
        known.push_back(hash);
        if known.len() > KNOWN_MAX {
            known.pop_front();
        }
        true
    }
}

#[async_trait]
impl Authenticator for RedisAuthenticator {
    async fn admits(&self, peer: Peer) -> bool {
        let Some(address) = address_of(peer) else {
            return true;
        };
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting
            .get(&address)
            .is_none_or(|until| *until <= self.clock.monotonic())
    }

    async fn allows(&self, token: &str, peer: Peer) -> bool {
        let wanted = Scope::of("cache", ScopeAccess::All).unwrap_or(Scope::Everything);
        match self.access.authenticate_token(token, Via::Redis).await {
            Ok(principal) => principal.allows(wanted),
            Err(error) if error.is_retryable() => {
                tracing::warn!(%error, %peer, "a token could not be checked");
                false
            }
            Err(_) => false,
        }
    }

    async fn failed(&self, peer: Peer, secret: &str) {
        tracing::warn!(%peer, "a wrong password or token at the Redis listener");
        let Some(address) = address_of(peer) else {
            return;
        };
        if !self.is_new(address, secret) {
            return;
        }
        let Err(wait) = self.throttle.admit(&attempt(address)).await else {
            return;
        };
        let now = self.clock.monotonic();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            waiting.retain(|_, until| *until > now);
        }
        if waiting.len() < WAITING_MAX {
            waiting.insert(address, now + wait.0);
        }
    }

    async fn succeeded(&self, peer: Peer) {
        let Some(address) = address_of(peer) else {
            return;
        };
        self.throttle.succeeded(&attempt(address)).await;
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&address);
    }
}

impl fmt::Debug for RedisAuthenticator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisAuthenticator")
            .finish_non_exhaustive()
    }
}

/// Whoever can open the socket's file is let in by its mode; there is no address to slow down.
fn address_of(peer: Peer) -> Option<IpAddr> {
    match peer {
        Peer::Tcp(address) => Some(network(address.ip())),
        Peer::Unix => None,
    }
}

/// The listener has one password and no account names; counting per address keeps one guesser from locking out the others.
fn attempt(address: IpAddr) -> LoginAttempt {
    LoginAttempt {
        account: format!("redis from {address}"),
        address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::Tcp(address.parse().expect("it is an address"))
    }

    #[test]
    fn whoever_has_a_network_is_slowed_down_as_one() {
        let first = address_of(peer("[2001:db8:1:2::3]:1"));

        assert_eq!(first, address_of(peer("[2001:db8:1:2:ffff::4]:2")));
        assert_ne!(first, address_of(peer("[2001:db8:1:3::3]:1")));
        assert_eq!(
            address_of(peer("[::ffff:192.0.2.1]:1")),
            address_of(peer("192.0.2.1:2"))
        );
    }
}
