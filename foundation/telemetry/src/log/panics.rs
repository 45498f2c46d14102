//! Logs panics as events.
//!
//! The standard library's hook writes several lines directly to standard error. These can contain secrets, and if nothing
//! reads the pipe, the write blocks the thread that panicked. This hook logs an ordinary event instead: the message is
//! redacted, goes through the queue, and has the fields of its span.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic,
};

use prometheus_client::metrics::counter::Counter;

/// Logs panics until it is dropped.
#[derive(Debug)]
pub(super) struct PanicHook;

impl PanicHook {
    /// Replaces the process's panic hook and counts panics in `panics`.
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
        // A panicking thread cannot change the hook, and the process is about to end anyway.
        if !std::thread::panicking() {
            drop(panic::take_hook());
        }
    }
}

fn report(info: &panic::PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("without a message");
    let location = info.location().map(ToString::to_string);
    let thread = std::thread::current();
    // Captured only if `RUST_BACKTRACE` is set.
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
