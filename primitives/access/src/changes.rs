//! A signal that credentials may have ended.
//!
//! A request is checked when it arrives. Connections and streams that live longer wait on [`Changes`] and check their
//! principal again with [`Access::revalidate`](crate::Access::revalidate).

use std::future;

use tokio::sync::watch;

/// The sender of the signal.
#[derive(Debug)]
pub(crate) struct ChangeSignal(watch::Sender<()>);

impl ChangeSignal {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// Wakes all receivers.
    pub(crate) fn send(&self) {
        self.0.send_replace(());
    }

    pub(crate) fn subscribe(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

/// A receiver of the signal that a credential may have ended or lost permissions.
///
/// This process sends the signal after it revokes, ends, disables, demotes or deletes something. The signal does not identify
/// the change, and it does not cover other nodes or expiry: check at least every
/// [`Access::revalidate_every`](crate::Access::revalidate_every) as well.
///
/// Subscribe *before* authenticating, so that no change between the two is missed:
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
    /// Waits for a change since this call last returned, or since the subscription. One wake-up may cover several changes.
    /// Cancel safe.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The sender is gone, so there will be no more changes.
            future::pending::<()>().await;
        }
    }

    /// Returns whether [`changed`](Self::changed) would return immediately. Takes a few nanoseconds and no lock.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.0.has_changed().unwrap_or(false)
    }
}
