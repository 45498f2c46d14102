//! The service that runs the listener's threads.

use std::{borrow::Cow, io, sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_cache::Cache;
use outrigger_resp::{Limits, Trust};
use outrigger_stdx::{Clock, RareLog};
use outrigger_supervisor::{Service, ServiceError, Stop, blocking, pinned};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tracing::error;

use crate::{
    Auditor, Authenticator, RedisConfig, RedisListener, RedisMetrics,
    budget::BufferBudget,
    clients::Clients,
    shared::Shared,
    unauthenticated::Unauthenticated,
    worker::{Sources, Worker},
};

/// The largest argument that is always buffered, whatever `[cache] value_max` is: command names, keys and passwords.
const BULK_MIN: usize = 64 * 1024;
/// How many connections may wait for another thread to attach them.
const HANDOVER_MAX: usize = 256;
/// How long the connections of the other threads may take to close after one thread has failed.
const RESTART_GRACE: Duration = Duration::from_secs(5);

/// The background service that serves the Redis protocol.
#[derive(Debug)]
pub struct RedisServer {
    listener: RedisListener,
    shared: Arc<Shared>,
}

/// What a [`RedisServer`] needs.
#[derive(Debug)]
pub struct RedisParts {
    /// The section `[redis]`.
    pub config: RedisConfig,
    /// The cache to serve.
    pub cache: Cache,
    /// Checks tokens and throttles failed attempts.
    pub authenticator: Arc<dyn Authenticator>,
    /// Records when clients delete all keys.
    pub auditor: Arc<dyn Auditor>,
    /// The TLS configuration of TCP connections; `None` for no TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The clock, which must be the one that the cache uses.
    pub clock: Arc<dyn Clock>,
}

impl RedisServer {
    /// Creates a server for bound sockets.
    #[must_use]
    pub fn new(listener: RedisListener, parts: RedisParts) -> Self {
        let RedisParts {
            config,
            cache,
            authenticator,
            auditor,
            tls,
            clock,
        } = parts;
        let limits = Limits {
            bulk_max: cache.config().value_max.as_usize().max(BULK_MIN),
            drain_max: config.drain_max.as_usize(),
            request_max: config.request_max.as_usize(),
            trust: Trust::Full,
            ..Limits::default()
        };
        let connections_max = config.connections_max as usize;
        let shared = Shared {
            clients: Clients::new(connections_max),
            unauthenticated: Unauthenticated::new(
                // The other half is for authenticated clients.
                (connections_max / 2).max(1),
                config.unauthenticated_per_address_max as usize,
            ),
            budget: BufferBudget::new(config.buffers_max.as_usize()),
            recheck: Notify::new(),
            metrics: RedisMetrics::default(),
            accept_log: RareLog::default(),
            refusal_log: RareLog::default(),
            limits_unauthenticated: limits.unauthenticated(),
            limits,
            started: clock.monotonic(),
            socket_path: listener.socket_path().map(ToOwned::to_owned),
            port: listener.local_addr().map(|address| address.port()),
            config,
            cache,
            clock,
            authenticator,
            auditor,
            tls,
        };
        Self {
            listener,
            shared: Arc::new(shared),
        }
    }

    /// Returns the metrics.
    #[must_use]
    pub fn metrics(&self) -> RedisMetrics {
        self.shared.metrics.clone()
    }

    /// Returns the sources of connections for each thread: the first thread accepts from the sockets, the others receive from
    /// the first.
    fn sources(&self) -> io::Result<Vec<Sources>> {
        let threads = usize::from(self.shared.config.threads);
        let (others, incoming): (Vec<_>, Vec<_>) =
            (1..threads).map(|_| mpsc::channel(HANDOVER_MAX)).unzip();
        let tcp = self.listener.tcp.as_ref();
        let unix = self.listener.unix.as_ref();
        let first = Sources {
            // Cloned, so that the sockets survive a failure of the threads.
            tcp: tcp.map(std::net::TcpListener::try_clone).transpose()?,
            unix: unix
                .map(std::os::unix::net::UnixListener::try_clone)
                .transpose()?,
            others,
            incoming: None,
        };
        let rest = incoming.into_iter().map(|incoming| Sources {
            tcp: None,
            unix: None,
            others: Vec::new(),
            incoming: Some(incoming),
        });
        Ok(std::iter::once(first).chain(rest).collect())
    }
}

#[async_trait]
impl Service for RedisServer {
    fn name(&self) -> Cow<'static, str> {
        "redis listener".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        let sources: Vec<_> = self.sources()?.into_iter().map(Some).collect();
        let threads = sources.len();
        let sources = Mutex::new(sources);
        let shared = Arc::clone(&self.shared);
        let pinned = pinned::start("redis", threads, &stop, move |index, tasks, stop| {
            let worker = Worker::new(Arc::clone(&shared), tasks);
            let sources = sources.lock()[index].take();
            Box::pin(async move {
                let Some(sources) = sources else {
                    return;
                };
                if let Err(error) = worker.run(sources, stop).await {
                    error!(%error, "the Redis listener cannot use its sockets");
                }
            })
        })?;
        tokio::select! {
            biased;
            () = stop.cancelled() => self.listener.close(),
            // The other threads stop as well, and the supervisor restarts the service.
            () = pinned.ended() => {}
        }
        let now = self.shared.clock.monotonic();
        let deadline = stop.deadline().unwrap_or(now + RESTART_GRACE);
        blocking(move || pinned.stop_and_join(deadline)).await?;
        if stop.is_cancelled() {
            Ok(())
        } else {
            Err("a thread of the Redis listener ended".into())
        }
    }
}
