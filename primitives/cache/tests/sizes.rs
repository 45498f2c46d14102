//! Keys and values of every size in a cache that is always full, compared with a map of the last writes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use outrigger_cache::{
    Cache, CacheConfig, CacheError, Change, Cursor, Database, Renamed, WhenTaken,
};
use outrigger_stdx::{ByteSize, Clock, ManualClock};
use proptest::{collection::vec, prelude::*, sample::select};

const ZERO: Database = Database::ZERO;
const BOUND: usize = 2 << 20;

#[derive(Debug, Clone)]
enum Operation {
    /// Writes values of one size to this many keys, starting with this one.
    Fill(u16, u16, usize),
    Put(u16, usize, Option<u64>),
    PutMany(Vec<u16>, usize),
    Append(u16, usize),
    Delete(u16, u16),
    Rename(u16, u16),
    Expire(u16, u64),
    Get(u16),
    Advance(u64),
    Clear,
}

fn operation() -> impl Strategy<Value = Operation> {
    let key = || 0u16..2000;
    let size = || {
        select(vec![
            0, 1, 10, 17, 60, 100, 500, 1000, 4000, 5000, 20_000, 33_000, 65_000, 65_536, 300_000,
        ])
    };
    prop_oneof![
        4 => (key(), 1u16..1500, size()).prop_map(|(k, n, s)| Operation::Fill(k, n, s)),
        6 => (key(), size(), proptest::option::of(1u64..5000)).prop_map(|(k, s, t)| Operation::Put(k, s, t)),
        2 => (vec(key(), 1..40), select(vec![0, 10, 100, 1000])).prop_map(|(k, s)| Operation::PutMany(k, s)),
        2 => (key(), 1usize..2000).prop_map(|(k, s)| Operation::Append(k, s)),
        3 => (key(), 1u16..800).prop_map(|(k, n)| Operation::Delete(k, n)),
        3 => (key(), key()).prop_map(|(a, b)| Operation::Rename(a, b)),
        3 => (key(), 1u64..5000).prop_map(|(k, t)| Operation::Expire(k, t)),
        3 => key().prop_map(Operation::Get),
        2 => (1u64..3000).prop_map(Operation::Advance),
        1 => Just(Operation::Clear),
    ]
}

/// Returns a key whose length depends on its number.
fn name(key: u16) -> Vec<u8> {
    let mut name = key.to_string().into_bytes();
    name.resize(4 + usize::from(key) % 60, b'k');
    name
}

fn value(seed: usize, size: usize) -> Vec<u8> {
    vec![seed as u8; size]
}

struct Fixture {
    cache: Cache,
    clock: ManualClock,
    /// The values that exist unless they were evicted, with their deadlines.
    written: HashMap<u16, (Vec<u8>, Option<Duration>)>,
}

impl Fixture {
    fn put(&mut self, key: u16, value: Vec<u8>, ttl: Option<u64>) {
        let ttl = ttl.map(Duration::from_millis);
        self.cache
            .put(ZERO, &name(key), &value, ttl)
            .expect("everything can be evicted");
        let deadline = ttl.map(|ttl| self.clock.monotonic().since_start() + ttl);
        self.written.insert(key, (value, deadline));
    }

    fn apply(&mut self, number: usize, operation: Operation) {
        let now = self.cache.now();
        match operation {
            Operation::Fill(first, count, size) => {
                for key in first..first + count {
                    self.put(key, value(number, size), None);
                }
            }
            Operation::Put(key, size, ttl) => self.put(key, value(number, size), ttl),
            Operation::PutMany(keys, size) => {
                let names: Vec<_> = keys.iter().map(|key| name(*key)).collect();
                let value = value(number, size);
                let pairs = names.iter().map(|name| (&name[..], &value[..]));
                self.cache
                    .put_many(ZERO, pairs, now)
                    .expect("everything can be evicted");
                for key in keys {
                    self.written.insert(key, (value.clone(), None));
                }
            }
            Operation::Append(key, size) => {
                let length = self
                    .cache
                    .update(ZERO, &name(key), now, |found| {
                        let mut value = found.map(|found| found.value.to_vec()).unwrap_or_default();
                        value.resize(value.len() + size, number as u8);
                        let deadline = found.and_then(|found| found.deadline);
                        (Change::Write(value.clone().into(), deadline), value)
                    })
                    .expect("everything can be evicted");
                let deadline = self.written.get(&key).and_then(|(_, deadline)| *deadline);
                let was_there = length.len() > size;
                self.written
                    .insert(key, (length, deadline.filter(|_| was_there)));
            }
            Operation::Delete(first, count) => {
                for key in first..first + count {
                    let _ = self.cache.delete(ZERO, &name(key));
                    self.written.remove(&key);
                }
            }
            Operation::Rename(from, to) => {
                let renamed = self
                    .cache
                    .rename(ZERO, &name(from), &name(to), WhenTaken::Replace, now)
                    .expect("everything can be evicted");
                if renamed == Renamed::Moved && from != to {
                    let moved = self.written.remove(&from).expect("every entry was written");
                    self.written.insert(to, moved);
                }
            }
            Operation::Expire(key, ttl) => {
                let ttl = Duration::from_millis(ttl);
                let deadline = Some(now.deadline_after(ttl));
                self.cache
                    .update(ZERO, &name(key), now, |_| (Change::Expire(deadline), ()))
                    .expect("setting a deadline needs no memory");
                if let Some((_, deadline)) = self.written.get_mut(&key) {
                    *deadline = Some(self.clock.monotonic().since_start() + ttl);
                }
            }
            Operation::Get(key) => {
                let found = self.cache.get(ZERO, &name(key));
                let expected = self.written.get(&key).map(|(value, _)| value);
                assert!(found.is_none() || found.as_deref() == expected.map(Vec::as_slice));
            }
            Operation::Advance(millis) => {
                self.clock.advance(Duration::from_millis(millis));
                let now = self.clock.monotonic().since_start();
                self.written
                    .retain(|_, (_, deadline)| deadline.is_none_or(|deadline| deadline > now));
            }
            Operation::Clear => {
                self.cache.clear(None);
                assert_eq!(self.cache.memory_used(), 0);
                self.written.clear();
            }
        }
    }

    /// Checks that every entry was written and is visited once, and that all counts agree.
    fn check(&self) {
        let now = self.cache.now();
        assert!(self.cache.memory_used() <= BOUND);
        let (mut there, mut cursor) = (HashMap::new(), Cursor::default());
        loop {
            cursor = self.cache.scan(ZERO, cursor, 100, now, |key, found| {
                let before = there.insert(key.to_vec(), found.value.len());
                assert!(before.is_none(), "a key was shown twice");
            });
            if cursor.is_end() {
                break;
            }
        }
        let mut counted = 0;
        for (key, (value, deadline)) in &self.written {
            let name = name(*key);
            self.cache.peek(ZERO, &name, now, |found| {
                assert_eq!(
                    found.map(|found| found.value.len()),
                    there.get(&name).copied()
                );
                if let Some(found) = found {
                    assert!(found.value == &value[..]);
                    assert_eq!(found.deadline.is_some(), deadline.is_some());
                    counted += 1;
                }
            });
        }
        assert_eq!(counted, there.len());
        assert_eq!(self.cache.len(ZERO, now), there.len() as u64);
        assert_eq!(
            self.cache.random_key(ZERO, now).is_some(),
            !there.is_empty()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn entries_have_the_last_written_value_and_memory_stays_within_the_limit(
        operations in vec(operation(), 1..60),
    ) {
        let clock = ManualClock::new();
        let config = CacheConfig { memory: ByteSize::mib(2), ..CacheConfig::default() };
        let cache = Cache::open(config, Arc::new(clock.clone()));
        let mut tried = Fixture { cache, clock, written: HashMap::new() };

        for (number, operation) in operations.into_iter().enumerate() {
            tried.apply(number, operation);
            tried.check();
        }

        tried.apply(0, Operation::Clear);
        let refused = tried.cache.put(ZERO, b"k", &vec![0; BOUND], None);
        let is_full = matches!(refused, Err(CacheError::Full { .. }));
        prop_assert!(is_full);
    }
}
