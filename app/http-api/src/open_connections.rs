//! The open connections of the listener.
//!
//! Anyone can open connections and send nothing. When `[http] connections_max` are open, a new connection replaces the one that
//! has been idle for the longest time.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use crate::connection_handle::ConnectionHandle;

/// The open connections. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenConnections(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    added: u64,
    lines: HashMap<u64, ConnectionHandle>,
}

/// Counts a connection until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    number: u64,
    lines: OpenConnections,
}

impl OpenConnections {
    /// Counts a connection.
    pub(crate) fn add(&self, handle: &ConnectionHandle) -> Counted {
        let mut open = self.0.lock();
        open.added += 1;
        let number = open.added;
        open.lines.insert(number, handle.clone());
        Counted {
            number,
            lines: self.clone(),
        }
    }

    /// The number of open connections, without those that are closing.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().lines.len()
    }

    /// Closes the connection that has been idle for the longest time. Returns whether there was an idle one.
    pub(crate) fn cut_idle(&self) -> bool {
        let mut open = self.0.lock();
        let idle = open
            .lines
            .iter()
            .filter_map(|(number, handle)| Some((handle.idle_since()?, *number)));
        let Some((_, longest)) = idle.min() else {
            return false;
        };
        if let Some(handle) = open.lines.remove(&longest) {
            handle.cut();
        }
        true
    }

    /// Stops counting this connection, because it is closing.
    pub(crate) fn forget(&self, handle: &ConnectionHandle) {
        self.0.lock().lines.retain(|_, open| !open.is(handle));
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
        let lines = OpenConnections::default();
        let [answering, silent, asked_again, newcomer] =
            std::array::from_fn(|_| ConnectionHandle::new());
        let all = [&answering, &silent, &asked_again, &newcomer];
        let _counted = all.map(|handle| lines.add(handle));
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
        let lines = OpenConnections::default();
        let [first, second] = [ConnectionHandle::new(), ConnectionHandle::new()];
        let _counted = [&first, &second].map(|handle| lines.add(handle));
        drop(first.begin());

        lines.cut_idle();

        assert!(second.is_cut());
        assert!(!first.is_cut());
    }
}
