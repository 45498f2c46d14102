//! An in-memory record of the last hour of selected metrics.
//!
//! Each series is a column, and all columns have the same length, so a page can draw them without a join. The memory is
//! bounded: old samples are removed, and the number of columns is limited.

use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_stdx::{Clock, Monotonic};
use outrigger_supervisor::{Service, ServiceError, Stop};
use parking_lot::Mutex;

/// The time between two samples.
const INTERVAL: Duration = Duration::from_secs(5);
/// The number of samples in one hour.
const SAMPLES_MAX: usize = 720;
/// The maximum number of series, which is more than the dashboard draws. It bounds the memory if a sampler derives names
/// from user input.
const SERIES_MAX: usize = 256;

/// The recorded samples. Cheap to clone; clones share the record.
#[derive(Debug, Clone, Default)]
pub struct History {
    columns: Arc<Mutex<Columns>>,
}

#[derive(Debug, Default)]
struct Columns {
    at_ms: VecDeque<i64>,
    /// Each column is as long as `at_ms`, with NaN where there is no value.
    series: BTreeMap<Cow<'static, str>, VecDeque<f64>>,
}

/// A range of the record. The n-th value of each series belongs to the n-th time.
#[derive(Debug, Clone, PartialEq)]
pub struct HistorySlice {
    /// The time between two samples.
    pub interval: Duration,
    /// The time of each sample, in milliseconds since 1970.
    pub at_ms: Vec<i64>,
    /// The series by name; `None` where there is no value.
    pub series: BTreeMap<Cow<'static, str>, Vec<Option<f64>>>,
}

/// The values at one point in time.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    figures: BTreeMap<Cow<'static, str>, Figure>,
}

#[derive(Debug, Clone, Copy)]
struct Figure {
    value: f64,
    downsample: Downsample,
}

/// How several values of a series become one value of a longer interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downsample {
    /// Their mean, for rates and gauges. A mean of ratios is meaningless: record the numerator and the denominator, and
    /// divide when reading.
    Mean,
    /// Their maximum, for percentiles and peaks.
    Max,
}

/// Receives each sample, to store it for longer than the record in memory.
pub trait SampleSink: Send + Sync {
    /// Receives the sample taken at `at`. Must not block, and must tolerate a wall clock that jumps.
    fn take(&self, at: Timestamp, sample: &Sample);
}

/// Writes the values of one part of the program into a sample. It receives the monotonic time, for [`crate::CounterRate`]. One
/// task calls it every five seconds, so it can keep state for rates. It must not block.
pub type Sampler = Box<dyn FnMut(Monotonic, &mut Sample) + Send>;

/// A service that takes a sample every five seconds.
pub struct Recorder {
    history: History,
    clock: Arc<dyn Clock>,
    samplers: Vec<Sampler>,
    sink: Option<Arc<dyn SampleSink>>,
}

impl Sample {
    /// Sets the value of a series, which is downsampled to its mean. Ignores values that are not finite.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        self.insert(name.into(), value, Downsample::Mean);
    }

    /// Sets the value of a series if there is one, as [`set`](Self::set).
    pub fn set_some(&mut self, name: impl Into<Cow<'static, str>>, value: Option<f64>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Sets the value of a percentile or a peak if there is one. It is downsampled to its maximum. Ignores values that are
    /// not finite.
    pub fn set_peak(&mut self, name: impl Into<Cow<'static, str>>, value: Option<f64>) {
        if let Some(value) = value {
            self.insert(name.into(), value, Downsample::Max);
        }
    }

    /// Returns the name, value and downsampling of each series.
    pub fn figures(&self) -> impl Iterator<Item = (&str, f64, Downsample)> {
        let figures = self.figures.iter();
        figures.map(|(name, figure)| (&**name, figure.value, figure.downsample))
    }

    fn insert(&mut self, name: Cow<'static, str>, value: f64, downsample: Downsample) {
        if value.is_finite() {
            self.figures.insert(name, Figure { value, downsample });
        }
    }
}

impl History {
    /// Creates an empty record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the samples after `since_ms` (milliseconds since 1970), or all samples for `None`.
    #[must_use]
    pub fn since(&self, since_ms: Option<i64>) -> HistorySlice {
        let columns = self.columns.lock();
        // Search for the exact time first: if the wall clock was set back, later samples have smaller times.
        let times = &columns.at_ms;
        let skip = since_ms.map_or(0, |since| {
            times
                .iter()
                .rposition(|at| *at == since)
                .or_else(|| times.iter().rposition(|at| *at <= since))
                .map_or(0, |position| position + 1)
        });
        let known = |figure: &f64| figure.is_finite().then_some(*figure);
        HistorySlice {
            interval: INTERVAL,
            at_ms: columns.at_ms.iter().skip(skip).copied().collect(),
            series: columns
                .series
                .iter()
                .map(|(name, column)| (name.clone(), column.iter().skip(skip).map(known).collect()))
                .collect(),
        }
    }

    fn push(&self, at_ms: i64, sample: &Sample) {
        let mut columns = self.columns.lock();
        let Columns {
            at_ms: times,
            series,
        } = &mut *columns;
        if times.len() == SAMPLES_MAX {
            times.pop_front();
            for column in series.values_mut() {
                column.pop_front();
            }
        }
        if series.len() == SERIES_MAX {
            series.retain(|_, column| column.iter().any(|figure| figure.is_finite()));
        }
        for name in sample.figures.keys() {
            if series.len() < SERIES_MAX && !series.contains_key(name) {
                series.insert(name.clone(), VecDeque::from(vec![f64::NAN; times.len()]));
            }
        }
        times.push_back(at_ms);
        for (name, column) in series {
            let figure = sample.figures.get(name);
            column.push_back(figure.map_or(f64::NAN, |figure| figure.value));
        }
    }
}

impl Recorder {
    /// Creates a recorder that writes the values of the samplers into `history` at each interval.
    #[must_use]
    pub fn new(history: History, clock: Arc<dyn Clock>, samplers: Vec<Sampler>) -> Self {
        Self {
            history,
            clock,
            samplers,
            sink: None,
        }
    }

    /// Also sends each sample to `sink`.
    #[must_use]
    pub fn with_sink(self, sink: Arc<dyn SampleSink>) -> Self {
        Self {
            sink: Some(sink),
            ..self
        }
    }

    fn tick(&mut self) {
        let mut sample = Sample::default();
        let now = self.clock.monotonic();
        for write in &mut self.samplers {
            write(now, &mut sample);
        }
        let at = self.clock.now();
        self.history.push(at.as_millisecond(), &sample);
        if let Some(sink) = &self.sink {
            sink.take(at, &sample);
        }
    }

    /// Returns the time of the next sample: the middle of an interval that begins at a multiple of five seconds since 1970.
    /// A sink that groups samples by these intervals then gets exactly one per interval, even if ticks are some milliseconds
    /// late.
    fn next(&self) -> Monotonic {
        let interval = INTERVAL.as_millis() as i64;
        let half = interval / 2;
        let passed = self.clock.now().as_millisecond().rem_euclid(interval);
        let mut wait = (half - passed).rem_euclid(interval);
        if wait < half {
            wait += interval;
        }
        self.clock.monotonic() + Duration::from_millis(wait.unsigned_abs())
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Recorder").finish_non_exhaustive()
    }
}

#[async_trait]
impl Service for Recorder {
    fn name(&self) -> Cow<'static, str> {
        "history recorder".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        loop {
            self.tick();
            // Skip the samples that were missed while the machine was suspended.
            let next = self.next();
            let clock = Arc::clone(&self.clock);
            tokio::select! {
                () = clock.sleep_until(next) => {}
                () = stop.cancelled() => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::ManualClock;

    use super::*;

    fn sample(figures: &[(&'static str, f64)]) -> Sample {
        let mut sample = Sample::default();
        for (name, value) in figures {
            sample.set(*name, *value);
        }
        sample
    }

    #[test]
    fn columns_have_equal_lengths_when_series_appear_and_disappear() {
        let history = History::new();

        history.push(1000, &sample(&[("a", 1.0)]));
        history.push(2000, &sample(&[("b", 2.0)]));
        history.push(3000, &sample(&[("a", 3.0), ("b", f64::NAN)]));
        let read = history.since(None);

        assert_eq!(read.at_ms, [1000, 2000, 3000]);
        assert_eq!(read.series["a"], [Some(1.0), None, Some(3.0)]);
        assert_eq!(read.series["b"], [None, Some(2.0), None]);
    }

    #[test]
    fn a_later_read_returns_only_new_samples() {
        let history = History::new();
        for at in [1000, 2000, 3000] {
            history.push(at, &sample(&[("a", at as f64)]));
        }

        let read = history.since(Some(2000));

        assert_eq!(read.at_ms, [3000]);
        assert_eq!(read.series["a"], [Some(3000.0)]);
    }

    #[test]
    fn a_later_read_returns_new_samples_after_the_wall_clock_was_set_back() {
        let history = History::new();
        for at in [9000, 10_000, 2000, 3000] {
            history.push(at, &sample(&[("a", at as f64)]));
        }

        assert_eq!(history.since(Some(10_000)).at_ms, [2000, 3000]);
        assert_eq!(history.since(Some(2000)).at_ms, [3000]);
    }

    #[test]
    fn a_sink_gets_each_sample_with_its_time_and_how_it_is_downsampled() {
        #[derive(Default)]
        struct Kept(Mutex<Vec<(Timestamp, String, f64, Downsample)>>);
        impl SampleSink for Kept {
            fn take(&self, at: Timestamp, sample: &Sample) {
                let figures = sample.figures();
                let figures = figures.map(|(name, value, how)| (at, name.to_owned(), value, how));
                self.0.lock().extend(figures);
            }
        }
        let (clock, kept) = (ManualClock::new(), Arc::new(Kept::default()));
        let sampler: Sampler = Box::new(|_, sample| {
            sample.set("rate", 1.0);
            sample.set_peak("p99", Some(2.0));
            sample.set_peak("none", None);
        });
        let mut recorder = Recorder::new(History::new(), Arc::new(clock.clone()), vec![sampler])
            .with_sink(Arc::clone(&kept) as Arc<dyn SampleSink>);

        recorder.tick();

        let now = clock.now();
        assert_eq!(
            *kept.0.lock(),
            [
                (now, "p99".to_owned(), 2.0, Downsample::Max),
                (now, "rate".to_owned(), 1.0, Downsample::Mean)
            ]
        );
    }

    #[test]
    fn samples_are_taken_in_the_middle_of_intervals_of_five_seconds() {
        let clock = ManualClock::new();
        clock.advance(Duration::from_millis(1_900));
        let recorder = Recorder::new(History::new(), Arc::new(clock.clone()), Vec::new());

        for late in [0, 3, 2_400, 2_600, 4_999] {
            clock.advance(Duration::from_millis(late));
            let wait = recorder.next().saturating_since(clock.monotonic());
            clock.advance(wait);

            assert!(wait >= INTERVAL / 2 && wait < INTERVAL * 3 / 2, "{wait:?}");
            assert_eq!(clock.now().as_millisecond().rem_euclid(5_000), 2_500);
        }
    }

    #[test]
    fn samples_older_than_an_hour_are_removed() {
        let history = History::new();
        for at in 0..1000 {
            history.push(at, &sample(&[("a", 0.0)]));
        }

        let read = history.since(None);

        assert_eq!(read.at_ms.len(), SAMPLES_MAX);
        assert_eq!(read.series["a"].len(), SAMPLES_MAX);
        assert_eq!(read.at_ms.last(), Some(&999));
    }

    #[test]
    fn a_series_without_a_value_for_an_hour_is_removed() {
        let history = History::new();
        let many = |prefix: &str| {
            let mut sample = Sample::default();
            for number in 0..SERIES_MAX {
                sample.set(format!("{prefix}{number}"), 1.0);
            }
            sample
        };

        history.push(0, &many("old"));
        history.push(1, &many("new"));
        let full = history.since(None).series.contains_key("new0");
        for at in 2..=1 + SAMPLES_MAX as i64 {
            history.push(at, &many("new"));
        }
        let read = history.since(None);

        assert!(!full, "there were more series than the limit");
        assert!(read.series.contains_key("new0"));
        assert!(!read.series.contains_key("old0"));
        assert_eq!(read.series.len(), SERIES_MAX);
    }

    #[tokio::test]
    async fn the_recorder_takes_a_sample_at_start_and_one_per_interval() {
        let clock = ManualClock::new();
        let history = History::new();
        let (ticks, mut ticked) = tokio::sync::mpsc::channel(8);
        let mut count = 0.0;
        let counter: Sampler = Box::new(move |_, sample| {
            count += 1.0;
            sample.set("count", count);
        });
        let other: Sampler = Box::new(move |_, sample| {
            sample.set(format!("queue_{}", 7), 7.0);
            ticks.try_send(()).expect("the test listens");
        });
        let samplers = vec![counter, other];
        let mut recorder = Recorder::new(history.clone(), Arc::new(clock.clone()), samplers);
        let stop = Stop::new();

        let watch = async {
            for _ in 0..3 {
                // The tick and the next sleep happen in one poll, so once the tick is seen the clock can advance.
                ticked.recv().await;
                clock.advance(INTERVAL);
            }
            stop.cancel(clock.monotonic());
        };
        let (ended, ()) = tokio::join!(recorder.run(stop.clone()), watch);

        ended.expect("the recorder ends when it is stopped");
        let read = history.since(None);
        assert_eq!(read.series["count"][..3], [Some(1.0), Some(2.0), Some(3.0)]);
        assert_eq!(read.series["queue_7"][0], Some(7.0));
        assert_eq!(read.at_ms[1] - read.at_ms[0], 5000);
    }
}
