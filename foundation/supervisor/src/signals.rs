//! What the operating system asks of the process.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// What the operating system asks of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT or SIGTERM: stop.
    Stop,
    /// SIGHUP: reopen log files.
    Reopen,
}

/// Listens for signals from now on; each is delivered in order. Must be called inside a runtime.
///
/// # Errors
///
/// When the system refuses the handlers.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate is the door for tasks"
)]
pub fn signals() -> std::io::Result<mpsc::Receiver<Signal>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let (sender, receiver) = mpsc::channel(8);
    tokio::spawn(async move {
        loop {
            let seen = tokio::select! {
                _ = interrupt.recv() => Signal::Stop,
                _ = terminate.recv() => Signal::Stop,
                _ = hangup.recv() => Signal::Reopen,
            };
            if sender.send(seen).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
