//! The view of an entry that is passed to closures.

use bytes::Bytes;

use crate::Deadline;

/// An existing entry.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The value.
    pub value: &'a [u8],
    /// The deadline; `None` if the entry does not expire.
    pub deadline: Option<Deadline>,
    /// The value again, if it is large enough to be shared instead of copied.
    pub(crate) shared: Option<&'a Bytes>,
}

impl<'a> Found<'a> {
    /// Returns the value if it can be shared without a copy. This is the case for values of 64 KiB and more; the threshold is
    /// larger if `[cache] memory` exceeds 2 GiB.
    #[must_use]
    pub fn shared(&self) -> Option<&'a Bytes> {
        self.shared
    }

    /// Returns an owned value: a large one is shared, a small one copied.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self.shared {
            Some(shared) => shared.clone(),
            None => Bytes::copy_from_slice(self.value),
        }
    }
}
