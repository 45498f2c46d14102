//! Background services.

use std::borrow::Cow;

use async_trait::async_trait;

use crate::Stop;

/// The reason a service failed. It is only logged and displayed, never matched.
pub type ServiceError = Box<dyn std::error::Error + Send + Sync>;

/// Work that runs as long as the process, or until the service is removed.
#[async_trait]
pub trait Service: Send + 'static {
    /// Returns the display name of the service: one or two words such as `session pruner`. It is read once, when the
    /// service is added.
    fn name(&self) -> Cow<'static, str>;

    /// Works until `stop` is cancelled, then finishes what it has begun and returns before the deadline of `stop`.
    ///
    /// The supervisor calls `run` again, after a backoff, if it returns an error, panics, or returns before `stop` is
    /// cancelled. Keep state that must survive a restart in `self`. A service that misses the deadline is dropped at its
    /// next `.await`.
    ///
    /// # Errors
    ///
    /// Returns any error that prevents the service from working. The supervisor logs it and shows it in the status.
    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError>;
}

/// The state of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// The service is running.
    Running,
    /// The service has not started, or it failed and will be restarted.
    Waiting,
    /// The service has ended.
    Stopped,
}

/// The status of a service, with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStatus {
    /// The name.
    pub name: Cow<'static, str>,
    /// The current state.
    pub state: ServiceState,
    /// The number of restarts after a failure.
    pub restarts: u64,
    /// The last error.
    pub last_error: Option<String>,
}
