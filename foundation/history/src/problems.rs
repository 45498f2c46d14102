//! Follows the problems that are reported, from the first report until they are resolved.
//!
//! The parts of the program are asked in turns, an [`Evaluation`] each. A condition, such as a store that cannot be used, is
//! open from the evaluation that reports it to the first one that does not. What happens at moments, such as a refused write, is
//! reported with a total since the start: each growth is an occurrence, and ten minutes without one resolve the problem. Times
//! between evaluations are monotonic, so a wall clock that is set resolves and opens nothing.
//!
//! The state is in memory, and the file has a copy of it for the next start. So problems are followed while the file cannot be
//! used, also the problem that it cannot.

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

/// What happens at moments is resolved after this time without another occurrence.
const QUIET: Duration = Duration::from_secs(10 * 60);
/// A condition is counted once in this time, however often it is looked at.
const COUNT_EVERY: Duration = Duration::from_secs(4);
/// How many resolved problems are kept.
const RESOLVED_MAX: usize = 200;
/// How many problems may be open at once; further ones are not followed.
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
    /// When it was last seen to occur or to last.
    seen: Monotonic,
    /// When a condition was last counted.
    counted: Option<Monotonic>,
    /// The highest total of occurrences that was reported in this process.
    total: u64,
    is_saved: bool,
}

/// One turn of asking the parts. Begin it before the first part is asked: of two turns that overlap, the result of the earlier
/// one is ignored when it comes later.
#[derive(Debug)]
pub struct Evaluation(u64);

/// What an evaluation changed, to be noted as an event.
struct Transition {
    kind: EventKind,
    title: String,
    id: String,
    severity: &'static str,
}

impl Problems {
    /// The problems of the last process, from the file, and no reports yet.
    pub async fn load(file: HistoryFile, events: Events, clock: Arc<dyn Clock>) -> Self {
        let loaded = store::load(&file).await.unwrap_or_else(|error| {
            if file.trouble().is_none() {
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

    /// Ends an evaluation with what the parts reported: opens, renews and resolves problems.
    pub fn apply(&self, evaluation: Evaluation, reports: Vec<Report>) {
        let (wall, now) = (self.now(), self.inner.clock.monotonic());
        let mut transitions = Vec::new();
        {
            let mut tracked = self.inner.tracked.lock();
            if evaluation.0 <= tracked.applied {
                return;
            }
            tracked.applied = evaluation.0;
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

    /// The problems that are open or acknowledged, the most severe first.
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

    /// The problems in `state`, or all; the one that was opened last comes first. At most `limit`, from `cursor` on, with the
    /// cursor of the next part.
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

    /// Notes that `actor` knows of a problem. It stays listed, but needs nobody any more. Returns the problem; the same again
    /// when it was acknowledged before.
    ///
    /// # Errors
    ///
    /// [`HistoryError::NoSuchProblem`], or [`HistoryError::Resolved`].
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

    /// Takes an acknowledgement back. Returns the problem; the same again when it was not acknowledged.
    ///
    /// # Errors
    ///
    /// [`HistoryError::NoSuchProblem`].
    pub fn unacknowledge(&self, id: &str) -> Result<Problem, HistoryError> {
        self.change(id, |problem| {
            if problem.state == ProblemState::Acknowledged {
                problem.state = ProblemState::Open;
                problem.acknowledged = None;
            }
            Ok(())
        })
    }

    /// Writes what has changed into the file. When that fails, it is written the next time.
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

    /// The time as exactly as the file keeps it.
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

    /// Resolves what is over: conditions that were not reported, and occurrences that have been quiet.
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

    /// Bounds the resolved problems.
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
