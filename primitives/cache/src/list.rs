//! Doubly linked lists through the records: no allocation per element, and removal in constant time.

use crate::{
    arena::NIL,
    record::{Chain, Links},
    slots::Slots,
};

/// A list of slots.
#[derive(Debug)]
pub(crate) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(crate) const EMPTY: Self = Self {
        head: NIL,
        tail: NIL,
    };

    pub(crate) const fn is_empty(&self) -> bool {
        self.head == NIL
    }

    /// Returns the slot that was added first.
    pub(crate) const fn oldest(&self) -> Option<u32> {
        if self.tail == NIL {
            None
        } else {
            Some(self.tail)
        }
    }

    /// Adds a slot that is in no list of this chain.
    pub(crate) fn push(&mut self, chain: Chain, slots: &mut Slots, slot: u32) {
        let links = Links {
            previous: NIL,
            next: self.head,
        };
        slots.record_mut(slot).set_links(chain, links);
        match self.head {
            NIL => self.tail = slot,
            head => slots.record_mut(head).set_previous(chain, slot),
        }
        self.head = slot;
    }

    /// Removes a slot that is in this list.
    pub(crate) fn remove(&mut self, chain: Chain, slots: &mut Slots, slot: u32) {
        let Links { previous, next } = slots.record(slot).links(chain);
        self.join(chain, slots, previous, next);
    }

    /// Updates the neighbours of an element that has moved to another slot.
    pub(crate) fn follow(&mut self, chain: Chain, slots: &mut Slots, to: u32) {
        let Links { previous, next } = slots.record(to).links(chain);
        match previous {
            NIL => self.head = to,
            slot => slots.record_mut(slot).set_next(chain, to),
        }
        match next {
            NIL => self.tail = to,
            slot => slots.record_mut(slot).set_previous(chain, to),
        }
    }

    fn join(&mut self, chain: Chain, slots: &mut Slots, previous: u32, next: u32) {
        match previous {
            NIL => self.head = next,
            slot => slots.record_mut(slot).set_next(chain, next),
        }
        match next {
            NIL => self.tail = previous,
            slot => slots.record_mut(slot).set_previous(chain, previous),
        }
    }
}
