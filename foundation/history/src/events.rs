//! Events. Sent events are stored before the call returns; the program's own events go through a short queue.

mod repeats;
mod shares;
mod statements;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    fmt,
    sync::Arc,
};

use jiff::Timestamp;
use outrigger_sql::{Columns, SqlError};
use outrigger_stdx::{Actor, Clock, Cursor, Page};
use parking_lot::Mutex;
use rusqlite::{Connection, Row, params};
use tokio::sync::Notify;
use uuid::Uuid;

use self::repeats::Repeats;
use crate::{
    Event, EventFilter, EventId, EventKind, HistoryError, HistoryFile, NewEvent, event::RETENTION,
};

/// The maximum number of the program's own events in the queue. Beyond that, the oldest are dropped.
const PENDING_MAX: usize = 256;
/// The maximum number of events that one pass deletes because of their age.
const PRUNED_MAX: u32 = 5_000;

/// Keeps events for 90 days: at most 10,000 that clients sent, 2,000 of the kind `cache_cleared` and 8,000 others, together
/// 32 MiB. Beyond that, those of the same group that arrived first are deleted. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    inner: Arc<Inner>,
}

struct Inner {
    file: HistoryFile,
    clock: Arc<dyn Clock>,
    pending: Mutex<VecDeque<Event>>,
    repeats: Mutex<Repeats>,
    /// Notifies the keeper that events are queued.
    waits: Arc<Notify>,
}

impl Events {
    /// Creates the events on `file`.
    #[must_use]
    pub fn new(file: HistoryFile, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner: Arc::new(Inner {
                file,
                clock,
                pending: Mutex::default(),
                repeats: Mutex::default(),
                waits: Arc::default(),
            }),
        }
    }

    /// Stores an event sent by `actor`.
    ///
    /// # Errors
    ///
    /// Returns [`HistoryError::Fields`] if a field exceeds its limits and [`HistoryError::Store`] if the file fails.
    pub async fn create(&self, new: NewEvent, actor: &Actor) -> Result<Event, HistoryError> {
        let now = self.inner.clock.now();
        let (new, at) = new.checked(now)?;
        let event = Event {
            id: EventId::generate(now),
            at,
            kind: new.kind,
            title: new.title,
            attributes: new.attributes,
            actor: actor.label().to_owned(),
            actor_kind: actor.kind_name().to_owned(),
        };
        self.insert(vec![event.clone()]).await?;
        Ok(event)
    }

    /// Queues an event of the program itself. Never waits and never fails: the event is stored soon, or dropped if the file
    /// is unusable and 256 newer events are queued.
    pub fn note<const N: usize>(
        &self,
        kind: EventKind,
        title: impl Into<String>,
        attributes: [(&str, String); N],
        actor: &Actor,
    ) {
        let event = self.event(kind, title.into(), attributes, actor);
        self.queue([event]);
    }

    /// Queues an event of the program itself that clients can cause without limit. The first event is queued at once. Its
    /// repeats, with equal arguments except for the amount, become one event per minute with the attribute `times`. `amount`
    /// is the name and value of an attribute that is added up.
    ///
    /// Distinguishes at most 64 combinations of the arguments by `address`, and at most 128 in all. Further events are dropped
    /// until a minute has passed.
    pub fn note_repeatable<const N: usize>(
        &self,
        kind: EventKind,
        title: impl Into<String>,
        attributes: [(&str, String); N],
        amount: (&'static str, u64),
        actor: &Actor,
        address: &str,
    ) {
        let event = self.event(kind, title.into(), attributes, actor);
        let now = self.inner.clock.monotonic();
        let events = {
            let mut repeats = self.inner.repeats.lock();
            let mut events = repeats.take(Some(now), event.at);
            events.extend(repeats.add(event, amount, address, now));
            events
        };
        self.queue(events);
    }

    fn event<const N: usize>(
        &self,
        kind: EventKind,
        title: String,
        attributes: [(&str, String); N],
        actor: &Actor,
    ) -> Event {
        let attributes = attributes.into_iter();
        let now = self.inner.clock.now();
        Event {
            id: EventId::generate(now),
            // The file keeps microseconds.
            at: Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now),
            kind,
            title,
            attributes: attributes
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
            actor: actor.label().to_owned(),
            actor_kind: actor.kind_name().to_owned(),
        }
    }

    /// Queues the repeats of the minutes that have not ended, because the process is about to end.
    pub(crate) fn end_repeats(&self) {
        let now = self.inner.clock.now();
        let repeats = self.inner.repeats.lock().take(None, now);
        self.queue(repeats);
    }

    fn queue(&self, events: impl IntoIterator<Item = Event>) {
        let mut pending = self.inner.pending.lock();
        let before = pending.len();
        pending.extend(events);
        if pending.len() == before {
            return;
        }
        while pending.len() > PENDING_MAX {
            pending.pop_front();
        }
        drop(pending);
        self.inner.waits.notify_one();
    }

    /// Returns at most `limit` matching events after `cursor`, newest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the file fails.
    pub async fn list(
        &self,
        filter: EventFilter,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<Event>, HistoryError> {
        // Stores the queued events first, so that the caller sees the effects of its own actions.
        self.flush().await?;
        let database = self.inner.file.database()?;
        let events = database
            .read(move |connection| select(connection, filter, cursor, limit.saturating_add(1)))
            .await?;
        Ok(Page::from_rows(events, limit, |event| Cursor {
            at: event.at,
            id: event.id.as_uuid(),
        }))
    }

    /// Stores the queued events. They stay queued until they are stored, so concurrent calls all wait for the same events.
    pub(crate) async fn flush(&self) -> Result<(), HistoryError> {
        let clock = &self.inner.clock;
        let repeats = self
            .inner
            .repeats
            .lock()
            .take(Some(clock.monotonic()), clock.now());
        self.queue(repeats);
        let events: Vec<Event> = self.inner.pending.lock().iter().cloned().collect();
        if events.is_empty() {
            return Ok(());
        }
        let stored: HashSet<EventId> = events.iter().map(|event| event.id).collect();
        self.insert(events).await?;
        let mut pending = self.inner.pending.lock();
        pending.retain(|event| !stored.contains(&event.id));
        Ok(())
    }

    /// Returns the number of queued events.
    pub(crate) fn waiting(&self) -> usize {
        self.inner.pending.lock().len()
    }

    /// Deletes the events older than 90 days at `now`. With `None`, deletes none.
    pub(crate) async fn prune(&self, now: Option<Timestamp>) -> Result<(), HistoryError> {
        let Some(now) = now else {
            return Ok(());
        };
        let before = (now - RETENTION).as_microsecond();
        let database = self.inner.file.database()?;
        database
            .write(move |connection| {
                connection
                    .prepare_cached(statements::PRUNE_BY_AGE)?
                    .execute(params![before, PRUNED_MAX])?;
                Ok::<_, SqlError>(())
            })
            .await?;
        Ok(())
    }

    /// Returns the time of the newest event.
    pub(crate) async fn newest(&self) -> Result<Option<Timestamp>, HistoryError> {
        let page = self.list(EventFilter::default(), None, 1).await?;
        Ok(page.items.first().map(|event| event.at))
    }

    /// Returns the notification that an event was queued.
    pub(crate) fn waits(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.waits)
    }

    async fn insert(&self, events: Vec<Event>) -> Result<(), HistoryError> {
        let database = self.inner.file.database()?;
        database
            .write(move |connection| {
                let mut insert = connection.prepare_cached(statements::INSERT)?;
                for event in events {
                    insert.execute(params![
                        event.id.as_uuid().into_bytes(),
                        event.at.as_microsecond(),
                        event.kind.as_str(),
                        event.title,
                        serde_json::to_string(&event.attributes).unwrap_or_default(),
                        event.actor,
                        event.actor_kind,
                    ])?;
                }
                shares::enforce(connection)
            })
            .await?;
        Ok(())
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Events").finish_non_exhaustive()
    }
}

fn select(
    connection: &Connection,
    filter: EventFilter,
    cursor: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Event>, SqlError> {
    let cursor = cursor.unwrap_or(Cursor::LATEST);
    let from = filter.from.unwrap_or(Timestamp::UNIX_EPOCH);
    let to = filter.to.unwrap_or(Timestamp::MAX);
    let (at, id) = (cursor.at.as_microsecond(), cursor.id.into_bytes());
    let (from, to) = (from.as_microsecond(), to.as_microsecond());
    let mut statement;
    let mut rows = match filter.kind {
        None => {
            statement = connection.prepare_cached(statements::LIST)?;
            statement.query(params![at, id, from, to, limit])?
        }
        Some(kind) => {
            statement = connection.prepare_cached(statements::LIST_OF_KIND)?;
            statement.query(params![at, id, from, to, limit, kind.as_str()])?
        }
    };
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.extend(read(row)?);
    }
    Ok(events)
}

/// Reads an event from a row. Returns `None` if a later release wrote a kind unknown to this one.
fn read(row: &Row<'_>) -> Result<Option<Event>, SqlError> {
    let kind: String = row.column(2)?;
    let Ok(kind) = kind.parse() else {
        return Ok(None);
    };
    let attributes: String = row.column(4)?;
    let attributes: BTreeMap<String, String> =
        serde_json::from_str(&attributes).unwrap_or_default();
    Ok(Some(Event {
        id: EventId::from(row.column::<Uuid>(0)?),
        at: row.column(1)?,
        kind,
        title: row.column(3)?,
        attributes,
        actor: row.column(5)?,
        actor_kind: row.column(6)?,
    }))
}
