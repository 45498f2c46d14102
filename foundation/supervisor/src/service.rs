//! What a background service is.

use std::borrow::Cow;

use async_trait::async_trait;

use crate::Stop;

/// Why a service ended when it should not have; only for people to read.
pub type ServiceError = Box<dyn std::error::Error + Send + Sync>;

/// Work that goes on as long as the process, or until the service is removed.
#[async_trait]
pub trait Service: Send + 'static {
    /// The name of the service, for people: one or two words such as `session pruner`. It is read once, when the service is
    /// added.
    fn name(&self) -> Cow<'static, str>;

    /// Works until `stop` is cancelled, then finishes what was begun and returns before the deadline of `stop`.
    ///
    /// The supervisor calls `run` again, after a backoff, when it returns an error, panics, or returns before `stop` is
    /// cancelled. State that must survive that lives in `self`. A service that is late is dropped where it waits.
    ///
    /// # Errors
    ///
    /// Whatever keeps the service from working. It is logged and shown in the status.
    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError>;
}

/// What a service does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// It runs.
    Running,
    /// It has not started yet, or it failed and waits to be started again.
    Waiting,
    /// It has ended.
    Stopped,
}

/// A service's state with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What it does now.
    pub state: ServiceState,
    /// How often it was started again after a failure.
    pub restarts: u64,
    /// Why it failed the last time.
    pub last_error: Option<String>,
}
