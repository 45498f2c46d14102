//! Throttling of login attempts.
//!
//! `docs/guide/access.md` documents the rules for administrators:
//!
//! - Failures are counted per account and per address. After the allowed number, each further failure doubles the delay until
//!   the next attempt is checked. An attempt counts as a failure from its admission, so parallel attempts are counted, too.
//! - A successful attempt withdraws its own count and nothing else, so that a caller with one valid account cannot clear the
//!   count of other accounts.
//! - An address that has logged in to an account is *known* for that account. Its attempts are always checked, whatever others
//!   have done to the account or from the address, so that guessing from elsewhere cannot lock out the owner of an account.
//!   Only the error for a wrong attempt contains the delay.
//! - Memory is bounded. Entries with a delay are not evicted in favour of new ones.

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

/// An address may have this many times as many failures as an account, because many people can share an address.
const ADDRESS_FACTOR: u32 = 4;
/// How long an address stays known for an account after the last successful attempt.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// An attempt to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAttempt {
    /// The account, in lower case. It need not exist.
    pub account: String,
    /// The client's address.
    pub address: IpAddr,
}

/// The attempt is rejected until this time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);

/// An admitted attempt, whose secret may be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The standing of the address.
    pub standing: Standing,
    /// When the attempt was counted as failed; `None` if it is counted only when it fails.
    pub counted_at: Option<Monotonic>,
}

/// The standing of an address, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The address has logged in to this account before.
    Known,
    /// The address has no recent failures.
    Clean,
    /// The address has recent failures.
    Suspect,
}

/// A port that throttles attempts to guess secrets. Another capability may implement it to count across all nodes.
#[async_trait]
pub trait LoginThrottle: fmt::Debug + Send + Sync {
    /// Returns whether an attempt would be admitted now. Counts nothing.
    async fn check(&self, attempt: &LoginAttempt) -> Result<(), RetryAfter>;

    /// Admits an attempt, or returns how long to wait. Counts the attempt as failed, unless its address is known.
    async fn admit(&self, attempt: &LoginAttempt) -> Result<Admission, RetryAfter>;

    /// Withdraws the count of an attempt that succeeded, or whose secret was not checked.
    async fn withdraw(&self, attempt: &LoginAttempt, admission: Admission);

    /// Records that the attempt failed. Returns the delay that an unknown address would have, so that a known address learns
    /// no more about wrong secrets than others.
    async fn failed(&self, attempt: &LoginAttempt, admission: Admission) -> Option<RetryAfter>;

    /// Marks the address of a successful attempt as known for its account.
    async fn mark_known(&self, attempt: &LoginAttempt);
}

/// Counts in memory, for one node. Entries without a failure for twice the longest delay are dropped. If memory is full, the
/// oldest entries without a delay are evicted first. If nearly all entries have a delay, new ones share one count.
#[derive(Debug)]
pub struct MemoryThrottle {
    clock: Arc<dyn Clock>,
    allowed: u32,
    delay_max: Duration,
    entries_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Key, Entry>,
    /// The accounts and networks that have logged in, with the last time.
    known: HashMap<(String, IpAddr), Monotonic>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    /// A network. IPv6 addresses are reduced to their first 64 bits, which usually belong to one user.
    Address(IpAddr),
    /// The shared count for keys that do not fit.
    Overflow,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    last: Monotonic,
    /// The value of `last` before the last failure, in case that attempt is withdrawn.
    before: Monotonic,
    blocked_until: Monotonic,
}

impl MemoryThrottle {
    /// Creates a throttle without failures.
    #[must_use]
    pub fn new(config: &AccessConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            allowed: config.login_attempts,
            delay_max: config.login_delay_max.get(),
            entries_max: config.login_memory as usize,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn allowed(&self, key: &Key) -> u32 {
        match key {
            Key::Account(_) => self.allowed,
            Key::Address(_) | Key::Overflow => self.allowed.saturating_mul(ADDRESS_FACTOR),
        }
    }

    fn delay(&self, failures: u32, key: &Key) -> Duration {
        let Some(beyond) = failures.checked_sub(self.allowed(key)) else {
            return Duration::ZERO;
        };
        Duration::from_secs(1)
            .saturating_mul(2_u32.saturating_pow(beyond))
            .min(self.delay_max)
    }

    /// Returns how long after its last failure an entry is dropped.
    fn forgotten_after(&self) -> Duration {
        self.delay_max.saturating_mul(2)
    }

    /// Counts a failure.
    fn count(&self, state: &mut State, attempt: &LoginAttempt, now: Monotonic) {
        for key in keys(attempt) {
            let key = self.key_for(&mut state.entries, key, now);
            let entry = state.entries.entry(key.clone()).or_insert(Entry {
                failures: 0,
                last: now,
                before: now,
                blocked_until: now,
            });
            if now.saturating_since(entry.last) >= self.forgotten_after() {
                entry.failures = 0;
            }
            entry.failures = entry.failures.saturating_add(1);
            entry.before = entry.last;
            entry.last = now;
            entry.blocked_until = now + self.delay(entry.failures, &key);
        }
    }

    /// Withdraws a failure that was counted at `counted_at`.
    fn uncount(&self, state: &mut State, attempt: &LoginAttempt, counted_at: Monotonic) {
        for key in keys(attempt) {
            let key = match state.entries.contains_key(&key) {
                true => key,
                false => Key::Overflow,
            };
            let Some(entry) = state.entries.get_mut(&key) else {
                continue;
            };
            entry.failures = entry.failures.saturating_sub(1);
            if entry.last == counted_at {
                entry.last = entry.before;
            }
            entry.blocked_until = entry.last + self.delay(entry.failures, &key);
            if entry.failures == 0 {
                state.entries.remove(&key);
            }
        }
    }

    /// Returns the key to count under: `key` itself, or the shared key if memory is full of entries with a delay.
    fn key_for(&self, entries: &mut HashMap<Key, Entry>, key: Key, now: Monotonic) -> Key {
        if entries.len() < self.entries_max || entries.contains_key(&key) {
            return key;
        }
        let forgotten_after = self.forgotten_after();
        entries.retain(|_, entry| now.saturating_since(entry.last) < forgotten_after);
        if entries.len() >= self.entries_max {
            // Evicts an eighth of the entries, so that a flood does not sort all entries for each attempt.
            let unblocked = entries.iter().filter(|(_, e)| e.blocked_until <= now);
            let mut oldest: Vec<_> = unblocked.map(|(key, e)| (e.last, key.clone())).collect();
            oldest.sort_by_key(|(last, _)| *last);
            let batch = self.entries_max / 8;
            // With fewer candidates, new entries would evict each other before they could accumulate failures.
            if oldest.len() > batch {
                for (_, key) in oldest.into_iter().take(batch) {
                    entries.remove(&key);
                }
            }
        }
        match entries.len() < self.entries_max {
            true => key,
            false => Key::Overflow,
        }
    }
}

impl State {
    fn is_known(&self, attempt: &LoginAttempt, now: Monotonic) -> bool {
        self.known
            .get(&pair(attempt))
            .is_some_and(|last| now.saturating_since(*last) < KNOWN_FOR)
    }

    /// Returns the delay for an unknown address, with at most `entries_max` entries in memory.
    fn wait(
        &self,
        attempt: &LoginAttempt,
        now: Monotonic,
        entries_max: usize,
    ) -> Option<RetryAfter> {
        let is_full = self.entries.len() >= entries_max;
        let rest = self.entries.get(&Key::Overflow).filter(|_| is_full);
        let waits = keys(attempt).into_iter().map(|key| {
            let entry = self.entries.get(&key).or(rest);
            entry.map_or(Duration::ZERO, |entry| {
                entry.blocked_until.saturating_since(now)
            })
        });
        let wait = waits.max().unwrap_or_default();
        (wait > Duration::ZERO).then_some(RetryAfter(wait))
    }

    fn standing(&self, attempt: &LoginAttempt, now: Monotonic) -> Standing {
        let [_, address] = keys(attempt);
        if self.is_known(attempt, now) {
            Standing::Known
        } else if self.entries.contains_key(&address) {
            Standing::Suspect
        } else {
            Standing::Clean
        }
    }
}

fn keys(attempt: &LoginAttempt) -> [Key; 2] {
    [
        Key::Account(attempt.account.clone()),
        Key::Address(network(attempt.address)),
    ]
}

fn pair(attempt: &LoginAttempt) -> (String, IpAddr) {
    (attempt.account.clone(), network(attempt.address))
}

#[async_trait]
impl LoginThrottle for MemoryThrottle {
    async fn check(&self, attempt: &LoginAttempt) -> Result<(), RetryAfter> {
        let now = self.clock.monotonic();
        let state = self.state();
        match state.wait(attempt, now, self.entries_max) {
            Some(wait) if !state.is_known(attempt, now) => Err(wait),
            _ => Ok(()),
        }
    }

    async fn admit(&self, attempt: &LoginAttempt) -> Result<Admission, RetryAfter> {
        let now = self.clock.monotonic();
        let mut state = self.state();
        let standing = state.standing(attempt, now);
        if standing == Standing::Known {
            return Ok(Admission {
                standing,
                counted_at: None,
            });
        }
        if let Some(wait) = state.wait(attempt, now, self.entries_max) {
            return Err(wait);
        }
        self.count(&mut state, attempt, now);
        Ok(Admission {
            standing,
            counted_at: Some(now),
        })
    }

    async fn withdraw(&self, attempt: &LoginAttempt, admission: Admission) {
        if let Some(counted_at) = admission.counted_at {
            self.uncount(&mut self.state(), attempt, counted_at);
        }
    }

    async fn failed(&self, attempt: &LoginAttempt, admission: Admission) -> Option<RetryAfter> {
        if admission.counted_at.is_some() {
            return None;
        }
        let now = self.clock.monotonic();
        let mut state = self.state();
        let wait = state.wait(attempt, now, self.entries_max);
        if wait.is_none() {
            self.count(&mut state, attempt, now);
        }
        wait
    }

    async fn mark_known(&self, attempt: &LoginAttempt) {
        let now = self.clock.monotonic();
        let mut state = self.state();
        let pair = pair(attempt);
        if state.known.len() >= self.entries_max && !state.known.contains_key(&pair) {
            let oldest = state.known.iter().min_by_key(|(_, last)| **last);
            if let Some(oldest) = oldest.map(|(pair, _)| pair.clone()) {
                state.known.remove(&oldest);
            }
        }
        state.known.insert(pair, now);
    }
}

/// Returns what counts as one address: an IPv4 address, or an IPv6 network of 64 bits, which usually belongs to one user.
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
            address: address.parse().expect("the address is valid"),
        }
    }

    #[tokio::test]
    async fn delays_double_after_the_allowed_failures_up_to_the_limit() {
        let Fixture { clock, throttle } = fixture();
        let attempt = attempt("ana@example.org", "192.0.2.1");

        for _ in 0..5 {
            assert!(throttle.admit(&attempt).await.is_ok());
        }
        let mut waits = Vec::new();
        for _ in 0..12 {
            let RetryAfter(wait) = throttle
                .admit(&attempt)
                .await
                .expect_err("the attempt is delayed");
            waits.push(wait.as_secs());
            clock.advance(wait);
            assert!(throttle.admit(&attempt).await.is_ok());
        }

        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    }

    #[tokio::test]
    async fn a_successful_attempt_withdraws_only_its_own_count() {
        let Fixture { clock, throttle } = fixture();
        let guess = attempt("ana@example.org", "192.0.2.1");
        let own = attempt("eve@example.org", "192.0.2.1");

        let mut guesses = 0;
        for _ in 0..100 {
            guesses += u32::from(throttle.admit(&guess).await.is_ok());
            if let Ok(admission) = throttle.admit(&own).await {
                throttle.withdraw(&own, admission).await;
                throttle.mark_known(&own).await;
            }
        }

        assert_eq!(guesses, 5);
        let RetryAfter(wait) = throttle
            .check(&guess)
            .await
            .expect_err("the attempt is delayed");
        clock.advance(wait);
        let admission = throttle.admit(&guess).await.expect("the delay has passed");
        throttle.withdraw(&guess, admission).await;
        assert!(
            throttle.admit(&guess).await.is_ok(),
            "the count is unchanged"
        );
        assert!(throttle.admit(&guess).await.is_err());
    }

    #[tokio::test]
    async fn failures_of_an_address_count_regardless_of_successes_there() {
        let Fixture { throttle, .. } = fixture();

        let mut looked_at = 0;
        for number in 0..150_u32 {
            let guess = attempt(&format!("{number}@example.org"), "192.0.2.1");
            looked_at += u32::from(throttle.admit(&guess).await.is_ok());
            let own = attempt("eve@example.org", "192.0.2.1");
            if let Ok(admission) = throttle.admit(&own).await {
                throttle.withdraw(&own, admission).await;
                throttle.mark_known(&own).await;
            }
        }

        assert_eq!(looked_at, 20);
    }

    #[tokio::test]
    async fn others_cannot_lock_an_owner_out_of_a_known_address() {
        let Fixture { throttle, .. } = fixture();
        let owner = attempt("ana@example.org", "192.0.2.1");
        throttle.mark_known(&owner).await;

        for host in 0..100_u32 {
            let stranger = attempt("ana@example.org", &format!("198.51.100.{host}"));
            let _ = throttle.admit(&stranger).await;
            let neighbour = attempt(&format!("{host}@example.org"), "192.0.2.1");
            let _ = throttle.admit(&neighbour).await;
        }

        let elsewhere = attempt("ana@example.org", "203.0.113.1");
        assert!(throttle.admit(&elsewhere).await.is_err());
        let admission = throttle.admit(&owner).await.expect("the address is known");
        assert_eq!(admission.standing, Standing::Known);
        assert!(throttle.failed(&owner, admission).await.is_some());
    }

    #[tokio::test]
    async fn failures_from_a_known_address_count_and_return_a_delay() {
        let Fixture { throttle, .. } = fixture();
        let owner = attempt("ana@example.org", "192.0.2.1");
        throttle.mark_known(&owner).await;

        let mut describe = Vec::new();
        for _ in 0..7 {
            let admission = throttle.admit(&owner).await.expect("the address is known");
            describe.push(throttle.failed(&owner, admission).await.is_some());
        }

        assert_eq!(describe, [false, false, false, false, false, true, true]);
        let elsewhere = attempt("ana@example.org", "203.0.113.1");
        assert!(throttle.admit(&elsewhere).await.is_err());
    }

    #[tokio::test]
    async fn an_address_is_known_for_a_month_and_only_for_its_account() {
        let Fixture { clock, throttle } = fixture();
        let owner = attempt("ana@example.org", "192.0.2.1");
        throttle.mark_known(&owner).await;

        let other = attempt("bob@example.org", "192.0.2.1");
        let admission = throttle
            .admit(&other)
            .await
            .expect("the attempt is admitted");
        assert_eq!(admission.standing, Standing::Clean);
        let admission = throttle
            .admit(&other)
            .await
            .expect("the attempt is admitted");
        assert_eq!(admission.standing, Standing::Suspect);

        clock.advance(KNOWN_FOR);
        let admission = throttle
            .admit(&owner)
            .await
            .expect("the attempt is admitted");
        assert_ne!(admission.standing, Standing::Known);
    }

    #[tokio::test]
    async fn an_address_that_tries_many_accounts_is_delayed() {
        let Fixture { throttle, .. } = fixture();

        for number in 0..20_u32 {
            let address = format!("2001:db8::{number:x}");
            let attempt = attempt(&format!("{number}@example.org"), &address);
            assert!(throttle.admit(&attempt).await.is_ok(), "{number}");
        }

        let neighbour = attempt("20@example.org", "2001:db8::ffff");
        assert!(throttle.admit(&neighbour).await.is_err());
        let stranger = attempt("20@example.org", "2001:db8:1::1");
        assert!(throttle.admit(&stranger).await.is_ok());
    }

    #[tokio::test]
    async fn memory_is_bounded_and_delayed_entries_are_not_evicted() {
        let Fixture { clock, throttle } = fixture();
        let guessed = attempt("ana@example.org", "192.0.2.1");
        while throttle.admit(&guessed).await.is_ok() {}
        for _ in 0..10 {
            let RetryAfter(wait) = throttle
                .check(&guessed)
                .await
                .expect_err("the attempt is delayed");
            clock.advance(wait);
            throttle
                .admit(&guessed)
                .await
                .expect("the delay has passed");
        }

        for number in 0..1000_u32 {
            clock.advance(Duration::from_millis(1));
            let address = format!("198.51.{}.{}", number / 100, number % 100);
            let other = attempt(&format!("{number}@example.org"), &address);
            throttle.admit(&other).await.expect("there is capacity");
            throttle.mark_known(&other).await;
            let state = throttle.state();
            assert!(state.entries.len() <= 101 && state.known.len() <= 100);
        }

        assert!(throttle.check(&guessed).await.is_err());
    }

    #[tokio::test]
    async fn new_entries_share_one_count_if_all_others_are_delayed() {
        let Fixture { clock, throttle } = fixture();
        for number in 0..100_u32 {
            let address = format!("198.51.100.{number}");
            let guessed = attempt(&format!("{number}@example.org"), &address);
            // Known addresses are counted without a delay, so each account gets blocked.
            throttle.mark_known(&guessed).await;
            while let Ok(admission) = throttle.admit(&guessed).await
                && throttle.failed(&guessed, admission).await.is_none()
            {}
        }
        clock.advance(Duration::from_millis(1));

        let mut looked_at = 0;
        for number in 0..100_u32 {
            let fresh = attempt(
                &format!("new{number}@example.org"),
                &format!("203.0.113.{number}"),
            );
            looked_at += u32::from(throttle.admit(&fresh).await.is_ok());
        }

        assert!(throttle.state().entries.len() <= 101);
        assert!(looked_at < 40, "{looked_at} of 100");
    }
}
