//! The connections of the listener, and which of them gives way when there are too many.
//!
//! Anyone can open connections and send nothing. When `[http] connections_max` are open, the one on which nothing has been asked
//! for the longest time gives its place to the newcomer, so that a client that does ask is served.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use crate::line::Line;

/// The open connections. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    added: u64,
    lines: HashMap<u64, Line>,
}

/// A connection that is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    number: u64,
    lines: Lines,
}

impl Lines {
    /// Counts a connection.
    pub(crate) fn add(&self, line: &Line) -> Counted {
        let mut open = self.0.lock();
        open.added += 1;
        let number = open.added;
        open.lines.insert(number, line.clone());
        Counted {
            number,
            lines: self.clone(),
        }
    }

    /// How many are open, those that are being closed not counted.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().lines.len()
    }

    /// Closes the connection on which nothing has been asked for the longest time, if there is one where nothing is being
    /// answered. Tells whether there was.
    pub(crate) fn cut_idle(&self) -> bool {
        let mut open = self.0.lock();
        let idle = open
            .lines
            .iter()
            .filter_map(|(number, line)| Some((line.idle_since()?, *number)));
        let Some((_, longest)) = idle.min() else {
            return false;
        };
        if let Some(line) = open.lines.remove(&longest) {
            line.cut();
        }
        true
    }

    /// Counts this connection no more: it is being closed.
    pub(crate) fn forget(&self, line: &Line) {
        self.0.lock().lines.retain(|_, open| !open.is(line));
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.lines.0.lock().lines.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_that_has_asked_for_nothing_for_the_longest_time_gives_way() {
        let lines = Lines::default();
        let [answering, silent, asked_again, newcomer] = std::array::from_fn(|_| Line::new());
        let all = [&answering, &silent, &asked_again, &newcomer];
        let _counted = all.map(|line| lines.add(line));
        let begun = answering.begin();
        drop(asked_again.begin());

        let cut: Vec<_> = (0..4).map(|_| lines.cut_idle()).collect();

        assert_eq!(cut, [true, true, true, false]);
        assert!(!answering.is_cut());
        assert_eq!(lines.len(), 1);
        drop(begun);
        assert!(lines.cut_idle());
    }

    #[test]
    fn a_request_makes_a_connection_the_last_to_give_way() {
        let lines = Lines::default();
        let [first, second] = [Line::new(), Line::new()];
        let _counted = [&first, &second].map(|line| lines.add(line));
        drop(first.begin());

        lines.cut_idle();

        assert!(second.is_cut());
        assert!(!first.is_cut());
    }
}
