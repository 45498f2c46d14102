//! Tests of events in a file.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use outrigger_history::{Event, EventFilter, EventKind, Events, HistoryFile, NewEvent};
use outrigger_sql::SqliteOptions;
use outrigger_stdx::{Actor, Clock, ManualClock};

struct Fixture {
    clock: ManualClock,
    events: Events,
    file: HistoryFile,
    folder: tempfile::TempDir,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    open(folder, ManualClock::new()).await
}

async fn open(folder: tempfile::TempDir, clock: ManualClock) -> Fixture {
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let options = SqliteOptions {
        name: "history",
        ..SqliteOptions::default()
    };
    let path = folder.path().join("history.db");
    let file = HistoryFile::open(&path, options, Arc::clone(&shared)).await;
    Fixture {
        events: Events::new(file.clone(), shared),
        file,
        folder,
        clock,
    }
}

impl Fixture {
    async fn create(&self, kind: EventKind, title: &str) -> Event {
        let new = NewEvent {
            kind,
            title: title.to_owned(),
            at: None,
            attributes: BTreeMap::from([("version".to_owned(), "1".to_owned())]),
        };
        let created = self.events.create(new, &Actor::local()).await;
        self.clock.advance(Duration::from_secs(1));
        created.expect("the file works")
    }

    async fn titles(&self, filter: EventFilter) -> Vec<String> {
        let page = self.events.list(filter, None, 100).await;
        let events = page.expect("the file works").items;
        events.into_iter().map(|event| event.title).collect()
    }
}

#[tokio::test]
async fn an_event_is_unchanged_after_a_restart() {
    let fixture = fixture().await;
    let sent = fixture.create(EventKind::Deploy, "shop 1.4.2").await;
    fixture.file.close().await;

    let fixture = open(fixture.folder, fixture.clock).await;
    let page = fixture
        .events
        .list(EventFilter::default(), None, 10)
        .await
        .expect("the file works");

    assert_eq!(page.items, [sent]);
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn events_are_filtered_by_time_and_kind_newest_first() {
    let fixture = fixture().await;
    fixture.create(EventKind::Deploy, "a").await;
    let middle = fixture.create(EventKind::Note, "b").await.at;
    fixture.create(EventKind::Deploy, "c").await;

    let all = EventFilter::default();
    let from = EventFilter {
        from: Some(middle),
        ..all
    };
    let to = EventFilter {
        to: Some(middle),
        ..all
    };
    let deploys = EventFilter {
        kind: Some(EventKind::Deploy),
        ..all
    };

    assert_eq!(fixture.titles(all).await, ["c", "b", "a"]);
    assert_eq!(fixture.titles(from).await, ["c", "b"]);
    assert_eq!(fixture.titles(to).await, ["b", "a"]);
    assert_eq!(fixture.titles(deploys).await, ["c", "a"]);
}

#[tokio::test]
async fn pages_of_simultaneous_events_have_no_gap() {
    let fixture = fixture().await;
    for title in ["a", "b", "c"] {
        fixture
            .events
            .note(EventKind::Note, title, [], &Actor::system());
    }

    let mut titles = Vec::new();
    let mut cursor = None;
    loop {
        let page = fixture.events.list(EventFilter::default(), cursor, 1).await;
        let page = page.expect("the file works");
        titles.extend(page.items.into_iter().map(|event| event.title));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }

    assert_eq!(titles, ["c", "b", "a"]);
}

#[tokio::test]
async fn concurrent_lists_all_contain_the_queued_events() {
    let fixture = fixture().await;
    for round in 0..50 {
        let note = format!("{round}");
        fixture
            .events
            .note(EventKind::Note, &*note, [], &Actor::system());

        let all = EventFilter::default();
        let (one, other) = tokio::join!(fixture.titles(all), fixture.titles(all));

        assert_eq!((one.first(), other.first()), (Some(&note), Some(&note)));
        assert_eq!(one.len(), round + 1);
    }
}
