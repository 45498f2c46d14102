//! The layout of an entry in memory: a header, the key and the value, contiguously.
//!
//! ```text
//!  0  flags        1 byte    in use, queue, frequency, whether the value is large
//!  1  database     1 byte
//!  2  bucket       2 bytes   of the timer wheel
//!  4  key length   4 bytes
//!  8  value length 4 bytes
//! 12  queue        8 bytes   neighbours in the eviction queue
//! 20  timer        8 bytes   neighbours in the timer wheel
//! 28  deadline     8 bytes   zero for none
//! 36  key, then the value, or the number of a large value
//! ```
//!
//! A small entry is contiguous and contains no pointers, so reading it costs one memory access, and moving it is a copy.

use crate::{Database, Deadline};

/// The bytes before the key.
pub(crate) const HEADER: usize = 36;
/// The bytes of a large value's number.
pub(crate) const NUMBER: usize = 4;

/// The largest read count. A higher maximum would only delay the eviction of entries that are no longer popular.
pub(crate) const FREQUENCY_MAX: u8 = 3;

const IN_USE: u8 = 1;
const QUEUE_SHIFT: u32 = 1;
const FREQUENCY_SHIFT: u32 = 3;
const LARGE: u8 = 1 << 5;

/// The eviction queue of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueueKind {
    /// No queue: the entry must not be evicted.
    Unqueued,
    /// The small queue, for entries that were not read repeatedly.
    Small,
    /// The main queue, for entries that were read repeatedly.
    Main,
}

/// The neighbours in a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links {
    pub(crate) previous: u32,
    pub(crate) next: u32,
}

/// The kind of a list. Each kind has its own links, so an entry can be in one list of each kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chain {
    /// The eviction queues.
    Queue,
    /// The buckets of the timer wheel.
    Timer,
}

/// An entry, for reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    header: &'a [u8; HEADER],
    rest: &'a [u8],
}

/// An entry, for writing.
#[derive(Debug)]
pub(crate) struct RecordMut<'a> {
    header: &'a mut [u8; HEADER],
    rest: &'a mut [u8],
}

const LONG_ENOUGH: &str = "every slot is at least as long as a header";

/// Returns the size of an entry in bytes, for the lengths of its key and of its inline value.
#[inline]
pub(crate) const fn size(key: usize, value: usize) -> usize {
    HEADER + key + value
}

impl<'a> Record<'a> {
    /// Returns the record at the beginning of these bytes.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let (header, rest) = bytes.split_first_chunk().expect(LONG_ENOUGH);
        Self { header, rest }
    }

    #[inline]
    pub(crate) fn is_in_use(self) -> bool {
        self.header[0] & IN_USE != 0
    }

    #[inline]
    pub(crate) fn queue_kind(self) -> QueueKind {
        match self.header[0] >> QUEUE_SHIFT & 3 {
            0 => QueueKind::Unqueued,
            1 => QueueKind::Small,
            _ => QueueKind::Main,
        }
    }

    #[inline]
    pub(crate) fn frequency(self) -> u8 {
        self.header[0] >> FREQUENCY_SHIFT & 3
    }

    /// Returns whether the value is stored outside of the record, under [`number`](Self::number).
    #[inline]
    pub(crate) fn is_large(self) -> bool {
        self.header[0] & LARGE != 0
    }

    #[inline]
    pub(crate) fn database(self) -> Database {
        Database::new(self.header[1]).unwrap_or(Database::ZERO)
    }

    #[inline]
    pub(crate) fn bucket(self) -> usize {
        let [.., low, high] = *self.header.first_chunk::<4>().expect(LONG_ENOUGH);
        usize::from(u16::from_le_bytes([low, high]))
    }

    #[inline]
    pub(crate) fn key(self) -> &'a [u8] {
        &self.rest[..self.key_length()]
    }

    /// Returns the value, which must not be large.
    #[inline]
    pub(crate) fn value(self) -> &'a [u8] {
        &self.rest[self.key_length()..][..self.value_length()]
    }

    /// Returns the number of the large value.
    pub(crate) fn number(self) -> usize {
        let bytes = self.rest[self.key_length()..].first_chunk();
        u32::from_le_bytes(*bytes.expect("a slot has room for the number of its large value"))
            as usize
    }

    /// Returns the size of the record in bytes.
    #[inline]
    pub(crate) fn size(self) -> usize {
        let value = match self.is_large() {
            true => NUMBER,
            false => self.value_length(),
        };
        size(self.key_length(), value)
    }

    #[inline]
    pub(crate) fn links(self, chain: Chain) -> Links {
        let at = chain.offset();
        Links {
            previous: self.number_at(at),
            next: self.number_at(at + 4),
        }
    }

    #[inline]
    pub(crate) fn deadline(self) -> Option<Deadline> {
        let bytes = self.header.last_chunk().expect(LONG_ENOUGH);
        Deadline::from_millis(u64::from_le_bytes(*bytes))
    }

    #[inline]
    pub(crate) fn is_expired(self, now: crate::Now) -> bool {
        self.deadline()
            .is_some_and(|deadline| deadline.has_passed(now))
    }

    #[inline]
    fn key_length(self) -> usize {
        self.number_at(4) as usize
    }

    #[inline]
    pub(crate) fn value_length(self) -> usize {
        self.number_at(8) as usize
    }

    #[inline]
    fn number_at(self, at: usize) -> u32 {
        u32::from_le_bytes(*self.header[at..].first_chunk().expect(LONG_ENOUGH))
    }
}

impl<'a> RecordMut<'a> {
    /// Returns the record at the beginning of these bytes.
    #[inline]
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        let (header, rest) = bytes.split_first_chunk_mut().expect(LONG_ENOUGH);
        Self { header, rest }
    }

    /// Returns the record for reading.
    #[inline]
    pub(crate) fn record(&self) -> Record<'_> {
        Record {
            header: self.header,
            rest: self.rest,
        }
    }

    /// Initialises an entry with this key, without a value, deadline or list.
    #[inline]
    pub(crate) fn begin(&mut self, database: Database, key: &[u8]) {
        *self.header = [0; HEADER];
        self.header[0] = IN_USE;
        self.header[1] = database.number();
        self.set_number_at(4, key.len());
        self.rest[..key.len()].copy_from_slice(key);
    }

    /// Writes an inline value, or the number of a large value.
    #[inline]
    pub(crate) fn set_value(&mut self, value: Stored<'_>) {
        let (length, bytes) = match &value {
            Stored::Small(value) => {
                self.header[0] &= !LARGE;
                (value.len(), *value)
            }
            Stored::Large { number, length } => {
                self.header[0] |= LARGE;
                (*length, &number[..])
            }
        };
        self.set_number_at(8, length);
        let key = self.record().key_length();
        self.rest[key..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Marks the slot as free.
    #[inline]
    pub(crate) fn end(&mut self, next_free: u16) {
        self.header[0] = 0;
        self.set_bucket(next_free);
    }

    #[inline]
    pub(crate) fn touch(&mut self) {
        let frequency = self.record().frequency();
        self.set_frequency((frequency + 1).min(FREQUENCY_MAX));
    }

    #[inline]
    pub(crate) fn set_frequency(&mut self, frequency: u8) {
        self.header[0] = self.header[0] & !(3 << FREQUENCY_SHIFT) | frequency << FREQUENCY_SHIFT;
    }

    #[inline]
    pub(crate) fn set_queue_kind(&mut self, kind: QueueKind) {
        let kind = match kind {
            QueueKind::Unqueued => 0,
            QueueKind::Small => 1,
            QueueKind::Main => 2,
        };
        self.header[0] = self.header[0] & !(3 << QUEUE_SHIFT) | kind << QUEUE_SHIFT;
    }

    #[inline]
    pub(crate) fn set_bucket(&mut self, bucket: u16) {
        self.header[2..4].copy_from_slice(&bucket.to_le_bytes());
    }

    #[inline]
    pub(crate) fn set_links(&mut self, chain: Chain, links: Links) {
        self.set_previous(chain, links.previous);
        self.set_next(chain, links.next);
    }

    #[inline]
    pub(crate) fn set_previous(&mut self, chain: Chain, slot: u32) {
        self.set_number_at(chain.offset(), slot as usize);
    }

    #[inline]
    pub(crate) fn set_next(&mut self, chain: Chain, slot: u32) {
        self.set_number_at(chain.offset() + 4, slot as usize);
    }

    #[inline]
    pub(crate) fn set_deadline(&mut self, deadline: Option<Deadline>) {
        let millis = deadline.map_or(0, Deadline::millis);
        self.header[28..].copy_from_slice(&millis.to_le_bytes());
    }

    #[inline]
    fn set_number_at(&mut self, at: usize, number: usize) {
        self.header[at..at + 4].copy_from_slice(&(number as u32).to_le_bytes());
    }
}

/// The value as it is stored in a record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stored<'a> {
    /// The value itself.
    Small(&'a [u8]),
    /// The number of a large value, and its length.
    Large { number: [u8; NUMBER], length: usize },
}

impl Stored<'_> {
    pub(crate) fn large(number: usize, length: usize) -> Self {
        Self::Large {
            number: (number as u32).to_le_bytes(),
            length,
        }
    }
}

impl Chain {
    #[inline]
    const fn offset(self) -> usize {
        match self {
            Self::Queue => 12,
            Self::Timer => 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_returns_the_fields_written_to_it() {
        let mut bytes = [0xff; 100];
        let mut record = RecordMut::new(&mut bytes);
        record.begin(Database::new(15).expect("the number is below 16"), b"key");
        record.set_value(Stored::Small(b"value"));
        record.set_links(
            Chain::Queue,
            Links {
                previous: 1,
                next: 2,
            },
        );
        record.set_links(
            Chain::Timer,
            Links {
                previous: 3,
                next: 4,
            },
        );
        record.set_bucket(703);
        record.set_deadline(Deadline::from_millis(u64::MAX));
        record.set_queue_kind(QueueKind::Main);
        for _ in 0..5 {
            record.touch();
        }

        let read = record.record();
        assert_eq!((read.key(), read.value()), (&b"key"[..], &b"value"[..]));
        assert_eq!((read.database().number(), read.bucket()), (15, 703));
        let (queue, timer) = (read.links(Chain::Queue), read.links(Chain::Timer));
        assert_eq!((queue.previous, queue.next), (1, 2));
        assert_eq!((timer.previous, timer.next), (3, 4));
        assert_eq!(
            (read.queue_kind(), read.frequency()),
            (QueueKind::Main, FREQUENCY_MAX)
        );
        assert_eq!(read.deadline().map(Deadline::millis), Some(u64::MAX));
        assert!(read.is_in_use() && !read.is_large());
        assert_eq!(read.size(), HEADER + 8);
        record.set_value(Stored::large(7, 1 << 29));
        assert_eq!(
            (record.record().number(), record.record().value_length()),
            (7, 1 << 29)
        );
        assert_eq!(record.record().size(), HEADER + 3 + NUMBER);
        record.end(9);
        assert!(!record.record().is_in_use());
        assert_eq!(bytes[44..], [0xff; 56]);
    }
}
