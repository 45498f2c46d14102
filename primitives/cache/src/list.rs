//! Doubly linked lists through the slab: no allocation per element, and removal from the middle in constant time.

use std::marker::PhantomData;

use crate::{
    entry::{Entry, Links, NIL},
    slab::Slab,
};

/// Which of an entry's links a list uses; an entry can be in one list of each kind.
pub(crate) trait Chain {
    fn links(entry: &mut Entry) -> &mut Links;
}

/// The eviction queues.
#[derive(Debug)]
pub(crate) struct QueueChain;

/// The buckets of the timer wheel.
#[derive(Debug)]
pub(crate) struct TimerChain;

impl Chain for QueueChain {
    fn links(entry: &mut Entry) -> &mut Links {
        &mut entry.queue
    }
}

impl Chain for TimerChain {
    fn links(entry: &mut Entry) -> &mut Links {
        &mut entry.timer
    }
}

/// A list of slots.
#[derive(Debug)]
pub(crate) struct List<C> {
    head: u32,
    tail: u32,
    chain: PhantomData<C>,
}

impl<C: Chain> List<C> {
    pub(crate) const fn new() -> Self {
        Self {
            head: NIL,
            tail: NIL,
            chain: PhantomData,
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.head == NIL
    }

    /// The slot that was added first.
    pub(crate) const fn oldest(&self) -> Option<u32> {
        if self.tail == NIL {
            None
        } else {
            Some(self.tail)
        }
    }

    /// Adds a slot that is in no list of this kind.
    pub(crate) fn push(&mut self, slab: &mut Slab, slot: u32) {
        let head = self.head;
        let Some(entry) = slab.get_mut(slot) else {
            return;
        };
        *C::links(entry) = Links {
            previous: NIL,
            next: head,
        };
        match slab.get_mut(head) {
            Some(first) => C::links(first).previous = slot,
            None => self.tail = slot,
        }
        self.head = slot;
    }

    /// Takes out a slot that is in this list.
    pub(crate) fn remove(&mut self, slab: &mut Slab, slot: u32) {
        let Some(entry) = slab.get_mut(slot) else {
            return;
        };
        let Links { previous, next } = std::mem::replace(C::links(entry), Links::NONE);
        match slab.get_mut(previous) {
            Some(entry) => C::links(entry).next = next,
            None => self.head = next,
        }
        match slab.get_mut(next) {
            Some(entry) => C::links(entry).previous = previous,
            None => self.tail = previous,
        }
    }
}
