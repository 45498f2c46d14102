//! The signals of the operating system.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// A request of the operating system to the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT or SIGTERM: stop.
    Stop,
    /// SIGHUP: reopen log files.
    Reopen,
}

/// Listens for signals from now on, on a thread of its own, and delivers them in order.
///
/// The handlers replace the system's own way of ending the process. So when the receiver has been dropped, and nobody can stop
/// in order any more, SIGINT and SIGTERM end the process at once, whatever `main` and its runtime are doing.
///
/// # Errors
///
/// When the system refuses the handlers or the thread.
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

/// Ends the process with the code that a shell gives to one that a signal ended.
#[expect(
    clippy::disallowed_methods,
    reason = "the receiver that would end the process in order is gone"
)]
fn end(kind: SignalKind) -> ! {
    std::process::exit(128 + kind.as_raw_value());
}
