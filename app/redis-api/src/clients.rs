//! Records of the open connections, for `CLIENT LIST` and the limit on connections.

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

/// The value of [`Client::last_command`] before the first command.
pub(crate) const NO_COMMAND: u8 = u8::MAX;

/// The records of one listener's connections.
#[derive(Debug)]
pub(crate) struct Clients {
    max: usize,
    count: AtomicUsize,
    last_id: AtomicU64,
    records: Mutex<BTreeMap<u64, Arc<Client>>>,
}

/// The record of one connection. Its own thread writes it; any thread may read it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: u64,
    pub(crate) peer: Peer,
    connected_at: u64,
    active_at: AtomicU64,
    database: AtomicU8,
    protocol: AtomicU8,
    /// Whether the client may use the cache.
    is_admitted: AtomicBool,
    /// Whether the connection must close to free resources for others. Its own thread closes it.
    is_dismissed: AtomicBool,
    /// How many bytes its requests and replies take, and since when (milliseconds).
    held: AtomicUsize,
    held_since: AtomicU64,
    /// The index of the last command in the command table.
    command: AtomicU8,
    /// The name and library that the client announced. Most clients announce nothing.
    introduction: Mutex<Option<Box<Introduction>>>,
}

/// The name and library that a client announces.
#[derive(Debug, Default, Clone)]
pub(crate) struct Introduction {
    pub(crate) name: Vec<u8>,
    pub(crate) library_name: Vec<u8>,
    pub(crate) library_version: Vec<u8>,
}

/// A slot within the limit on connections. Dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct Slot {
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

    /// Takes a slot for a new connection; `None` at the limit.
    pub(crate) fn enter(self: &Arc<Self>, peer: Peer, now: u64) -> Option<Slot> {
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.max {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let client = Arc::new(Client::new(id, peer, now));
        self.records.lock().insert(client.id, Arc::clone(&client));
        Some(Slot {
            clients: Arc::clone(self),
            client,
        })
    }

    /// Returns the number of open connections.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns the limit on connections.
    pub(crate) const fn max(&self) -> usize {
        self.max
    }

    /// Returns all connections, the oldest first.
    pub(crate) fn list(&self) -> Vec<Arc<Client>> {
        self.records.lock().values().cloned().collect()
    }
}

impl Drop for Slot {
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

    /// Returns when the connection was accepted, in milliseconds.
    pub(crate) const fn connected_at(&self) -> u64 {
        self.connected_at
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

    /// Makes the connection close the next time its thread checks its connections.
    pub(crate) fn dismiss(&self) {
        self.is_dismissed.store(true, Ordering::Relaxed);
    }

    /// Returns how many bytes the connection's requests and replies take.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Returns when the connection began to hold memory or last executed a command while holding it, in milliseconds.
    pub(crate) fn held_since(&self) -> u64 {
        self.held_since.load(Ordering::Relaxed)
    }

    pub(crate) fn note_held(&self, bytes: usize) {
        self.held.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn note_held_since(&self, now: u64) {
        self.held_since.store(now, Ordering::Relaxed);
    }

    /// Records that a batch was executed.
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

    /// Returns the index of the last command in the command table, or [`NO_COMMAND`] before the first one.
    pub(crate) fn last_command(&self) -> u8 {
        self.command.load(Ordering::Relaxed)
    }

    /// Returns the name and library that the client announced.
    pub(crate) fn introduction(&self) -> Introduction {
        let introduction = self.introduction.lock();
        introduction.as_deref().cloned().unwrap_or_default()
    }

    /// Changes the name and library of the client.
    pub(crate) fn introduce(&self, change: impl FnOnce(&mut Introduction)) {
        change(self.introduction.lock().get_or_insert_default());
    }

    /// Appends the line of this connection for `CLIENT LIST`. `command` is the name of its last command.
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
