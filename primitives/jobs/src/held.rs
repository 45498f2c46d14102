//! Sessions whose workers keep a connection open, so that their death is noticed at once.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::SessionName;

/// The sessions with open connections. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeldSessions {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of open connections.
    open: HashMap<SessionName, usize>,
    /// Sessions whose last connection was closed.
    ended: VecDeque<SessionName>,
}

/// A connection of a session. When the last one is dropped, the session ends.
#[derive(Debug)]
pub struct HeldSession {
    name: SessionName,
    sessions: HeldSessions,
    ends: bool,
}

impl HeldSessions {
    pub(crate) fn hold(&self, name: SessionName) -> HeldSession {
        let mut state = self.state.lock();
        *state.open.entry(name.clone()).or_default() += 1;
        // A worker that reconnects in time lives.
        state.ended.retain(|ended| *ended != name);
        HeldSession {
            name,
            sessions: self.clone(),
            ends: true,
        }
    }

    /// Takes a session that has ended.
    pub(crate) fn next_ended(&self) -> Option<SessionName> {
        self.state.lock().ended.pop_front()
    }

    /// Waits until a session has ended. Cancel safe.
    pub(crate) async fn ended(&self) {
        self.changed.notified().await;
    }
}

impl HeldSession {
    /// Returns the name of the session.
    #[must_use]
    pub fn name(&self) -> &SessionName {
        &self.name
    }

    /// Drops the connection without ending the session: it lives for another 15 seconds after its last call.
    pub fn keep(mut self) {
        self.ends = false;
    }
}

impl Drop for HeldSession {
    fn drop(&mut self) {
        let mut state = self.sessions.state.lock();
        if let Some(open) = state.open.get_mut(&self.name) {
            *open -= 1;
            if *open > 0 {
                return;
            }
        }
        state.open.remove(&self.name);
        if self.ends {
            state.ended.push_back(self.name.clone());
            self.sessions.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_with_its_last_connection() {
        let sessions = HeldSessions::default();
        let name = SessionName::parse("w").expect("it is a name");
        let [one, other] = [sessions.hold(name.clone()), sessions.hold(name.clone())];

        drop(one);
        let early = sessions.next_ended();
        drop(other);

        assert_eq!((early, sessions.next_ended()), (None, Some(name)));
    }

    #[test]
    fn a_session_that_is_held_again_or_kept_does_not_end() {
        let sessions = HeldSessions::default();
        let name = SessionName::parse("w").expect("it is a name");

        drop(sessions.hold(name.clone()));
        let again = sessions.hold(name);
        let ended = sessions.next_ended();
        again.keep();

        assert_eq!((ended, sessions.next_ended()), (None, None));
    }
}
