//! A connection, as its requests know it: what they are answered on, and what can be cut.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use outrigger_supervisor::CancellationToken;
use tokio::sync::watch;

/// Counts the moments at which connections became idle, to tell which was first.
static MOMENTS: AtomicU64 = AtomicU64::new(0);

/// A connection, in the extensions of its requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Cancelled when it is to be closed at once; none for requests of this process.
    cut: Option<CancellationToken>,
    /// How many requests are being answered on it.
    requests: watch::Sender<usize>,
    /// The moment at which the last answer had left, or the connection was opened.
    idle_since: Arc<AtomicU64>,
    /// The bytes that its requests and answers hold together.
    held: Arc<AtomicU64>,
}

/// A request that is being answered, until the last byte of its answer has left.
#[derive(Debug)]
pub(crate) struct Begun(Line);

impl Line {
    /// A connection over the network or a socket.
    pub(crate) fn new() -> Self {
        Self::with(Some(CancellationToken::new()))
    }

    /// No connection: requests of this process.
    pub(crate) fn inside() -> Self {
        Self::with(None)
    }

    fn with(cut: Option<CancellationToken>) -> Self {
        Self {
            cut,
            requests: watch::Sender::new(0),
            idle_since: Arc::new(AtomicU64::new(this_moment())),
            held: Arc::default(),
        }
    }

    /// Notes a request.
    pub(crate) fn begin(&self) -> Begun {
        self.requests.send_modify(|begun| *begun += 1);
        Begun(self.clone())
    }

    /// The moment since which nothing is being answered; none while something is.
    pub(crate) fn idle_since(&self) -> Option<u64> {
        (self.begun() == 0).then(|| self.idle_since.load(Ordering::Relaxed))
    }

    /// Its requests and answers hold this much more.
    pub(crate) fn hold(&self, bytes: u64) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Its requests and answers hold this much less.
    pub(crate) fn give_back(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The bytes that its requests and answers hold together.
    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// How many requests are being answered.
    pub(crate) fn begun(&self) -> usize {
        *self.requests.borrow()
    }

    /// How many requests are being answered, as it changes.
    pub(crate) fn requests(&self) -> watch::Receiver<usize> {
        self.requests.subscribe()
    }

    /// Closes the connection at once, with everything that is not sent.
    pub(crate) fn cut(&self) {
        if let Some(cut) = &self.cut {
            cut.cancel();
        }
    }

    /// Whether it is another name of the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.requests.same_channel(&other.requests)
    }

    pub(crate) fn can_be_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// Ends when the connection is to be closed.
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

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.idle_since.store(this_moment(), Ordering::Relaxed);
        self.0.requests.send_modify(|begun| *begun -= 1);
    }
}

fn this_moment() -> u64 {
    MOMENTS.fetch_add(1, Ordering::Relaxed)
}
