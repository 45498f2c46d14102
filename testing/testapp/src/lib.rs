//! Runs the `outrigger` binary as a process, as whoever installs it does.
//!
//! What a test holds here is a child process with a data directory of its own and listeners on free ports, gone when it is
//! dropped. The test asks through the same doors as everybody: HTTP, the Redis protocol, the control socket, the command line,
//! signals. Nothing is linked in, so what is shown is shown of the program and not of its parts.
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
pub use wire::{Answered, http_client, raw_exchange, raw_http, resp};

/// How long something may take that takes well under a second on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks `probe` again and again until it answers, and gives its answer.
///
/// # Panics
///
/// When it has no answer within [`PATIENCE`]; `what` is in the message.
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = probe().await {
                return answer;
            }
            // A foreign process tells nobody when it changes; it has to be asked.
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}
