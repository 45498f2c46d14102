//! The limit on memory, and which entries are evicted to keep it.

use std::{sync::Arc, time::Duration};

use outrigger_cache::{Cache, CacheConfig, CacheError, Change, Database, Eviction};
use outrigger_stdx::{ByteSize, ErrorKind, ManualClock, SystemClock};

const ZERO: Database = Database::ZERO;
const VALUE: &[u8] = &[b'v'; 1000];

fn cache(memory: ByteSize, eviction: Eviction) -> Cache {
    let config = CacheConfig {
        memory,
        eviction,
        ..CacheConfig::default()
    };
    Cache::open(config, SystemClock::shared())
}

fn key(name: &str, number: usize) -> Vec<u8> {
    format!("{name}:{number}").into_bytes()
}

#[test]
fn memory_stays_within_the_limit_for_any_writes() {
    let cache = cache(ByteSize::mib(4), Eviction::All);

    for number in 0..20_000 {
        let value = vec![b'v'; number * 7919 % 30_000];
        cache
            .put(ZERO, &key("k", number % 9_000), &value, None)
            .expect("something can be evicted");
        assert!(cache.stats().memory <= 4 << 20);
    }

    let stats = cache.stats();
    assert!(stats.evictions > 0 && stats.refusals == 0);
    assert!(
        stats.memory > 3 << 20,
        "most of the bound is used: {}",
        stats.memory
    );
}

#[test]
fn a_scan_over_many_keys_does_not_evict_keys_that_are_used_repeatedly() {
    let cache = cache(ByteSize::mib(4), Eviction::All);
    let hot: Vec<_> = (0..1000).map(|number| key("hot", number)).collect();
    for name in &hot {
        cache.put(ZERO, name, VALUE, None).expect("the value fits");
    }
    for name in hot.iter().chain(&hot).chain(&hot) {
        assert!(cache.get(ZERO, name).is_some());
    }

    for number in 0..50_000 {
        cache
            .put(ZERO, &key("once", number), VALUE, None)
            .expect("something can be evicted");
    }

    let lost = hot
        .iter()
        .filter(|name| cache.get(ZERO, name).is_none())
        .count();
    assert_eq!(lost, 0);
}

#[test]
fn renewing_a_value_counts_as_a_use_and_protects_it() {
    let cache = cache(ByteSize::mib(4), Eviction::All);
    let now = cache.now();
    let later = || Some(now.deadline_after(Duration::from_secs(1800)));
    let renew = |name: &[u8]| {
        cache
            .update(ZERO, name, now, |_| (Change::Expire(later()), ()))
            .expect("the value fits");
    };
    let sessions: Vec<_> = (0..500).map(|number| key("session", number)).collect();
    for name in &sessions {
        cache.put(ZERO, name, VALUE, None).expect("the value fits");
    }
    for name in sessions.iter().chain(&sessions).chain(&sessions) {
        renew(name);
    }

    for number in 0..20_000 {
        cache
            .put(ZERO, &key("once", number), VALUE, None)
            .expect("something can be evicted");
    }

    let names = sessions.iter().map(Vec::as_slice);
    assert_eq!(cache.count_existing(ZERO, names, now), 500);
}

#[test]
fn read_update_counts_hits_and_misses_and_update_does_not() {
    let cache = cache(ByteSize::mib(4), Eviction::All);
    let now = cache.now();
    cache.put(ZERO, b"a", b"1", None).expect("the value fits");
    let changes = [
        Change::Keep,
        Change::Expire(None),
        Change::Write(b"2"[..].into(), None),
        Change::Delete,
        Change::Delete,
    ];

    for change in changes {
        cache
            .read_update(ZERO, b"a", now, |_| (change.clone(), ()))
            .expect("the value fits");
    }
    cache
        .update(ZERO, b"a", now, |_| (Change::Keep, ()))
        .expect("the change needs no memory");

    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses), (4, 1));
}

#[test]
fn empty_values_do_not_evict_keys_that_are_used_repeatedly() {
    let cache = cache(ByteSize::mib(4), Eviction::All);
    let hot: Vec<_> = (0..1000).map(|number| key("hot", number)).collect();
    for name in &hot {
        cache.put(ZERO, name, VALUE, None).expect("the value fits");
    }
    for name in hot.iter().chain(&hot).chain(&hot) {
        assert!(cache.get(ZERO, name).is_some());
    }

    for number in 0..200_000 {
        cache
            .put(ZERO, &key("miss", number), b"", None)
            .expect("something can be evicted");
    }

    let names = hot.iter().map(Vec::as_slice);
    assert_eq!(cache.count_existing(ZERO, names, cache.now()), 1000);
}

#[test]
fn one_large_write_evicts_about_as_many_bytes_as_it_takes() {
    let cache = cache(ByteSize::mib(4), Eviction::All);
    for number in 0..200_000 {
        cache
            .put(ZERO, &key("empty", number), b"", None)
            .expect("something can be evicted");
    }
    let before = cache.len(ZERO, cache.now());

    cache
        .put(ZERO, b"large", &[0; 400 << 10], None)
        .expect("something can be evicted");

    // A tenth of the memory, and one or two partly filled pages in each of the sixteen shards.
    let after = cache.len(ZERO, cache.now());
    assert!(after * 100 > before * 85, "{after} of {before}");
}

#[test]
fn all_memory_is_reusable_after_values_of_any_size() {
    let entries = |cache: &Cache, round: usize, size: usize| {
        let value = vec![b'v'; size];
        for number in 0..(8 << 20) / (size + 40) {
            cache
                .put(ZERO, &key(&format!("{round}"), number), &value, None)
                .expect("something can be evicted");
        }
        cache.len(ZERO, cache.now())
    };
    let used = cache(ByteSize::mib(8), Eviction::All);

    for (round, size) in [1, 16, 64, 200, 500, 1000, 30_000, 1, 100_000, 1000]
        .into_iter()
        .enumerate()
    {
        entries(&used, round, size);
        let again = entries(&used, round + 100, size);
        let fresh = entries(&cache(ByteSize::mib(8), Eviction::All), round, size);
        assert!(
            again * 100 >= fresh * 92,
            "{size} bytes: {again} entries where an unused cache has {fresh}"
        );
    }
}

#[test]
fn a_value_that_nearly_fills_the_memory_can_replace_many_small_ones() {
    let config = CacheConfig {
        memory: ByteSize::mib(9),
        ..CacheConfig::default()
    };
    let cache = Cache::open(config, SystemClock::shared());
    for number in 0..100_000 {
        cache
            .put(ZERO, &key("k", number), b"v", None)
            .expect("something can be evicted");
    }

    for _ in 0..3 {
        cache
            .put(ZERO, b"large", &vec![0; 8 << 20], None)
            .expect("everything else can be evicted");
    }

    assert_eq!(cache.stats().refusals, 0);
}

#[test]
fn a_deadline_can_be_set_when_nothing_may_be_evicted() {
    let cache = cache(ByteSize::mib(1), Eviction::Volatile);
    let mut written = 0;
    while cache.put(ZERO, &key("kept", written), VALUE, None).is_ok() {
        written += 1;
    }

    let now = cache.now();
    let later = Some(now.deadline_after(Duration::from_secs(60)));
    for number in 0..written {
        cache
            .update(ZERO, &key("kept", number), now, |_| {
                (Change::Expire(later), ())
            })
            .expect("setting a deadline needs no memory");
    }

    assert!(cache.put(ZERO, b"another", VALUE, None).is_ok());
}

#[test]
fn a_large_value_is_shared_and_stays_whole_while_it_is_replaced() {
    let cache = cache(ByteSize::mib(4), Eviction::All);
    for size in [64 << 10, 1 << 20] {
        cache
            .put(ZERO, b"a", &vec![1; size], None)
            .expect("the value fits");
        let before = cache.get(ZERO, b"a").expect("the key exists");
        let again = cache.get(ZERO, b"a").expect("the key exists");

        cache
            .put(ZERO, b"a", &vec![2; size], None)
            .expect("the value fits");

        assert_eq!(before.as_ptr(), again.as_ptr());
        assert!(before.len() == size && before.iter().all(|byte| *byte == 1));
    }
}

#[test]
fn keys_that_come_back_soon_after_their_eviction_stay() {
    let cache = cache(ByteSize::mib(4), Eviction::All);
    let returning: Vec<_> = (0..100).map(|number| key("returning", number)).collect();
    let mut number = 0;
    let mut write_others = |count: usize| {
        for _ in 0..count {
            number += 1;
            cache
                .put(ZERO, &key("other", number), VALUE, None)
                .expect("something can be evicted");
        }
    };
    let write = || {
        for name in &returning {
            cache
                .put(ZERO, name, VALUE, None)
                .expect("something can be evicted");
        }
    };
    let existing = || {
        let names = returning.iter().map(Vec::as_slice);
        cache.count_existing(ZERO, names, cache.now())
    };
    write_others(5_000);
    write();
    while existing() > 0 {
        write_others(100);
    }

    write();
    write_others(100_000);

    // Evicted keys are recorded by hashes that can overwrite each other, so some of them are treated as new and are evicted
    // again. Without the record, all of them would be.
    assert!(existing() > 50, "{} of 100", existing());
}

#[test]
fn no_shard_runs_empty_under_continuous_writes() {
    let cache = cache(ByteSize::mib(1), Eviction::All);

    let mut fewest = u64::MAX;
    for number in 0..400_000 {
        cache
            .put(ZERO, &key("k", number), b"v", None)
            .expect("something can be evicted");
        if number > 100_000 && number % 1000 == 0 {
            fewest = fewest.min(cache.len(ZERO, cache.now()));
        }
    }

    assert!(fewest > 4_000, "{fewest}");
}

#[test]
fn with_eviction_volatile_only_entries_with_a_time_to_live_are_evicted() {
    let cache = cache(ByteSize::mib(2), Eviction::Volatile);
    let hour = Some(Duration::from_secs(3600));
    for number in 0..500 {
        cache
            .put(ZERO, &key("kept", number), VALUE, None)
            .expect("the value fits");
    }

    for number in 0..5_000 {
        cache
            .put(ZERO, &key("volatile", number), VALUE, hour)
            .expect("volatile ones can go");
    }

    let kept = (0..500).filter(|number| cache.get(ZERO, &key("kept", *number)).is_some());
    assert_eq!(kept.count(), 500);
    assert!(cache.stats().evictions > 0);
}

#[test]
fn when_nothing_may_be_evicted_writes_are_refused_and_nothing_is_lost() {
    let cache = cache(ByteSize::mib(1), Eviction::Volatile);
    let mut written = 0;
    let refusal = loop {
        match cache.put(ZERO, &key("kept", written), VALUE, None) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };

    assert_eq!(
        refusal,
        CacheError::Full {
            limit: ByteSize::mib(1)
        }
    );
    assert_eq!(refusal.kind(), ErrorKind::Unavailable);
    assert_eq!(cache.len(ZERO, cache.now()), written as u64);
    assert!(cache.put(ZERO, &key("kept", 0), VALUE, None).is_ok());
    assert!(cache.stats().refusals > 0 && cache.stats().memory <= 1 << 20);
}

#[test]
fn setting_a_time_to_live_makes_an_entry_evictable_and_removing_it_protects_it() {
    let cache = cache(ByteSize::mib(1), Eviction::Volatile);
    let now = cache.now();
    let later = Some(now.deadline_after(Duration::from_secs(60)));
    for name in [&b"gains"[..], b"loses"] {
        cache.put(ZERO, name, VALUE, None).expect("the value fits");
        cache
            .update(ZERO, name, now, |_| (Change::Expire(later), ()))
            .expect("the value fits");
    }
    cache
        .update(ZERO, b"loses", now, |_| (Change::Expire(None), ()))
        .expect("the change needs no memory");

    let mut number = 0;
    while cache.put(ZERO, &key("kept", number), VALUE, None).is_ok() {
        number += 1;
    }

    assert!(cache.get(ZERO, b"gains").is_none());
    assert!(cache.get(ZERO, b"loses").is_some());
}

#[test]
fn a_value_that_could_never_fit_evicts_nothing() {
    let config = CacheConfig {
        memory: ByteSize::mib(1),
        ..CacheConfig::default()
    };
    let cache = Cache::open(config, SystemClock::shared());
    cache.put(ZERO, b"a", VALUE, None).expect("the value fits");

    let refused = cache.put(ZERO, b"b", &vec![0; 2 << 20], None);

    assert!(matches!(refused, Err(CacheError::Full { .. })));
    assert_eq!(cache.stats().evictions, 0);
}

#[test]
fn errors_for_long_keys_and_values_name_the_limit() {
    let cache = cache(ByteSize::mib(64), Eviction::All);

    let key_refused = cache.put(ZERO, &vec![b'k'; 8193], b"v", None);
    let value_refused = cache.put(ZERO, b"k", &vec![0; (8 << 20) + 1], None);

    assert_eq!(
        key_refused.map_err(|error| error.to_string()),
        Err("key of 8193 bytes exceeds `[cache] key_max` of 8KiB".to_owned())
    );
    assert_eq!(
        value_refused.map_err(|error| error.to_string()),
        Err("value of 8388609 bytes exceeds `[cache] value_max` of 8MiB".to_owned())
    );
}

#[test]
fn removing_all_entries_frees_the_memory() {
    let clock = ManualClock::new();
    let cache = Cache::open(CacheConfig::default(), Arc::new(clock.clone()));
    let minute = Some(Duration::from_secs(60));
    for number in 0..10_000 {
        cache
            .put(ZERO, &key("k", number), VALUE, minute)
            .expect("the value fits");
    }
    assert!(cache.stats().memory > 10 << 20);

    clock.advance(Duration::from_secs(60));
    let expired = cache.expire(cache.now(), usize::MAX);

    assert_eq!(expired, 10_000);
    assert_eq!(cache.stats().memory, 0);
    assert_eq!(cache.stats().expirations, 10_000);
}

#[test]
fn many_threads_stay_within_the_limit_and_read_complete_values() {
    let cache = cache(ByteSize::mib(2), Eviction::All);
    let threads: Vec<_> = (0..4u8)
        .map(|thread| {
            let cache = cache.clone();
            outrigger_supervisor::thread("cache-test", move || {
                for number in 0..20_000usize {
                    let name = key("shared", number * 31 % 3_000);
                    let length = number % 4_000;
                    match number % 5 {
                        0 | 1 => {
                            let value = vec![thread; length];
                            cache
                                .put(ZERO, &name, &value, None)
                                .expect("something can be evicted");
                        }
                        2 => {
                            let _ = cache.delete(ZERO, &name);
                        }
                        3 => {
                            let other = key("shared", number * 17 % 3_000);
                            let pairs = [(&name[..], VALUE), (&other[..], VALUE)];
                            cache
                                .put_many(ZERO, pairs.into_iter(), cache.now())
                                .expect("something can be evicted");
                        }
                        _ => {
                            let value = cache.get(ZERO, &name).unwrap_or_default();
                            assert!(value.windows(2).all(|pair| pair[0] == pair[1]));
                        }
                    }
                }
            })
            .expect("a thread starts")
        })
        .collect();

    for thread in threads {
        thread.join().expect("no thread fails");
    }

    assert!(cache.stats().memory <= 2 << 20);
    cache.clear(None);
    assert_eq!(cache.stats().memory, 0, "every claim was settled");
}

#[test]
fn concurrent_writes_that_fit_individually_are_not_refused() {
    let cache = cache(ByteSize::mib(1), Eviction::All);
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let cache = cache.clone();
            outrigger_supervisor::thread("cache-test", move || {
                let value = vec![b'v'; 600 << 10];
                for number in 0..200 {
                    cache
                        .put(ZERO, &key("large", number * 4 + thread), &value, None)
                        .expect("everything else can be evicted");
                }
            })
            .expect("a thread starts")
        })
        .collect();

    for thread in threads {
        thread.join().expect("no write is refused");
    }

    let stats = cache.stats();
    assert_eq!((stats.writes, stats.refusals), (800, 0));
    cache.clear(None);
    assert_eq!(cache.stats().memory, 0, "every claim was settled");
}
