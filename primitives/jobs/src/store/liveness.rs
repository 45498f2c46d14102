//! Sessions and timeouts of a store that has one process.
//!
//! They are measured on the monotonic clock, and kept in memory: after a restart, every session gets its whole time again, because
//! its worker could not reach the process meanwhile.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use outrigger_stdx::Monotonic;

use crate::{JobId, LeaseToken, SessionName};

/// How long a session lives after the last call of its worker.
pub(crate) const SESSION_TTL: Duration = Duration::from_secs(15);

/// The sessions and the deadlines of attempts.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    sessions: HashMap<SessionName, Monotonic>,
    deadlines: HashMap<JobId, (Monotonic, LeaseToken)>,
    by_deadline: BTreeSet<(Monotonic, JobId)>,
}

impl Liveness {
    /// Keeps a session alive.
    pub(super) fn touch(&mut self, session: &SessionName, now: Monotonic) {
        match self.sessions.get_mut(session) {
            Some(ends) => *ends = now + SESSION_TTL,
            None => {
                self.sessions.insert(session.clone(), now + SESSION_TTL);
            }
        }
    }

    /// Notes an attempt that must end at `deadline`.
    pub(super) fn begin(&mut self, id: JobId, token: LeaseToken, deadline: Monotonic) {
        if let Some((earlier, _)) = self.deadlines.insert(id, (deadline, token)) {
            self.by_deadline.remove(&(earlier, id));
        }
        self.by_deadline.insert((deadline, id));
    }

    /// Forgets attempts. A later attempt of the same job, which may have begun meanwhile, keeps its deadline.
    pub(super) fn end_all(&mut self, attempts: impl IntoIterator<Item = (JobId, LeaseToken)>) {
        for (id, token) in attempts {
            self.end(id, token);
        }
    }

    fn end(&mut self, id: JobId, token: LeaseToken) {
        if let Some((deadline, current)) = self.deadlines.get(&id).copied()
            && current == token
        {
            self.deadlines.remove(&id);
            self.by_deadline.remove(&(deadline, id));
        }
    }

    /// Forgets a session.
    pub(super) fn end_session(&mut self, session: &SessionName) {
        self.sessions.remove(session);
    }

    /// Returns whether a session has ended.
    pub(super) fn has_ended(&self, session: &SessionName, now: Monotonic) -> bool {
        self.sessions.get(session).is_none_or(|ends| *ends <= now)
    }

    /// Returns at most `max` sessions that have ended.
    pub(super) fn ended_sessions(&self, now: Monotonic, max: usize) -> Vec<SessionName> {
        let ended = self.sessions.iter().filter(|(_, ends)| **ends <= now);
        ended
            .take(max)
            .map(|(session, _)| session.clone())
            .collect()
    }

    /// Returns at most `max` attempts that took too long.
    pub(super) fn overdue(&self, now: Monotonic, max: usize) -> Vec<(JobId, LeaseToken)> {
        let overdue = self.by_deadline.iter().take(max);
        let overdue = overdue.take_while(|(deadline, _)| *deadline <= now);
        overdue.map(|(_, id)| (*id, self.deadlines[id].1)).collect()
    }
}
