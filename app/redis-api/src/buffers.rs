//! A pool of reply buffers, so that busy connections do not allocate.

use std::cell::RefCell;

use outrigger_resp::ReplyBuffer;

/// The largest buffer in bytes that is kept for reuse.
const SIZE_MAX: usize = 16 * 1024;
/// How many buffers are kept for reuse. One is enough for each connection that is busy at the same moment.
const COUNT_MAX: usize = 128;

/// The free reply buffers of one thread. A connection holds a buffer from the execution of a batch until its replies are sent.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    spare: RefCell<Vec<ReplyBuffer>>,
}

impl Buffers {
    /// Returns an empty buffer.
    #[inline]
    pub(crate) fn take(&self) -> ReplyBuffer {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps a buffer for reuse unless it is large or the pool is full.
    #[inline]
    pub(crate) fn give_back(&self, mut buffer: ReplyBuffer) {
        let mut spare = self.spare.borrow_mut();
        buffer.clear();
        if buffer.memory() <= SIZE_MAX && spare.len() < COUNT_MAX {
            spare.push(buffer);
        }
    }
}
