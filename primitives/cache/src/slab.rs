//! Where entries live: numbered slots that never move.
//!
//! A slot keeps its number as long as its entry lives. That is what gives `SCAN` its promise: a cursor is a slot's number,
//! so an entry that is there during a whole scan is passed exactly once, whatever comes and goes around it. Slots come in
//! pieces of a fixed number, so that growing never copies the entries and costs the bound a little at a time.

use crate::entry::{Entry, NIL};

/// Slots per piece.
const PIECE: usize = 128;

/// A place for an entry.
#[derive(Debug)]
pub(crate) enum Slot {
    Vacant { next: u32 },
    Full(Entry),
}

impl Slot {
    /// Reads a little from both ends, which lie on different lines of memory; the sum means nothing.
    #[inline]
    pub(crate) fn glance(&self) -> u64 {
        match self {
            // Which variant it is stands at the beginning.
            Self::Full(entry) => entry.database.index() as u64 ^ u64::from(entry.frequency),
            Self::Vacant { .. } => 0,
        }
    }

    #[inline]
    pub(crate) fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Full(entry) => Some(entry),
            Self::Vacant { .. } => None,
        }
    }
}

/// Numbered slots for entries.
#[derive(Debug)]
pub(crate) struct Slab {
    pieces: Vec<Box<[Slot]>>,
    vacant: u32,
    len: usize,
}

impl Slab {
    /// The bytes of one piece.
    pub(crate) const PIECE_BYTES: usize = PIECE * size_of::<Slot>();

    pub(crate) const fn new() -> Self {
        Self {
            pieces: Vec::new(),
            vacant: NIL,
            len: 0,
        }
    }

    /// How many entries it holds.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// One more than the highest slot's number.
    pub(crate) fn end(&self) -> u32 {
        u32::try_from(self.pieces.len() * PIECE).unwrap_or(NIL)
    }

    /// The bytes that the slots take, full or not.
    pub(crate) fn bytes(&self) -> usize {
        self.pieces.len() * Self::PIECE_BYTES
    }

    /// How many bytes `count` more entries would add.
    pub(crate) fn growth(&self, count: usize) -> usize {
        let vacant = self.pieces.len() * PIECE - self.len;
        count.saturating_sub(vacant).div_ceil(PIECE) * Self::PIECE_BYTES
    }

    /// The slot with a number. Reads nothing of it.
    #[inline]
    pub(crate) fn slot(&self, slot: u32) -> Option<&Slot> {
        self.pieces
            .get(slot as usize / PIECE)?
            .get(slot as usize % PIECE)
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&Entry> {
        self.slot(slot)?.entry()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        match self
            .pieces
            .get_mut(slot as usize / PIECE)?
            .get_mut(slot as usize % PIECE)?
        {
            Slot::Full(entry) => Some(entry),
            Slot::Vacant { .. } => None,
        }
    }

    /// Puts an entry into a vacant slot and answers its number.
    pub(crate) fn insert(&mut self, entry: Entry) -> u32 {
        if self.vacant == NIL {
            self.grow();
        }
        let slot = self.vacant;
        let place = &mut self.pieces[slot as usize / PIECE][slot as usize % PIECE];
        if let Slot::Vacant { next } = place {
            self.vacant = *next;
        }
        *place = Slot::Full(entry);
        self.len += 1;
        slot
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Entry> {
        let place = self
            .pieces
            .get_mut(slot as usize / PIECE)?
            .get_mut(slot as usize % PIECE)?;
        if let Slot::Vacant { .. } = place {
            return None;
        }
        let vacated = Slot::Vacant { next: self.vacant };
        let Slot::Full(entry) = std::mem::replace(place, vacated) else {
            return None;
        };
        self.vacant = slot;
        self.len -= 1;
        Some(entry)
    }

    fn grow(&mut self) {
        let first = self.end();
        let last = PIECE as u32 - 1;
        let piece = (0..=last)
            .map(|offset| Slot::Vacant {
                next: if offset == last {
                    NIL
                } else {
                    first + offset + 1
                },
            })
            .collect();
        self.pieces.push(piece);
        self.vacant = first;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        Database,
        entry::{Links, Place},
    };

    fn entry(key: u8) -> Entry {
        Entry {
            hash: 0,
            key: (&[key][..]).into(),
            value: Bytes::new(),
            deadline: None,
            queue: Links::NONE,
            timer: Links::NONE,
            bucket: 0,
            database: Database::ZERO,
            place: Place::Unqueued,
            frequency: 0,
        }
    }

    #[test]
    fn a_slot_takes_two_lines_and_a_glance_reads_from_both() {
        assert!(size_of::<Slot>() <= 128);
        let full = Slot::Full(entry(1));
        let begin = (&raw const full).addr();
        let Slot::Full(entry) = &full else {
            panic!("it is full");
        };
        assert!((&raw const entry.frequency).addr() - begin >= 64);
    }

    #[test]
    fn slots_are_used_again_and_never_move() {
        let mut slab = Slab::new();
        let slots: Vec<u32> = (0..200).map(|key| slab.insert(entry(key))).collect();
        let pieces = slab.bytes();

        assert!(slab.remove(slots[7]).is_some());
        assert!(slab.remove(slots[7]).is_none());
        assert_eq!(slab.growth(1), 0);
        let again = slab.insert(entry(201));

        assert_eq!(again, slots[7]);
        assert_eq!((slab.len(), slab.bytes()), (200, pieces));
        assert_eq!(slab.get(slots[8]).map(|entry| entry.key[0]), Some(8));
        assert!(slab.get(slab.end()).is_none());
        assert_eq!(slab.growth(57), Slab::PIECE_BYTES);
    }
}
