//! The service that writes and deletes, on a clock of the test.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::SignedDuration;
use outrigger_history::{
    EventFilter, EventKind, Events, HistoryClock, HistoryConfig, HistoryFile, HistoryWriter,
    NewEvent, Problems, Report, Series, Severity,
};
use outrigger_sql::SqliteOptions;
use outrigger_stdx::{Actor, Clock, ManualClock};
use outrigger_supervisor::{Service, Stop};
use outrigger_telemetry::{Sample, SampleSink};

const DAY: Duration = Duration::from_secs(86_400);

struct Fixture {
    clock: ManualClock,
    file: HistoryFile,
    events: Events,
    problems: Problems,
    series: Series,
    guard: HistoryClock,
    folder: tempfile::TempDir,
}

async fn open(folder: tempfile::TempDir, clock: ManualClock) -> Fixture {
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let options = SqliteOptions {
        name: "history",
        ..SqliteOptions::default()
    };
    let path = folder.path().join("history.db");
    let file = HistoryFile::open(&path, options, Arc::clone(&shared)).await;
    let events = Events::new(file.clone(), Arc::clone(&shared));
    Fixture {
        problems: Problems::load(file.clone(), events.clone(), Arc::clone(&shared)).await,
        series: Series::new(file.clone(), &HistoryConfig::default(), Arc::clone(&shared)),
        guard: HistoryClock::new(file.clone(), events.clone(), shared),
        events,
        file,
        folder,
        clock,
    }
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    open(folder, ManualClock::new()).await
}

impl Fixture {
    fn keeper(&self) -> HistoryWriter {
        HistoryWriter::new(
            self.file.clone(),
            self.events.clone(),
            self.problems.clone(),
            self.series.clone(),
            self.guard.clone(),
            Arc::new(self.clock.clone()),
        )
    }

    /// One pass of a keeper that has run long enough to delete.
    async fn pass(&self) {
        let mut keeper = self.keeper();
        self.clock.advance(Duration::from_secs(11));
        let stop = Stop::new();
        stop.cancel(self.clock.monotonic());
        keeper.run(stop).await.expect("it never fails");
    }

    async fn note(&self, title: &str) {
        let new = NewEvent {
            kind: EventKind::Note,
            title: title.to_owned(),
            at: None,
            attributes: BTreeMap::new(),
        };
        let created = self.events.create(new, &Actor::local()).await;
        created.expect("the file works");
    }

    async fn titles(&self) -> Vec<String> {
        let page = self.events.list(EventFilter::default(), None, 500).await;
        let events = page.expect("the file works").items;
        events.into_iter().map(|event| event.title).collect()
    }
}

#[tokio::test]
async fn a_keeper_that_stops_has_written_all() {
    let fixture = fixture().await;
    let mut sample = Sample::default();
    sample.set("rate", 7.0);
    fixture.series.take(fixture.clock.now(), &sample);
    let evaluation = fixture.problems.begin();
    let report = Report {
        code: "leak",
        object: None,
        capability: "boats",
        severity: Severity::Error,
        title: "The boat leaks".to_owned(),
        detail: String::new(),
        fix: String::new(),
        page: "/",
        guide: None,
        occurrences: None,
    };
    fixture.problems.apply(evaluation, vec![report]);

    fixture.pass().await;
    fixture.file.close().await;

    let fixture = open(fixture.folder, fixture.clock).await;
    let now = fixture.clock.now();
    let slice = fixture
        .series
        .range(now - SignedDuration::from_mins(5), now);
    let slice = slice.await.expect("the file works");
    assert!(slice.series["rate"].contains(&Some(7.0)));
    assert_eq!(fixture.problems.unresolved().len(), 1);
    assert_eq!(fixture.titles().await, ["The boat leaks"]);
}

#[tokio::test]
async fn events_are_deleted_after_90_days_and_not_before() {
    let fixture = fixture().await;
    fixture.note("old").await;
    fixture.pass().await;

    for _ in 0..3 {
        fixture.clock.advance(29 * DAY);
        fixture.pass().await;
    }
    fixture.note("new").await;
    let before = fixture.titles().await;
    fixture.clock.advance(4 * DAY);
    fixture.pass().await;
    let after = fixture.titles().await;

    assert_eq!(before, ["new", "old"]);
    assert_eq!(after, ["new"]);
}

#[tokio::test]
async fn a_clock_that_jumped_ahead_deletes_nothing_until_somebody_says_that_it_is_right() {
    let fixture = fixture().await;
    fixture.note("kept").await;
    let mut sample = Sample::default();
    sample.set("rate", 7.0);
    fixture.series.take(fixture.clock.now(), &sample);
    fixture.pass().await;
    let then = fixture.clock.now();

    fixture.clock.jump(SignedDuration::from_hours(24 * 365));
    fixture.pass().await;
    let kept = fixture.titles().await;
    let now = then + SignedDuration::from_secs(1);
    let slice = fixture
        .series
        .range(then - SignedDuration::from_mins(5), now);
    let figures = slice.await.expect("the file works").series;
    fixture.guard.confirm().await.expect("the file works");
    fixture.pass().await;
    let confirmed = fixture.titles().await;

    assert_eq!(kept, ["kept"]);
    assert!(figures.contains_key("rate"), "{figures:?}");
    assert!(confirmed.is_empty(), "{confirmed:?}");
}

#[tokio::test]
async fn the_file_shrinks_when_old_events_are_deleted() {
    let fixture = fixture().await;
    for part in 0..10 {
        for _ in 0..100 {
            let attributes = [("log", "x".repeat(10_000))];
            let title = format!("part {part}");
            fixture
                .events
                .note(EventKind::Note, title, attributes, &Actor::system());
        }
        fixture.titles().await;
    }
    for _ in 0..4 {
        fixture.pass().await;
        fixture.clock.advance(29 * DAY);
    }

    fixture.pass().await;
    fixture.file.close().await;

    let file = std::fs::metadata(fixture.folder.path().join("history.db"));
    let size = file.expect("the file exists").len();
    assert!(size < 1 << 20, "{size}");
}

#[tokio::test]
async fn a_keeper_that_stops_has_written_the_repeats_of_the_last_minute() {
    let fixture = fixture().await;
    for _ in 0..3 {
        let amount = ("entries", 5);
        fixture.events.note_repeatable(
            EventKind::CacheCleared,
            "cleared",
            [],
            amount,
            &Actor::local(),
            "",
        );
    }

    fixture.pass().await;

    assert_eq!(fixture.titles().await, ["cleared 2 more times", "cleared"]);
}

#[tokio::test]
async fn events_are_not_listed_while_the_file_cannot_be_used() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("history.db"), "this is no database").expect("it is written");
    let fixture = open(folder, ManualClock::new()).await;

    fixture
        .events
        .note(EventKind::Start, "started", [], &Actor::system());
    fixture.pass().await;

    assert!(fixture.file.error().is_some());
    let listed = fixture.events.list(EventFilter::default(), None, 10).await;
    assert!(listed.is_err());
}
