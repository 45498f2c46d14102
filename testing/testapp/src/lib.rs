//! Runs the `outrigger` binary as a process, as a user does.
//!
//! A test owns a child process with a data directory of its own and listeners on free ports, which is killed when it is
//! dropped. The test uses the public interfaces: HTTP, the Redis protocol, the control socket, the command line, and signals.
//! No code of the program is linked in, so the test covers the program and not its parts.
//!
//! ```no_run
//! # async fn example() {
//! use outrigger_testapp::Outrigger;
//!
//! let mut app = Outrigger::builder("target/debug/outrigger")
//!     .set("cache.memory", "8MiB")
//!     .start()
//!     .await;
//! let token = app.token(&["cache:write"]).await;
//! app.kill9().await;
//! app.restart().await;
//! let answer = app.get("/api/v1/cache/stats").bearer_auth(token).send().await;
//! assert_eq!(answer.unwrap().status(), 200);
//! # }
//! ```

mod builder;
mod command;
mod process;
mod wire;

use std::time::Duration;

pub use builder::Builder;
pub use command::{Finished, Program};
pub use process::Outrigger;
pub use wire::{RawResponse, http_client, raw_exchange, raw_http, resp};

/// The timeout for operations that take well under a second on an idle machine.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// Calls `probe` repeatedly until it returns a value, and returns that value.
///
/// # Panics
///
/// Panics with `what` if there is no value within [`TIMEOUT`].
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = probe().await {
                return answer;
            }
            // Another process does not signal its changes, so it must be polled.
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    };
    match tokio::time::timeout(TIMEOUT, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("{what}: not within {TIMEOUT:?}"),
    }
}
