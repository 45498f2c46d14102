//! What all threads of the listener share.

use std::{path::PathBuf, sync::Arc};

use outrigger_cache::Cache;
use outrigger_resp::Limits;
use outrigger_stdx::{Clock, Monotonic};

use crate::{Authenticator, RedisConfig, RedisMetrics, clients::Clients};

/// What all threads of the listener share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: RedisConfig,
    pub(crate) cache: Cache,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started: Monotonic,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) metrics: RedisMetrics,
    pub(crate) limits: Limits,
    pub(crate) limits_unauthenticated: Limits,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) socket_path: Option<PathBuf>,
    pub(crate) port: Option<u16>,
}
