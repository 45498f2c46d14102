//! A handle of a connection for its requests, with which it can be closed.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use outrigger_supervisor::CancellationToken;
use tokio::sync::watch;

/// Numbers the moments at which connections became idle, to order them.
static MOMENTS: AtomicU64 = AtomicU64::new(0);

/// A connection, in the extensions of its requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionHandle {
    /// Cancelled to close the connection immediately; `None` for requests of this process.
    cut: Option<CancellationToken>,
    /// The number of running requests.
    requests: watch::Sender<usize>,
    /// The moment at which the last response was sent, or the connection was opened.
    idle_since: Arc<AtomicU64>,
    /// The number of bytes that its requests and responses hold.
    held: Arc<AtomicU64>,
    /// Whether a request had valid credentials.
    has_credentials: Arc<AtomicBool>,
}

/// A running request, until the last byte of its response is sent.
#[derive(Debug)]
pub(crate) struct RunningRequest(ConnectionHandle);

impl ConnectionHandle {
    /// A connection over the network or a socket.
    pub(crate) fn new() -> Self {
        Self::with(Some(CancellationToken::new()))
    }

    /// For requests of this process, which have no connection.
    pub(crate) fn inside() -> Self {
        Self::with(None)
    }

    fn with(cut: Option<CancellationToken>) -> Self {
        Self {
            cut,
            requests: watch::Sender::new(0),
            idle_since: Arc::new(AtomicU64::new(this_moment())),
            held: Arc::default(),
            has_credentials: Arc::default(),
        }
    }

    /// Counts a request until the returned guard is dropped.
    pub(crate) fn begin(&self) -> RunningRequest {
        self.requests.send_modify(|begun| *begun += 1);
        RunningRequest(self.clone())
    }

    /// The moment since which no request is running; `None` while one is.
    pub(crate) fn idle_since(&self) -> Option<u64> {
        (self.begun() == 0).then(|| self.idle_since.load(Ordering::Relaxed))
    }

    /// Adds to the bytes that its requests and responses hold.
    pub(crate) fn hold(&self, bytes: u64) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Subtracts from the bytes that its requests and responses hold.
    pub(crate) fn give_back(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The number of bytes that its requests and responses hold.
    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Notes that a request had valid credentials.
    pub(crate) fn note_credentials(&self) {
        self.has_credentials.store(true, Ordering::Relaxed);
    }

    /// Returns whether a request had valid credentials.
    pub(crate) fn has_credentials(&self) -> bool {
        self.has_credentials.load(Ordering::Relaxed)
    }

    /// The number of running requests.
    pub(crate) fn begun(&self) -> usize {
        *self.requests.borrow()
    }

    /// The number of running requests, as it changes.
    pub(crate) fn requests(&self) -> watch::Receiver<usize> {
        self.requests.subscribe()
    }

    /// Closes the connection immediately. Unsent data is lost.
    pub(crate) fn cut(&self) {
        if let Some(cut) = &self.cut {
            cut.cancel();
        }
    }

    /// A number that no other connection has while this one has a handle.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.held).addr()
    }

    /// Returns whether both are handles of the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.requests.same_channel(&other.requests)
    }

    pub(crate) fn can_be_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// Waits until the connection must close.
    pub(crate) async fn until_cut(&self) {
        match &self.cut {
            Some(cut) => cut.cancelled().await,
            None => std::future::pending().await,
        }
    }

    #[cfg(test)]
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
            .as_ref()
            .is_some_and(CancellationToken::is_cancelled)
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.idle_since.store(this_moment(), Ordering::Relaxed);
        self.0.requests.send_modify(|begun| *begun -= 1);
    }
}

fn this_moment() -> u64 {
    MOMENTS.fetch_add(1, Ordering::Relaxed)
}
