//! Panics become lines of the log.
//!
//! The standard library's hook writes to standard error itself: in several lines, with whatever secret is in the message, and
//! it waits when nobody reads the pipe, which holds up the thread that panicked. This one logs an event like any other, so the
//! message is redacted, goes through the queue, and carries the fields of the span that it happened in.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic,
};

use prometheus_client::metrics::counter::Counter;

/// Sends panics to the log until it is dropped.
#[derive(Debug)]
pub(super) struct PanicHook;

impl PanicHook {
    /// Takes the place of the process's panic hook, and counts in `panics`.
    pub(super) fn install(panics: Counter) -> Self {
        panic::set_hook(Box::new(move |info| {
            panics.inc();
            report(info);
        }));
        Self
    }
}

impl Drop for PanicHook {
    fn drop(&mut self) {
        // A panicking thread cannot change the hook; the process is about to end then.
        if !std::thread::panicking() {
            drop(panic::take_hook());
        }
    }
}

fn report(info: &panic::PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("without a message");
    let location = info.location().map(ToString::to_string);
    let thread = std::thread::current();
    // `RUST_BACKTRACE` decides.
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(
        location,
        thread = thread.name(),
        backtrace,
        "a thread panicked: {message}"
    );
}
