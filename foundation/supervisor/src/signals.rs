//! Operating system signals.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// A signal to the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT or SIGTERM: stop.
    Stop,
    /// SIGHUP: reopen log files.
    Reopen,
}

/// Listens for signals on a dedicated thread and delivers them in order.
///
/// The handlers replace the default action, which ends the process. So once the receiver is dropped and an orderly shutdown
/// is no longer possible, SIGINT and SIGTERM end the process immediately, whatever `main` and its runtime are doing.
///
/// # Errors
///
/// Returns an error if the system refuses the handlers or the thread.
pub fn signals() -> std::io::Result<mpsc::Receiver<Signal>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (sender, receiver) = mpsc::channel(8);
    let inside = runtime.enter();
    let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
    let mut interrupts = signal(interrupt)?;
    let mut terminations = signal(terminate)?;
    let mut hangups = signal(SignalKind::hangup())?;
    drop(inside);
    let listen = async move {
        loop {
            let (seen, kind) = tokio::select! {
                _ = interrupts.recv() => (Signal::Stop, interrupt),
                _ = terminations.recv() => (Signal::Stop, terminate),
                _ = hangups.recv() => (Signal::Reopen, SignalKind::hangup()),
            };
            if sender.send(seen).await.is_err() && seen == Signal::Stop {
                end(kind);
            }
        }
    };
    crate::thread("signals", move || runtime.block_on(listen))?;
    Ok(receiver)
}

/// Ends the process with the exit code that a shell reports for a process ended by this signal.
#[expect(
    clippy::disallowed_methods,
    reason = "without a receiver there is no orderly shutdown"
)]
fn end(kind: SignalKind) -> ! {
    std::process::exit(128 + kind.as_raw_value());
}
