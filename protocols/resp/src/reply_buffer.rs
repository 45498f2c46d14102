//! A buffer of replies that wait to be sent.
//!
//! Small replies are contiguous, so that one write sends them. Large values are not copied: the buffer keeps a reference to
//! the value and its position among the other bytes. A reply of megabytes therefore costs only a reference, no matter how
//! many clients read the same value.

use bytes::Bytes;

/// Values of at least this many bytes are shared instead of copied. For smaller ones, the copy costs less than a separate
/// write.
const SHARED_FROM: usize = 16 * 1024;

/// Replies that wait to be sent.
#[derive(Debug, Default)]
pub struct ReplyBuffer {
    /// All bytes except the shared values.
    pub(crate) bytes: Vec<u8>,
    /// How many of these bytes were sent.
    sent: usize,
    shared: Vec<Shared>,
    /// How many shared values were sent.
    shared_sent: usize,
    /// The length of all shared values, including sent ones.
    shared_length: usize,
    /// The length of the shared values that are not sent yet.
    shared_held: usize,
    /// How many bytes of the current shared value were sent.
    sent_of_shared: usize,
}

/// A value that is shared instead of copied.
#[derive(Debug)]
struct Shared {
    /// How many of the buffer's own bytes precede it.
    position: usize,
    /// Empty after it was sent.
    value: Bytes,
}

impl ReplyBuffer {
    /// Creates an empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the length of all replies in bytes, including sent ones.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() + self.shared_length
    }

    /// Returns whether nothing was written.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the memory that the buffer keeps alive in bytes: its own, and the shared values that are not sent yet.
    #[inline]
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.capacity() + self.shared_held
    }

    /// Returns the next bytes to send; empty after everything was sent.
    #[inline]
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        match self.shared.get(self.shared_sent) {
            Some(shared) if shared.position == self.sent => &shared.value[self.sent_of_shared..],
            Some(shared) => &self.bytes[self.sent..shared.position],
            None => &self.bytes[self.sent..],
        }
    }

    /// Records that the first `count` bytes of [`unsent`](Self::unsent) were sent.
    ///
    /// # Panics
    ///
    /// Panics if `count` exceeds the length of `unsent`.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        assert!(
            count <= self.unsent().len(),
            "`count` is at most the length of `unsent`"
        );
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

    /// Clears the buffer and keeps its memory for small replies.
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

    /// Truncates the buffer to `length` bytes, which must be the end of a reply. The removed bytes must not have been sent.
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

    /// Appends a value, shared if it is large.
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

    /// Returns a copy of all bytes that are not sent yet.
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
    fn large_values_are_shared_and_sent_in_order() {
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
    fn truncating_removes_replies_and_their_shared_values() {
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
