//! The resident memory of the process as the operating system counts it. This is the only test of its binary, so that nothing
//! else allocates memory meanwhile.

#![cfg(target_os = "linux")]

use outrigger_cache::{Cache, CacheConfig, Database};
use outrigger_stdx::{ByteSize, SystemClock};

const ZERO: Database = Database::ZERO;
const BOUND: usize = 16 << 20;

/// Returns the resident memory that is not backed by a file.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    kib.expect("RssAnon is a number of KiB") * 1024
}

struct Load {
    cache: Cache,
    idle: usize,
    seed: u64,
}

impl Load {
    fn draw(&mut self, below: usize) -> usize {
        // Marsaglia's xorshift.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed as usize % below
    }

    fn put(&self, key: usize, size: usize) {
        let value = vec![key as u8; size];
        self.cache
            .put(ZERO, format!("key:{key:07}").as_bytes(), &value, None)
            .expect("something can be evicted");
    }

    fn check(&self, what: &str) {
        let (counted, taken) = (
            self.cache.memory_used(),
            resident().saturating_sub(self.idle),
        );
        println!(
            "{what}: {} KiB counted, {} KiB resident",
            counted >> 10,
            taken >> 10
        );
        assert!(counted <= BOUND, "{what}: {counted} bytes counted");
        let most = counted + counted / 20 + (1 << 20);
        assert!(
            taken <= most,
            "{what}: {taken} bytes resident, {counted} counted"
        );
    }
}

#[test]
fn resident_memory_does_not_exceed_the_counted_memory_when_sizes_change() {
    let config = CacheConfig {
        memory: ByteSize::mib(16),
        ..CacheConfig::default()
    };
    let cache = Cache::open(config, SystemClock::shared());
    let mut load = Load {
        cache,
        idle: resident(),
        seed: 0x9e37_79b9,
    };

    for key in 0..100_000 {
        load.put(key, 10);
    }
    let entries = load.cache.len(ZERO, load.cache.now()) as usize;
    let each = load.cache.memory_used() / entries;
    assert_eq!(entries, 100_000);
    assert!(
        each <= 90,
        "{each} bytes for a key of 11 bytes and a value of 10"
    );
    load.check("tiny values, not full");
    for key in 0..400_000 {
        load.put(key, 10);
    }
    load.check("tiny values, full");
    for key in 0..60 {
        load.put(key, 400_000 + key * 30_000);
        load.check("then large ones");
    }
    for round in 1..=18 {
        let size = 1 << (round % 9 + 4) | load.draw(100);
        for key in 0..BOUND / (size + 60) {
            load.put(key + round * 10_000_000, size);
        }
        load.check("another size each time");
    }
    for _ in 0..4 {
        for key in 0..5_000 {
            let size = 32 << load.draw(11) | load.draw(32);
            load.put(key, size);
        }
        load.check("overwritten with other sizes");
    }
    for round in 0..3 {
        for key in 0..5_000 {
            if load.draw(2) == 0 {
                let _ = load.cache.delete(ZERO, format!("key:{key:07}").as_bytes());
            }
        }
        load.check("half deleted");
        for key in 0..5_000 {
            load.put(5_000 * (round + 1) + key, 100 + round * 777);
        }
        load.check("and filled again");
    }
    load.cache.clear(None);
    load.check("cleared");
    assert_eq!(load.cache.memory_used(), 0);
}
