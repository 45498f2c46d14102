//! How often somebody may try to sign in.
//!
//! The rule, which `docs/guide/access.md` tells administrators:
//!
//! - Wrong attempts are counted per account and per address. After the allowed number each further one doubles the wait before
//!   the next attempt is looked at. An attempt counts from the moment it is admitted, so a thousand at the same time are a
//!   thousand.
//! - A right attempt takes back its own count and nothing else. So nobody can clear the count of others by being right beside
//!   them.
//! - An address from which an account was signed in to before is *known* for that account. Its attempts are looked at whatever
//!   strangers have done to the account or to the address: whoever guesses elsewhere cannot lock an account's owner out. Only
//!   the answer to a wrong attempt is to wait.
//! - Memory is bounded. What must wait is not forgotten for what is new.

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
/// How long an address stays known for an account after it was last right.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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

/// An attempt whose secret may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// What is known about where it comes from.
    pub standing: Standing,
    /// When it was counted as failed; `None` when it is counted only once it has failed.
    pub counted_at: Option<Monotonic>,
}

/// What is known about where an attempt comes from, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The account was signed in to from this address before.
    Known,
    /// No attempt from this address has failed lately.
    Clean,
    /// Attempts from this address have failed lately.
    Suspect,
}

/// Slows down those who guess passwords. A port: another capability may keep count for all nodes.
#[async_trait]
pub trait LoginThrottle: fmt::Debug + Send + Sync {
    /// Whether an attempt would be admitted now. Counts nothing.
    async fn check(&self, attempt: &LoginAttempt) -> Result<(), RetryAfter>;

    /// Admits an attempt, or returns how long to wait. Counts it as failed, unless its address is known.
    async fn admit(&self, attempt: &LoginAttempt) -> Result<Admission, RetryAfter>;

    /// The attempt was right, or its secret was not looked at after all: takes its own count back.
    async fn withdraw(&self, attempt: &LoginAttempt, admission: Admission);

    /// The attempt was wrong. Returns the wait that a stranger would have been told, so that a known address learns no more
    /// about wrong secrets than others do.
    async fn failed(&self, attempt: &LoginAttempt, admission: Admission) -> Option<RetryAfter>;

    /// Makes the address of a right attempt known for its account.
    async fn remember(&self, attempt: &LoginAttempt);
}

/// Counts in memory, for one node. What nobody asks about for twice the longest wait is forgotten. When memory is full, the
/// oldest counts that need not wait go first. When nearly all must wait, what is new shares one count.
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
    /// Accounts with the networks they were signed in from, and when last.
    known: HashMap<(String, IpAddr), Monotonic>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    /// IPv6 addresses by their first 64 bits: one person has all of them.
    Address(IpAddr),
    /// What finds no room of its own.
    Rest,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    last: Monotonic,
    /// The `last` before that, for when the last one turns out to be right.
    before: Monotonic,
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
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn allowed(&self, key: &Key) -> u32 {
        match key {
            Key::Account(_) => self.allowed,
            Key::Address(_) | Key::Rest => self.allowed.saturating_mul(ADDRESS_FACTOR),
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

    /// After how long without a failure an entry means nothing.
    fn forgotten_after(&self) -> Duration {
        self.delay_max.saturating_mul(2)
    }

    /// Counts a failure.
    fn count(&self, state: &mut State, attempt: &LoginAttempt, now: Monotonic) {
        for key in keys(attempt) {
            let key = self.find_room(&mut state.entries, key, now);
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

    /// Takes back a failure that was counted at `counted_at`.
    fn uncount(&self, state: &mut State, attempt: &LoginAttempt, counted_at: Monotonic) {
        for key in keys(attempt) {
            let key = match state.entries.contains_key(&key) {
                true => key,
                false => Key::Rest,
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

    /// The key that counts for `key`: itself, unless memory is full of what must wait.
    fn find_room(&self, entries: &mut HashMap<Key, Entry>, key: Key, now: Monotonic) -> Key {
        if entries.len() < self.entries_max || entries.contains_key(&key) {
            return key;
        }
        let forgotten_after = self.forgotten_after();
        entries.retain(|_, entry| now.saturating_since(entry.last) < forgotten_after);
        if entries.len() >= self.entries_max {
            // An eighth at once, so that a flood does not have all entries sorted for each of its attempts.
            let unblocked = entries.iter().filter(|(_, e)| e.blocked_until <= now);
            let mut oldest: Vec<_> = unblocked.map(|(key, e)| (e.last, key.clone())).collect();
            oldest.sort_by_key(|(last, _)| *last);
            let batch = self.entries_max / 8;
            // Fewer would forget each other before they have counted to anything.
            if oldest.len() > batch {
                for (_, key) in oldest.into_iter().take(batch) {
                    entries.remove(&key);
                }
            }
        }
        match entries.len() < self.entries_max {
            true => key,
            false => Key::Rest,
        }
    }
}

impl State {
    fn is_known(&self, attempt: &LoginAttempt, now: Monotonic) -> bool {
        self.known
            .get(&pair(attempt))
            .is_some_and(|last| now.saturating_since(*last) < KNOWN_FOR)
    }

    /// How long a stranger must wait, where at most `entries_max` are remembered.
    fn wait(
        &self,
        attempt: &LoginAttempt,
        now: Monotonic,
        entries_max: usize,
    ) -> Option<RetryAfter> {
        let is_full = self.entries.len() >= entries_max;
        let rest = self.entries.get(&Key::Rest).filter(|_| is_full);
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

    async fn remember(&self, attempt: &LoginAttempt) {
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

/// What counts as one address: an IPv4 address, or the 64 bits of IPv6 addresses of which one person has all.
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
            assert!(throttle.admit(&attempt).await.is_ok());
        }
        let mut waits = Vec::new();
        for _ in 0..12 {
            let RetryAfter(wait) = throttle.admit(&attempt).await.expect_err("it must wait");
            waits.push(wait.as_secs());
            clock.advance(wait);
            assert!(throttle.admit(&attempt).await.is_ok());
        }

        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    }

    #[tokio::test]
    async fn a_right_attempt_takes_back_its_own_count_and_no_other() {
        let Fixture { clock, throttle } = fixture();
        let guess = attempt("ana@example.org", "192.0.2.1");
        let own = attempt("eve@example.org", "192.0.2.1");

        let mut guesses = 0;
        for _ in 0..100 {
            guesses += u32::from(throttle.admit(&guess).await.is_ok());
            if let Ok(admission) = throttle.admit(&own).await {
                throttle.withdraw(&own, admission).await;
                throttle.remember(&own).await;
            }
        }

        assert_eq!(guesses, 5);
        let RetryAfter(wait) = throttle.check(&guess).await.expect_err("it must wait");
        clock.advance(wait);
        let admission = throttle.admit(&guess).await.expect("it has waited");
        throttle.withdraw(&guess, admission).await;
        assert!(
            throttle.admit(&guess).await.is_ok(),
            "the count is as before"
        );
        assert!(throttle.admit(&guess).await.is_err());
    }

    #[tokio::test]
    async fn the_wrong_attempts_of_an_address_count_whoever_is_right_there() {
        let Fixture { throttle, .. } = fixture();

        let mut looked_at = 0;
        for number in 0..150_u32 {
            let guess = attempt(&format!("{number}@example.org"), "192.0.2.1");
            looked_at += u32::from(throttle.admit(&guess).await.is_ok());
            let own = attempt("eve@example.org", "192.0.2.1");
            if let Ok(admission) = throttle.admit(&own).await {
                throttle.withdraw(&own, admission).await;
                throttle.remember(&own).await;
            }
        }

        assert_eq!(looked_at, 20);
    }

    #[tokio::test]
    async fn strangers_cannot_lock_an_owner_out_of_an_address_where_the_account_was_used() {
        let Fixture { throttle, .. } = fixture();
        let owner = attempt("ana@example.org", "192.0.2.1");
        throttle.remember(&owner).await;

        for host in 0..100_u32 {
            let stranger = attempt("ana@example.org", &format!("198.51.100.{host}"));
            let _ = throttle.admit(&stranger).await;
            let neighbour = attempt(&format!("{host}@example.org"), "192.0.2.1");
            let _ = throttle.admit(&neighbour).await;
        }

        let elsewhere = attempt("ana@example.org", "203.0.113.1");
        assert!(throttle.admit(&elsewhere).await.is_err());
        let admission = throttle.admit(&owner).await.expect("it is known");
        assert_eq!(admission.standing, Standing::Known);
        assert!(throttle.failed(&owner, admission).await.is_some());
    }

    #[tokio::test]
    async fn wrong_attempts_from_a_known_address_count_and_are_told_to_wait() {
        let Fixture { throttle, .. } = fixture();
        let owner = attempt("ana@example.org", "192.0.2.1");
        throttle.remember(&owner).await;

        let mut told = Vec::new();
        for _ in 0..7 {
            let admission = throttle.admit(&owner).await.expect("it is known");
            told.push(throttle.failed(&owner, admission).await.is_some());
        }

        assert_eq!(told, [false, false, false, false, false, true, true]);
        let elsewhere = attempt("ana@example.org", "203.0.113.1");
        assert!(throttle.admit(&elsewhere).await.is_err());
    }

    #[tokio::test]
    async fn an_address_is_known_for_a_month_and_only_for_its_account() {
        let Fixture { clock, throttle } = fixture();
        let owner = attempt("ana@example.org", "192.0.2.1");
        throttle.remember(&owner).await;

        let other = attempt("bob@example.org", "192.0.2.1");
        let admission = throttle.admit(&other).await.expect("it is allowed");
        assert_eq!(admission.standing, Standing::Clean);
        let admission = throttle.admit(&other).await.expect("it is allowed");
        assert_eq!(admission.standing, Standing::Suspect);

        clock.advance(KNOWN_FOR);
        let admission = throttle.admit(&owner).await.expect("it is allowed");
        assert_ne!(admission.standing, Standing::Known);
    }

    #[tokio::test]
    async fn an_address_that_tries_many_accounts_has_to_wait_too() {
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
    async fn memory_is_bounded_and_what_must_wait_is_not_forgotten_for_what_is_new() {
        let Fixture { clock, throttle } = fixture();
        let guessed = attempt("ana@example.org", "192.0.2.1");
        while throttle.admit(&guessed).await.is_ok() {}
        for _ in 0..10 {
            let RetryAfter(wait) = throttle.check(&guessed).await.expect_err("it must wait");
            clock.advance(wait);
            throttle.admit(&guessed).await.expect("it has waited");
        }

        for number in 0..1000_u32 {
            clock.advance(Duration::from_millis(1));
            let address = format!("198.51.{}.{}", number / 100, number % 100);
            let other = attempt(&format!("{number}@example.org"), &address);
            throttle.admit(&other).await.expect("there is room");
            throttle.remember(&other).await;
            let state = throttle.state();
            assert!(state.entries.len() <= 101 && state.known.len() <= 100);
        }

        assert!(throttle.check(&guessed).await.is_err());
    }

    #[tokio::test]
    async fn when_all_that_is_remembered_must_wait_what_is_new_shares_one_count() {
        let Fixture { clock, throttle } = fixture();
        for number in 0..100_u32 {
            let address = format!("198.51.100.{number}");
            let guessed = attempt(&format!("{number}@example.org"), &address);
            // Known addresses count without having to wait, so each account is blocked.
            throttle.remember(&guessed).await;
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
