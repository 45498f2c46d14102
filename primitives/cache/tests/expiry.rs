//! Exact times to live, for any length and any jump of the clock.

use std::{sync::Arc, time::Duration};

use outrigger_cache::{Cache, CacheConfig, Change, Cursor, Database, Expirer};
use outrigger_stdx::{Clock, ManualClock};
use outrigger_supervisor::{Service, Stop};

const ZERO: Database = Database::ZERO;

fn cache() -> (Cache, ManualClock) {
    let clock = ManualClock::new();
    let cache = Cache::open(CacheConfig::default(), Arc::new(clock.clone()));
    (cache, clock)
}

#[test]
fn an_entry_is_gone_from_every_operation_at_its_millisecond() {
    let (cache, clock) = cache();
    cache
        .put(ZERO, b"a", b"1", Some(Duration::from_millis(1500)))
        .expect("the value fits");

    clock.advance(Duration::from_millis(1499));
    assert!(cache.get(ZERO, b"a").is_some());
    clock.advance(Duration::from_millis(1));

    let now = cache.now();
    let mut scanned = 0;
    cache.scan(ZERO, Cursor::default(), 100, now, |_, _| scanned += 1);
    assert_eq!(scanned, 0);
    assert_eq!(cache.random_key(ZERO, now), None);
    assert_eq!(cache.len(ZERO, now), 0);
    assert_eq!(cache.count_existing(ZERO, [&b"a"[..]].into_iter(), now), 0);
    assert!(cache.get(ZERO, b"a").is_none());
    assert!(!cache.delete(ZERO, b"a"));
    assert_eq!(cache.stats().expirations, 1);
}

#[test]
fn expired_entries_are_neither_counted_nor_cleared() {
    let databases = [ZERO, Database::new(1).expect("the number is below 16")];
    for cleared in [None, Some(ZERO)] {
        let (cache, clock) = cache();
        for database in databases {
            for number in 0..1_000 {
                let ttl = Some(Duration::from_secs(60 + number % 2 * 60));
                cache
                    .put(database, format!("k{number}").as_bytes(), b"v", ttl)
                    .expect("the value fits");
            }
        }

        clock.advance(Duration::from_secs(60));
        let counted = cache.len(databases[1], cache.now());
        clock.advance(Duration::from_secs(59));
        cache
            .put(ZERO, b"late", b"v", Some(Duration::from_secs(60)))
            .expect("the value fits");
        clock.advance(Duration::from_secs(1));
        let count = cache.clear(cleared);

        assert_eq!((counted, count), (500, 1));
        let stats = cache.stats();
        assert_eq!((stats.deletes, stats.entries_total()), (1, 0));
        assert_eq!(stats.expirations, 2_000);
    }
}

#[test]
fn a_count_does_a_bounded_amount_of_work_for_expired_entries() {
    let (cache, clock) = cache();
    let minute = Some(Duration::from_secs(60));
    for number in 0..40_000 {
        cache
            .put(ZERO, format!("k{number}").as_bytes(), b"v", minute)
            .expect("the value fits");
    }

    clock.advance(Duration::from_secs(60));
    let first = cache.len(ZERO, cache.now());
    let removed = cache.stats().expirations;
    while cache.len(ZERO, cache.now()) > 0 {}

    assert!(first > 0 && removed < 20_000, "{first}, {removed}");
    assert_eq!(cache.stats().expirations, 40_000);
}

#[test]
fn deadlines_from_milliseconds_to_centuries_pass_in_order() {
    let (cache, clock) = cache();
    let ttls: Vec<u64> = (0..52).map(|power| (1u64 << power) + power).collect();
    for ttl in &ttls {
        let ttl_key = ttl.to_string();
        cache
            .put(
                ZERO,
                ttl_key.as_bytes(),
                b"v",
                Some(Duration::from_millis(*ttl)),
            )
            .expect("the value fits");
    }

    let mut elapsed = 0;
    for (index, ttl) in ttls.iter().enumerate() {
        clock.advance(Duration::from_millis(ttl - 1 - elapsed));
        assert_eq!(
            cache.len(ZERO, cache.now()),
            (ttls.len() - index) as u64,
            "before {ttl}"
        );
        clock.advance(Duration::from_millis(1));
        assert_eq!(
            cache.len(ZERO, cache.now()),
            (ttls.len() - index - 1) as u64,
            "at {ttl}"
        );
        elapsed = *ttl;
    }
}

#[test]
fn a_deadline_can_be_changed_and_removed() {
    let (cache, clock) = cache();
    let now = cache.now();
    for name in [b"a", b"b", b"c"] {
        cache
            .put(ZERO, name, b"v", Some(Duration::from_secs(10)))
            .expect("the value fits");
    }
    let later = now.deadline_after(Duration::from_secs(100));
    cache
        .update(ZERO, b"a", now, |_| (Change::Expire(Some(later)), ()))
        .expect("the value fits");
    cache
        .update(ZERO, b"b", now, |_| (Change::Expire(None), ()))
        .expect("the value fits");

    clock.advance(Duration::from_secs(50));
    let halfway = cache.len(ZERO, cache.now());
    clock.advance(Duration::from_secs(50));

    assert_eq!(halfway, 2);
    assert!(cache.get(ZERO, b"a").is_none());
    assert!(cache.get(ZERO, b"b").is_some());
}

#[test]
fn a_scan_visits_all_lasting_entries_while_others_are_added_and_removed() {
    let (cache, _) = cache();
    for number in 0..500 {
        cache
            .put(ZERO, format!("stays:{number}").as_bytes(), b"v", None)
            .expect("the value fits");
        cache
            .put(ZERO, format!("goes:{number}").as_bytes(), b"v", None)
            .expect("the value fits");
    }

    let (mut shown, mut cursor, mut round) = (Vec::new(), Cursor::default(), 0);
    loop {
        cursor = cache.scan(ZERO, cursor, 7, cache.now(), |key, _| {
            if key.starts_with(b"stays") {
                shown.push(key.to_vec());
            }
        });
        for number in 0..20 {
            let _ = cache.delete(ZERO, format!("goes:{}", round * 20 + number).as_bytes());
            let name = format!("comes:{round}:{number}");
            cache
                .put(ZERO, name.as_bytes(), b"v", None)
                .expect("the value fits");
        }
        round += 1;
        if cursor.is_end() {
            break;
        }
    }

    shown.sort();
    shown.dedup();
    assert_eq!(shown.len(), 500);
}

#[tokio::test]
async fn the_expirer_frees_memory_and_stops_on_request() {
    let (cache, clock) = cache();
    for number in 0..3000 {
        let ttl = Some(Duration::from_secs(1));
        cache
            .put(ZERO, format!("k{number}").as_bytes(), b"v", ttl)
            .expect("the value fits");
    }
    let (mut expirer, stop) = (Expirer::new(cache.clone()), Stop::new());

    let watch = async {
        while cache.memory_used() > 0 {
            while clock.sleepers() == 0 {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::from_millis(200));
            tokio::task::yield_now().await;
        }
        stop.cancel(clock.monotonic());
        clock.monotonic().since_start()
    };
    let (outcome, elapsed) = tokio::join!(expirer.run(stop.clone()), watch);

    assert!(outcome.is_ok());
    assert!(elapsed >= Duration::from_secs(1), "{elapsed:?}");
    assert!(Expirer::new(cache).pass().await == 0);
}
