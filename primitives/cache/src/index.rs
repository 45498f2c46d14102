//! The index from hashes to slots: extendible hashing over small tables.
//!
//! A bucket has 8 bytes: a *tag*, made of 28 bits of the hash and the database, and the slot. The upper bits of the hash
//! select a segment and a bucket in it, where a linear search starts. A lookup therefore usually reads one cache line of
//! the index and then the record. The tag alone determines the bucket, so growing does not read records.
//!
//! A segment has one to eight pages and grows by one page at a time; a full segment of eight pages is split in two. An
//! insertion moves at most a few thousand buckets, however many entries there are. Removal shifts the following buckets
//! back, so there are no tombstones.
//!
//! The order of the tags' upper 28 bits is the order of segments, and nearly the order of buckets, and does not change when
//! tables grow or shrink. A scan in this order visits every entry once. Because the tag contains the database, a scan of one
//! database reads no records of another.

use crate::{
    Database,
    arena::{Arena, NIL, PAGE},
};

const BUCKET: usize = size_of::<u64>();
/// Buckets in a page.
const PER_PAGE: usize = PAGE / BUCKET;
/// The number of entries per page at which a segment grows: seven eighths of the buckets.
const FULL_PAGE: usize = PER_PAGE / 8 * 7;
/// The number of entries per page of a new segment.
const NEW_PAGE: usize = PER_PAGE / 4 * 3;
const PAGES_MAX: usize = 8;
/// Two segments with this many entries or fewer are merged.
const MERGED_MAX: usize = PER_PAGE / 2;

const EMPTY: u64 = NIL as u64;

/// A position in the order of all hashes, of 28 bits. The position of an entry never changes.
pub(crate) type Position = u32;
const POSITION_BITS: u32 = 28;
/// A position after all others.
pub(crate) const END: Position = 1 << POSITION_BITS;

/// An index from hashes to slots.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The segment for each value of the upper `depth` bits of a position; empty without entries.
    directory: Vec<u32>,
    depth: u32,
    segments: Vec<Segment>,
    /// The number of segments with the depth of the directory.
    deepest: usize,
}

/// A table for the positions that begin with `prefix`.
#[derive(Debug, Clone, Copy)]
struct Segment {
    address: u32,
    pages: usize,
    entries: usize,
    /// The number of bits of `prefix`.
    depth: u32,
    prefix: u32,
}

/// The search key of the index: a part of the hash, and the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag(u32);

impl Tag {
    #[inline]
    pub(crate) const fn new(hash: u64, database: Database) -> Self {
        Self((hash >> 32) as u32 & !15 | database.number() as u32)
    }

    const fn of(bucket: u64) -> Self {
        Self((bucket >> 32) as u32)
    }

    #[inline]
    const fn position(self) -> Position {
        self.0 >> 4
    }

    const fn database(self) -> u8 {
        (self.0 & 15) as u8
    }

    const fn bucket(self, slot: u32) -> u64 {
        (self.0 as u64) << 32 | slot as u64
    }
}

const fn slot_of(bucket: u64) -> u32 {
    bucket as u32
}

impl Segment {
    #[inline]
    const fn buckets(self) -> usize {
        self.pages * PER_PAGE
    }

    /// Returns the bucket where the search for a position starts.
    #[inline]
    const fn home(self, position: Position) -> usize {
        let rest = (position << self.depth) & (END - 1);
        ((rest as u64 * self.buckets() as u64) >> POSITION_BITS) as usize
    }

    /// Returns the first position whose search starts at this bucket or a later one.
    const fn first_of(self, bucket: usize) -> Position {
        let rest = ((bucket as u64) << POSITION_BITS).div_ceil(self.buckets() as u64);
        let begin = (self.prefix as u64) << (POSITION_BITS - self.depth);
        (begin + rest.div_ceil(1 << self.depth)) as Position
    }

    #[inline]
    const fn after(self, bucket: usize) -> usize {
        if bucket + 1 == self.buckets() {
            0
        } else {
            bucket + 1
        }
    }
}

/// Returns the buckets of a segment.
#[inline]
fn table(arena: &Arena, segment: Segment) -> &[[u8; BUCKET]] {
    let (buckets, _) = arena.memory(segment.address).as_chunks();
    &buckets[..segment.buckets()]
}

#[inline]
fn table_mut(arena: &mut Arena, segment: Segment) -> &mut [[u8; BUCKET]] {
    let (buckets, _) = arena.memory_mut(segment.address).as_chunks_mut();
    &mut buckets[..segment.buckets()]
}

impl Index {
    /// Returns the bytes of the tables outside of the arena.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.directory.capacity() * size_of::<u32>()
            + self.segments.capacity() * size_of::<Segment>()
    }

    /// Returns the largest number of bytes that inserting `count` entries into the segment of `tag` adds, including pages that
    /// are needed temporarily.
    #[inline]
    pub(crate) fn growth(&self, arena: &Arena, tag: Tag, count: usize) -> usize {
        let (entries, pages) = match self.segment(tag.position()) {
            Some(segment) => (segment.entries, segment.pages),
            None => (0, 0),
        };
        if entries + count <= pages * FULL_PAGE {
            return 0;
        }
        let pages = match count {
            1 if pages < PAGES_MAX => pages + 1,
            _ => (entries + count).div_ceil(NEW_PAGE) + 2 * PAGES_MAX,
        };
        let directory = (self.directory.len() + 8) * 2 * size_of::<u32>();
        let segments = (self.segments.len() + 8) * 2 * size_of::<Segment>();
        arena.growth(pages) + arena.growth(0) + directory + segments
    }

    /// Returns an identifier of the segment for this tag, or any number if the segment does not exist yet.
    pub(crate) fn segment_of(&self, tag: Tag) -> u32 {
        self.segment(tag.position())
            .map_or(0, |segment| segment.address)
    }

    #[inline]
    fn number(&self, position: Position) -> Option<usize> {
        let prefix = position >> (POSITION_BITS - self.depth);
        Some(*self.directory.get(prefix as usize)? as usize)
    }

    #[inline]
    fn segment(&self, position: Position) -> Option<Segment> {
        Some(self.segments[self.number(position)?])
    }

    /// Returns the bucket where the search for a tag starts. Only reading it matters; its value has no meaning.
    #[inline]
    pub(crate) fn prefetch_bucket(&self, arena: &Arena, tag: Tag) -> u64 {
        self.segment(tag.position()).map_or(0, |segment| {
            u64::from_ne_bytes(table(arena, segment)[segment.home(tag.position())])
        })
    }

    /// Returns the first slot with this tag that satisfies `matches_key`.
    #[inline]
    pub(crate) fn find(
        &self,
        arena: &Arena,
        tag: Tag,
        mut matches_key: impl FnMut(u32) -> bool,
    ) -> Option<u32> {
        let segment = self.segment(tag.position())?;
        let table = table(arena, segment);
        let mut place = segment.home(tag.position());
        loop {
            let bucket = u64::from_ne_bytes(table[place]);
            if bucket == EMPTY {
                return None;
            }
            if Tag::of(bucket).0 == tag.0 && matches_key(slot_of(bucket)) {
                return Some(slot_of(bucket));
            }
            place = segment.after(place);
        }
    }

    /// Ensures that an entry with this tag can be inserted. Returns `false` if the operating system has no memory.
    pub(crate) fn reserve(&mut self, arena: &mut Arena, tag: Tag) -> bool {
        let Some(number) = self.number(tag.position()) else {
            return self.begin(arena).is_some();
        };
        let segment = self.segments[number];
        if segment.entries < segment.pages * FULL_PAGE {
            return true;
        }
        if segment.pages < PAGES_MAX {
            return self.resize(arena, number, segment.pages + 1).is_some();
        }
        if segment.depth == POSITION_BITS {
            // Reaching this needs a billion entries in one shard. The table cannot be split, so it fills up completely and
            // then refuses.
            return segment.entries + 1 < segment.buckets();
        }
        self.split(arena, number).is_some() && self.reserve(arena, tag)
    }

    /// Adds a slot that the index does not contain. The caller must have called [`reserve`](Self::reserve).
    pub(crate) fn insert(&mut self, arena: &mut Arena, tag: Tag, slot: u32) {
        if let Some(number) = self.number(tag.position()) {
            self.segments[number].entries += 1;
            put(arena, self.segments[number], tag.bucket(slot));
        }
    }

    /// Records that an entry moved from one slot to another.
    pub(crate) fn relocate(&mut self, arena: &mut Arena, tag: Tag, from: u32, to: u32) {
        if let Some((segment, place)) = self.locate(arena, tag, from) {
            table_mut(arena, segment)[place] = tag.bucket(to).to_ne_bytes();
        }
    }

    /// Removes a slot.
    pub(crate) fn remove(&mut self, arena: &mut Arena, tag: Tag, slot: u32) {
        let Some((segment, mut hole)) = self.locate(arena, tag, slot) else {
            return;
        };
        let table = table_mut(arena, segment);
        let distance = |from: usize, to: usize| match to.checked_sub(from) {
            Some(distance) => distance,
            None => to + segment.buckets() - from,
        };
        let mut place = segment.after(hole);
        loop {
            let bucket = u64::from_ne_bytes(table[place]);
            if bucket == EMPTY {
                break;
            }
            let home = segment.home(Tag::of(bucket).position());
            if distance(home, place) >= distance(hole, place) {
                table[hole] = table[place];
                hole = place;
            }
            place = segment.after(place);
        }
        table[hole] = EMPTY.to_ne_bytes();
        if let Some(number) = self.number(tag.position()) {
            self.segments[number].entries -= 1;
            self.shrink(arena, number);
        }
    }

    /// Visits the slots of one database, or of all, from a position on, over at least `buckets` buckets. `visit` returns
    /// whether to continue. Returns the position from which to continue.
    pub(crate) fn scan(
        &self,
        arena: &Arena,
        database: Option<Database>,
        from: Position,
        buckets: usize,
        mut visit: impl FnMut(u32) -> bool,
    ) -> Position {
        let Some(segment) = self.segment(from).filter(|_| from < END) else {
            return END;
        };
        let table = table(arena, segment);
        let first = segment.home(from);
        let end = (first + buckets.max(1)).min(segment.buckets());
        let mut place = first;
        // From the first bucket to the end of a run that begins before `end`; the run may wrap around.
        for _ in 0..segment.buckets() {
            let bucket = u64::from_ne_bytes(table[place]);
            let is_past = place >= end || place < first;
            if bucket == EMPTY {
                if is_past || place + 1 == end {
                    break;
                }
            } else {
                let tag = Tag::of(bucket);
                let home = segment.home(tag.position());
                if (first..end).contains(&home)
                    && tag.position() >= from
                    && database.is_none_or(|one| one.number() == tag.database())
                    && !visit(slot_of(bucket))
                {
                    break;
                }
            }
            place = segment.after(place);
        }
        segment.first_of(end)
    }

    /// Returns the segment and the bucket of a slot that the index contains.
    fn locate(&self, arena: &Arena, tag: Tag, slot: u32) -> Option<(Segment, usize)> {
        let segment = self.segment(tag.position())?;
        let table = table(arena, segment);
        let mut place = segment.home(tag.position());
        loop {
            match u64::from_ne_bytes(table[place]) {
                EMPTY => return None,
                bucket if bucket == tag.bucket(slot) => return Some((segment, place)),
                _ => place = segment.after(place),
            }
        }
    }

    fn begin(&mut self, arena: &mut Arena) -> Option<()> {
        let segment = Segment {
            address: make(arena, 1)?,
            pages: 1,
            entries: 0,
            depth: 0,
            prefix: 0,
        };
        self.segments = vec![segment];
        self.directory = vec![0];
        self.depth = 0;
        self.deepest = 1;
        Some(())
    }

    /// Changes the number of pages of a segment.
    fn resize(&mut self, arena: &mut Arena, number: usize, pages: usize) -> Option<()> {
        let old = self.segments[number];
        let new = Segment {
            address: make(arena, pages)?,
            pages,
            ..old
        };
        fill(arena, old, new);
        arena.free(old.address, old.pages);
        self.segments[number] = new;
        Some(())
    }

    /// Splits a segment in two.
    fn split(&mut self, arena: &mut Arena, number: usize) -> Option<()> {
        let old = self.segments[number];
        let bit = 1 << (POSITION_BITS - old.depth - 1);
        let upper = table(arena, old)
            .iter()
            .map(|bucket| u64::from_ne_bytes(*bucket))
            .filter(|bucket| *bucket != EMPTY && Tag::of(*bucket).position() & bit != 0)
            .count();
        let half = |prefix, entries: usize, arena: &mut Arena| {
            let pages = entries.div_ceil(NEW_PAGE).clamp(1, PAGES_MAX);
            Some(Segment {
                address: make(arena, pages)?,
                pages,
                entries,
                depth: old.depth + 1,
                prefix,
            })
        };
        let first = half(old.prefix * 2, old.entries - upper, arena)?;
        let Some(second) = half(old.prefix * 2 + 1, upper, arena) else {
            arena.free(first.address, first.pages);
            return None;
        };
        for new in [first, second] {
            fill(arena, old, new);
        }
        arena.free(old.address, old.pages);
        if old.depth == self.depth {
            self.directory = self.directory.iter().flat_map(|one| [*one; 2]).collect();
            self.depth += 1;
            self.deepest = 0;
        }
        if first.depth == self.depth {
            self.deepest += 2;
        }
        self.segments[number] = first;
        self.segments.push(second);
        self.point_to(self.segments.len() - 1);
        Some(())
    }

    /// Frees pages that a segment no longer needs.
    fn shrink(&mut self, arena: &mut Arena, number: usize) {
        let segment = self.segments[number];
        if segment.pages > 1 {
            let pages = segment.entries.div_ceil(NEW_PAGE).max(1);
            if pages < segment.pages {
                // If there is no memory for a smaller table, the segment keeps the present one.
                let _ = self.resize(arena, number, pages);
            }
        } else if segment.depth > 0 && segment.entries.is_multiple_of(32) {
            self.merge(arena, number);
        }
    }

    /// Merges two segments with few entries.
    fn merge(&mut self, arena: &mut Arena, number: usize) {
        let one = self.segments[number];
        let sibling = (one.prefix ^ 1) << (POSITION_BITS - one.depth);
        let Some(other_number) = self.number(sibling) else {
            return;
        };
        let other = self.segments[other_number];
        if other.depth != one.depth || other.pages > 1 || one.entries + other.entries > MERGED_MAX {
            return;
        }
        let Some(address) = make(arena, 1) else {
            return;
        };
        let new = Segment {
            address,
            pages: 1,
            entries: one.entries + other.entries,
            depth: one.depth - 1,
            prefix: one.prefix / 2,
        };
        for old in [one, other] {
            fill(arena, old, new);
            arena.free(old.address, old.pages);
        }
        self.segments[number] = new;
        self.point_to(number);
        self.segments.swap_remove(other_number);
        if other_number < self.segments.len() {
            self.point_to(other_number);
        }
        if one.depth == self.depth {
            self.deepest -= 2;
        }
        if self.deepest == 0 {
            self.directory = self.directory.iter().copied().step_by(2).collect();
            self.depth -= 1;
            self.deepest = self
                .segments
                .iter()
                .filter(|segment| segment.depth == self.depth)
                .count();
            self.segments.shrink_to_fit();
        }
    }

    /// Updates the entries of the directory that refer to a segment.
    fn point_to(&mut self, number: usize) {
        let segment = self.segments[number];
        let width = 1usize << (self.depth - segment.depth);
        let first = segment.prefix as usize * width;
        self.directory[first..first + width].fill(number as u32);
    }
}

/// Allocates an empty table with this many pages.
fn make(arena: &mut Arena, pages: usize) -> Option<u32> {
    let address = arena.allocate(pages)?;
    let (buckets, _) = arena.memory_mut(address)[..pages * PAGE].as_chunks_mut();
    buckets.fill(EMPTY.to_ne_bytes());
    Some(address)
}

/// Copies the buckets that belong to the segment `new` from `old`.
fn fill(arena: &mut Arena, old: Segment, new: Segment) {
    for place in 0..old.buckets() {
        let bucket = u64::from_ne_bytes(table(arena, old)[place]);
        let position = Tag::of(bucket).position();
        if bucket != EMPTY && position >> (POSITION_BITS - new.depth) == new.prefix {
            put(arena, new, bucket);
        }
    }
}

fn put(arena: &mut Arena, segment: Segment, bucket: u64) {
    let table = table_mut(arena, segment);
    let mut place = segment.home(Tag::of(bucket).position());
    while u64::from_ne_bytes(table[place]) != EMPTY {
        place = segment.after(place);
    }
    table[place] = bucket.to_ne_bytes();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const ONE: Database = Database::ZERO;

    /// Distributes numbers like a hash.
    fn hash(number: u64) -> u64 {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    proptest! {
        #[test]
        fn find_returns_slots_that_were_added_and_not_removed(
            steps in proptest::collection::vec((0u32..40, any::<bool>(), 0u64..4), 1..300),
        ) {
            let (mut arena, mut index, mut model) = (Arena::new(PAGE), Index::default(), BTreeMap::new());
            for (slot, adds, crowd) in steps {
                // Few distinct hashes at both ends of the table, so that runs merge and wrap around.
                let tag = *model.get(&slot).unwrap_or(&Tag::new(crowd << 62 | u64::MAX >> 3, ONE).0);
                if adds && !model.contains_key(&slot) {
                    prop_assert!(index.reserve(&mut arena, Tag(tag)));
                    index.insert(&mut arena, Tag(tag), slot);
                    model.insert(slot, tag);
                } else if !adds && model.remove(&slot).is_some() {
                    index.remove(&mut arena, Tag(tag), slot);
                }
                for slot in 0..40 {
                    let tag = model.get(&slot).copied();
                    let found = index.find(&arena, Tag(tag.unwrap_or(0)), |found| found == slot);
                    prop_assert_eq!(found, tag.map(|_| slot));
                }
                let mut seen = Vec::new();
                let mut position = 0;
                while position < END {
                    position = index.scan(&arena, Some(ONE), position, 3, |slot| {
                        seen.push(slot);
                        true
                    });
                }
                seen.sort_unstable();
                prop_assert_eq!(seen, model.keys().copied().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_index_grows_and_shrinks_and_growth_is_an_upper_bound() {
        let (mut arena, mut index) = (Arena::new(8 * PAGE), Index::default());
        let bytes = |arena: &Arena, index: &Index| arena.bytes() + index.bytes();
        for number in 0..200_000u32 {
            let tag = Tag::new(hash(number.into()), ONE);
            let most = bytes(&arena, &index) + index.growth(&arena, tag, 1);
            assert!(index.reserve(&mut arena, tag));
            index.insert(&mut arena, tag, number);
            assert!(bytes(&arena, &index) <= most);
        }
        let full = bytes(&arena, &index);
        assert!(full < 200_000 * 12, "{full} bytes for 200,000 entries");
        for number in 0..200_000u32 {
            let tag = Tag::new(hash(number.into()), ONE);
            assert_eq!(index.find(&arena, tag, |slot| slot == number), Some(number));
            if number % 100 > 0 {
                index.remove(&mut arena, tag, number);
            }
        }

        let left = bytes(&arena, &index);
        assert!(left < full / 10, "{left} of {full}");
        for number in (0..200_000u32).step_by(100) {
            let tag = Tag::new(hash(number.into()), ONE);
            assert_eq!(index.find(&arena, tag, |slot| slot == number), Some(number));
        }
        assert!(
            index.depth < 8,
            "the directory shrinks too: {}",
            index.depth
        );
    }

    #[test]
    fn a_scan_visits_every_entry_once_while_the_tables_grow_and_shrink() {
        let (mut arena, mut index) = (Arena::new(8 * PAGE), Index::default());
        let insert = |arena: &mut Arena, index: &mut Index, number: u32| {
            let tag = Tag::new(hash(number.into()), ONE);
            assert!(index.reserve(arena, tag));
            index.insert(arena, tag, number);
        };
        for number in 0..10_000 {
            insert(&mut arena, &mut index, number);
        }

        let (mut seen, mut position, mut next) = (Vec::new(), 0, 10_000);
        while position < END {
            position = index.scan(&arena, None, position, 20, |slot| {
                seen.push(slot);
                true
            });
            if position < END / 2 {
                for _ in 0..20 {
                    insert(&mut arena, &mut index, next);
                    next += 1;
                }
            } else {
                for _ in 0..20 {
                    next = (next - 1).max(10_000);
                    let tag = Tag::new(hash(next.into()), ONE);
                    index.remove(&mut arena, tag, next);
                }
            }
        }

        let mut stayed: Vec<u32> = seen.into_iter().filter(|slot| *slot < 10_000).collect();
        stayed.sort_unstable();
        assert_eq!(stayed, (0..10_000).collect::<Vec<_>>());
    }
}
