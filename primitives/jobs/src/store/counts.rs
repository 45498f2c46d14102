//! Changes of the counts of jobs, collected over one transaction.

use std::collections::BTreeMap;

use crate::JobState;

/// How many jobs of a queue, a class and a state were added or removed.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<(String, String, i64), i64>);

impl Counts {
    /// Counts a new job.
    pub(super) fn add(&mut self, queue: &str, class: &str, state: JobState) {
        self.change(queue, class, state, 1);
    }

    /// Counts a deleted job.
    pub(super) fn remove(&mut self, queue: &str, class: &str, state: JobState) {
        self.change(queue, class, state, -1);
    }

    /// Counts a job that changed its state.
    pub(super) fn shift(&mut self, queue: &str, class: &str, from: JobState, to: JobState) {
        self.remove(queue, class, from);
        self.add(queue, class, to);
    }

    /// Returns the changes that are not zero: queue, class, number of the state, difference. They are in the same order in every
    /// transaction, so that two of them cannot wait for each other.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&str, &str, i64, i64)> {
        let changes = self.0.iter().filter(|(_, jobs)| **jobs != 0);
        changes.map(|((queue, class, state), jobs)| (queue.as_str(), class.as_str(), *state, *jobs))
    }

    fn change(&mut self, queue: &str, class: &str, state: JobState, by: i64) {
        let key = (queue.to_owned(), class.to_owned(), state.number());
        *self.0.entry(key).or_default() += by;
    }
}
