//! Where the parts meet: every store that is opened, every handle that is made, every port that gets its plug.
//!
//! [`House::build`] reads as the list of marriages in the house, [`House::staff`] as the list of services and the order in
//! which they stop. What one capability needs is in a file of its name beside this one.

pub(crate) mod access;
mod idempotency;
mod listeners;
mod redis;
mod store;

use std::{net::SocketAddr, sync::Arc};

use outrigger_access::{Access, LoginThrottle, MemoryThrottle};
use outrigger_api_types::status::Listener;
use outrigger_cache::{Cache, Expirer};
use outrigger_crypto::Keyring;
use outrigger_http_api::{Api, ControlListener, HttpListener, Parts};
use outrigger_redis_api::{RedisListener, RedisMetrics, RedisParts, RedisServer};
use outrigger_stdx::Clock;
use outrigger_supervisor::{Phase, Supervisor, SupervisorHandle};
use outrigger_telemetry::{History, LogHandle, Metrics, Recorder};

use self::{idempotency::Idempotency, redis::RedisAuthenticator};
pub(crate) use self::{
    listeners::{HttpSockets, Listeners},
    store::Store,
};
use crate::{Config, DataDir, Loaded, StartError, figures, process::ServerProcess, tls};

/// The handles and stores of a process, whether it listens or not.
pub(crate) struct House {
    pub(crate) api: Api,
    pub(crate) access: Access,
    pub(crate) store: Store,
    cache: Cache,
    history: History,
    redis: Option<RedisServer>,
    clock: Arc<dyn Clock>,
}

/// What the house must know of the process that it stands in.
pub(crate) struct Surroundings {
    /// The address that the HTTP listener has, or would have.
    pub(crate) http_address: SocketAddr,
    /// What can be connected to.
    pub(crate) shown: Vec<Listener>,
    /// The Redis listener, when this process listens.
    pub(crate) redis: Option<RedisListener>,
    /// The services of this process.
    pub(crate) services: SupervisorHandle,
    /// The log, when this process writes one.
    pub(crate) log: Option<LogHandle>,
}

impl House {
    /// Opens the stores, makes the handles and joins them.
    pub(crate) async fn build(
        loaded: &Loaded,
        data_dir: &DataDir,
        clock: Arc<dyn Clock>,
        surroundings: Surroundings,
    ) -> Result<Self, StartError> {
        let config = &loaded.config;
        let Surroundings {
            http_address,
            shown,
            redis,
            services,
            log,
        } = surroundings;
        let keyring = Keyring::from_config(&config.crypto, data_dir.path())
            .map_err(|error| StartError::part("encryption", error.kind(), error.hint(), error))?;
        let store = Store::open(config, data_dir, Arc::clone(&clock)).await?;
        let throttle: Arc<dyn LoginThrottle> =
            Arc::new(MemoryThrottle::new(&config.access, Arc::clone(&clock)));
        let access =
            access::open(loaded, &store, Arc::clone(&throttle), Arc::clone(&clock)).await?;
        let idempotency = Idempotency::open(store.clone(), keyring)
            .await
            .map_err(|error| store::refuse("the API", error))?;
        let cache = Cache::open(config.cache.clone(), Arc::clone(&clock));
        let redis = match redis {
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
                    tls: tls::load(
                        config.redis.tls_cert.as_deref(),
                        config.redis.tls_key.as_deref(),
                        &[],
                    )?,
                    clock: Arc::clone(&clock),
                    drain: config.server.drain(),
                },
            )),
            None => None,
        };
        let redis_metrics = redis.as_ref().map(RedisServer::metrics);
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), &*clock);
        metrics.with_registry(|registry| {
            cache.register(registry);
            access.register(registry);
            store.register(registry);
            redis_metrics
                .iter()
                .for_each(|redis: &RedisMetrics| redis.register(registry));
            log.iter().for_each(|log| log.register(registry));
        });
        let history = History::new();
        let process = ServerProcess {
            started_at: clock.now(),
            started: clock.monotonic(),
            clock: Arc::clone(&clock),
            data_dir: data_dir.path().to_owned(),
            listeners: shown,
            services,
            store: store.clone(),
            cache: cache.clone(),
            access: access.clone(),
            history: history.clone(),
            redis: redis_metrics,
            log,
            config: config.clone(),
        };
        let api = Api::new(Parts {
            config: config.http.clone(),
            listener: http_address,
            clock: Arc::clone(&clock),
            cache: cache.clone(),
            access: access.clone(),
            process: Arc::new(process),
            idempotency: Arc::new(idempotency),
            config_keys: loaded.keys(),
            metrics,
        });
        Ok(Self {
            api,
            access,
            store,
            cache,
            history,
            redis,
            clock,
        })
    }

    /// Gives every service to the supervisor, each with the phase in which it stops.
    pub(crate) fn staff(
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
        let drain = config.server.drain();
        let http = HttpListener::new(self.api.clone(), sockets.tcp, tls, drain)
            .map_err(StartError::System)?;
        let (socket, path) = (sockets.control, sockets.control_path);
        let control = ControlListener::new(self.api.clone(), socket, path, drain);
        supervisor.add(Phase::Accept, http);
        supervisor.add(Phase::Accept, control.map_err(StartError::System)?);
        let redis_metrics = self.redis.as_ref().map(RedisServer::metrics);
        if let Some(redis) = self.redis.take() {
            supervisor.add(Phase::Accept, redis);
        }
        supervisor.add(Phase::Drain, Expirer::new(self.cache.clone()));
        supervisor.add(Phase::Drain, self.access.pruner());
        let feed = figures::feed(
            self.api.http_metrics().clone(),
            self.cache.clone(),
            redis_metrics,
        );
        supervisor.add(
            Phase::Flush,
            Recorder::new(self.history.clone(), Arc::clone(&self.clock), feed),
        );
        if let Some(checker) = self.store.checker() {
            supervisor.add(Phase::Close, checker);
        }
        Ok(())
    }
}
