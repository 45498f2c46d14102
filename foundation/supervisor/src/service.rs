//! What a background service is.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// Why a service ended when it should not have; only for people to read.
pub type ServiceError = Box<dyn std::error::Error + Send + Sync>;

/// Work that goes on as long as the process.
#[async_trait]
pub trait Service: Send + 'static {
    /// Its name, for people: one or two words such as `session pruner`.
    fn name(&self) -> &'static str;

    /// Works until `stop` is cancelled, then finishes what was begun and returns.
    ///
    /// Returning an error, or returning before `stop` is cancelled, or panicking, makes the supervisor call `run` again
    /// after a backoff. State that must survive that lives in `self`.
    ///
    /// # Errors
    ///
    /// Whatever keeps the service from working; it is logged and shown in the status.
    async fn run(&mut self, stop: CancellationToken) -> Result<(), ServiceError>;
}

/// What a service does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// It runs.
    Running,
    /// It failed and waits to be started again.
    Waiting,
    /// It has ended.
    Stopped,
}

/// A service's state with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Its name.
    pub name: &'static str,
    /// What it does now.
    pub state: ServiceState,
    /// How often it was started again after a failure.
    pub restarts: u64,
    /// Why it failed the last time.
    pub last_error: Option<String>,
}
