//! Tracks reported problems, from the first report until they are resolved.
//!
//! Each [`Evaluation`] collects the reports of all parts of the program. A condition, such as an unusable store, is open
//! from the evaluation that reports it until the first one that does not. Single occurrences, such as a rejected write, are
//! reported as a total since the start: an increase is an occurrence, and ten minutes without one resolve the problem.
//! Times between evaluations are monotonic, so a change of the wall clock neither opens nor resolves problems.
//!
//! The state is in memory, with a copy in the file for the next start. So problems are tracked even while the file is
//! unusable, including that problem itself.

mod statements;
mod store;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fmt, mem,
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;
use outrigger_stdx::{Actor, Clock, Monotonic};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    Acknowledgement, EventKind, Events, HistoryError, HistoryFile, Problem, ProblemCursor,
    ProblemState, Report,
};

/// A problem of single occurrences is resolved after this time without another one.
const QUIET: Duration = Duration::from_secs(10 * 60);
/// A condition is counted at most once in this time, however often it is checked.
const COUNT_EVERY: Duration = Duration::from_secs(4);
/// The maximum number of resolved problems kept.
const RESOLVED_MAX: usize = 200;
/// The maximum number of unresolved problems. Further ones are not tracked.
const UNRESOLVED_MAX: usize = 500;

/// The problems. Cheap to clone; clones share the state.
#[derive(Clone)]
pub struct Problems {
    inner: Arc<Inner>,
}

struct Inner {
    file: HistoryFile,
    events: Events,
    clock: Arc<dyn Clock>,
    tracked: Mutex<Tracked>,
    evaluations: AtomicU64,
    waits: Arc<Notify>,
}

#[derive(Default)]
struct Tracked {
    entries: BTreeMap<String, Entry>,
    /// The number of the newest evaluation that was applied.
    applied: u64,
}

struct Entry {
    problem: Problem,
    /// When it was last observed.
    seen: Monotonic,
    /// When a condition was last counted.
    counted: Option<Monotonic>,
    /// The highest total of occurrences reported in this process.
    total: u64,
    is_saved: bool,
}

/// One round of reports. Begin it before the first part is evaluated: if two evaluations overlap and the earlier one ends
/// last, its result is ignored.
#[derive(Debug)]
pub struct Evaluation(u64);

/// A change made by an evaluation, to be recorded as an event.
struct Transition {
    kind: EventKind,
    title: String,
    id: String,
    severity: &'static str,
}

impl Problems {
    /// Loads the problems of the last process from the file.
    pub async fn load(file: HistoryFile, events: Events, clock: Arc<dyn Clock>) -> Self {
        let loaded = store::load(&file).await.unwrap_or_else(|error| {
            if file.error().is_none() {
                tracing::error!(%error, "the problems of the last process cannot be read");
            }
            Vec::new()
        });
        let now = clock.monotonic();
        let entries = loaded.into_iter().map(|problem| {
            let entry = Entry {
                problem,
                seen: now,
                counted: None,
                total: 0,
                is_saved: true,
            };
            (entry.problem.id.clone(), entry)
        });
        Self {
            inner: Arc::new(Inner {
                waits: events.waits(),
                file,
                events,
                clock,
                tracked: Mutex::new(Tracked {
                    entries: entries.collect(),
                    applied: 0,
                }),
                evaluations: AtomicU64::new(0),
            }),
        }
    }

    /// Begins an evaluation.
    #[must_use]
    pub fn begin(&self) -> Evaluation {
        Evaluation(self.inner.evaluations.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Ends an evaluation with its reports: opens, updates and resolves problems.
    pub fn apply(&self, Evaluation(number): Evaluation, reports: Vec<Report>) {
        let (wall, now) = (self.now(), self.inner.clock.monotonic());
        let mut transitions = Vec::new();
        {
            let mut tracked = self.inner.tracked.lock();
            if number <= tracked.applied {
                return;
            }
            tracked.applied = number;
            let mut reported = Vec::with_capacity(reports.len());
            for report in reports {
                reported.push(report.id());
                transitions.extend(tracked.report(report, wall, now));
            }
            transitions.extend(tracked.resolve(&reported, wall, now));
            tracked.forget_oldest();
        }
        for transition in transitions {
            self.inner.events.note(
                transition.kind,
                transition.title,
                [
                    ("problem", transition.id),
                    ("severity", transition.severity.to_owned()),
                ],
                &Actor::system(),
            );
        }
    }

    /// Returns the open and acknowledged problems, most severe first.
    #[must_use]
    pub fn unresolved(&self) -> Vec<Problem> {
        let tracked = self.inner.tracked.lock();
        let mut problems: Vec<Problem> = tracked
            .entries
            .values()
            .map(|entry| &entry.problem)
            .filter(|problem| problem.state != ProblemState::Resolved)
            .cloned()
            .collect();
        problems.sort_by_key(|problem| (problem.severity, problem.first_seen));
        problems
    }

    /// Returns at most `limit` problems after `cursor`, in `state` or in any state, most recently opened first, with the
    /// cursor of the next page.
    #[must_use]
    pub fn list(
        &self,
        state: Option<ProblemState>,
        cursor: Option<&ProblemCursor>,
        limit: u32,
    ) -> (Vec<Problem>, Option<ProblemCursor>) {
        let tracked = self.inner.tracked.lock();
        let problems = tracked.entries.values().map(|entry| &entry.problem);
        let mut problems: Vec<&Problem> = problems
            .filter(|problem| state.is_none_or(|state| problem.state == state))
            .filter(|problem| cursor.is_none_or(|cursor| problem.cursor() < *cursor))
            .collect();
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.cursor()));
        let has_more = problems.len() > limit as usize;
        problems.truncate(limit as usize);
        let next = problems.last().filter(|_| has_more);
        let next = next.map(|problem| problem.cursor());
        (problems.into_iter().cloned().collect(), next)
    }

    /// Acknowledges a problem in the name of `actor`. It stays listed. Returns the problem, unchanged if it was already
    /// acknowledged.
    ///
    /// # Errors
    ///
    /// Returns [`HistoryError::NoSuchProblem`] or [`HistoryError::Resolved`].
    pub fn acknowledge(&self, id: &str, actor: &Actor) -> Result<Problem, HistoryError> {
        let at = self.now();
        let by = actor.label().to_owned();
        self.change(id, |problem| match problem.state {
            ProblemState::Resolved => Err(HistoryError::Resolved),
            ProblemState::Acknowledged => Ok(()),
            ProblemState::Open => {
                problem.state = ProblemState::Acknowledged;
                problem.acknowledged = Some(Acknowledgement { by, at });
                Ok(())
            }
        })
    }

    /// Withdraws an acknowledgement. Returns the problem, unchanged if it was not acknowledged.
    ///
    /// # Errors
    ///
    /// Returns [`HistoryError::NoSuchProblem`].
    pub fn unacknowledge(&self, id: &str) -> Result<Problem, HistoryError> {
        self.change(id, |problem| {
            if problem.state == ProblemState::Acknowledged {
                problem.state = ProblemState::Open;
                problem.acknowledged = None;
            }
            Ok(())
        })
    }

    /// Writes the changes to the file. If that fails, they are written the next time.
    pub(crate) async fn flush(&self) -> Result<(), HistoryError> {
        let (changed, kept) = {
            let mut tracked = self.inner.tracked.lock();
            let unsaved = tracked.entries.values_mut().filter(|entry| !entry.is_saved);
            let changed: Vec<Problem> = unsaved
                .map(|entry| {
                    entry.is_saved = true;
                    entry.problem.clone()
                })
                .collect();
            (changed, tracked.entries.keys().cloned().collect())
        };
        if changed.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = changed.iter().map(|problem| problem.id.clone()).collect();
        let saved = store::save(&self.inner.file, changed, kept).await;
        if saved.is_err() {
            let mut tracked = self.inner.tracked.lock();
            for id in ids {
                if let Some(entry) = tracked.entries.get_mut(&id) {
                    entry.is_saved = false;
                }
            }
        }
        saved
    }

    /// Returns the number of problems with changes that are not in the file.
    pub(crate) fn unsaved(&self) -> usize {
        let tracked = self.inner.tracked.lock();
        let unsaved = tracked.entries.values().filter(|entry| !entry.is_saved);
        unsaved.count()
    }

    fn change(
        &self,
        id: &str,
        change: impl FnOnce(&mut Problem) -> Result<(), HistoryError>,
    ) -> Result<Problem, HistoryError> {
        let changed = {
            let mut tracked = self.inner.tracked.lock();
            let entry = tracked.entries.get_mut(id);
            let entry = entry.ok_or(HistoryError::NoSuchProblem)?;
            change(&mut entry.problem)?;
            entry.is_saved = false;
            entry.problem.clone()
        };
        self.inner.waits.notify_one();
        Ok(changed)
    }

    /// Returns the time with the precision of the file.
    fn now(&self) -> Timestamp {
        let now = self.inner.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

impl Tracked {
    fn report(&mut self, report: Report, wall: Timestamp, now: Monotonic) -> Option<Transition> {
        let id = report.id();
        if !self.entries.contains_key(&id) {
            if report.occurrences == Some(0) || self.unresolved() >= UNRESOLVED_MAX {
                return None;
            }
            self.entries.insert(
                id.clone(),
                Entry {
                    problem: Problem {
                        state: ProblemState::Resolved,
                        ..report.clone().open(id.clone(), wall)
                    },
                    seen: now,
                    counted: None,
                    total: 0,
                    is_saved: false,
                },
            );
        }
        self.entries.get_mut(&id)?.report(report, wall, now)
    }

    /// Resolves conditions that were not reported and occurrences that have not recurred.
    fn resolve(&mut self, reported: &[String], wall: Timestamp, now: Monotonic) -> Vec<Transition> {
        let unresolved = self
            .entries
            .values_mut()
            .filter(|entry| entry.problem.state != ProblemState::Resolved);
        let over = unresolved.filter(|entry| match entry.problem.is_occurrence {
            true => now.saturating_since(entry.seen) >= QUIET,
            false => !reported.contains(&entry.problem.id),
        });
        over.map(|entry| {
            entry.problem.state = ProblemState::Resolved;
            entry.problem.acknowledged = None;
            entry.problem.resolved_at = Some(wall);
            entry.is_saved = false;
            entry.transition(EventKind::ProblemResolved)
        })
        .collect()
    }

    /// Removes the oldest resolved problems beyond the limit.
    fn forget_oldest(&mut self) {
        let resolved = self.entries.values().map(|entry| &entry.problem);
        let mut resolved: Vec<_> = resolved
            .filter_map(|problem| Some((problem.resolved_at?, problem.id.clone())))
            .collect();
        let surplus = resolved.len().saturating_sub(RESOLVED_MAX);
        if surplus == 0 {
            return;
        }
        resolved.sort();
        for (_, id) in resolved.into_iter().take(surplus) {
            self.entries.remove(&id);
        }
    }

    fn unresolved(&self) -> usize {
        let states = self.entries.values().map(|entry| entry.problem.state);
        states
            .filter(|state| *state != ProblemState::Resolved)
            .count()
    }
}

impl Entry {
    fn report(&mut self, report: Report, wall: Timestamp, now: Monotonic) -> Option<Transition> {
        let new = match report.occurrences {
            Some(total) => total.saturating_sub(mem::replace(&mut self.total, total)),
            None => u64::from(self.counted.is_none_or(|counted| {
                self.problem.state == ProblemState::Resolved
                    || now.saturating_since(counted) >= COUNT_EVERY
            })),
        };
        if new == 0 {
            return None;
        }
        let was_resolved = self.problem.state == ProblemState::Resolved;
        let opened = report.open(self.problem.id.clone(), wall);
        self.problem = match was_resolved {
            true => Problem {
                count: new,
                ..opened
            },
            false => Problem {
                first_seen: self.problem.first_seen,
                count: self.problem.count.saturating_add(new),
                state: self.problem.state,
                acknowledged: self.problem.acknowledged.take(),
                ..opened
            },
        };
        self.seen = now;
        self.counted = Some(now);
        self.is_saved = false;
        was_resolved.then(|| self.transition(EventKind::ProblemOpened))
    }

    fn transition(&self, kind: EventKind) -> Transition {
        Transition {
            kind,
            title: self.problem.title.clone(),
            id: self.problem.id.clone(),
            severity: self.problem.severity.as_str(),
        }
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Problems").finish_non_exhaustive()
    }
}
