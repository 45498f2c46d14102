//! Connects the parts. [`Server::build`] opens all stores, creates all handles and connects all ports.
//!
//! The code for one capability is in `wiring/<capability>.rs`. `build` lists the parts. Metrics, services and checks of all
//! parts go through [`Part`].

pub(crate) mod access;
mod cache;
mod history;
mod host;
mod http;
mod idempotency;
mod jobs;
mod listeners;
mod logs;
mod redis;
mod redis_listener;
mod store;

use std::{net::SocketAddr, sync::Arc};

use outrigger_access::{Access, LoginThrottle, MemoryThrottle};
use outrigger_api_types::status::Listener;
use outrigger_cache::Cache;
use outrigger_crypto::{LiveKeyring, MissingKeyFile};
use outrigger_http_api::{
    Api, ChangesDrain, ControlListener, HttpListener, Parts, RepeatRecorder, Repeats,
};
use outrigger_redis_api::{RedisListener, RedisParts, RedisServer};
use outrigger_stdx::Clock;
use outrigger_supervisor::{Phase, Supervisor, SupervisorHandle};
use outrigger_telemetry::{History as RecentHistory, LogHandle, Metrics, Recorder};

pub(crate) use self::listeners::{HttpSockets, Listeners};
use self::{
    access::AccessPart,
    history::History,
    host::Host,
    idempotency::Idempotency,
    logs::Logs,
    redis::{RedisAuditor, RedisAuthenticator},
    redis_listener::RedisPart,
    store::{STATE, Stores},
};
use crate::{
    Config, DataDir, Loaded, StartError, own_command::OwnCommand, part::Part,
    process::ServerProcess, tls, watcher::Watcher,
};

/// The handles and stores of a process, whether it listens or not.
pub(crate) struct Server {
    pub(crate) api: Api,
    pub(crate) access: Access,
    pub(crate) history: History,
    stores: Stores,
    redis: Option<RedisServer>,
    parts: Vec<Arc<dyn Part>>,
    recent: RecentHistory,
    clock: Arc<dyn Clock>,
}

/// The process that a [`Server`] is built for.
pub(crate) struct ProcessContext {
    /// The address of the HTTP listener, even if the process does not listen.
    pub(crate) http_address: SocketAddr,
    /// The listeners, for the status.
    pub(crate) listeners: Vec<Listener>,
    /// The Redis listener; `None` in a process that does not listen.
    pub(crate) redis: Option<RedisListener>,
    /// The services of this process.
    pub(crate) services: SupervisorHandle,
    /// The log; `None` in a process without log files.
    pub(crate) log: Option<LogHandle>,
}

impl Server {
    /// Opens the stores, creates the handles and connects them.
    pub(crate) async fn build(
        loaded: &Loaded,
        data_dir: &DataDir,
        clock: Arc<dyn Clock>,
        context: ProcessContext,
    ) -> Result<Self, StartError> {
        let config = &loaded.config;
        let stores = Stores::connect(&config.store, data_dir, Arc::clone(&clock)).await?;
        // If there is old data without its key, a new key would hide the loss.
        let missing = match stores.has_data().await? {
            true => MissingKeyFile::Refuse,
            false => MissingKeyFile::Create,
        };
        let keyring = LiveKeyring::from_config(&config.crypto, data_dir.path(), missing)
            .map_err(|error| StartError::part("encryption", error.kind(), error.hint(), error))?;
        let store = stores.open(stores.options(STATE)).await?;
        let throttle: Arc<dyn LoginThrottle> =
            Arc::new(MemoryThrottle::new(&config.access, Arc::clone(&clock)));
        let access =
            access::open(loaded, &store, Arc::clone(&throttle), Arc::clone(&clock)).await?;
        let idempotency = Idempotency::open(store, keyring)
            .await
            .map_err(|error| store::refuse("the API", error))?;
        let history = History::open(&config.history, &stores, Arc::clone(&clock)).await;
        let cache = Cache::open(config.cache.clone(), Arc::clone(&clock));
        let (pool_max, at) = (config.store.pool_max, Arc::clone(&clock));
        let jobs = jobs::open(config.jobs.clone(), pool_max, &stores, &history, at).await?;
        let repeats = Arc::<Repeats>::default();
        let redis = match context.redis {
            Some(listener) => Some(RedisServer::new(
                listener,
                RedisParts {
                    config: config.redis.clone(),
                    cache: cache.clone(),
                    authenticator: Arc::new(RedisAuthenticator::new(
                        access.clone(),
                        throttle,
                        Arc::clone(&clock),
                    )),
                    auditor: Arc::new(RedisAuditor::new(
                        access.clone(),
                        history.events.clone(),
                        Arc::clone(&repeats),
                        Arc::clone(&clock),
                    )),
                    tls: tls::load(
                        config.redis.tls_cert.as_deref(),
                        config.redis.tls_key.as_deref(),
                        &[],
                    )?,
                    clock: Arc::clone(&clock),
                },
            )),
            None => None,
        };
        let redis_metrics = redis.as_ref().map(RedisServer::metrics);
        let recent = RecentHistory::new();
        let parts: Vec<Arc<dyn Part>> = vec![
            Arc::new(Host {
                place: data_dir.place(),
                former_owner: data_dir.former_owner().cloned(),
                services: context.services.clone(),
                config: config.clone(),
            }),
            Arc::new(stores.clone()),
            Arc::new(AccessPart {
                access: access.clone(),
                command: OwnCommand::new(&config.server, data_dir.path()),
            }),
            Arc::new(cache),
            Arc::new(jobs),
            Arc::new(RedisPart {
                config: config.redis.clone(),
                metrics: redis_metrics.clone(),
            }),
            Arc::new(Logs {
                log: context.log,
                problems: history.problems.clone(),
            }),
            Arc::new(history.clone()),
        ];
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), &*clock);
        metrics.with_registry(|registry| parts.iter().for_each(|part| part.register(registry)));
        let mut handles = ::http::Extensions::new();
        parts.iter().for_each(|part| part.add_handle(&mut handles));
        let api = Api::new(Parts {
            config: config.http.clone(),
            listener: context.http_address,
            clock: Arc::clone(&clock),
            access: access.clone(),
            handles,
            identity: config.server.identity(),
            process: Arc::new(ServerProcess {
                identity: config.server.identity(),
                started_at: clock.now(),
                started: clock.monotonic(),
                clock: Arc::clone(&clock),
                data_dir: data_dir.path().to_owned(),
                listeners: context.listeners,
                services: context.services,
                history: recent.clone(),
                problems: history.problems.clone(),
                redis: redis_metrics,
                parts: parts.clone(),
            }),
            idempotency: Arc::new(idempotency),
            config_keys: loaded.keys(),
            repeats,
            metrics,
        });
        Ok(Self {
            api,
            access,
            history,
            stores,
            redis,
            parts,
            recent,
            clock,
        })
    }

    /// Adds the listeners and every part's services to the supervisor.
    pub(crate) fn add_services(
        &mut self,
        supervisor: &mut Supervisor,
        sockets: HttpSockets,
        config: &Config,
    ) -> Result<(), StartError> {
        let tls = tls::load(
            config.http.tls_cert.as_deref(),
            config.http.tls_key.as_deref(),
            tls::HTTP_PROTOCOLS,
        )?;
        let http = HttpListener::new(self.api.clone(), sockets.tcp, tls);
        let (socket, path) = (sockets.control, sockets.control_path);
        let control = ControlListener::new(self.api.clone(), socket, path);
        supervisor.add(Phase::Accept, http.map_err(StartError::System)?);
        supervisor.add(Phase::Accept, control.map_err(StartError::System)?);
        if let Some(redis) = self.redis.take() {
            supervisor.add(Phase::Accept, redis);
        }
        supervisor.add(
            Phase::Accept,
            Watcher {
                parts: self.parts.clone(),
                problems: self.history.problems.clone(),
                clock: Arc::clone(&self.clock),
            },
        );
        supervisor.add(Phase::Drain, ChangesDrain::new(self.api.clone()));
        for part in &self.parts {
            part.add_services(supervisor);
        }
        supervisor.add(Phase::Flush, RepeatRecorder::new(self.api.clone()));
        supervisor.add(Phase::Flush, self.recorder());
        Ok(())
    }

    /// Closes history and the stores. Acknowledged writes are durable.
    pub(crate) async fn close(&self) {
        self.history.close().await;
        self.stores.close().await;
    }

    /// Creates the service that samples the figures of every part.
    fn recorder(&self) -> Recorder {
        let http = self.api.http_metrics().sampler();
        let parts = self.parts.iter().filter_map(|part| part.sampler());
        let samplers = parts.chain(http).collect();
        Recorder::new(self.recent.clone(), Arc::clone(&self.clock), samplers)
            .with_sink(Arc::new(self.history.series.clone()))
    }
}
