//! How often somebody may try to sign in.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use outrigger_stdx::{Clock, Monotonic};

use crate::AccessConfig;

/// An address may fail this many times as often as an account, because many people can share one.
const ADDRESS_FACTOR: u32 = 4;

/// Someone tries to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAttempt {
    /// The account that is tried, in lower case; it need not exist.
    pub account: String,
    /// Where from.
    pub address: IpAddr,
}

/// The attempt comes too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);

/// Slows down whoever guesses passwords. A port: another capability may keep count for all nodes.
///
/// An attempt counts as failed from the moment it is admitted, so that a thousand attempts at the same time are a thousand
/// failures, not one. Counts are kept per account and per address.
#[async_trait]
pub trait LoginThrottle: fmt::Debug + Send + Sync {
    /// Admits an attempt and counts it as failed, or says how long to wait.
    async fn admit(&self, attempt: &LoginAttempt) -> Result<(), RetryAfter>;

    /// The attempt was right after all: forgets the failures of its account, and this one of its address.
    async fn succeeded(&self, attempt: &LoginAttempt);
}

/// Counts in memory, for one node. After the allowed failures each further one doubles the wait before the next. What nobody
/// asks about for twice the longest wait is forgotten; so is, when memory is full, what is oldest.
#[derive(Debug)]
pub struct MemoryThrottle {
    clock: Arc<dyn Clock>,
    allowed: u32,
    delay_max: Duration,
    entries_max: usize,
    entries: Mutex<HashMap<Key, Entry>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    /// IPv6 addresses by their first 64 bits: whoever has one has them all.
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    last: Monotonic,
    blocked_until: Monotonic,
}

impl MemoryThrottle {
    /// Without failures so far.
    #[must_use]
    pub fn new(config: &AccessConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            allowed: config.login_attempts,
            delay_max: config.login_delay_max.get(),
            entries_max: config.login_memory as usize,
            entries: Mutex::default(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keys(&self, attempt: &LoginAttempt) -> [(Key, u32); 2] {
        [
            (Key::Account(attempt.account.clone()), self.allowed),
            (
                Key::Address(network(attempt.address)),
                self.allowed.saturating_mul(ADDRESS_FACTOR),
            ),
        ]
    }

    fn delay(&self, failures: u32, allowed: u32) -> Duration {
        let Some(beyond) = failures.checked_sub(allowed) else {
            return Duration::ZERO;
        };
        Duration::from_secs(1)
            .saturating_mul(2_u32.saturating_pow(beyond))
            .min(self.delay_max)
    }

    fn make_room(&self, entries: &mut HashMap<Key, Entry>, now: Monotonic) {
        if entries.len() < self.entries_max {
            return;
        }
        let forgotten = self.delay_max.saturating_mul(2);
        entries.retain(|_, entry| now.saturating_since(entry.last) < forgotten);
        while entries.len() >= self.entries_max {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.last);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            entries.remove(&key);
        }
    }
}

#[async_trait]
impl LoginThrottle for MemoryThrottle {
    async fn admit(&self, attempt: &LoginAttempt) -> Result<(), RetryAfter> {
        let now = self.clock.monotonic();
        let keys = self.keys(attempt);
        let mut entries = self.entries();
        let waits = keys.iter().filter_map(|(key, _)| entries.get(key));
        let wait = waits
            .map(|entry| entry.blocked_until.saturating_since(now))
            .max()
            .unwrap_or_default();
        if wait > Duration::ZERO {
            return Err(RetryAfter(wait));
        }
        for (key, allowed) in keys {
            if !entries.contains_key(&key) {
                self.make_room(&mut entries, now);
            }
            let entry = entries.entry(key).or_insert(Entry {
                failures: 0,
                last: now,
                blocked_until: now,
            });
            if now.saturating_since(entry.last) >= self.delay_max.saturating_mul(2) {
                entry.failures = 0;
            }
            entry.failures = entry.failures.saturating_add(1);
            entry.last = now;
            entry.blocked_until = now + self.delay(entry.failures, allowed);
        }
        Ok(())
    }

    async fn succeeded(&self, attempt: &LoginAttempt) {
        let [(account, _), (address, _)] = self.keys(attempt);
        let now = self.clock.monotonic();
        let mut entries = self.entries();
        entries.remove(&account);
        if let Some(entry) = entries.get_mut(&address) {
            entry.failures = entry.failures.saturating_sub(1);
            entry.blocked_until = now;
        }
    }
}

/// Whom an address is counted as: an IPv6 network of 64 bits, of which one person may have all, or an IPv4 address.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let first = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(first))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::ManualClock;

    use super::*;

    struct Fixture {
        clock: ManualClock,
        throttle: MemoryThrottle,
    }

    fn fixture() -> Fixture {
        let clock = ManualClock::new();
        let config = AccessConfig {
            login_memory: 100,
            ..AccessConfig::default()
        };
        let throttle = MemoryThrottle::new(&config, Arc::new(clock.clone()));
        Fixture { clock, throttle }
    }

    fn attempt(account: &str, address: &str) -> LoginAttempt {
        LoginAttempt {
            account: account.to_owned(),
            address: address.parse().expect("it is an address"),
        }
    }

    #[tokio::test]
    async fn waits_double_after_the_allowed_failures_up_to_their_limit() {
        let Fixture { clock, throttle } = fixture();
        let attempt = attempt("ana@example.org", "192.0.2.1");

        for _ in 0..5 {
            assert_eq!(throttle.admit(&attempt).await, Ok(()));
        }
        let mut waits = Vec::new();
        for _ in 0..12 {
            let RetryAfter(wait) = throttle.admit(&attempt).await.expect_err("it must wait");
            waits.push(wait.as_secs());
            clock.advance(wait);
            assert_eq!(throttle.admit(&attempt).await, Ok(()));
        }

        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    }

    #[tokio::test]
    async fn a_success_forgets_the_failures_of_its_account() {
        let Fixture { clock, throttle } = fixture();
        let attempt = attempt("ana@example.org", "192.0.2.1");

        for _ in 0..5 {
            throttle.admit(&attempt).await.expect("it is allowed");
        }
        clock.advance(Duration::from_secs(1));
        throttle.admit(&attempt).await.expect("it has waited");
        throttle.succeeded(&attempt).await;

        for _ in 0..5 {
            assert_eq!(throttle.admit(&attempt).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn an_address_that_tries_many_accounts_has_to_wait_too() {
        let Fixture { throttle, .. } = fixture();

        for number in 0..20_u32 {
            let address = format!("2001:db8::{number:x}");
            let attempt = attempt(&format!("{number}@example.org"), &address);
            assert_eq!(throttle.admit(&attempt).await, Ok(()), "{number}");
        }

        let neighbour = attempt("20@example.org", "2001:db8::ffff");
        assert!(throttle.admit(&neighbour).await.is_err());
        let stranger = attempt("20@example.org", "2001:db8:1::1");
        assert_eq!(throttle.admit(&stranger).await, Ok(()));
    }

    #[tokio::test]
    async fn memory_is_bounded_and_forgets_what_is_oldest() {
        let Fixture { clock, throttle } = fixture();
        let guessed = attempt("ana@example.org", "192.0.2.1");
        for _ in 0..5 {
            throttle.admit(&guessed).await.expect("it is allowed");
        }

        for number in 0..200_u32 {
            clock.advance(Duration::from_millis(1));
            let address = format!("192.0.{}.{}", number / 100 + 3, number % 100);
            let other = attempt(&format!("{number}@example.org"), &address);
            throttle.admit(&other).await.expect("it is allowed");
        }

        assert!(throttle.entries().len() <= 100);
        assert_eq!(throttle.admit(&guessed).await, Ok(()));
    }
}
