//! Tests of the bounds of events: whatever arrives, the file stays small, and no events push out those of another group.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use jiff::SignedDuration;
use outrigger_history::{Event, EventFilter, EventKind, Events, HistoryFile, NewEvent};
use outrigger_sql::{Migrations, SqlError, SqliteDatabase, SqliteOptions};
use outrigger_stdx::{Actor, Clock, ManualClock};

/// The schema of an earlier release.
const EARLIER: Migrations = Migrations {
    capability: "history",
    sqlite: &[
        (
            "V1__events_and_problems",
            include_str!("../migrations/sqlite/V1__events_and_problems.sql"),
        ),
        (
            "V2__series",
            include_str!("../migrations/sqlite/V2__series.sql"),
        ),
    ],
    postgres: &[],
};
/// 20,000 events of an earlier release.
const INSERT_EARLIER: &str = "
    with recursive numbers (number) as (
        select 1 union all select number + 1 from numbers where number < 20000)
    insert into history_events (id, at, kind, title, attributes, actor, actor_kind)
    select cast(printf('%016d', number) as blob), number, 'note', number, '{}', 'local', 'local'
    from numbers";

struct Fixture {
    clock: ManualClock,
    events: Events,
    file: HistoryFile,
    folder: tempfile::TempDir,
}

fn options() -> SqliteOptions {
    SqliteOptions {
        name: "history",
        ..SqliteOptions::default()
    }
}

async fn fixture() -> Fixture {
    open(tempfile::tempdir().expect("a temporary folder")).await
}

async fn open(folder: tempfile::TempDir) -> Fixture {
    let clock = ManualClock::new();
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let path = folder.path().join("history.db");
    let file = HistoryFile::open(&path, options(), Arc::clone(&shared)).await;
    Fixture {
        events: Events::new(file.clone(), shared),
        file,
        folder,
        clock,
    }
}

impl Fixture {
    /// Stores `count` events. Their titles are their numbers.
    async fn store(&self, kind: EventKind, count: usize, attribute: &str) {
        for number in 0..count {
            let attributes = [("attribute", attribute.to_owned())];
            let title = number.to_string();
            self.events.note(kind, title, attributes, &Actor::system());
            // At most 256 are queued.
            if number % 200 == 199 {
                self.store_queued().await;
            }
        }
        self.store_queued().await;
    }

    async fn store_queued(&self) {
        let listed = self.events.list(EventFilter::default(), None, 1).await;
        listed.expect("the file works");
    }

    async fn send_ahead(&self, title: &str, ahead: SignedDuration) {
        let new = NewEvent {
            kind: EventKind::Note,
            title: title.to_owned(),
            at: Some(self.clock.now() + ahead),
            attributes: BTreeMap::new(),
        };
        let created = self.events.create(new, &Actor::local()).await;
        created.expect("the file works");
    }

    fn clear(&self, address: &str, entries: u64) {
        self.events.note_repeatable(
            EventKind::CacheCleared,
            "cleared",
            [("database", "3".to_owned())],
            ("entries", entries),
            &Actor::local(),
            address,
        );
    }

    /// Lists all events of a kind, the newest first.
    async fn all(&self, kind: EventKind) -> Vec<Event> {
        let filter = EventFilter {
            kind: Some(kind),
            ..EventFilter::default()
        };
        let listed = self.events.list(filter, None, 100_000).await;
        listed.expect("the file works").items
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("history.db")
    }
}

fn has(events: &[Event], title: &str) -> bool {
    events.iter().any(|event| event.title == title)
}

#[tokio::test]
async fn more_than_10000_sent_events_are_never_stored() {
    let fixture = fixture().await;

    fixture.store(EventKind::Deploy, 10_001, "").await;

    let kept = fixture.all(EventKind::Deploy).await;
    assert_eq!(kept.len(), 10_000);
    assert!(!has(&kept, "0"));
    assert!(has(&kept, "1"));
}

#[tokio::test]
async fn large_events_take_a_bounded_part_of_the_file() {
    let fixture = fixture().await;

    fixture
        .store(EventKind::Note, 4_000, &"x".repeat(12_000))
        .await;
    fixture.file.close().await;

    let size = std::fs::metadata(fixture.path()).expect("the file exists");
    assert!(size.len() < 32 << 20, "{}", size.len());
}

#[tokio::test]
async fn the_events_that_arrived_first_are_deleted_first_whatever_their_time() {
    let fixture = fixture().await;
    let hour = SignedDuration::from_hours(1);
    fixture.send_ahead("ahead", 23 * hour).await;

    fixture.store(EventKind::Note, 9_999, "").await;
    fixture.send_ahead("past", -hour).await;

    let kept = fixture.all(EventKind::Note).await;
    assert_eq!(kept.len(), 10_000);
    assert!(!has(&kept, "ahead"));
    assert!(has(&kept, "past"));
}

#[tokio::test]
async fn events_that_clients_cause_push_out_no_others() {
    let fixture = fixture().await;
    fixture.store(EventKind::Start, 1, "").await;
    fixture.store(EventKind::Deploy, 1, "").await;

    fixture.store(EventKind::CacheCleared, 2_001, "").await;
    fixture.store(EventKind::Note, 10_000, "").await;

    assert_eq!(fixture.all(EventKind::CacheCleared).await.len(), 2_000);
    assert_eq!(fixture.all(EventKind::Start).await.len(), 1);
    assert_eq!(fixture.all(EventKind::Deploy).await.len(), 0);
}

#[tokio::test]
async fn the_newest_events_of_an_earlier_release_are_kept_in_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Arc::new(ManualClock::new());
    let path = folder.path().join("history.db");
    let earlier = SqliteDatabase::open(&path, options(), clock).await;
    let earlier = earlier.expect("it is a new file");
    earlier.migrate(EARLIER).await.expect("it is a new file");
    let inserted =
        earlier.write(|connection| Ok::<_, SqlError>(connection.execute(INSERT_EARLIER, [])?));
    inserted.await.expect("the file works");
    earlier.close().await;

    let fixture = open(folder).await;
    fixture.send_ahead("new", SignedDuration::ZERO).await;

    let kept = fixture.all(EventKind::Note).await;
    let titles: Vec<&str> = kept.iter().map(|event| &*event.title).collect();
    assert_eq!(titles.len(), 10_000);
    assert_eq!(titles[..2], ["new", "20000"]);
    assert_eq!(titles.last(), Some(&"10002"));
}

#[tokio::test]
async fn repeats_within_a_minute_become_one_event_with_their_count_and_sum() {
    let fixture = fixture().await;

    for _ in 0..1_000 {
        fixture.clear("192.0.2.1", 7);
    }
    fixture.clear("192.0.2.2", 1);
    let at_once = fixture.all(EventKind::CacheCleared).await;
    fixture.clock.advance(Duration::from_secs(60));
    let after = fixture.all(EventKind::CacheCleared).await;
    fixture.clear("192.0.2.1", 2);
    fixture.clock.advance(Duration::from_secs(60));
    let last = fixture.all(EventKind::CacheCleared).await;

    assert_eq!(at_once.len(), 2);
    assert!(at_once.iter().all(|event| event.title == "cleared"));
    assert_eq!(after.len(), 3);
    assert_eq!(after[0].title, "cleared 999 more times");
    assert_eq!(after[0].attributes["times"], "999");
    assert_eq!(after[0].attributes["entries"], "6993");
    assert_eq!(after[0].attributes["database"], "3");
    assert_eq!(last.len(), 4);
    assert!(last.iter().any(|event| event.attributes["entries"] == "2"));
}

#[tokio::test]
async fn repeats_from_many_addresses_become_one_event() {
    let fixture = fixture().await;

    for address in 0..10_000 {
        fixture.clear(&address.to_string(), 1);
    }

    let cleared = fixture.all(EventKind::CacheCleared).await;
    assert_eq!(cleared.len(), 65);
}
