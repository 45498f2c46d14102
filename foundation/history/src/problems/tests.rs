//! Tests of the lifecycle of problems.

use jiff::SignedDuration;
use outrigger_sql::SqliteOptions;
use outrigger_stdx::ManualClock;

use super::*;
use crate::{Event, EventFilter, Severity};

struct Fixture {
    clock: ManualClock,
    problems: Problems,
    folder: tempfile::TempDir,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = ManualClock::new();
    let problems = load(&folder, &clock).await;
    Fixture {
        clock,
        problems,
        folder,
    }
}

async fn load(folder: &tempfile::TempDir, clock: &ManualClock) -> Problems {
    let path = folder.path().join("history.db");
    let options = SqliteOptions {
        name: "history",
        ..SqliteOptions::default()
    };
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let file = HistoryFile::open(&path, options, Arc::clone(&clock)).await;
    let events = Events::new(file.clone(), Arc::clone(&clock));
    Problems::load(file, events, clock).await
}

fn condition(code: &'static str) -> Report {
    Report {
        code,
        object: None,
        capability: "boats",
        severity: Severity::Error,
        title: "The boat leaks".to_owned(),
        detail: "two litres".to_owned(),
        fix: "bail".to_owned(),
        page: "/boats",
        guide: None,
        occurrences: None,
    }
}

fn occurred(times: u64) -> Report {
    Report {
        occurrences: Some(times),
        ..condition("wave")
    }
}

impl Fixture {
    fn evaluate(&self, reports: Vec<Report>) {
        let evaluation = self.problems.begin();
        self.problems.apply(evaluation, reports);
    }

    fn only(&self) -> Problem {
        let (mut problems, next) = self.problems.list(None, None, 10);
        assert_eq!((problems.len(), next), (1, None));
        problems.remove(0)
    }

    async fn events(&self) -> Vec<Event> {
        let events = &self.problems.inner.events;
        let page = events.list(EventFilter::default(), None, 100).await;
        page.expect("the file works").items
    }
}

#[tokio::test]
async fn a_condition_is_open_while_it_is_reported() {
    let fixture = fixture().await;
    let opened_at = fixture.clock.now();

    fixture.evaluate(vec![condition("leak")]);
    let open = fixture.only();
    fixture.clock.advance(Duration::from_secs(5));
    fixture.evaluate(vec![condition("leak")]);
    let renewed = fixture.only();
    fixture.clock.advance(Duration::from_secs(5));
    fixture.evaluate(vec![]);
    let resolved = fixture.only();

    assert_eq!((open.state, open.count), (ProblemState::Open, 1));
    assert_eq!((renewed.first_seen, renewed.count), (opened_at, 2));
    assert_eq!(renewed.last_seen, opened_at + SignedDuration::from_secs(5));
    assert_eq!(resolved.state, ProblemState::Resolved);
    assert_eq!(resolved.resolved_at, Some(fixture.clock.now()));
    assert_eq!(resolved.last_seen, renewed.last_seen);
    assert!(fixture.problems.unresolved().is_empty());
}

#[tokio::test]
async fn occurrences_resolve_after_ten_minutes_without_another_one() {
    let fixture = fixture().await;
    let second = Duration::from_secs(1);

    fixture.evaluate(vec![occurred(3)]);
    fixture.clock.advance(QUIET - second);
    fixture.evaluate(vec![occurred(5)]);
    let again = fixture.only();
    fixture.clock.advance(QUIET - second);
    fixture.evaluate(vec![occurred(5)]);
    let quiet = fixture.only();
    fixture.clock.advance(second);
    fixture.evaluate(vec![occurred(5)]);
    let over = fixture.only();

    assert_eq!((again.state, again.count), (ProblemState::Open, 5));
    assert_eq!((quiet.state, quiet.count), (ProblemState::Open, 5));
    assert_eq!(quiet.last_seen, again.last_seen);
    assert_eq!(over.state, ProblemState::Resolved);
}

#[tokio::test]
async fn an_occurrence_after_the_resolution_reopens_the_problem() {
    let fixture = fixture().await;
    fixture.evaluate(vec![occurred(3)]);
    fixture.clock.advance(QUIET);
    fixture.evaluate(vec![occurred(3)]);
    fixture.clock.advance(QUIET);

    fixture.evaluate(vec![occurred(4)]);

    let problem = fixture.only();
    assert_eq!((problem.state, problem.count), (ProblemState::Open, 1));
    assert_eq!(problem.first_seen, fixture.clock.now());
    assert_eq!(problem.resolved_at, None);
}

#[tokio::test]
async fn a_total_of_zero_opens_no_problem() {
    let fixture = fixture().await;

    fixture.evaluate(vec![occurred(0)]);

    assert_eq!(fixture.problems.list(None, None, 10), (vec![], None));
}

#[tokio::test]
async fn an_acknowledged_problem_stays_acknowledged_until_it_is_resolved() {
    let fixture = fixture().await;
    fixture.evaluate(vec![condition("leak")]);

    let acknowledged = fixture.problems.acknowledge("leak", &Actor::local());
    fixture.clock.advance(Duration::from_secs(5));
    let again = fixture.problems.acknowledge("leak", &Actor::system());
    fixture.evaluate(vec![condition("leak")]);
    let still = fixture.only();
    fixture.evaluate(vec![]);
    let refused = fixture.problems.acknowledge("leak", &Actor::local());
    fixture.evaluate(vec![condition("leak")]);
    let anew = fixture.only();

    let acknowledged = acknowledged.expect("it is open");
    assert_eq!(acknowledged.state, ProblemState::Acknowledged);
    let by = acknowledged.acknowledged.as_ref();
    assert_eq!(by.map(|by| by.by.as_str()), Some("local"));
    assert_eq!(again.as_ref(), Ok(&acknowledged));
    assert_eq!(still.state, ProblemState::Acknowledged);
    assert_eq!(still.acknowledged, acknowledged.acknowledged);
    assert_eq!(refused, Err(HistoryError::Resolved));
    assert_eq!((anew.state, anew.acknowledged), (ProblemState::Open, None));
}

#[tokio::test]
async fn an_acknowledgement_can_be_withdrawn() {
    let fixture = fixture().await;
    fixture.evaluate(vec![condition("leak")]);
    let acknowledged = fixture.problems.acknowledge("leak", &Actor::local());
    acknowledged.expect("it is open");

    let open = fixture.problems.unacknowledge("leak").expect("it is known");
    let again = fixture.problems.unacknowledge("leak").expect("it is known");
    let unknown = fixture.problems.unacknowledge("wave");

    assert_eq!(
        (open.state, &open.acknowledged),
        (ProblemState::Open, &None)
    );
    assert_eq!(again, open);
    assert_eq!(unknown, Err(HistoryError::NoSuchProblem));
}

#[tokio::test]
async fn problems_of_different_objects_have_different_ids() {
    let fixture = fixture().await;
    let of = |object: &str| Report {
        object: Some(object.to_owned()),
        ..condition("leak")
    };

    fixture.evaluate(vec![of("Access pruner"), of("../état 2")]);

    let (problems, _) = fixture.problems.list(None, None, 10);
    let ids: Vec<_> = problems.iter().map(|problem| &*problem.id).collect();
    assert_eq!(ids, ["leak.tat-2", "leak.access-pruner"]);
}

#[tokio::test]
async fn an_evaluation_that_ends_after_a_later_one_is_ignored() {
    let fixture = fixture().await;

    let slow = fixture.problems.begin();
    fixture.evaluate(vec![condition("leak")]);
    fixture.problems.apply(slow, vec![]);

    assert_eq!(fixture.only().state, ProblemState::Open);
}

#[tokio::test]
async fn frequent_evaluations_do_not_inflate_the_count() {
    let fixture = fixture().await;

    for _ in 0..10 {
        fixture.evaluate(vec![condition("leak")]);
        fixture.clock.advance(Duration::from_millis(100));
    }

    assert_eq!(fixture.only().count, 1);
}

#[tokio::test]
async fn setting_the_wall_clock_resolves_nothing() {
    let fixture = fixture().await;
    fixture.evaluate(vec![occurred(1)]);

    fixture.clock.jump(SignedDuration::from_hours(24 * 365));
    fixture.evaluate(vec![occurred(1)]);

    assert_eq!(fixture.only().state, ProblemState::Open);
}

#[tokio::test]
async fn the_state_survives_a_restart() {
    let fixture = fixture().await;
    fixture.evaluate(vec![condition("leak"), occurred(7)]);
    let acknowledged = fixture.problems.acknowledge("leak", &Actor::local());
    acknowledged.expect("it is open");
    let before = fixture.problems.list(None, None, 10);
    fixture.problems.flush().await.expect("the file works");
    fixture.problems.inner.file.close().await;

    let restarted = Fixture {
        problems: load(&fixture.folder, &fixture.clock).await,
        ..fixture
    };
    let after = restarted.problems.list(None, None, 10);
    restarted.evaluate(vec![condition("leak"), occurred(0)]);
    let going_on = restarted.problems.unresolved().len();
    restarted.clock.advance(QUIET);
    restarted.evaluate(vec![condition("leak"), occurred(0)]);
    let left = restarted.problems.unresolved();

    assert_eq!(after, before);
    assert_eq!(going_on, 2);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].state, ProblemState::Acknowledged);
}

#[tokio::test]
async fn opening_and_resolving_are_events() {
    let fixture = fixture().await;

    fixture.evaluate(vec![condition("leak")]);
    fixture.evaluate(vec![condition("leak")]);
    fixture.evaluate(vec![]);
    let events = fixture.events().await;

    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.kind, &*event.title, &*event.attributes["problem"]))
        .collect();
    assert_eq!(
        seen,
        [
            (EventKind::ProblemResolved, "The boat leaks", "leak"),
            (EventKind::ProblemOpened, "The boat leaks", "leak")
        ]
    );
}

#[tokio::test]
async fn the_list_is_paginated_and_filtered_by_state() {
    let fixture = fixture().await;
    for code in ["a", "b", "c"] {
        fixture.evaluate(vec![condition(code)]);
        fixture.clock.advance(Duration::from_secs(1));
    }

    let (first, next) = fixture.problems.list(None, None, 2);
    let cursor = next.expect("there is another part").to_string().parse();
    let cursor: ProblemCursor = cursor.expect("it reads back");
    let (second, end) = fixture.problems.list(None, Some(&cursor), 2);
    let (open, _) = fixture.problems.list(Some(ProblemState::Open), None, 10);

    let ids = |problems: &[Problem]| {
        let ids = problems.iter().map(|problem| problem.id.clone());
        ids.collect::<Vec<_>>().join(" ")
    };
    assert_eq!((&*ids(&first), &*ids(&second)), ("c b", "a"));
    assert_eq!(end, None);
    assert_eq!(ids(&open), "c");
}

#[tokio::test]
async fn the_number_of_problems_is_bounded() {
    let fixture = fixture().await;
    let of = |object: usize| Report {
        object: Some(object.to_string()),
        ..condition("leak")
    };

    fixture.evaluate((0..2 * UNRESOLVED_MAX).map(of).collect());
    let open = fixture.problems.unresolved().len();
    fixture.evaluate(vec![]);
    let (resolved, _) = fixture.problems.list(None, None, 1000);

    assert_eq!(open, UNRESOLVED_MAX);
    assert_eq!(resolved.len(), RESOLVED_MAX);
}

#[tokio::test]
async fn problems_are_tracked_without_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("history.db"), "this is no database").expect("it is written");
    let clock = ManualClock::new();
    let fixture = Fixture {
        problems: load(&folder, &clock).await,
        clock,
        folder,
    };

    fixture.evaluate(vec![condition("leak")]);
    let flushed = fixture.problems.flush().await;
    let acknowledged = fixture.problems.acknowledge("leak", &Actor::local());
    fixture.evaluate(vec![]);

    assert!(matches!(flushed, Err(HistoryError::Store(_))));
    assert!(acknowledged.is_ok());
    assert_eq!(fixture.only().state, ProblemState::Resolved);
}
