//! Compares the cache with a simple map, on a manual clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use outrigger_cache::{Cache, CacheConfig, Change, Cursor, Database, Eviction, Renamed, WhenTaken};
use outrigger_stdx::{Clock, ManualClock};
use proptest::{collection::vec, prelude::*, sample::select};

type Key = (u8, u8);

#[derive(Debug, Clone)]
enum Operation {
    Put(Key, u8, Option<u64>),
    PutMany(u8, Vec<(u8, u8)>),
    Get(Key),
    Delete(Key),
    DeleteMany(u8, Vec<u8>),
    Expire(Key, Option<u64>),
    Append(Key, u8),
    Rename(u8, u8, u8, WhenTaken),
    Scan(u8, usize),
    Random(u8),
    Clear(Option<u8>),
    Sweep,
    Advance(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    let key = || (0u8..2, 0u8..24);
    let ttl = || prop_oneof![Just(0), 1u64..200, 200u64..300_000, Just(u64::MAX / 4)];
    prop_oneof![
        6 => (key(), any::<u8>(), proptest::option::of(ttl())).prop_map(|(k, v, t)| Operation::Put(k, v, t)),
        1 => (0u8..2, vec((0u8..24, any::<u8>()), 1..6)).prop_map(|(d, p)| Operation::PutMany(d, p)),
        4 => key().prop_map(Operation::Get),
        2 => key().prop_map(Operation::Delete),
        1 => (0u8..2, vec(0u8..24, 1..6)).prop_map(|(d, k)| Operation::DeleteMany(d, k)),
        2 => (key(), proptest::option::of(ttl())).prop_map(|(k, t)| Operation::Expire(k, t)),
        2 => (key(), any::<u8>()).prop_map(|(k, v)| Operation::Append(k, v)),
        2 => (0u8..2, 0u8..24, 0u8..24, select(vec![WhenTaken::Replace, WhenTaken::Keep]))
            .prop_map(|(d, a, b, t)| Operation::Rename(d, a, b, t)),
        1 => (0u8..2, 1usize..8).prop_map(|(d, c)| Operation::Scan(d, c)),
        1 => (0u8..2).prop_map(Operation::Random),
        1 => proptest::option::of(0u8..2).prop_map(Operation::Clear),
        1 => Just(Operation::Sweep),
        4 => prop_oneof![0u64..100, 100u64..100_000].prop_map(Operation::Advance),
    ]
}

struct Model {
    clock: ManualClock,
    entries: BTreeMap<Key, (Vec<u8>, Option<u64>)>,
}

impl Model {
    fn now(&self) -> u64 {
        u64::try_from(self.clock.monotonic().since_start().as_millis()).expect("tests are short")
    }

    fn forget_expired(&mut self) {
        let now = self.now();
        self.entries
            .retain(|_, (_, deadline)| deadline.is_none_or(|deadline| deadline > now));
    }

    fn put(&mut self, key: Key, value: Vec<u8>, ttl: Option<u64>) {
        let deadline = ttl.map(|ttl| self.now().saturating_add(ttl));
        self.entries.insert(key, (value, deadline));
        self.forget_expired();
    }

    fn count(&self, database: u8) -> u64 {
        self.entries.keys().filter(|(d, _)| *d == database).count() as u64
    }

    fn count_volatile(&self, database: u8) -> u64 {
        let of_database = self.entries.iter().filter(|((d, _), _)| *d == database);
        of_database
            .filter(|(_, (_, deadline))| deadline.is_some())
            .count() as u64
    }

    fn keys(&self, database: u8) -> BTreeSet<u8> {
        self.entries
            .keys()
            .filter(|(d, _)| *d == database)
            .map(|(_, key)| *key)
            .collect()
    }
}

fn database(number: u8) -> Database {
    Database::new(number).expect("the number is below 16")
}

fn apply(operation: Operation, cache: &Cache, model: &mut Model) {
    let now = cache.now();
    match operation {
        Operation::Put(key, value, ttl) => {
            let duration = ttl.map(Duration::from_millis);
            cache
                .put(database(key.0), &[key.1], &[value], duration)
                .expect("the value fits");
            model.put(key, vec![value], ttl);
        }
        Operation::PutMany(db, pairs) => {
            let slices = pairs
                .iter()
                .map(|(key, value)| (std::slice::from_ref(key), std::slice::from_ref(value)));
            cache
                .put_many(database(db), slices, now)
                .expect("the value fits");
            for (key, value) in pairs {
                model.put((db, key), vec![value], None);
            }
        }
        Operation::Get(key) => {
            let value = cache.get(database(key.0), &[key.1]);
            let expected = model.entries.get(&key).map(|(value, _)| value.as_slice());
            assert_eq!(value.as_deref(), expected);
        }
        Operation::Delete(key) => {
            let deleted = cache.delete(database(key.0), &[key.1]);
            assert_eq!(deleted, model.entries.remove(&key).is_some());
        }
        Operation::DeleteMany(db, keys) => {
            let deleted =
                cache.delete_many(database(db), keys.iter().map(std::slice::from_ref), now);
            let expected = keys
                .iter()
                .filter(|key| model.entries.remove(&(db, **key)).is_some());
            assert_eq!(deleted, expected.count());
        }
        Operation::Expire(key, ttl) => {
            let deadline = ttl.map(|ttl| now.deadline_after(Duration::from_millis(ttl)));
            cache
                .update(database(key.0), &[key.1], now, |_| {
                    (Change::Expire(deadline), ())
                })
                .expect("the value fits");
            if let Some((value, _)) = model.entries.remove(&key) {
                model.put(key, value, ttl);
            }
        }
        Operation::Append(key, byte) => append(key, byte, cache, model),
        Operation::Rename(db, from, to, when_taken) => {
            rename((db, from), to, when_taken, cache, model);
        }
        Operation::Scan(db, count) => assert_eq!(scan(cache, db, count), model.keys(db)),
        Operation::Random(db) => {
            let key = cache.random_key(database(db), now);
            assert_eq!(key.is_none(), model.count(db) == 0);
            assert!(key.is_none_or(|key| model.entries.contains_key(&(db, key[0]))));
        }
        Operation::Clear(db) => {
            let before = model.entries.len();
            model
                .entries
                .retain(|key, _| db.is_some_and(|db| key.0 != db));
            let removed = cache.clear(db.map(database));
            assert_eq!(removed, (before - model.entries.len()) as u64);
        }
        Operation::Sweep => {
            cache.expire(now, 3);
        }
        Operation::Advance(millis) => {
            model.clock.advance(Duration::from_millis(millis));
            model.forget_expired();
        }
    }
}

fn append(key: Key, byte: u8, cache: &Cache, model: &mut Model) {
    let now = cache.now();
    let length = cache
        .update(database(key.0), &[key.1], now, |found| {
            let mut value = found.map(|found| found.value.to_vec()).unwrap_or_default();
            value.push(byte);
            let length = value.len();
            let deadline = found.and_then(|found| found.deadline);
            (Change::Write(Bytes::from(value), deadline), length)
        })
        .expect("the value fits");
    let (value, _) = model.entries.entry(key).or_default();
    value.push(byte);
    assert_eq!(length, value.len());
}

fn rename(key: Key, to: u8, when_taken: WhenTaken, cache: &Cache, model: &mut Model) {
    let renamed = cache
        .rename(database(key.0), &[key.1], &[to], when_taken, cache.now())
        .expect("the value fits");
    let target = (key.0, to);
    let expected = if !model.entries.contains_key(&key) {
        Renamed::Missing
    } else if when_taken == WhenTaken::Keep && model.entries.contains_key(&target) {
        Renamed::Taken
    } else {
        let entry = model.entries.remove(&key).expect("the model has the key");
        model.entries.insert(target, entry);
        Renamed::Moved
    };
    assert_eq!(renamed, expected);
}

fn scan(cache: &Cache, db: u8, count: usize) -> BTreeSet<u8> {
    let (mut keys, mut cursor) = (BTreeSet::new(), Cursor::default());
    loop {
        cursor = cache.scan(database(db), cursor, count, cache.now(), |key, _| {
            assert!(keys.insert(key[0]), "a key was shown twice");
        });
        if cursor.is_end() {
            return keys;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_cache_matches_the_model(
        operations in vec(operation(), 1..120),
        eviction in select(vec![Eviction::All, Eviction::Volatile]),
    ) {
        let clock = ManualClock::new();
        let config = CacheConfig { eviction, ..CacheConfig::default() };
        let cache = Cache::open(config, Arc::new(clock.clone()));
        let mut model = Model { clock, entries: BTreeMap::new() };

        for operation in operations {
            apply(operation, &cache, &mut model);
            for number in 0..2 {
                prop_assert_eq!(cache.len(database(number), cache.now()), model.count(number));
                prop_assert_eq!(cache.stats().volatile[usize::from(number)], model.count_volatile(number));
            }
        }
    }
}
