//! Deadlines of connections, without a timer for each.
//!
//! A connection only notes what it waits for and since when. Once a second its thread looks at all of them and ends those
//! that have waited too long. That makes the deadlines a second coarse, and keeps the hot path free of timers.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    task::{Context, Waker},
    time::Duration,
};

use crate::RedisConfig;

/// How long a connection that ends with an error goes on reading, so that the error arrives before the end does.
const LINGER: Duration = Duration::from_secs(2);

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The next command.
    Idle,
    /// The rest of a request, or the proof of who the client is.
    Request,
    /// The client to read replies.
    Write,
    /// The client to close after an error.
    Linger,
}

/// Why a connection ends although its client did not ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It waited too long.
    TimedOut(Waiting),
    /// The process stops.
    Stopping,
}

/// What one connection waits for, shared with the thread's look-out.
#[derive(Debug)]
pub(crate) struct Timer {
    waiting: Cell<Waiting>,
    since: Cell<u64>,
    ended: Cell<Option<Ended>>,
    waker: RefCell<Option<Waker>>,
}

/// The timers of a thread's connections.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    timers: RefCell<HashMap<u64, Rc<Timer>>>,
}

/// How long connections may wait, in milliseconds.
#[derive(Debug)]
pub(crate) struct Timeouts {
    idle: Option<u64>,
    request: u64,
    write: u64,
}

impl Timer {
    fn new(now: u64) -> Self {
        Self {
            waiting: Cell::new(Waiting::Request),
            since: Cell::new(now),
            ended: Cell::new(None),
            waker: RefCell::new(None),
        }
    }

    /// Notes what the connection waits for from now on.
    #[inline]
    pub(crate) fn wait(&self, waiting: Waiting, now: u64) {
        self.waiting.set(waiting);
        self.since.set(now);
    }

    pub(crate) fn waiting(&self) -> Waiting {
        self.waiting.get()
    }

    /// Whether the connection has to end; if not, it is woken when it has to.
    #[inline]
    pub(crate) fn poll_ended(&self, context: &Context<'_>) -> Option<Ended> {
        if let Some(ended) = self.ended.get() {
            return Some(ended);
        }
        let mut waker = self.waker.borrow_mut();
        if waker
            .as_ref()
            .is_none_or(|waker| !waker.will_wake(context.waker()))
        {
            *waker = Some(context.waker().clone());
        }
        None
    }

    fn end(&self, ended: Ended) {
        self.ended.set(Some(ended));
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

impl Timers {
    /// A timer for a new connection.
    pub(crate) fn add(&self, id: u64, now: u64) -> Rc<Timer> {
        let timer = Rc::new(Timer::new(now));
        self.timers.borrow_mut().insert(id, Rc::clone(&timer));
        timer
    }

    pub(crate) fn remove(&self, id: u64) {
        self.timers.borrow_mut().remove(&id);
    }

    /// Ends the connections that have waited too long.
    pub(crate) fn sweep(&self, timeouts: &Timeouts, now: u64) {
        for timer in self.timers.borrow().values() {
            let waiting = timer.waiting.get();
            let waited = now.saturating_sub(timer.since.get());
            if timeouts
                .for_waiting(waiting)
                .is_some_and(|limit| waited >= limit)
            {
                timer.end(Ended::TimedOut(waiting));
            }
        }
    }

    /// Ends all connections.
    pub(crate) fn stop(&self) {
        for timer in self.timers.borrow().values() {
            timer.end(Ended::Stopping);
        }
    }
}

impl Timeouts {
    pub(crate) fn of(config: &RedisConfig) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
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
            Waiting::Linger => u64::try_from(LINGER.as_millis()).ok(),
        }
    }
}
