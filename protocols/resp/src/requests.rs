//! Batches of requests, so that a connection can inspect all of them before it executes the first one.

use crate::{
    Args, Parser,
    request::{Span, args_of},
};

/// Requests that a [`Parser`] found, in order, in the same input. It allocates nothing if it is reused.
#[derive(Debug, Default)]
pub struct Requests {
    found: Vec<Found>,
    spans: Vec<Span>,
    /// The unescaped words of inline requests.
    text: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Found {
    /// The end of its arguments in `spans`; they begin at the end of the previous request's arguments.
    spans_end: usize,
    /// The end of the request in the input.
    end: usize,
    is_inline: bool,
}

impl Requests {
    /// Creates an empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of requests.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Returns whether there are no requests.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Removes all requests.
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

    /// Returns the end of the request at `index` in the input.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of bounds.
    #[must_use]
    pub fn end(&self, index: usize) -> usize {
        self.found[index].end
    }

    /// Returns the arguments of the request at `index`. `input` must be the input of all requests.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of bounds.
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

    /// Frees memory that was needed for large requests.
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
