//! Spare buffers for replies, so that a busy connection allocates none.

use std::cell::RefCell;

use outrigger_resp::ReplyBuffer;

/// Buffers up to this many bytes are used again.
const SIZE_MAX: usize = 16 * 1024;
/// How many buffers are kept to be used again: one for each connection that is busy at the same moment.
const COUNT_MAX: usize = 128;

/// The spare buffers of one thread. A buffer is with a connection from the execution of a batch until its replies are sent.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    spare: RefCell<Vec<ReplyBuffer>>,
}

impl Buffers {
    /// An empty buffer.
    #[inline]
    pub(crate) fn take(&self) -> ReplyBuffer {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps a buffer for the next batch, unless it is large or there are many.
    #[inline]
    pub(crate) fn give_back(&self, mut buffer: ReplyBuffer) {
        let mut spare = self.spare.borrow_mut();
        buffer.clear();
        if buffer.memory() <= SIZE_MAX && spare.len() < COUNT_MAX {
            spare.push(buffer);
        }
    }
}
