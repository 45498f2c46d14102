//! Tests of the series.

use std::time::Duration;

use jiff::SignedDuration;
use outrigger_sql::{SqlError, SqliteOptions};
use outrigger_stdx::ManualClock;

use super::*;

struct Fixture {
    clock: ManualClock,
    series: Series,
    folder: tempfile::TempDir,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    open(folder, ManualClock::new(), ByteSize::mib(32)).await
}

async fn open(folder: tempfile::TempDir, clock: ManualClock, series_max: ByteSize) -> Fixture {
    let options = SqliteOptions {
        name: "history",
        ..SqliteOptions::default()
    };
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let path = folder.path().join("history.db");
    let file = HistoryFile::open(&path, options, Arc::clone(&shared)).await;
    Fixture {
        series: Series::new(file, &HistoryConfig { series_max }, shared),
        clock,
        folder,
    }
}

fn sample(rate: f64, peak: f64) -> Sample {
    let mut sample = Sample::default();
    sample.set("rate", rate);
    sample.set_peak("peak", Some(peak));
    sample
}

impl Fixture {
    fn take(&self, rate: f64) {
        self.series.take(self.clock.now(), &sample(rate, rate));
    }

    /// Takes a sample every five seconds, and writes every minute, for as long as a process that runs for `time`.
    async fn run(&self, time: Duration, rate: impl Fn(u64) -> f64) {
        for tick in 0..time.as_secs() / 5 {
            self.take(rate(tick));
            self.clock.advance(Duration::from_secs(5));
            if tick % 12 == 11 {
                self.series.flush().await.expect("the file works");
            }
        }
    }

    async fn range(&self, back: SignedDuration) -> HistorySlice {
        let now = self.clock.now();
        let range = self.series.range(now - back, now).await;
        range.expect("the file works")
    }

    /// The number of chunks in the file, by tier.
    async fn chunks(&self) -> Vec<i64> {
        let database = self.series.inner.file.database().expect("it is open");
        let counted = database.read(|connection| {
            let sql = "select count(*) from history_series group by tier order by tier";
            let mut statement = connection.prepare(sql)?;
            let counts = statement.query_map([], |row| row.get(0))?;
            Ok::<Vec<i64>, SqlError>(counts.collect::<Result<_, _>>()?)
        });
        counted.await.expect("the file works")
    }

    /// Simulates a restart after SIGKILL: unwritten samples are lost.
    async fn restart(self) -> Self {
        self.series.inner.file.close().await;
        open(self.folder, self.clock, self.series.inner.bytes_max).await
    }
}

fn known(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().copied().flatten().collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn each_tier_has_the_same_figures_at_a_lower_resolution() {
    let fixture = fixture().await;
    fixture.run(90 * MINUTE, |tick| (tick % 12) as f64).await;

    let fine = fixture.range(HOUR).await;
    let minutes = fixture.range(HOUR * 2).await;
    let quarters = fixture.range(HOUR * 24 * 10).await;

    assert_eq!(fine.interval, Duration::from_secs(5));
    assert_eq!(minutes.interval, MINUTE);
    assert_eq!(quarters.interval, 15 * MINUTE);
    assert_eq!(known(&fine.series["rate"]).len(), 720);
    assert_eq!(known(&minutes.series["rate"]), [5.5; 90]);
    assert_eq!(known(&minutes.series["peak"]), [11.0; 90]);
    let quarters = known(&quarters.series["rate"]);
    assert!(
        quarters.iter().all(|value| (value - 5.5).abs() < 1e-9),
        "{quarters:?}"
    );
}

#[tokio::test]
async fn a_killed_process_loses_only_the_samples_since_the_last_write() {
    let fixture = fixture().await;
    fixture.run(10 * MINUTE, |_| 1.0).await;
    for _ in 0..11 {
        fixture.take(9.0);
        fixture.clock.advance(Duration::from_secs(5));
    }

    let before = known(&fixture.range(HOUR).await.series["rate"]).len();
    let fixture = fixture.restart().await;
    let after = known(&fixture.range(HOUR).await.series["rate"]);

    assert_eq!(before, 131);
    assert_eq!(after, [1.0; 120]);
}

#[tokio::test]
async fn a_point_across_a_restart_has_the_mean_of_all_its_samples() {
    let fixture = fixture().await;
    fixture.run(MINUTE, |_| 0.0).await;
    let fixture = fixture.restart().await;
    fixture.run(3 * MINUTE, |_| 4.0).await;

    let quarters = fixture.range(HOUR * 24 * 10).await;

    let rates = known(&quarters.series["rate"]);
    assert_eq!(rates.len(), 1, "{rates:?}");
    assert!((rates[0] - 3.0).abs() < 1e-9, "{rates:?}");
    assert_eq!(known(&quarters.series["peak"]), [4.0]);
}

#[tokio::test]
async fn a_time_without_a_process_is_a_gap() {
    let fixture = fixture().await;
    fixture.run(5 * MINUTE, |_| 1.0).await;
    let fixture = fixture.restart().await;
    fixture.clock.advance(10 * MINUTE);
    fixture.run(5 * MINUTE, |_| 2.0).await;

    let slice = fixture.range(SignedDuration::from_mins(20)).await;

    let rates = &slice.series["rate"];
    assert_eq!(slice.at_ms.len(), rates.len());
    assert!(
        slice
            .at_ms
            .windows(2)
            .all(|pair| pair[1] - pair[0] == 5_000)
    );
    let gap = rates.iter().skip_while(|rate| rate.is_none());
    let gap = gap.skip_while(|rate| rate.is_some());
    assert_eq!(gap.take_while(|rate| rate.is_none()).count(), 120);
}

#[tokio::test]
async fn old_points_are_deleted_and_each_tier_covers_its_documented_time() {
    let fixture = fixture().await;
    fixture.run(4 * 60 * MINUTE, |tick| tick as f64).await;

    fixture
        .series
        .prune(fixture.clock.now())
        .await
        .expect("the file works");
    let fine = known(&fixture.range(HOUR).await.series["rate"]).len();
    let chunks = fixture.chunks().await;
    fixture.clock.advance(Duration::from_secs(200 * 86_400));
    fixture
        .series
        .prune(fixture.clock.now())
        .await
        .expect("the file works");
    let left = fixture.chunks().await;

    assert_eq!(fine, 720);
    assert!((12..=15).contains(&chunks[0]), "{chunks:?}");
    assert!((4..=5).contains(&chunks[1]), "{chunks:?}");
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn clock_jumps_neither_delete_nor_damage_figures() {
    let fixture = fixture().await;
    fixture.run(10 * MINUTE, |_| 1.0).await;
    let years = SignedDuration::from_hours(24 * 365 * 50);

    fixture.clock.jump(-SignedDuration::from_mins(5));
    fixture.run(5 * MINUTE, |_| 3.0).await;
    fixture.clock.jump(years);
    fixture.run(2 * MINUTE, |_| 100.0).await;
    let future = known(&fixture.range(HOUR).await.series["rate"]).len();
    fixture.clock.jump(-years);
    let fixture = fixture.restart().await;

    let rates = known(&fixture.range(HOUR).await.series["rate"]);
    assert_eq!(future, 24);
    assert_eq!(rates.len(), 120);
    assert_eq!(rates[..60], [1.0; 60]);
    assert_eq!(rates[60..], [2.0; 60]);
    assert!((mean(&rates) - 1.5).abs() < 1e-9);
}

#[tokio::test]
async fn at_the_size_limit_the_oldest_coarse_points_are_deleted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let limit = ByteSize::kib(40);
    let fixture = open(folder, ManualClock::new(), limit).await;

    // Jumps of 15 hours, so that each minute is in a coarse chunk of its own.
    for step in 0..60 {
        fixture.run(MINUTE, |tick| (step * 12 + tick) as f64).await;
        fixture.clock.advance(Duration::from_secs(15 * 3_600));
    }

    let used = used(&fixture).await;
    let newest = known(&fixture.range(HOUR * 16).await.series["rate"]);
    let oldest = fixture.range(HOUR * 24 * 30).await;
    assert!(used <= limit.as_u64(), "{used}");
    assert!(fixture.series.is_full());
    assert_eq!(newest.len(), 1);
    let reached = oldest.series["rate"].iter().position(Option::is_some);
    assert!(reached > Some(0), "{reached:?}");
}

async fn used(fixture: &Fixture) -> u64 {
    let database = fixture.series.inner.file.database().expect("it is open");
    let used = database.read(|connection| {
        let sql = "select sum(length(data)) from history_series";
        Ok::<i64, SqlError>(connection.query_row(sql, [], |row| row.get(0))?)
    });
    used.await.expect("the file works").unsigned_abs()
}

#[tokio::test]
async fn ninety_days_of_thirty_changing_series_take_less_than_the_default() {
    let mut bytes = 0;
    for tier in TIERS {
        let mut chunk = Chunk::default();
        for point in 0..60 {
            for series in 0..30 {
                let name = format!("a_series_with_a_long_name_{series}");
                let value = f64::from(point * series) / 7.0;
                chunk.add(
                    point as usize,
                    &name,
                    value,
                    outrigger_telemetry::Downsample::Mean,
                );
            }
        }
        let chunks = (tier.kept_ms / tier.span_ms()) as usize + 2;
        bytes += chunks * chunk.encode().len();
    }

    assert!(bytes < 4 << 20, "{bytes}");
}

#[tokio::test]
async fn without_a_file_the_figures_of_the_last_hours_wait_in_bounded_memory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("history.db"), "this is no database").expect("it is written");
    let fixture = open(folder, ManualClock::new(), ByteSize::mib(32)).await;

    for _ in 0..24 * 720 {
        fixture.take(1.0);
        fixture.clock.advance(Duration::from_secs(5));
    }
    let flushed = fixture.series.flush().await;
    let rates = known(&fixture.range(HOUR).await.series["rate"]).len();

    assert!(
        matches!(flushed, Err(HistoryError::Store(_))),
        "{flushed:?}"
    );
    assert!(fixture.series.inner.waiting.lock().pending.len() <= PENDING_MAX);
    assert!(rates > 0);
}

#[tokio::test]
async fn a_damaged_chunk_affects_only_its_own_points() {
    let fixture = fixture().await;
    fixture.run(12 * MINUTE, |_| 1.0).await;
    let database = fixture.series.inner.file.database().expect("it is open");
    let damaged = database.write(|connection| {
        let sql = "update history_series set data = x'00' where tier = 0
                   and start_ms = (select min(start_ms) from history_series where tier = 0)";
        Ok::<_, SqlError>(connection.execute(sql, [])?)
    });
    damaged.await.expect("the file works");

    let rates = known(&fixture.range(HOUR).await.series["rate"]).len();

    assert!((80..144).contains(&rates), "{rates}");
}
