//! Limits the memory of unread responses and unfinished requests.
//!
//! Every request is tracked from its head to the last byte of its response, with its size and the time at which its client last
//! received or sent data. This serves two rules:
//!
//! * If a client receives no part of a response for `[http] write_timeout`, its connection is closed, over HTTP/2 as over HTTP/1.
//! * If all tracked buffers together exceed `[http] buffers_max`, the connection with the largest product of bytes held and idle
//!   time is closed. Idle time alone would spare a client that repeatedly opens connections, requests large responses and never
//!   reads them, because all others were active before it. Size alone would close one large upload in progress instead of many
//!   small unread responses. While requests are executed, only connections without valid credentials are closed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use outrigger_stdx::Monotonic;
use parking_lot::Mutex;
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use self::held::{Entry, Held};
use crate::connection_handle::ConnectionHandle;

mod held;

/// The memory of a request beside its bytes: its task and its part of the tables of its connection, as measured over HTTP/2 with
/// eight requests on each connection.
const EACH: u64 = 16 << 10;

/// When the bound is exceeded, one part in this many becomes free.
const ROOM: u64 = 16;

/// The part of the bound by which connections that are closing can exceed it, before requests without credentials are dropped.
const OVERRUN: u64 = 4;

/// The buffers of all requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Buffers {
    held: Arc<Mutex<Held>>,
    bytes: Gauge,
    cut: Counter,
}

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A body that arrives; it has a time of its own.
    Request,
    /// A body that leaves.
    Response,
}

/// The buffers of one request; no longer counted when it is dropped.
#[derive(Debug)]
pub(crate) struct Buffered {
    number: u64,
    buffers: Buffers,
}

impl Buffers {
    /// Buffers of at most `max` bytes together.
    pub(crate) fn new(max: u64) -> Self {
        Self {
            held: Arc::new(Mutex::new(Held::new(max))),
            bytes: Gauge::default(),
            cut: Counter::default(),
        }
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "outrigger_http_buffers_bytes",
            "Bytes of requests that are arriving and of answers that are not read yet",
            self.bytes.clone(),
        );
        registry.register(
            "outrigger_http_connections_cut",
            "Connections closed because their clients did not read their answers",
            self.cut.clone(),
        );
    }

    /// Begins to count a request whose head of `bytes` has arrived. It waits for the server until it [responds](Buffered::responds).
    pub(crate) fn begin(&self, handle: &ConnectionHandle, bytes: u64, now: Monotonic) -> Buffered {
        self.insert(handle, Kind::Response, bytes, false, now)
    }

    /// Returns whether a further request of this connection must be dropped: connections that are closing hold much beyond the bound,
    /// this one has requests in progress, and none of its requests had valid credentials.
    pub(crate) fn are_overrun_by(&self, handle: &ConnectionHandle) -> bool {
        let held = self.held.lock();
        let is_overrun = held.bytes > held.max + held.max / OVERRUN;
        is_overrun && handle.begun() > 0 && !handle.has_credentials() && handle.can_be_cut()
    }

    /// Begins to count a body that the client must send or read, `bytes` at first.
    pub(crate) fn track(
        &self,
        handle: &ConnectionHandle,
        kind: Kind,
        bytes: u64,
        now: Monotonic,
    ) -> Buffered {
        self.insert(handle, kind, bytes, true, now)
    }

    fn insert(
        &self,
        handle: &ConnectionHandle,
        kind: Kind,
        bytes: u64,
        more: bool,
        now: Monotonic,
    ) -> Buffered {
        let mut held = self.held.lock();
        held.moves += 1;
        let number = held.moves;
        let entry = Entry {
            handle: handle.clone(),
            bytes: 0,
            waits: None,
            moved: now,
            pieces: 0,
            more,
            closing: false,
            kind,
        };
        held.entries.insert(number, entry);
        let on_connection = held.connections.entry(handle.id()).or_default();
        on_connection.numbers.insert(number);
        held.place(number);
        held.add(number, bytes.saturating_add(EACH));
        self.enforce(&mut held, Some(number));
        drop(held);
        Buffered {
            number,
            buffers: self.clone(),
        }
    }

    /// Closes the connections whose clients have taken nothing of their answers for `longest`.
    pub(crate) fn cut_unread(&self, now: Monotonic, longest: Duration) {
        let mut held = self.held.lock();
        let unread: Vec<_> = held
            .waiting
            .values()
            .map(|number| (*number, &held.entries[number]))
            .take_while(|(_, entry)| now.saturating_since(entry.moved) >= longest)
            .filter(|(_, entry)| entry.kind == Kind::Response)
            .map(|(number, _)| number)
            .collect();
        for number in unread {
            held.cut(number, &self.cut);
        }
        self.enforce(&mut held, None);
    }

    /// Closes the connections on which all requests wait for the client, and have waited for as long as `longest` says of their
    /// kind.
    pub(crate) fn cut_stalled(&self, now: Monotonic, longest: impl Fn(Kind) -> Duration) {
        let mut held = self.held.lock();
        let still: Vec<_> = held
            .waiting
            .values()
            .map(|number| (*number, &held.entries[number]))
            .filter(|(_, entry)| now.saturating_since(entry.moved) >= longest(entry.kind))
            .map(|(number, entry)| (number, entry.handle.clone()))
            .collect();
        let mut on_connection = HashMap::<_, usize>::new();
        for (_, handle) in &still {
            *on_connection.entry(handle.id()).or_default() += 1;
        }
        for (number, handle) in &still {
            if handle.begun() <= on_connection[&handle.id()] {
                held.cut(*number, &self.cut);
            }
        }
        self.enforce(&mut held, None);
    }

    /// Closes the connection whose client has been idle for the longest time while the server waits for it, and returns its handle.
    /// Returns `None` if the server waits for no client.
    pub(crate) fn cut_slowest(&self) -> Option<ConnectionHandle> {
        let mut held = self.held.lock();
        let waiting = held
            .waiting
            .values()
            .map(|number| (*number, &held.entries[number].handle));
        let (number, handle) = waiting
            .filter(|(_, handle)| handle.can_be_cut())
            .map(|(number, handle)| (number, handle.clone()))
            .next()?;
        held.cut(number, &self.cut);
        self.enforce(&mut held, None);
        Some(handle)
    }

    /// Closes connections, other than that of `but`, while the limit is exceeded, and updates the gauge.
    fn enforce(&self, held: &mut Held, but: Option<u64>) {
        if held.bytes - held.closing > held.max {
            // Makes room for many requests at once: finding the costliest connections walks all of them.
            let enough = held.max - held.max / ROOM;
            for number in held.costliest(but) {
                if held.bytes - held.closing <= enough {
                    break;
                }
                held.cut(number, &self.cut);
            }
        }
        self.bytes
            .set(i64::try_from(held.bytes).unwrap_or(i64::MAX));
    }

    fn change(&self, number: u64, keep: bool, change: impl FnOnce(&mut Held)) {
        let mut held = self.held.lock();
        if held.entries.contains_key(&number) {
            change(&mut held);
            self.enforce(&mut held, keep.then_some(number));
        }
    }
}

impl Buffered {
    /// The client holds this much more.
    pub(crate) fn add(&self, bytes: u64, now: Monotonic) {
        self.buffers.change(self.number, true, |held| {
            held.add(self.number, bytes);
            if let Some(entry) = held.entry(self.number) {
                entry.moved = now;
            }
            held.place(self.number);
        });
    }

    /// The body has arrived, or there is nothing to send for now: it is not the client that is waited for.
    pub(crate) fn waits_for_server(&self) {
        self.buffers.change(self.number, false, |held| {
            if let Some(entry) = held.entry(self.number) {
                entry.more = false;
            }
            held.place(self.number);
        });
    }

    /// The response begins, with a body of `bytes` that are not counted yet. The client can read from now on.
    pub(crate) fn responds(&self, bytes: u64, now: Monotonic) {
        self.buffers.change(self.number, true, |held| {
            held.add(self.number, bytes);
            if let Some(entry) = held.entry(self.number) {
                entry.more = true;
                entry.moved = now;
            }
            held.place(self.number);
        });
    }

    /// The protocol took a piece, of `bytes` that are not counted yet.
    pub(crate) fn took_piece(&self, bytes: u64, now: Monotonic) {
        self.buffers.change(self.number, true, |held| {
            held.add(self.number, bytes);
            if let Some(entry) = held.entry(self.number) {
                entry.pieces += 1;
                entry.more = true;
                entry.moved = now;
            }
            held.place(self.number);
        });
    }

    /// The network took a piece, of `bytes` that are free now.
    pub(crate) fn sent_piece(&self, bytes: u64, now: Monotonic) {
        self.buffers.change(self.number, false, |held| {
            held.give_back(self.number, bytes);
            if let Some(entry) = held.entry(self.number) {
                entry.pieces = entry.pieces.saturating_sub(1);
                entry.moved = now;
            }
            held.place(self.number);
        });
    }
}

impl Drop for Buffered {
    fn drop(&mut self) {
        let number = self.number;
        self.buffers
            .change(number, false, |held| held.remove(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_duration(Duration::from_secs(seconds))
    }

    #[test]
    fn the_client_that_has_moved_the_longest_ago_loses_its_connection_when_room_is_short() {
        let buffers = Buffers::new(10 * MIB);
        let [slow, reader, newcomer] = [
            ConnectionHandle::new(),
            ConnectionHandle::new(),
            ConnectionHandle::new(),
        ];
        let first = buffers.track(&reader, Kind::Response, 4 * MIB, at(0));
        let _second = buffers.track(&slow, Kind::Response, 4 * MIB, at(1));
        first.took_piece(0, at(2));

        let _third = buffers.track(&newcomer, Kind::Response, 4 * MIB, at(3));

        assert!(slow.is_cut());
        assert!(!reader.is_cut() && !newcomer.is_cut());
    }

    #[test]
    fn a_client_that_asks_for_much_and_begins_again_does_not_push_others_out() {
        let buffers = Buffers::new(64 * MIB);
        let upload = ConnectionHandle::new();
        let arriving = buffers.track(&upload, Kind::Request, 0, at(0));

        for _ in 0..20 {
            arriving.add(MIB / 16, at(1));
            let greedy = ConnectionHandle::new();
            let _unread: Vec<_> = (0..30)
                .map(|_| buffers.track(&greedy, Kind::Response, 4 * MIB, at(1)))
                .collect();
            assert!(greedy.is_cut());
        }

        assert!(!upload.is_cut());
    }

    #[test]
    fn a_request_that_waits_for_the_server_is_not_closed() {
        let buffers = Buffers::new(10 * MIB);
        let [working, unread] = [ConnectionHandle::new(), ConnectionHandle::new()];
        working.note_credentials();
        let arrived = buffers.track(&working, Kind::Request, 6 * MIB, at(0));
        arrived.waits_for_server();

        let _answer = buffers.track(&unread, Kind::Response, 6 * MIB, at(1));
        buffers.cut_unread(at(1000), Duration::from_secs(60));

        assert!(!working.is_cut());
        assert!(unread.is_cut());
    }

    #[test]
    fn requests_in_progress_are_bounded_on_connections_without_credentials() {
        let buffers = Buffers::new(MIB);
        let [stranger, known] = [ConnectionHandle::new(), ConnectionHandle::new()];
        known.note_credentials();
        let many = MIB / EACH - 10;

        let _known: Vec<_> = (0..many).map(|_| buffers.begin(&known, 0, at(0))).collect();
        let _unknown: Vec<_> = (0..10)
            .map(|_| buffers.begin(&stranger, 0, at(1)))
            .collect();
        let when_full = stranger.is_cut();
        let _next = buffers.begin(&known, 0, at(1));

        assert!(!when_full);
        assert!(stranger.is_cut() && !known.is_cut());
    }

    #[test]
    fn an_answer_is_unread_until_the_network_has_its_last_piece() {
        let buffers = Buffers::new(10 * MIB);
        let [handle, other] = [ConnectionHandle::new(), ConnectionHandle::new()];
        let answer = buffers.track(&handle, Kind::Response, 0, at(0));
        answer.took_piece(10, at(50));
        answer.waits_for_server();
        let sent = buffers.track(&other, Kind::Response, 0, at(0));
        sent.took_piece(10, at(50));
        sent.waits_for_server();
        sent.sent_piece(10, at(50));

        buffers.cut_unread(at(109), Duration::from_secs(60));
        let before = handle.is_cut();
        buffers.cut_unread(at(110), Duration::from_secs(60));

        assert!(!before);
        assert!(handle.is_cut());
        assert!(!other.is_cut(), "it waits for our next piece");
    }

    #[test]
    fn a_connection_ends_early_only_when_all_its_requests_wait_for_the_client() {
        let buffers = Buffers::new(10 * MIB);
        let [unread, unsent, moving, executing] = std::array::from_fn(|_| ConnectionHandle::new());
        let _begun = [&unread, &unsent, &moving, &executing].map(ConnectionHandle::begin);
        let _executed = executing.begin();
        let _answer = buffers.track(&unread, Kind::Response, 0, at(8));
        let _body = buffers.track(&unsent, Kind::Request, 0, at(7));
        let _moving = buffers.track(&moving, Kind::Request, 0, at(9));
        let _beside = buffers.track(&executing, Kind::Response, 0, at(0));

        buffers.cut_stalled(at(9), |kind| match kind {
            Kind::Response => Duration::from_secs(1),
            Kind::Request => Duration::from_secs(2),
        });

        let cut = [&unread, &unsent, &moving, &executing].map(ConnectionHandle::is_cut);
        assert_eq!(cut, [true, true, false, false]);
    }

    #[test]
    fn the_memory_of_a_cut_connection_is_free_only_when_it_has_ended() {
        let buffers = Buffers::new(8 * MIB);
        let [unread, reader] = [ConnectionHandle::new(), ConnectionHandle::new()];
        let answers: Vec<_> = (0..4)
            .map(|_| buffers.track(&unread, Kind::Response, 2 * MIB - EACH, at(0)))
            .collect();

        let _other = buffers.track(&reader, Kind::Response, MIB - EACH, at(1));
        let while_it_ends = buffers.held.lock().bytes;
        drop(answers);

        assert!(unread.is_cut() && !reader.is_cut());
        assert_eq!(while_it_ends, 9 * MIB);
        assert_eq!(buffers.held.lock().bytes, MIB);
    }

    #[test]
    fn requests_of_strangers_are_dropped_while_closing_connections_hold_too_much() {
        let buffers = Buffers::new(MIB);
        let [greedy, stranger, known] = [
            ConnectionHandle::new(),
            ConnectionHandle::new(),
            ConnectionHandle::new(),
        ];
        known.note_credentials();
        let newcomer = ConnectionHandle::new();
        let _begun = [&stranger, &known].map(ConnectionHandle::begin);
        let head = MIB / 4 - EACH;
        let mut held: Vec<_> = (0..4)
            .map(|_| buffers.begin(&greedy, head, at(0)))
            .collect();

        let when_full = buffers.are_overrun_by(&stranger);
        held.extend((0..2).map(|_| buffers.begin(&greedy, head, at(0))));
        let beyond = buffers.are_overrun_by(&stranger);

        assert!(!when_full && beyond);
        assert!(!buffers.are_overrun_by(&known) && !buffers.are_overrun_by(&newcomer));
        drop(held);
        assert!(!buffers.are_overrun_by(&stranger));
    }

    #[test]
    fn everything_is_given_back() {
        let buffers = Buffers::new(MIB);
        let handle = ConnectionHandle::new();
        let requests: Vec<_> = (0..4)
            .map(|_| buffers.track(&handle, Kind::Response, 100, at(0)))
            .collect();
        requests[0].took_piece(7, at(0));
        requests[1].add(7, at(0));

        drop(requests);

        let held = buffers.held.lock();
        assert_eq!((held.bytes, held.closing), (0, 0));
        assert_eq!(
            (
                held.entries.len(),
                held.waiting.len(),
                held.connections.len()
            ),
            (0, 0, 0)
        );
    }
}
