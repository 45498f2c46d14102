//! Repeats of an event within a minute, which become one event.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    time::Duration,
};

use jiff::Timestamp;
use outrigger_stdx::Monotonic;

use crate::{Event, EventId, EventKind};

/// The time in which repeats become one event.
const WINDOW: Duration = Duration::from_secs(60);
/// The maximum number of windows that distinguish addresses. Beyond that, the address is ignored.
const ADDRESSES_MAX: usize = 64;
/// The maximum number of windows. Beyond that, events without a window are dropped.
const WINDOWS_MAX: usize = 128;

/// The events of the last minute that can repeat.
#[derive(Default)]
pub(super) struct Repeats {
    windows: HashMap<Key, Window>,
}

/// Events with equal keys are repeats.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    kind: EventKind,
    title: String,
    attributes: BTreeMap<String, String>,
    actor: String,
    actor_kind: String,
    address: Option<String>,
}

struct Window {
    ends: Monotonic,
    /// The first repeat, at the time of the last one.
    repeat: Option<Event>,
    times: u64,
    sum_name: &'static str,
    sum: u64,
}

impl Repeats {
    /// Adds an event. Returns it if it is no repeat.
    pub(super) fn add(
        &mut self,
        mut event: Event,
        (sum_name, amount): (&'static str, u64),
        address: &str,
        now: Monotonic,
    ) -> Option<Event> {
        let mut key = Key {
            kind: event.kind,
            title: event.title.clone(),
            attributes: event.attributes.clone(),
            actor: event.actor.clone(),
            actor_kind: event.actor_kind.clone(),
            address: Some(address.to_owned()),
        };
        if self.windows.len() >= ADDRESSES_MAX && !self.windows.contains_key(&key) {
            key.address = None;
        }
        if let Some(window) = self.windows.get_mut(&key) {
            window.times += 1;
            window.sum = window.sum.saturating_add(amount);
            let at = event.at;
            window.repeat.get_or_insert(event).at = at;
            return None;
        }
        if self.windows.len() >= WINDOWS_MAX {
            return None;
        }
        let window = Window {
            ends: now + WINDOW,
            repeat: None,
            times: 0,
            sum_name,
            sum: 0,
        };
        self.windows.insert(key, window);
        let attributes = &mut event.attributes;
        attributes.insert(sum_name.to_owned(), amount.to_string());
        Some(event)
    }

    /// Takes the merged repeats of the windows that have ended at `now`. With `None`, takes those of all windows.
    pub(super) fn take(&mut self, now: Option<Monotonic>, wall: Timestamp) -> Vec<Event> {
        let mut merged = Vec::new();
        self.windows.retain(|_, window| {
            if now.is_some_and(|now| now < window.ends) {
                return true;
            }
            let repeat = window.end(wall);
            let (Some(now), Some(_)) = (now, &repeat) else {
                merged.extend(repeat);
                return false;
            };
            merged.extend(repeat);
            window.ends = now + WINDOW;
            true
        });
        merged
    }
}

impl Window {
    /// Returns the repeats as one event.
    fn end(&mut self, wall: Timestamp) -> Option<Event> {
        let (times, sum) = (mem::take(&mut self.times), mem::take(&mut self.sum));
        let mut event = self.repeat.take()?;
        event.id = EventId::generate(wall);
        let attributes = &mut event.attributes;
        attributes.insert(self.sum_name.to_owned(), sum.to_string());
        if times > 1 {
            attributes.insert("times".to_owned(), times.to_string());
            event.title = format!("{} {times} more times", event.title);
        }
        Some(event)
    }
}
