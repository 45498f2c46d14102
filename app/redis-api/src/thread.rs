//! State that the connections of one thread share.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use outrigger_resp::Requests;
use outrigger_supervisor::pinned::LocalTasks;

use crate::{buffers::Buffers, clients::Client, shared::Shared, timer::Timers};

/// How many bytes one read may return. A batch of sixteen small commands has about two thousand.
const INPUT: usize = 64 * 1024;

/// State that the connections of one thread share.
pub(crate) struct Thread {
    pub(crate) shared: Arc<Shared>,
    /// The target of reads. A connection keeps nothing in it while it waits.
    pub(crate) scratch: RefCell<Box<[u8]>>,
    /// The requests of the current batch. Empty between batches.
    pub(crate) requests: RefCell<Requests>,
    pub(crate) buffers: Buffers,
    pub(crate) timers: Timers,
    pub(crate) tasks: LocalTasks,
}

impl Thread {
    pub(crate) fn new(shared: Arc<Shared>, tasks: LocalTasks) -> Rc<Self> {
        Rc::new(Self {
            shared,
            scratch: RefCell::new(vec![0; INPUT].into()),
            requests: RefCell::default(),
            buffers: Buffers::default(),
            timers: Timers::default(),
            tasks,
        })
    }

    /// Removes the records of a connection that closes.
    pub(crate) fn remove_client(&self, client: &Client) {
        self.timers.remove(client.id);
        self.shared.unauthenticated.remove(client);
        self.shared.metrics.closed();
    }
}
