//! The last hour of a few figures, in memory.
//!
//! One column per figure, all of the same length, so that a page can draw them without joining. The size is fixed when the
//! first sample is taken: samples fall out at the old end, and the number of columns has a limit.

use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use outrigger_stdx::{Clock, Monotonic};
use outrigger_supervisor::{Service, ServiceError, Stop};

/// The time between two samples.
const INTERVAL: Duration = Duration::from_secs(5);
/// One hour of them.
const SAMPLES_MAX: usize = 720;
/// More series than a dashboard draws; a feeder that invents names cannot fill the memory.
const SERIES_MAX: usize = 64;

/// Reads what was recorded. Cheap to clone; clones share the record.
#[derive(Debug, Clone, Default)]
pub struct History {
    columns: Arc<Mutex<Columns>>,
}

#[derive(Debug, Default)]
struct Columns {
    at_ms: VecDeque<i64>,
    /// Each as long as `at_ms`; NaN where there is no figure.
    series: BTreeMap<&'static str, VecDeque<f64>>,
}

/// A part of the record: the n-th number of each series was taken at the n-th time.
#[derive(Debug, Clone, PartialEq)]
pub struct HistorySlice {
    /// The time between two samples.
    pub interval: Duration,
    /// When each sample was taken, in milliseconds since 1970.
    pub at_ms: Vec<i64>,
    /// The series by name; none where there was no figure.
    pub series: BTreeMap<&'static str, Vec<Option<f64>>>,
}

/// The figures of one moment.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    figures: BTreeMap<&'static str, f64>,
}

type Feed = Box<dyn FnMut(Monotonic, &mut Sample) + Send>;

/// Takes a sample every five seconds.
pub struct Recorder {
    history: History,
    clock: Arc<dyn Clock>,
    feed: Feed,
}

impl Sample {
    /// Notes a figure. What is not a finite number is no figure.
    pub fn set(&mut self, name: &'static str, value: f64) {
        if value.is_finite() {
            self.figures.insert(name, value);
        }
    }

    /// Notes a figure where there is one.
    pub fn set_some(&mut self, name: &'static str, value: Option<f64>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }
}

impl History {
    /// An empty record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The samples taken after `since_ms` (milliseconds since 1970), or all of them.
    #[must_use]
    pub fn since(&self, since_ms: Option<i64>) -> HistorySlice {
        let columns = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        // The sample that a page has seen last is known by its very time: when the wall clock has been set back, what came
        // after it has a smaller one.
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
                .map(|(name, column)| (*name, column.iter().skip(skip).map(known).collect()))
                .collect(),
        }
    }

    fn push(&self, at_ms: i64, sample: &Sample) {
        let mut columns = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
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
        for name in sample.figures.keys() {
            if series.len() < SERIES_MAX && !series.contains_key(name) {
                series.insert(name, VecDeque::from(vec![f64::NAN; times.len()]));
            }
        }
        times.push_back(at_ms);
        for (name, column) in series {
            column.push_back(sample.figures.get(name).copied().unwrap_or(f64::NAN));
        }
    }
}

impl Recorder {
    /// Records into `history` what `feed` notes at each tick. `feed` gets the monotonic time, for [`crate::RateOf`]; it must
    /// not block.
    #[must_use]
    pub fn new(
        history: History,
        clock: Arc<dyn Clock>,
        feed: impl FnMut(Monotonic, &mut Sample) + Send + 'static,
    ) -> Self {
        Self {
            history,
            clock,
            feed: Box::new(feed),
        }
    }

    fn tick(&mut self) {
        let mut sample = Sample::default();
        (self.feed)(self.clock.monotonic(), &mut sample);
        self.history
            .push(self.clock.now().as_millisecond(), &sample);
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
        let mut next = self.clock.monotonic();
        loop {
            self.tick();
            // After a pause of the machine the missed samples are not made up.
            next = (next + INTERVAL).max(self.clock.monotonic());
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
            sample.set(name, *value);
        }
        sample
    }

    #[test]
    fn columns_stay_of_equal_length_when_series_come_and_go() {
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
    fn a_page_that_asks_again_gets_only_what_is_new() {
        let history = History::new();
        for at in [1000, 2000, 3000] {
            history.push(at, &sample(&[("a", at as f64)]));
        }

        let read = history.since(Some(2000));

        assert_eq!(read.at_ms, [3000]);
        assert_eq!(read.series["a"], [Some(3000.0)]);
    }

    #[test]
    fn a_page_gets_what_is_new_after_the_wall_clock_was_set_back() {
        let history = History::new();
        for at in [9000, 10_000, 2000, 3000] {
            history.push(at, &sample(&[("a", at as f64)]));
        }

        assert_eq!(history.since(Some(10_000)).at_ms, [2000, 3000]);
        assert_eq!(history.since(Some(2000)).at_ms, [3000]);
    }

    #[test]
    fn an_hour_is_kept_and_no_more() {
        let history = History::new();
        for at in 0..1000 {
            history.push(at, &sample(&[("a", 0.0)]));
        }

        let read = history.since(None);

        assert_eq!(read.at_ms.len(), SAMPLES_MAX);
        assert_eq!(read.series["a"].len(), SAMPLES_MAX);
        assert_eq!(read.at_ms.last(), Some(&999));
    }

    #[tokio::test]
    async fn the_recorder_takes_a_sample_at_start_and_one_per_interval() {
        let clock = ManualClock::new();
        let history = History::new();
        let (ticks, mut ticked) = tokio::sync::mpsc::channel(8);
        let mut count = 0.0;
        let mut recorder = Recorder::new(
            history.clone(),
            Arc::new(clock.clone()),
            move |_, sample| {
                count += 1.0;
                sample.set("count", count);
                ticks.try_send(()).expect("the test listens");
            },
        );
        let stop = Stop::new();

        let watch = async {
            for _ in 0..3 {
                // The tick and the wait after it are one poll, so whoever has seen the tick may advance the clock.
                ticked.recv().await;
                clock.advance(INTERVAL);
            }
            stop.cancel(clock.monotonic());
        };
        let (ended, ()) = tokio::join!(recorder.run(stop.clone()), watch);

        ended.expect("the recorder ends when it is told to");
        let read = history.since(None);
        assert_eq!(read.series["count"][..3], [Some(1.0), Some(2.0), Some(3.0)]);
        assert_eq!(read.at_ms[1] - read.at_ms[0], 5000);
    }
}
