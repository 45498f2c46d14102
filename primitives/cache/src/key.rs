//! A key in a slot. Most keys are short and lie in the slot itself: comparing them takes no further trip to memory, and
//! storing them no allocation.

use std::ops::Deref;

/// What fits into the place that a pointer with its length would take anyway, and eight bytes more.
const INLINE_MAX: usize = 22;

/// The bytes of a key.
#[derive(Debug)]
pub(crate) enum Key {
    Inline { length: u8, bytes: [u8; INLINE_MAX] },
    Allocated(Box<[u8]>),
}

impl Key {
    /// The bytes that a key of this length takes outside its slot.
    pub(crate) const fn allocated(length: usize) -> usize {
        if length <= INLINE_MAX { 0 } else { length }
    }
}

impl From<&[u8]> for Key {
    fn from(key: &[u8]) -> Self {
        if key.len() > INLINE_MAX {
            return Self::Allocated(key.into());
        }
        let mut bytes = [0; INLINE_MAX];
        bytes[..key.len()].copy_from_slice(key);
        Self::Inline {
            length: key.len() as u8,
            bytes,
        }
    }
}

impl Deref for Key {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Self::Allocated(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_length_read_back() {
        for length in 0..100 {
            let key = vec![b'k'; length];
            assert_eq!(*Key::from(&key[..]), *key);
        }
        assert_eq!(size_of::<Key>(), 24);
    }
}
