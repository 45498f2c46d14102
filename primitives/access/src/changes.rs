//! The signal that credentials may have ended.
//!
//! A request is checked when it arrives. Whatever lives longer than a request (a connection over the Redis protocol, a stream)
//! waits on [`Changes`] and checks its principal again with [`Access::revalidate`](crate::Access::revalidate).

use std::future;

use tokio::sync::watch;

/// Sends the signal.
#[derive(Debug)]
pub(crate) struct ChangeSignal(watch::Sender<()>);

impl ChangeSignal {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// Wakes everyone who waits.
    pub(crate) fn send(&self) {
        self.0.send_replace(());
    }

    pub(crate) fn subscribe(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

/// Tells when this process has revoked, ended, disabled, demoted or deleted something, after which a credential may no longer
/// work or may allow less. It does not tell what, and it does not tell about other nodes or the passing of time: check at least
/// every [`Access::revalidate_every`](crate::Access::revalidate_every) as well.
///
/// Subscribe *before* authenticating; then no change between the two is missed:
///
/// ```no_run
/// # async fn example(access: &outrigger_access::Access, token: &str) -> Result<(), outrigger_access::AccessError> {
/// let mut changes = access.changes();
/// let mut principal = access.authenticate_token(token, outrigger_stdx::Via::Redis).await?;
/// loop {
///     changes.changed().await;
///     principal = access.revalidate(&principal).await?;
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Changes(watch::Receiver<()>);

impl Changes {
    /// Waits until something has changed since this call last returned, or since the subscription. Several changes may be one
    /// wake-up. Cancel safe.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The handle is gone, so nothing changes any more.
            future::pending::<()>().await;
        }
    }

    /// Whether [`changed`](Self::changed) would return at once. Takes a few nanoseconds and no lock.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.0.has_changed().unwrap_or(false)
    }
}
