//! The memory of one shard, obtained from the operating system in pages.
//!
//! A general allocator keeps freed memory for the same sizes and returns it to the system at a time of its choice. A cache
//! whose value sizes change would then hold far more memory than its entries need. An arena maps large *extents* and allocates
//! runs of whole pages. Freeing a run returns its memory immediately while the extent keeps its address range; an extent
//! without runs is unmapped. The allocated pages therefore equal the resident memory at any moment, not only on average.
//!
//! The arena does not know what the pages contain.

use memmap2::MmapMut;

/// The unit of allocation in bytes.
pub(crate) const PAGE: usize = 4096;
/// Addresses count units of 8 bytes, so that 32 bits cover 32 GiB.
pub(crate) const UNIT: usize = 8;
/// The pages of the smallest extent: 256 KiB.
const EXTENT_PAGES_MIN: usize = 64;
/// How many of the largest runs fit into an extent. A larger number leaves less of its address range unused.
const RUNS_PER_EXTENT: usize = 4;

/// No address.
pub(crate) const NIL: u32 = u32::MAX;

/// The data that the owner of a run stores for a page. The data of the first page describes the run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PageInfo {
    /// The size class of the run.
    pub(crate) class: u8,
    /// How many pages before this one the run begins.
    pub(crate) back: u8,
    /// The number of slots in use.
    pub(crate) live: u16,
    /// The number of slots that were ever used. The slots after them have never been written.
    pub(crate) touched: u16,
    /// One plus the number of the first free slot before `touched`; zero if there is none.
    pub(crate) free: u16,
    /// The index of the run in its class's list of runs with free slots.
    pub(crate) position: u16,
}

/// The pages of one shard.
#[derive(Debug)]
pub(crate) struct Arena {
    extents: Vec<Option<Extent>>,
    extent_pages: usize,
    /// How many bits of an address lie below the number of its extent.
    shift: u32,
    taken: usize,
    mapped: usize,
}

/// An address range mapped from the operating system.
#[derive(Debug)]
struct Extent {
    memory: MmapMut,
    /// One bit per page, set if the page is allocated.
    taken: Box<[u64]>,
    page_infos: Box<[PageInfo]>,
    free: usize,
    /// An upper limit for the length of a run of free pages.
    longest_free: usize,
}

impl Arena {
    /// Creates an empty arena for runs of at most `run_max` bytes.
    pub(crate) fn new(run_max: usize) -> Self {
        let extent_pages = (run_max.div_ceil(PAGE) * RUNS_PER_EXTENT)
            .next_power_of_two()
            .max(EXTENT_PAGES_MIN);
        Self {
            extents: Vec::new(),
            extent_pages,
            shift: (extent_pages * (PAGE / UNIT)).ilog2(),
            taken: 0,
            mapped: 0,
        }
    }

    /// Returns the memory in bytes: allocated pages and the tables of all extents.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.taken * PAGE + self.mapped * self.extent_overhead()
    }

    /// Returns the largest number of bytes that [`allocate`](Self::allocate) adds.
    #[inline]
    pub(crate) fn growth(&self, pages: usize) -> usize {
        pages * PAGE + self.extent_overhead()
    }

    fn extent_overhead(&self) -> usize {
        size_of::<Extent>() + self.extent_pages * size_of::<PageInfo>() + self.extent_pages / 8
    }

    /// Allocates a run of pages and returns its address. Returns `None` if the system has no memory or no addresses are left.
    pub(crate) fn allocate(&mut self, pages: usize) -> Option<u32> {
        let fits = |extent: &mut Extent| extent.take(pages);
        let found = self
            .extents
            .iter_mut()
            .enumerate()
            .find_map(|(number, extent)| Some((number, extent.as_mut().and_then(fits)?)));
        let (number, page) = match found {
            Some(found) => found,
            None => {
                let number = self.map()?;
                (number, self.extents[number].as_mut().and_then(fits)?)
            }
        };
        self.taken += pages;
        let address = (number << self.shift) + page * (PAGE / UNIT);
        u32::try_from(address).ok()
    }

    /// Frees a run. Its memory leaves the process before this returns.
    pub(crate) fn free(&mut self, address: u32, pages: usize) {
        let (number, offset) = self.parts(address);
        let Some(extent) = &mut self.extents[number] else {
            return;
        };
        extent.give_back(offset / PAGE, pages);
        self.taken -= pages;
        if extent.free == self.extent_pages {
            self.extents[number] = None;
            self.mapped -= 1;
            while let Some(None) = self.extents.last() {
                self.extents.pop();
            }
        } else {
            extent.purge(offset, pages * PAGE);
        }
    }

    /// Returns the bytes from an address to the end of its extent.
    #[inline]
    pub(crate) fn memory(&self, address: u32) -> &[u8] {
        let (number, offset) = self.parts(address);
        match &self.extents[number] {
            Some(extent) => &extent.memory[offset..],
            None => &[],
        }
    }

    /// Returns the same bytes for writing.
    #[inline]
    pub(crate) fn memory_mut(&mut self, address: u32) -> &mut [u8] {
        let (number, offset) = self.parts(address);
        match &mut self.extents[number] {
            Some(extent) => &mut extent.memory[offset..],
            None => &mut [],
        }
    }

    /// Copies `length` bytes from one address to another.
    pub(crate) fn copy(&mut self, from: u32, to: u32, length: usize) {
        let ((source, source_offset), (target, target_offset)) = (self.parts(from), self.parts(to));
        if source == target {
            if let Some(extent) = &mut self.extents[source] {
                let range = source_offset..source_offset + length;
                extent.memory.copy_within(range, target_offset);
            }
        } else if let Ok([Some(source), Some(target)]) =
            self.extents.get_disjoint_mut([source, target])
        {
            target.memory[target_offset..][..length]
                .copy_from_slice(&source.memory[source_offset..][..length]);
        }
    }

    /// Returns the start of the page that contains this address.
    #[inline]
    pub(crate) fn page(&self, address: u32) -> u32 {
        const UNITS: u32 = (PAGE / UNIT) as u32;
        address & !(UNITS - 1)
    }

    /// Returns the data stored for the page that contains this address.
    #[inline]
    pub(crate) fn page_info(&self, address: u32) -> PageInfo {
        let (number, offset) = self.parts(address);
        match &self.extents[number] {
            Some(extent) => extent.page_infos[offset / PAGE],
            None => PageInfo::default(),
        }
    }

    /// Sets the data of the page that contains this address.
    #[inline]
    pub(crate) fn set_page_info(&mut self, address: u32, info: PageInfo) {
        let (number, offset) = self.parts(address);
        if let Some(extent) = &mut self.extents[number] {
            extent.page_infos[offset / PAGE] = info;
        }
    }

    #[inline]
    fn parts(&self, address: u32) -> (usize, usize) {
        let mask = (1u32 << self.shift) - 1;
        (
            (address >> self.shift) as usize,
            (address & mask) as usize * UNIT,
        )
    }

    /// Maps another extent and returns its number.
    fn map(&mut self) -> Option<usize> {
        let vacant = self.extents.iter().position(Option::is_none);
        let number = vacant.unwrap_or(self.extents.len());
        // The last number is not used, so that no address equals `NIL`.
        if number + 1 >= 1 << (u32::BITS - self.shift) {
            return None;
        }
        let extent = Extent::map(self.extent_pages)?;
        match vacant {
            Some(number) => self.extents[number] = Some(extent),
            None => self.extents.push(Some(extent)),
        }
        self.mapped += 1;
        Some(number)
    }
}

impl Extent {
    fn map(pages: usize) -> Option<Self> {
        let memory = MmapMut::map_anon(pages * PAGE).ok()?;
        // A huge page would make unallocated pages resident. A kernel without huge pages returns an error, which is harmless.
        #[cfg(target_os = "linux")]
        let _ = memory.advise(memmap2::Advice::NoHugePage);
        Some(Self {
            memory,
            taken: vec![0; pages / 64].into(),
            page_infos: vec![PageInfo::default(); pages].into(),
            free: pages,
            longest_free: pages,
        })
    }

    /// Finds a run of free pages, marks it as allocated and returns its first page.
    fn take(&mut self, pages: usize) -> Option<usize> {
        if pages > self.longest_free {
            return None;
        }
        let Some(first) = self.find(pages) else {
            self.longest_free = pages - 1;
            return None;
        };
        self.mark(first, pages);
        self.free -= pages;
        Some(first)
    }

    fn give_back(&mut self, first: usize, pages: usize) {
        self.mark(first, pages);
        self.free += pages;
        self.longest_free = self.free;
    }

    /// Flips the bits of a run of pages.
    fn mark(&mut self, first: usize, pages: usize) {
        for page in first..first + pages {
            self.taken[page / 64] ^= 1 << (page % 64);
        }
    }

    /// Returns the first run of `pages` free pages.
    fn find(&self, pages: usize) -> Option<usize> {
        let (mut start, mut page) = (0, 0);
        while page < self.page_infos.len() {
            let rest = self.taken[page / 64] >> (page % 64);
            page += match rest {
                0 => 64 - page % 64,
                _ => rest.trailing_zeros() as usize,
            };
            if page - start >= pages {
                return Some(start);
            }
            if rest != 0 {
                page += (rest >> rest.trailing_zeros()).trailing_ones() as usize;
                start = page;
            }
        }
        None
    }

    /// Returns the memory of free pages to the operating system.
    #[expect(unsafe_code, reason = "no safe function releases a part of a mapping")]
    fn purge(&mut self, offset: usize, length: usize) {
        // SAFETY: The range lies within this private, anonymous mapping. Its bytes become zero. No reference to them exists,
        // because the mapping belongs to this extent, which is mutably borrowed.
        let _ = unsafe {
            self.memory
                .unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, offset, length)
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn runs_do_not_overlap_and_keep_their_bytes(
            steps in proptest::collection::vec((1usize..20, any::<bool>(), 0usize..30), 1..200),
        ) {
            let mut arena = Arena::new(20 * PAGE);
            let mut runs: Vec<(u32, usize, u8)> = Vec::new();
            for (number, (pages, adds, which)) in steps.into_iter().enumerate() {
                if adds || runs.is_empty() {
                    let address = arena.allocate(pages).expect("the system has memory");
                    arena.memory_mut(address)[..pages * PAGE].fill(number as u8);
                    runs.push((address, pages, number as u8));
                } else {
                    let (address, pages, _) = runs.swap_remove(which % runs.len());
                    arena.free(address, pages);
                }
                for (address, pages, byte) in &runs {
                    let run = &arena.memory(*address)[..pages * PAGE];
                    prop_assert!(run.iter().all(|one| one == byte));
                }
                prop_assert_eq!(arena.taken, runs.iter().map(|(_, pages, _)| pages).sum::<usize>());
            }
            for (address, pages, _) in runs {
                arena.free(address, pages);
            }
            prop_assert_eq!((arena.bytes(), arena.extents.len()), (0, 0));
        }
    }
}
