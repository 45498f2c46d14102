//! What was evicted a short time ago, remembered by hash alone.
//!
//! A table of one fingerprint per place, so two keys can push each other out. That makes it an estimate, which is all its
//! one reader needs: an entry that comes back soon after its eviction is spared its second time in the small queue.

/// Fingerprints of what was evicted, the most recent ones.
#[derive(Debug)]
pub(crate) struct Ghost {
    /// Empty until something was evicted; a cache that never is full pays nothing.
    places: Box<[Place]>,
    is_needed: bool,
    /// How many evictions were remembered; wraps.
    count: u32,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    fingerprint: u32,
    /// The count when it was remembered.
    at: u32,
}

/// An empty place: no fingerprint is zero.
const EMPTY: Place = Place {
    fingerprint: 0,
    at: 0,
};

const PLACES_MIN: usize = 64;

impl Ghost {
    pub(crate) fn new() -> Self {
        Self {
            places: Box::new([]),
            is_needed: false,
            count: 0,
        }
    }

    /// The bytes of its table.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.places)
    }

    /// How many bytes [`reserve`](Self::reserve) adds.
    pub(crate) fn growth(&self, live: usize) -> usize {
        let wanted = wanted(live);
        if self.is_needed && self.places.len() < wanted {
            wanted * size_of::<Place>()
        } else {
            0
        }
    }

    /// Makes the table large enough for a shard of `live` entries. Growing forgets.
    pub(crate) fn reserve(&mut self, live: usize) {
        if self.growth(live) > 0 {
            self.places = vec![EMPTY; wanted(live)].into();
        }
    }

    /// Remembers an eviction.
    pub(crate) fn remember(&mut self, hash: u64) {
        self.is_needed = true;
        if self.places.is_empty() {
            // The table is made by the next write, which has claimed the room for it; an eviction must not take any.
            return;
        }
        self.count = self.count.wrapping_add(1);
        let place = self.index(hash);
        self.places[place] = Place {
            fingerprint: fingerprint(hash),
            at: self.count,
        };
    }

    /// Whether it was evicted within about the last `live` evictions; forgets it.
    pub(crate) fn recall(&mut self, hash: u64, live: usize) -> bool {
        if self.places.is_empty() {
            return false;
        }
        let index = self.index(hash);
        let place = self.places[index];
        if place.fingerprint != fingerprint(hash) {
            return false;
        }
        self.places[index] = EMPTY;
        self.count.wrapping_sub(place.at) as usize <= live
    }

    fn index(&self, hash: u64) -> usize {
        // The length is a power of two.
        (hash >> 16) as usize & (self.places.len() - 1)
    }
}

fn wanted(live: usize) -> usize {
    live.next_power_of_two().max(PLACES_MIN)
}

fn fingerprint(hash: u64) -> u32 {
    (hash as u32) | 1
}
