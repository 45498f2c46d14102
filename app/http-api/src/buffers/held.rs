//! The accounts of the buffers: what each request and each connection holds, and which connections cost the most.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use outrigger_stdx::Monotonic;
use prometheus_client::metrics::counter::Counter;

use super::Kind;
use crate::connection_handle::ConnectionHandle;

#[derive(Debug)]
pub(super) struct Held {
    pub(super) max: u64,
    pub(super) bytes: u64,
    /// The bytes among them that belong to connections which were cut. They are free when the connections have ended.
    pub(super) closing: u64,
    /// Counts what clients do; the time in which the waits of clients are compared.
    pub(super) moves: u64,
    pub(super) entries: HashMap<u64, Entry>,
    /// The entries that wait for their client, by when it last moved: the longest ago first.
    pub(super) waiting: BTreeMap<u64, u64>,
    /// The entries of each connection, so that closing one does not walk all entries.
    pub(super) connections: HashMap<usize, OnConnection>,
}

/// The entries of one connection.
#[derive(Debug, Default)]
pub(super) struct OnConnection {
    /// Ordered by age.
    pub(super) numbers: BTreeSet<u64>,
    /// The keys in [`Held::waiting`] of those that wait for the client.
    pub(super) waiting: BTreeSet<u64>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) handle: ConnectionHandle,
    pub(super) bytes: u64,
    /// Where it stands in `waiting`; none when it does not wait for its client.
    pub(super) waits: Option<u64>,
    pub(super) moved: Monotonic,
    /// Pieces that the protocol has and the network has not.
    pub(super) pieces: usize,
    /// Whether there is more that the client could take or should send.
    pub(super) more: bool,
    /// Whether the connection was cut.
    pub(super) closing: bool,
    pub(super) kind: Kind,
}

impl Held {
    /// Buffers of at most `max` bytes together.
    pub(super) fn new(max: u64) -> Self {
        Self {
            max,
            bytes: 0,
            closing: 0,
            moves: 0,
            entries: HashMap::new(),
            waiting: BTreeMap::new(),
            connections: HashMap::new(),
        }
    }

    pub(super) fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.get_mut(&number)
    }

    pub(super) fn add(&mut self, number: u64, bytes: u64) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.bytes += bytes;
            entry.handle.hold(bytes);
            self.bytes += bytes;
            if entry.closing {
                self.closing += bytes;
            }
        }
    }

    pub(super) fn give_back(&mut self, number: u64, bytes: u64) {
        if let Some(entry) = self.entries.get_mut(&number) {
            let bytes = bytes.min(entry.bytes);
            entry.bytes -= bytes;
            entry.handle.give_back(bytes);
            self.bytes -= bytes;
            if entry.closing {
                self.closing -= bytes;
            }
        }
    }

    /// Returns one entry, other than `but`, of each connection that can be closed, the costliest connection first. The cost is its
    /// bytes times what others have done since its client last moved. Requests that wait for the server count only on connections
    /// without credentials.
    pub(super) fn costliest(&self, but: Option<u64>) -> impl Iterator<Item = u64> + use<> {
        let costs = self.connections.values().filter_map(|on_connection| {
            let waiting = on_connection.waiting.iter();
            let waiting = waiting
                .map(|moved| (self.waiting[moved], *moved))
                .find(|(number, _)| Some(*number) != but);
            let (number, moved) = waiting.or_else(|| {
                let mut numbers = on_connection.numbers.iter().copied();
                let oldest = numbers.find(|number| Some(*number) != but)?;
                let entry = &self.entries[&oldest];
                let counts = !entry.closing && !entry.handle.has_credentials();
                counts.then_some((oldest, oldest))
            })?;
            // Connections that cannot be closed are in this process.
            let handle = &self.entries[&number].handle;
            handle.can_be_cut().then(|| {
                let waited = self.moves.saturating_sub(moved);
                (u128::from(handle.held()) * u128::from(waited), number)
            })
        });
        let mut costs: Vec<_> = costs.collect();
        costs.sort_unstable_by(|one, other| other.cmp(one));
        costs.into_iter().map(|(_, number)| number)
    }

    /// Moves the entry behind all others if it waits for its client, and removes it from the queue if it does not.
    pub(super) fn place(&mut self, number: u64) {
        self.moves += 1;
        let last = self.moves;
        let Some(entry) = self.entries.get_mut(&number) else {
            return;
        };
        let before = entry.waits.take();
        let waits = !entry.closing && (entry.more || entry.pieces > 0);
        let handle = entry.handle.id();
        if waits {
            entry.waits = Some(last);
            self.waiting.insert(last, number);
        }
        if let Some(before) = before {
            self.waiting.remove(&before);
        }
        if let Some(on_connection) = self.connections.get_mut(&handle) {
            if let Some(before) = before {
                on_connection.waiting.remove(&before);
            }
            if waits {
                on_connection.waiting.insert(last);
            }
        }
    }

    /// Closes the connection of this entry. Its bytes are free when it has ended.
    pub(super) fn cut(&mut self, number: u64, counter: &Counter) {
        let Some(handle) = self.entries.get(&number).map(|entry| entry.handle.clone()) else {
            return;
        };
        counter.inc();
        let Some(on_connection) = self.connections.get_mut(&handle.id()) else {
            return;
        };
        for moved in std::mem::take(&mut on_connection.waiting) {
            self.waiting.remove(&moved);
        }
        for number in &on_connection.numbers {
            if let Some(entry) = self.entries.get_mut(number)
                && !entry.closing
            {
                entry.closing = true;
                entry.waits = None;
                self.closing += entry.bytes;
            }
        }
        handle.cut();
    }

    pub(super) fn remove(&mut self, number: u64) {
        let Some(entry) = self.entries.remove(&number) else {
            return;
        };
        entry.handle.give_back(entry.bytes);
        self.bytes -= entry.bytes;
        if entry.closing {
            self.closing -= entry.bytes;
        }
        if let Some(waits) = entry.waits {
            self.waiting.remove(&waits);
        }
        if let Some(on_connection) = self.connections.get_mut(&entry.handle.id()) {
            on_connection.numbers.remove(&number);
            if let Some(waits) = entry.waits {
                on_connection.waiting.remove(&waits);
            }
            if on_connection.numbers.is_empty() {
                self.connections.remove(&entry.handle.id());
            }
        }
    }
}
