//! Replies on their way to a client.
//!
//! Small replies lie one after the other in one piece of memory, which one write sends. A large value is not copied there:
//! the buffer keeps a share of its bytes and remembers where they belong. So a reply of megabytes costs its sender nothing
//! but a reference, however many clients ask for the same value.

use bytes::Bytes;

/// A value of at least this many bytes is shared instead of copied. Below it, the copy costs less than a write of its own.
const SHARED_FROM: usize = 16 * 1024;

/// Replies that are yet to be sent.
#[derive(Debug, Default)]
pub struct ReplyBuffer {
    /// Everything but the shared values.
    pub(crate) bytes: Vec<u8>,
    /// How many of those bytes have been sent.
    sent: usize,
    shared: Vec<Shared>,
    /// How many of the shared values have been sent.
    shared_sent: usize,
    /// The length of all shared values together, sent ones included.
    shared_length: usize,
    /// The length of those that have not been sent.
    shared_held: usize,
    /// How many bytes of the shared value in turn have been sent.
    sent_of_shared: usize,
}

/// A value that is not copied.
#[derive(Debug)]
struct Shared {
    /// How many of the buffer's own bytes come before it.
    position: usize,
    /// Emptied once it has been sent.
    value: Bytes,
}

impl ReplyBuffer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The length of all replies in bytes, whether they have been sent or not.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() + self.shared_length
    }

    /// Whether nothing was written.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The memory that the buffer keeps alive, in bytes: its own, and the shared values that have not been sent.
    #[inline]
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.capacity() + self.shared_held
    }

    /// The next bytes to send; empty when everything has been sent.
    #[inline]
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        match self.shared.get(self.shared_sent) {
            Some(shared) if shared.position == self.sent => &shared.value[self.sent_of_shared..],
            Some(shared) => &self.bytes[self.sent..shared.position],
            None => &self.bytes[self.sent..],
        }
    }

    /// Notes that the first `count` bytes of [`unsent`](Self::unsent) have been sent.
    ///
    /// # Panics
    ///
    /// When `count` exceeds their number.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        assert!(count <= self.unsent().len(), "no more than there are");
        match self.shared.get_mut(self.shared_sent) {
            Some(shared) if shared.position == self.sent => {
                self.sent_of_shared += count;
                if self.sent_of_shared == shared.value.len() {
                    self.shared_held -= shared.value.len();
                    shared.value = Bytes::new();
                    self.sent_of_shared = 0;
                    self.shared_sent += 1;
                }
            }
            _ => self.sent += count,
        }
    }

    /// Empties the buffer; it keeps the memory of small replies.
    #[inline]
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.sent = 0;
        if !self.shared.is_empty() {
            self.shared = Vec::new();
            self.shared_sent = 0;
            self.shared_length = 0;
            self.shared_held = 0;
            self.sent_of_shared = 0;
        }
    }

    /// Removes everything after the first `length` bytes, which must be where a reply ends and must not have been sent.
    pub fn truncate(&mut self, length: usize) {
        while let Some(last) = self.shared.last() {
            let begin = last.position + self.shared_length - last.value.len();
            if begin < length {
                break;
            }
            self.shared_length -= last.value.len();
            self.shared_held -= last.value.len();
            self.shared.pop();
        }
        self.bytes.truncate(length - self.shared_length);
    }

    /// Appends the bytes of a value, shared when they are many.
    #[inline]
    pub(crate) fn value(&mut self, value: &Bytes) {
        if value.len() < SHARED_FROM {
            self.bytes.extend_from_slice(value);
        } else {
            self.shared_length += value.len();
            self.shared_held += value.len();
            self.shared.push(Shared {
                position: self.bytes.len(),
                value: value.clone(),
            });
        }
    }

    /// All bytes that have not been sent, copied.
    #[must_use]
    pub fn to_vec(mut self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        while !self.unsent().is_empty() {
            all.extend_from_slice(self.unsent());
            let count = self.unsent().len();
            self.advance(count);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Protocol, ReplyWriter};

    fn large(letter: u8) -> Bytes {
        Bytes::from(vec![letter; SHARED_FROM])
    }

    fn write(buffer: &mut ReplyBuffer, value: &Bytes) {
        ReplyWriter::new(buffer, Protocol::Resp2).value(value);
    }

    #[test]
    fn large_values_are_shared_and_arrive_in_their_place() {
        let (a, b) = (large(b'a'), large(b'b'));
        let mut buffer = ReplyBuffer::new();
        let mut expected = Vec::new();

        for value in [&a, &Bytes::from_static(b"small"), &b, &a] {
            write(&mut buffer, value);
            expected.extend_from_slice(format!("${}\r\n", value.len()).as_bytes());
            expected.extend_from_slice(value);
            expected.extend_from_slice(b"\r\n");
        }

        assert_eq!(buffer.len(), expected.len());
        assert!(buffer.bytes.len() < 100, "nothing large was copied");
        assert!(buffer.memory() >= 3 * SHARED_FROM);
        assert_eq!(buffer.to_vec(), expected);
    }

    #[test]
    fn bytes_may_be_sent_in_any_pieces_and_a_sent_value_is_released() {
        let value = large(b'a');
        let mut buffer = ReplyBuffer::new();
        write(&mut buffer, &value);
        let expected = buffer.len();

        let mut sent = 0;
        while !buffer.unsent().is_empty() {
            let count = buffer.unsent().len().min(1000);
            buffer.advance(count);
            sent += count;
        }

        assert_eq!(sent, expected);
        assert!(value.is_unique());
    }

    #[test]
    fn replies_can_be_taken_back_with_the_values_they_share() {
        let (first, second) = (large(b'a'), large(b'b'));
        let mut buffer = ReplyBuffer::new();
        write(&mut buffer, &first);
        let begun = buffer.len();

        write(&mut buffer, &second);
        buffer.truncate(begun);

        assert!(second.is_unique() && !first.is_unique());
        assert_eq!(buffer.to_vec().len(), begun);
    }
}
