//! Tracks the number and size of stored idempotent responses, and enforces their limits.
//!
//! The counts are kept in memory, because counting the rows before each request would cost more than the request. They are
//! exact if there is one process. Nodes that share a PostgreSQL database count again every ten minutes, and can together exceed a
//! limit by the rows that they added in between.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

/// The maximum number of keys and bytes of all callers together.
const TOTAL_MAX: Held = Held {
    keys: 1_000_000,
    bytes: 1 << 30,
};
/// The maximum number of keys and bytes of a caller.
const CALLER_MAX: Held = Held {
    keys: 100_000,
    bytes: 128 << 20,
};
/// The maximum age of a count.
const COUNTED_FOR: Duration = Duration::from_secs(600);

/// A number of keys, and the size of their responses in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) keys: u64,
    pub(super) bytes: u64,
}

/// The current usage.
#[derive(Debug, Default)]
pub(super) struct Usage {
    total: Held,
    callers: HashMap<String, Held>,
    counted_at: Option<Timestamp>,
}

impl Usage {
    /// Creates the usage from a count of the rows.
    pub(super) fn counted(callers: HashMap<String, Held>, now: Timestamp) -> Self {
        let mut total = Held::default();
        for held in callers.values() {
            total.keys += held.keys;
            total.bytes += held.bytes;
        }
        Self {
            total,
            callers,
            counted_at: Some(now),
        }
    }

    /// Returns whether the rows must be counted again.
    pub(super) fn is_outdated(&self, now: Timestamp) -> bool {
        self.counted_at
            .is_none_or(|at| now.duration_since(at).unsigned_abs() > COUNTED_FOR)
    }

    /// Returns whether the caller can use another key.
    pub(super) fn has_room_for(&self, caller: &str) -> bool {
        let held = self.callers.get(caller).copied().unwrap_or_default();
        let fits = |held: Held, max: Held| held.keys < max.keys && held.bytes < max.bytes;
        fits(held, CALLER_MAX) && fits(self.total, TOTAL_MAX)
    }

    pub(super) fn add(&mut self, caller: &str, more: Held) {
        if !self.callers.contains_key(caller) {
            self.callers.insert(caller.to_owned(), Held::default());
        }
        let held = self.callers.get_mut(caller).into_iter();
        for held in held.chain([&mut self.total]) {
            held.keys += more.keys;
            held.bytes += more.bytes;
        }
    }

    pub(super) fn remove(&mut self, caller: &str, less: Held) {
        let held = self.callers.get_mut(caller).into_iter();
        for held in held.chain([&mut self.total]) {
            held.keys = held.keys.saturating_sub(less.keys);
            held.bytes = held.bytes.saturating_sub(less.bytes);
        }
        if self.callers.get(caller).is_some_and(|held| held.keys == 0) {
            self.callers.remove(caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Held = Held {
        keys: 1,
        bytes: 1000,
    };

    #[test]
    fn a_caller_at_its_limit_can_use_new_keys_after_others_expire_and_does_not_affect_other_callers()
     {
        let mut usage = Usage::default();

        usage.add(
            "token:a",
            Held {
                keys: CALLER_MAX.keys,
                bytes: 0,
            },
        );
        let full = usage.has_room_for("token:a");
        let other = usage.has_room_for("token:b");
        usage.remove("token:a", Held { keys: 1, bytes: 0 });

        assert!(!full && other);
        assert!(usage.has_room_for("token:a"));
    }

    #[test]
    fn bytes_are_limited_like_keys_for_each_caller_and_for_all() {
        let mut usage = Usage::default();
        let large = Held {
            keys: 1,
            bytes: CALLER_MAX.bytes,
        };

        for caller in 0..8 {
            usage.add(&format!("token:{caller}"), large);
        }

        assert!(!usage.has_room_for("token:0"));
        assert!(
            !usage.has_room_for("token:9"),
            "eight callers have reached the total limit"
        );
    }

    #[test]
    fn callers_without_keys_are_removed() {
        let mut usage = Usage::counted(
            HashMap::from([("a".to_owned(), ONE)]),
            Timestamp::UNIX_EPOCH,
        );

        usage.remove("a", ONE);

        assert!(usage.callers.is_empty());
        assert_eq!(usage.total, Held::default());
    }
}
