//! Who is connected: what `CLIENT LIST` shows, and the limit on connections.

use std::{
    collections::BTreeMap,
    fmt::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
};

use outrigger_cache::Database;
use outrigger_resp::Protocol;
use parking_lot::Mutex;

use crate::Peer;

/// What [`Client::last_command`] returns before the first command.
pub(crate) const NO_COMMAND: u8 = u8::MAX;

/// The connections of one listener. The connections themselves are elsewhere; these are their records.
#[derive(Debug)]
pub(crate) struct Clients {
    max: usize,
    count: AtomicUsize,
    last_id: AtomicU64,
    records: Mutex<BTreeMap<u64, Arc<Client>>>,
}

/// What is known of one connection. Written by its thread, read by whoever lists.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: u64,
    pub(crate) peer: Peer,
    connected_at: u64,
    active_at: AtomicU64,
    database: AtomicU8,
    protocol: AtomicU8,
    /// Whether it may use the cache.
    is_admitted: AtomicBool,
    /// Whether it must end, so that others have room. Its thread sees to that.
    is_dismissed: AtomicBool,
    /// How many bytes of requests and replies it holds, and since when.
    held: AtomicUsize,
    held_since: AtomicU64,
    /// The place of the last command in the table.
    command: AtomicU8,
    /// What the client said about itself; most say nothing.
    introduction: Mutex<Option<Box<Introduction>>>,
}

/// What a client says about itself.
#[derive(Debug, Default, Clone)]
pub(crate) struct Introduction {
    pub(crate) name: Vec<u8>,
    pub(crate) library_name: Vec<u8>,
    pub(crate) library_version: Vec<u8>,
}

/// A place among the connections; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    clients: Arc<Clients>,
    pub(crate) client: Arc<Client>,
}

impl Clients {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            count: AtomicUsize::new(0),
            last_id: AtomicU64::new(0),
            records: Mutex::new(BTreeMap::new()),
        })
    }

    /// A place for a new connection; `None` when all are taken.
    pub(crate) fn enter(self: &Arc<Self>, peer: Peer, now: u64) -> Option<Place> {
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.max {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let client = Arc::new(Client::new(id, peer, now));
        self.records.lock().insert(client.id, Arc::clone(&client));
        Some(Place {
            clients: Arc::clone(self),
            client,
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// How many there may be.
    pub(crate) const fn max(&self) -> usize {
        self.max
    }

    /// All of them, the oldest first.
    pub(crate) fn list(&self) -> Vec<Arc<Client>> {
        self.records.lock().values().cloned().collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clients.records.lock().remove(&self.client.id);
        self.clients.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Client {
    pub(crate) fn new(id: u64, peer: Peer, now: u64) -> Self {
        Self {
            id,
            peer,
            connected_at: now,
            active_at: AtomicU64::new(now),
            database: AtomicU8::new(0),
            protocol: AtomicU8::new(2),
            is_admitted: AtomicBool::new(false),
            is_dismissed: AtomicBool::new(false),
            held: AtomicUsize::new(0),
            held_since: AtomicU64::new(now),
            command: AtomicU8::new(NO_COMMAND),
            introduction: Mutex::new(None),
        }
    }

    pub(crate) fn is_admitted(&self) -> bool {
        self.is_admitted.load(Ordering::Relaxed)
    }

    pub(crate) fn note_admitted(&self, is_admitted: bool) {
        self.is_admitted.store(is_admitted, Ordering::Relaxed);
    }

    pub(crate) fn is_dismissed(&self) -> bool {
        self.is_dismissed.load(Ordering::Relaxed)
    }

    /// Has the connection end the next time that its thread looks at it.
    pub(crate) fn dismiss(&self) {
        self.is_dismissed.store(true, Ordering::Relaxed);
    }

    /// How many bytes of requests and replies it holds.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// When the connection began to hold something, or last executed a command with it.
    pub(crate) fn held_since(&self) -> u64 {
        self.held_since.load(Ordering::Relaxed)
    }

    pub(crate) fn note_held(&self, bytes: usize) {
        self.held.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn note_held_since(&self, now: u64) {
        self.held_since.store(now, Ordering::Relaxed);
    }

    /// Notes that a batch was executed.
    pub(crate) fn note_activity(&self, now: u64) {
        self.active_at.store(now, Ordering::Relaxed);
    }

    pub(crate) fn note_command(&self, index: u8) {
        self.command.store(index, Ordering::Relaxed);
    }

    pub(crate) fn note_database(&self, database: Database) {
        self.database.store(database.number(), Ordering::Relaxed);
    }

    pub(crate) fn note_protocol(&self, protocol: Protocol) {
        let number = if protocol == Protocol::Resp3 { 3 } else { 2 };
        self.protocol.store(number, Ordering::Relaxed);
    }

    /// The place of its last command in the table of commands; [`NO_COMMAND`] before the first.
    pub(crate) fn last_command(&self) -> u8 {
        self.command.load(Ordering::Relaxed)
    }

    /// What the client said about itself.
    pub(crate) fn introduction(&self) -> Introduction {
        let introduction = self.introduction.lock();
        introduction.as_deref().cloned().unwrap_or_default()
    }

    /// Changes what the client said about itself.
    pub(crate) fn introduce(&self, change: impl FnOnce(&mut Introduction)) {
        change(self.introduction.lock().get_or_insert_default());
    }

    /// Appends the line that `CLIENT LIST` has for this connection, whose last command has the name `command`.
    pub(crate) fn describe(
        &self,
        command: &str,
        socket: Option<&Path>,
        now: u64,
        line: &mut String,
    ) {
        let introduction = self.introduction();
        let address = match (self.peer, socket) {
            (Peer::Tcp(address), _) => address.to_string(),
            (Peer::Unix, Some(path)) => format!("{}:0", path.display()),
            (Peer::Unix, None) => "unix:0".to_owned(),
        };
        let (age, idle) = (
            now.saturating_sub(self.connected_at) / 1000,
            now.saturating_sub(self.active_at.load(Ordering::Relaxed)) / 1000,
        );
        // Writing to a string cannot fail.
        let _ = writeln!(
            line,
            "id={} addr={address} laddr= fd=0 name={} age={age} idle={idle} flags={} db={} sub=0 psub=0 ssub=0 multi=-1 \
             qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem={} events=r cmd={} \
             user=default redir=-1 resp={} lib-name={} lib-ver={}",
            self.id,
            introduction.name.escape_ascii(),
            if self.peer == Peer::Unix { "U" } else { "N" },
            self.database.load(Ordering::Relaxed),
            self.held(),
            command,
            self.protocol.load(Ordering::Relaxed),
            introduction.library_name.escape_ascii(),
            introduction.library_version.escape_ascii(),
        );
    }
}
