//! Several requests at once: what is there can be looked through before the first one is executed.

use crate::{
    Args, Parser,
    request::{Span, args_of},
};

/// Requests that a [`Parser`] found, one after the other in the same input. Used again and again, it allocates nothing.
#[derive(Debug, Default)]
pub struct Requests {
    found: Vec<Found>,
    spans: Vec<Span>,
    /// The unescaped words of inline requests.
    text: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Found {
    /// Its arguments end here in `spans`; they begin where those of the one before end.
    spans_end: usize,
    /// It ends here in the input.
    end: usize,
    is_inline: bool,
}

impl Requests {
    /// No requests.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.found.clear();
        self.spans.clear();
        self.text.clear();
    }

    /// Adds the request that `parser` has just found in the input, from `start` to `end`.
    pub fn push(&mut self, parser: &Parser, start: usize, end: usize) {
        let (spans, text) = parser.parts();
        let is_inline = !text.is_empty();
        let offset = if is_inline { self.text.len() } else { start };
        self.spans.extend(spans.iter().map(|span| Span {
            start: span.start + offset,
            length: span.length,
        }));
        self.text.extend_from_slice(text);
        self.found.push(Found {
            spans_end: self.spans.len(),
            end,
            is_inline,
        });
    }

    /// Where the request at `index` ends in the input.
    ///
    /// # Panics
    ///
    /// When there are not so many.
    #[must_use]
    pub fn end(&self, index: usize) -> usize {
        self.found[index].end
    }

    /// The arguments of the request at `index`, in the input in which all of them were found.
    ///
    /// # Panics
    ///
    /// When there are not so many.
    #[inline]
    #[must_use]
    pub fn args<'a>(&'a self, index: usize, input: &'a [u8]) -> Args<'a> {
        let found = self.found[index];
        let first = match index {
            0 => 0,
            _ => self.found[index - 1].spans_end,
        };
        let bytes = if found.is_inline { &self.text } else { input };
        args_of(bytes, &self.spans[first..found.spans_end])
    }

    /// Gives back the memory that large requests have left behind.
    pub fn release(&mut self) {
        const KEPT: usize = 4096;
        if self.spans.capacity() > KEPT {
            self.spans = Vec::new();
        }
        if self.text.capacity() > KEPT {
            self.text = Vec::new();
        }
    }
}
