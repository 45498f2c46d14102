//! The bare listener, for benchmarks: `redis_listener 127.0.0.1:7379 [threads] [memory]`.

use std::{path::Path, sync::Arc, time::Duration};

use outrigger_cache::{Cache, CacheConfig, Expirer};
use outrigger_redis_api::{
    PasswordOnly, RedisConfig, RedisListener, RedisParts, RedisServer, Switch, Unaudited,
};
use outrigger_stdx::SystemClock;
use outrigger_supervisor::{CancellationToken, Phase, Signal, Supervisor, main_runtime, signals};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const GRACE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:7379".to_owned());
    let threads = arguments.next().unwrap_or("1".to_owned());
    let memory = arguments.next().unwrap_or("128MiB".to_owned());
    let config = RedisConfig {
        listen: Switch::On(address.parse()?),
        socket: Switch::Off,
        threads: threads.parse()?,
        connections_max: 100_000,
        ..RedisConfig::default()
    };
    let clock = SystemClock::shared();
    let cache_config = CacheConfig {
        memory: memory.parse()?,
        ..CacheConfig::default()
    };
    let cache = Cache::open(cache_config, Arc::clone(&clock));
    let listener = RedisListener::bind(&config, Path::new("."))?;
    println!("listening on {:?}", listener.local_addr());
    let server = RedisServer::new(
        listener,
        RedisParts {
            config,
            cache: cache.clone(),
            authenticator: Arc::new(PasswordOnly),
            auditor: Arc::new(Unaudited),
            tls: None,
            clock: Arc::clone(&clock),
        },
    );
    let mut supervisor = Supervisor::new(clock);
    supervisor.add(Phase::Accept, server);
    supervisor.add(Phase::Flush, Expirer::new(cache));
    main_runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let mut signals = signals()?;
        let wait = async {
            while signals.recv().await != Some(Signal::Stop) {}
            stop.cancel();
        };
        tokio::join!(supervisor.run(stop.clone(), GRACE), wait);
        Ok(())
    })
}
