//! What a caller sees of an entry.

use bytes::Bytes;

use crate::Deadline;

/// An entry that was found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Its value.
    pub value: &'a [u8],
    /// When it expires; `None` for never.
    pub deadline: Option<Deadline>,
    /// The value again, when it is large enough to be shared instead of copied.
    pub(crate) shared: Option<&'a Bytes>,
}

impl<'a> Found<'a> {
    /// The value, if handing it out costs no copy. That is so for values of 64 KiB and more, and for still larger ones only
    /// where `[cache] memory` exceeds 2 GiB.
    #[must_use]
    pub fn shared(&self) -> Option<&'a Bytes> {
        self.shared
    }

    /// The value to keep: a large one is shared, a small one is copied.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self.shared {
            Some(shared) => shared.clone(),
            None => Bytes::copy_from_slice(self.value),
        }
    }
}
