//! State that all threads of the listener share.

use std::{path::PathBuf, sync::Arc};

use outrigger_cache::Cache;
use outrigger_resp::Limits;
use outrigger_stdx::{Clock, Monotonic, RareLog};
use tokio::sync::Notify;

use crate::{
    Auditor, Authenticator, RedisConfig, RedisMetrics, budget::BufferBudget, clients::Clients,
    unauthenticated::Unauthenticated,
};

/// State that all threads of the listener share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: RedisConfig,
    pub(crate) cache: Cache,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started: Monotonic,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) auditor: Arc<dyn Auditor>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) unauthenticated: Unauthenticated,
    pub(crate) budget: BufferBudget,
    /// Makes every thread check its connections now: some must close, or may continue.
    pub(crate) recheck: Notify,
    pub(crate) metrics: RedisMetrics,
    /// Limits the log lines for errors of accepting connections.
    pub(crate) accept_log: RareLog,
    /// Limits the log lines for wrong passwords and tokens.
    pub(crate) refusal_log: RareLog,
    pub(crate) limits: Limits,
    pub(crate) limits_unauthenticated: Limits,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) socket_path: Option<PathBuf>,
    pub(crate) port: Option<u16>,
}
