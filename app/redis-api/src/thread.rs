//! What the connections of one thread use together.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use outrigger_resp::Requests;
use outrigger_supervisor::pinned::LocalTasks;

use crate::{buffers::Buffers, clients::Client, shared::Shared, timer::Timers};

/// How many bytes are read at once. A batch of sixteen small commands has some two thousand.
const INPUT: usize = 64 * 1024;

/// What the connections of one thread use together.
pub(crate) struct Thread {
    pub(crate) shared: Arc<Shared>,
    /// What was just read; no connection keeps anything in it while it waits.
    pub(crate) scratch: RefCell<Box<[u8]>>,
    /// The requests of the batch that is executed; empty in between.
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

    /// Ends the record of a connection.
    pub(crate) fn forget(&self, client: &Client) {
        self.timers.remove(client.id);
        self.shared.strangers.remove(client);
        self.shared.metrics.closed();
    }
}
