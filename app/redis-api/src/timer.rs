//! Timeouts of connections, without a timer for each connection.
//!
//! A connection only records what it waits for and since when. Once a second, its thread visits all connections and closes
//! those that have waited too long. Timeouts are therefore accurate to a second, and the hot path needs no timers.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use outrigger_cache::Now;

use crate::{Grant, RedisConfig, clients::Client};

/// How long a connection continues to read after an error, so that the client receives the error before the close.
const LINGER: Duration = Duration::from_secs(2);

/// How long a client may read nothing of its replies while the process stops.
const UNREAD_STOPPING: Duration = Duration::from_secs(1);

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// For the next command.
    Idle,
    /// For the rest of a request, or for the client to authenticate.
    Request,
    /// For the client to read replies.
    Write,
    /// For the client to close after an error.
    Linger,
}

/// Why a connection closes without a request of its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It waited too long.
    TimedOut(Waiting),
    /// It was closed to free resources for others.
    Dismissed,
    /// The process is stopping.
    Stopping,
}

/// What one connection waits for, shared with its thread.
#[derive(Debug)]
pub(crate) struct Timer {
    client: Arc<Client>,
    waiting: Cell<Waiting>,
    since: Cell<u64>,
    ended: Cell<Option<Ended>>,
    /// Whether it waits for memory in the budget of buffers.
    is_parked: Cell<bool>,
    /// The token that the client authenticated with.
    granted: RefCell<Option<Granted>>,
    /// Whether a check found that the token has ended.
    is_revoked: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Debug)]
struct Granted {
    grant: Arc<dyn Grant>,
    checked_at: u64,
}

/// The timers of a thread's connections.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    timers: RefCell<HashMap<u64, Rc<Timer>>>,
}

/// The timeouts in milliseconds.
#[derive(Debug)]
pub(crate) struct Timeouts {
    idle: Option<u64>,
    request: u64,
    write: u64,
}

impl Timer {
    fn new(client: Arc<Client>, now: u64) -> Self {
        Self {
            client,
            waiting: Cell::new(Waiting::Request),
            since: Cell::new(now),
            ended: Cell::new(None),
            is_parked: Cell::new(false),
            granted: RefCell::new(None),
            is_revoked: Cell::new(false),
            waker: RefCell::new(None),
        }
    }

    /// Sets what the connection waits for from now on.
    #[inline]
    pub(crate) fn wait(&self, waiting: Waiting, now: u64) {
        self.waiting.set(waiting);
        self.since.set(now);
    }

    pub(crate) fn waiting(&self) -> Waiting {
        self.waiting.get()
    }

    /// Returns why the connection must close, if it must. Otherwise, registers the waker for that event. A connection that stops
    /// may still send replies, so it is woken when it must close at once.
    #[inline]
    pub(crate) fn poll_ended(&self, context: &Context<'_>) -> Option<Ended> {
        let ended = self.ended.get();
        if ended.is_some_and(|ended| ended != Ended::Stopping) {
            return ended;
        }
        let mut waker = self.waker.borrow_mut();
        if waker
            .as_ref()
            .is_none_or(|waker| !waker.will_wake(context.waker()))
        {
            *waker = Some(context.waker().clone());
        }
        ended
    }

    /// Sets whether the connection waits for memory. It is woken when memory becomes available.
    #[inline]
    pub(crate) fn park(&self, is_parked: bool) {
        self.is_parked.set(is_parked);
    }

    /// Sets the token of the connection, which was valid at `now`; `None` if it uses no token.
    pub(crate) fn note_grant(&self, grant: Option<Arc<dyn Grant>>, now: u64) {
        self.is_revoked.set(false);
        *self.granted.borrow_mut() = grant.map(|grant| Granted {
            grant,
            checked_at: now,
        });
    }

    /// Returns whether a check since the last call found that the token has ended.
    #[inline]
    pub(crate) fn take_revoked(&self) -> bool {
        self.is_revoked.take()
    }

    /// Notifies the connection that its token has ended.
    pub(crate) fn revoke(&self) {
        self.is_revoked.set(true);
        self.wake();
    }

    /// Returns the grant if it is time to check it.
    pub(crate) fn due_grant(&self, now: u64) -> Option<Arc<dyn Grant>> {
        let mut granted = self.granted.borrow_mut();
        let Granted { grant, checked_at } = granted.as_mut()?;
        let is_due = now.saturating_sub(*checked_at) >= millis(grant.check_every());
        if !is_due && !grant.may_be_revoked() {
            return None;
        }
        *checked_at = now;
        Some(Arc::clone(grant))
    }

    fn has_expired(&self, unix_now: i64) -> bool {
        let granted = self.granted.borrow();
        let expires_at = granted
            .as_ref()
            .and_then(|granted| granted.grant.expires_at());
        expires_at.is_some_and(|expires_at| expires_at <= unix_now)
    }

    fn end(&self, ended: Ended) {
        self.ended.set(Some(ended));
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

impl Timers {
    /// Adds a timer for a new connection.
    pub(crate) fn add(&self, client: &Arc<Client>, now: u64) -> Rc<Timer> {
        let timer = Rc::new(Timer::new(Arc::clone(client), now));
        self.timers
            .borrow_mut()
            .insert(client.id, Rc::clone(&timer));
        timer
    }

    pub(crate) fn remove(&self, id: u64) {
        self.timers.borrow_mut().remove(&id);
    }

    /// Closes the connections that timed out or were dismissed, and ends the grants of expired tokens.
    pub(crate) fn sweep(&self, timeouts: &Timeouts, now: Now) {
        for timer in self.timers.borrow().values() {
            let waiting = timer.waiting.get();
            let waited = now.millis().saturating_sub(timer.since.get());
            if timer.client.is_dismissed() {
                timer.end(Ended::Dismissed);
            } else if timeouts
                .for_waiting(waiting)
                .is_some_and(|limit| waited >= limit)
            {
                timer.end(Ended::TimedOut(waiting));
            } else if timer.has_expired(now.unix_millis()) {
                timer.revoke();
            } else if timer.is_parked.get() {
                timer.wake();
            }
        }
    }

    /// Closes the dismissed connections and wakes those that wait for memory.
    pub(crate) fn recheck(&self) {
        for timer in self.timers.borrow().values() {
            if timer.client.is_dismissed() {
                timer.end(Ended::Dismissed);
            } else if timer.is_parked.get() {
                timer.wake();
            }
        }
    }

    /// Closes a connection if it belongs to this thread. Otherwise, its own thread closes it within a second.
    pub(crate) fn dismiss(&self, id: u64) {
        if let Some(timer) = self.timers.borrow().get(&id) {
            timer.end(Ended::Dismissed);
        }
    }

    /// Returns the connections whose tokens must be checked now.
    pub(crate) fn due_grants(&self, now: u64) -> Vec<(Rc<Timer>, Arc<dyn Grant>)> {
        let timers = self.timers.borrow();
        let due = timers
            .values()
            .filter_map(|timer| Some((Rc::clone(timer), timer.due_grant(now)?)));
        due.collect()
    }

    /// Closes all connections.
    pub(crate) fn stop(&self) {
        for timer in self.timers.borrow().values() {
            timer.end(Ended::Stopping);
        }
    }

    /// Closes, after [`stop`](Self::stop), the connections whose clients have read nothing of their replies for a second.
    pub(crate) fn stop_unread(&self, now: u64) {
        for timer in self.timers.borrow().values() {
            let waited = now.saturating_sub(timer.since.get());
            if timer.waiting.get() == Waiting::Write && waited >= millis(UNREAD_STOPPING) {
                timer.end(Ended::TimedOut(Waiting::Write));
            }
        }
    }
}

impl Timeouts {
    pub(crate) fn of(config: &RedisConfig) -> Self {
        Self {
            idle: config.idle_timeout.map(|time| millis(time.get())),
            request: millis(config.request_timeout.get()),
            write: millis(config.write_timeout.get()),
        }
    }

    fn for_waiting(&self, waiting: Waiting) -> Option<u64> {
        match waiting {
            Waiting::Idle => self.idle,
            Waiting::Request => Some(self.request),
            Waiting::Write => Some(self.write),
            Waiting::Linger => Some(millis(LINGER)),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
