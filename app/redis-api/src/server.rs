//! The service that runs the listener's threads.

use std::{borrow::Cow, io, sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_cache::Cache;
use outrigger_resp::{Limits, Trust};
use outrigger_stdx::Clock;
use outrigger_supervisor::{Service, ServiceError, Stop, blocking, pinned};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tracing::error;

use crate::{
    Auditor, Authenticator, RedisConfig, RedisListener, RedisMetrics,
    budget::BufferBudget,
    clients::Clients,
    rare_log::RareLog,
    shared::Shared,
    strangers::Strangers,
    worker::{Sources, Worker},
};

/// Arguments that are buffered whatever `[cache] value_max` says: names of commands, keys, passwords.
const BULK_MIN: usize = 64 * 1024;
/// Connections that may wait for a thread to take them over.
const HANDED_MAX: usize = 256;
/// How long the connections of the other threads have to end when one thread has failed.
const RESTART_PATIENCE: Duration = Duration::from_secs(5);

/// The background service that answers the Redis protocol.
#[derive(Debug)]
pub struct RedisServer {
    listener: RedisListener,
    shared: Arc<Shared>,
}

/// What a [`RedisServer`] works with.
#[derive(Debug)]
pub struct RedisParts {
    /// How it was configured.
    pub config: RedisConfig,
    /// What it serves.
    pub cache: Cache,
    /// What tells tokens and remembers failures.
    pub authenticator: Arc<dyn Authenticator>,
    /// Where it is remembered that a client removed everything.
    pub auditor: Arc<dyn Auditor>,
    /// How TCP connections are encrypted, if they are.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The clock that the cache has, too.
    pub clock: Arc<dyn Clock>,
}

impl RedisServer {
    /// A server for sockets that were taken before.
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
            strangers: Strangers::new(
                // The rest is for clients that can authenticate.
                (connections_max / 2).max(1),
                config.unauthenticated_per_address_max as usize,
            ),
            budget: BufferBudget::new(config.buffers_max.as_usize()),
            look: Notify::new(),
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

    /// Its figures.
    #[must_use]
    pub fn metrics(&self) -> RedisMetrics {
        self.shared.metrics.clone()
    }

    /// What each thread accepts from: the first one from the sockets, the others from the first.
    fn sources(&self) -> io::Result<Vec<Sources>> {
        let threads = usize::from(self.shared.config.threads.get());
        let (others, handed): (Vec<_>, Vec<_>) =
            (1..threads).map(|_| mpsc::channel(HANDED_MAX)).unzip();
        let tcp = self.listener.tcp.as_ref();
        let unix = self.listener.unix.as_ref();
        let first = Sources {
            // Cloned, so that the sockets outlive a failure of the threads.
            tcp: tcp.map(std::net::TcpListener::try_clone).transpose()?,
            unix: unix
                .map(std::os::unix::net::UnixListener::try_clone)
                .transpose()?,
            others,
            handed: None,
        };
        let rest = handed.into_iter().map(|handed| Sources {
            tcp: None,
            unix: None,
            others: Vec::new(),
            handed: Some(handed),
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
            // The other threads stop too, and the supervisor starts all of them again.
            () = pinned.ended() => {}
        }
        let now = self.shared.clock.monotonic();
        let deadline = stop.deadline().unwrap_or(now + RESTART_PATIENCE);
        blocking(move || pinned.stop_and_join(deadline)).await?;
        if stop.is_cancelled() {
            Ok(())
        } else {
            Err("a thread of the Redis listener ended".into())
        }
    }
}
