//! Limits the audit entries of repeated refusals and cache clears.
//!
//! A program whose token lacks a scope can be refused many times per second, and a Redis client can clear the cache as often. Each
//! audit entry is a commit and is kept for months. The first entries of a kind are therefore stored immediately. Further ones within
//! a minute are counted and stored as one entry.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use async_trait::async_trait;
use outrigger_audit::{Act, AuditEntry};
use outrigger_stdx::{Actor, Monotonic};
use outrigger_supervisor::{Service, ServiceError, Stop};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{Api, audit};

/// How long entries of one kind are counted before the count is stored.
const WINDOW: Duration = Duration::from_secs(60);
/// The maximum number of kinds that are counted separately. Others are counted together.
const KINDS_MAX: usize = 1024;
/// The number of refusals of a kind that are stored separately in a window.
const REFUSALS_SEPARATE: u32 = 1;
/// The number of changes of a kind that are stored separately in a window. A person does not repeat a change more often.
const CHANGES_SEPARATE: u32 = 20;

/// The repeated entries of the last minute. The Redis listener and the HTTP API share one.
#[derive(Debug, Default)]
pub struct Repeats {
    state: Mutex<State>,
    repeated: Notify,
}

#[derive(Debug, Default)]
struct State {
    kinds: HashMap<Kind, Window>,
    /// The number of entries beyond [`KINDS_MAX`] kinds.
    others: u64,
}

/// The properties that entries of one kind share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    actor_kind: String,
    actor_id: Option<String>,
    action: String,
    outcome: String,
}

#[derive(Debug)]
struct Window {
    since: Monotonic,
    /// The number of entries that were stored separately.
    stored: u32,
    repeats: u64,
    /// The last repetition. Its entry is stored for all of them.
    last: Option<AuditEntry>,
}

/// Stores the counts of repeated entries.
pub struct RepeatRecorder {
    api: Api,
}

impl Repeats {
    /// Returns the entry if it must be stored now. A repetition is counted instead, and stored within a minute.
    pub fn admit(&self, entry: AuditEntry, now: Monotonic) -> Option<AuditEntry> {
        let kind = Kind {
            actor_kind: entry.actor_kind.clone(),
            actor_id: entry.actor_id.map(|id| id.to_string()),
            action: entry.action.clone(),
            outcome: entry.outcome.clone(),
        };
        let separate = match entry.outcome == "ok" {
            true => CHANGES_SEPARATE,
            false => REFUSALS_SEPARATE,
        };
        let mut state = self.state.lock();
        if let Some(window) = state.kinds.get_mut(&kind) {
            if window.is_over(now) && window.repeats == 0 {
                window.since = now;
                window.stored = 0;
            }
            if window.stored < separate {
                window.stored += 1;
                return Some(entry);
            }
            window.repeats += 1;
            window.last = Some(entry);
            self.repeated.notify_one();
            return None;
        }
        if state.kinds.len() >= KINDS_MAX {
            state
                .kinds
                .retain(|_, window| !window.is_over(now) || window.repeats > 0);
        }
        if state.kinds.len() >= KINDS_MAX {
            state.others += 1;
            self.repeated.notify_one();
            return None;
        }
        let window = Window {
            since: now,
            stored: 1,
            repeats: 0,
            last: None,
        };
        state.kinds.insert(kind, window);
        Some(entry)
    }

    /// Ends all windows. Returns one entry with the count for each kind with repetitions, and the number of entries of other
    /// kinds.
    fn take(&self) -> (Vec<AuditEntry>, u64) {
        let state = std::mem::take(&mut *self.state.lock());
        let windows = state.kinds.into_values();
        let repeated = windows.filter_map(|window| {
            let repeats = window.repeats.to_string();
            Some(window.last?.change("repeats", None, Some(&repeats)))
        });
        (repeated.collect(), state.others)
    }
}

impl Window {
    fn is_over(&self, now: Monotonic) -> bool {
        now.saturating_since(self.since) >= WINDOW
    }
}

impl RepeatRecorder {
    /// Stores the counts of `api`.
    #[must_use]
    pub fn new(api: Api) -> Self {
        Self { api }
    }

    async fn store(&self) {
        let state = self.api.state();
        let (mut entries, others) = state.repeats().take();
        if others > 0 {
            let entry =
                Act::new(Actor::system()).entry("access.repeat_others", state.clock().now());
            entries.push(entry.change("entries", None, Some(&others.to_string())));
        }
        if !entries.is_empty() {
            audit::append(state, entries).await;
        }
    }
}

#[async_trait]
impl Service for RepeatRecorder {
    fn name(&self) -> Cow<'static, str> {
        "repeat recorder".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        let api = self.api.clone();
        let state = api.state();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = state.repeats().repeated.notified() => {}
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = state.clock().sleep(WINDOW) => {}
            }
            self.store().await;
        }
        self.store().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn refusal(action: &str) -> AuditEntry {
        let act = Act::new(Actor::local());
        act.entry(action, Timestamp::UNIX_EPOCH)
            .failed("scope_missing")
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_duration(Duration::from_secs(seconds))
    }

    fn counts(refusals: &Repeats) -> Vec<(String, String)> {
        let (entries, _) = refusals.take();
        let mut counts: Vec<_> = entries
            .into_iter()
            .map(|mut entry| (entry.action, entry.changes.remove(0).to.unwrap_or_default()))
            .collect();
        counts.sort();
        counts
    }

    #[test]
    fn the_first_refusal_of_a_kind_is_stored_at_once_and_its_repeats_as_a_count() {
        let refusals = Repeats::default();

        let stored: Vec<_> = ["a", "a", "b", "a"]
            .map(|action| refusals.admit(refusal(action), at(1)).is_some())
            .into();

        assert_eq!(stored, [true, false, true, false]);
        assert_eq!(counts(&refusals), [("a".to_owned(), "2".to_owned())]);
        assert_eq!(counts(&refusals), []);
    }

    #[test]
    fn the_first_twenty_changes_are_stored_separately() {
        let repeats = Repeats::default();
        let clear = || Act::new(Actor::anonymous()).entry("cache.clear", Timestamp::UNIX_EPOCH);

        let stored = (0..100)
            .filter_map(|_| repeats.admit(clear(), at(0)))
            .count();

        assert_eq!(stored, 20);
        assert_eq!(
            counts(&repeats),
            [("cache.clear".to_owned(), "80".to_owned())]
        );
    }

    #[test]
    fn a_refusal_without_repeats_is_stored_again_after_a_minute() {
        let refusals = Repeats::default();

        let stored: Vec<_> = [0, 60, 61]
            .map(|second| refusals.admit(refusal("a"), at(second)).is_some())
            .into();

        assert_eq!(stored, [true, true, false]);
    }

    #[test]
    fn more_kinds_than_there_is_room_for_are_counted_together() {
        let refusals = Repeats::default();

        let stored = (0..KINDS_MAX + 7)
            .filter_map(|number| refusals.admit(refusal(&number.to_string()), at(0)))
            .count();

        assert_eq!(stored, KINDS_MAX);
        assert_eq!(refusals.take().1, 7);
    }
}
