//! The figures that are kept for an hour and drawn by the dashboard.

use outrigger_cache::Cache;
use outrigger_http_api::HttpMetrics;
use outrigger_redis_api::RedisMetrics;
use outrigger_stdx::Monotonic;
use outrigger_telemetry::{ProcessUse, RateOf, Sample};

/// Notes every figure at each tick of the recorder.
pub(crate) fn feed(
    http: HttpMetrics,
    cache: Cache,
    redis: Option<RedisMetrics>,
) -> impl FnMut(Monotonic, &mut Sample) + Send + 'static {
    let mut rates = Rates::default();
    move |now, sample| {
        let stats = cache.stats();
        let process = ProcessUse::read();
        let latency = http.latency().take();
        sample.set_some(
            "http_requests",
            rates.requests.per_second(now, http.requests_total()),
        );
        sample.set_some(
            "http_errors",
            rates.errors.per_second(now, http.errors_total()),
        );
        sample.set_some(
            "http_latency_p50_ms",
            (latency.count > 0).then(|| milliseconds(latency.p50)),
        );
        sample.set_some(
            "http_latency_p99_ms",
            (latency.count > 0).then(|| milliseconds(latency.p99)),
        );
        let hits = rates.hits.per_second(now, stats.hits);
        let misses = rates.misses.per_second(now, stats.misses);
        sample.set_some("cache_hits", hits);
        sample.set_some("cache_misses", misses);
        // A ratio of the interval, not of all time: after a week the latter would not move any more.
        sample.set_some(
            "cache_hit_ratio",
            hits.zip(misses)
                .and_then(|(hits, misses)| ratio(hits, misses)),
        );
        sample.set_some("cache_writes", rates.writes.per_second(now, stats.writes));
        sample.set_some(
            "cache_evictions",
            rates.evictions.per_second(now, stats.evictions),
        );
        sample.set_some(
            "cache_expirations",
            rates.expirations.per_second(now, stats.expirations),
        );
        sample.set("cache_memory_bytes", stats.memory as f64);
        sample.set("cache_entries", stats.entries_total() as f64);
        if let Some(redis) = &redis {
            sample.set_some(
                "redis_commands",
                rates.commands.per_second(now, redis.commands()),
            );
            sample.set("redis_connections", redis.connections() as f64);
        }
        sample.set_some(
            "process_resident_bytes",
            process.resident_bytes.map(|bytes| bytes as f64),
        );
        let microseconds = process
            .cpu
            .and_then(|cpu| u64::try_from(cpu.as_micros()).ok());
        let used = microseconds.and_then(|microseconds| rates.cpu.per_second(now, microseconds));
        sample.set_some(
            "process_cpu_ratio",
            used.map(|microseconds| microseconds / 1e6),
        );
    }
}

#[derive(Default)]
struct Rates {
    requests: RateOf,
    errors: RateOf,
    hits: RateOf,
    misses: RateOf,
    writes: RateOf,
    evictions: RateOf,
    expirations: RateOf,
    commands: RateOf,
    cpu: RateOf,
}

fn ratio(hits: f64, misses: f64) -> Option<f64> {
    let reads = hits + misses;
    (reads > 0.0).then(|| hits / reads)
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
