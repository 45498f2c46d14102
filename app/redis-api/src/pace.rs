//! When a busy thread lets requests gather.
//!
//! A thread that answers faster than its clients ask finds one or two requests each time it looks for more, and then most of
//! its work is looking: a system call for every request or two, and falling asleep and being woken by a client that pays for
//! the waking. So once many connections are busy and a look found few of them, the thread pauses before the next one.
//! Network cards hold back their interrupts for the same reason.
//!
//! What a client can notice is a reply later by the pause, and only where so many others are served in the same millisecond. Few
//! connections, however fast, are never held up: each would wait for its reply before it asks again, and nothing would gather.

use std::{cell::Cell, time::Duration};

/// How many connections must have been served within a millisecond for a pause to pay.
const BUSY: u32 = 24;
/// A look that found requests of so many connections needs no pause.
const TOGETHER: u32 = 8;
/// How long a pause is. The system adds its slack to it, 50 µs on Linux.
const PAUSE: Duration = Duration::from_micros(20);

/// How busy one thread is.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    millisecond: Cell<u64>,
    /// The connections served in that millisecond so far, each counted once.
    served: Cell<u32>,
    /// The same of the millisecond before.
    before: Cell<u32>,
    look: Cell<u64>,
    /// The batches served since that look.
    found: Cell<u32>,
}

impl Pace {
    /// Notes a batch of a connection whose one before it was at `previous`, in milliseconds like `now`. It was found by the
    /// look with the number `look`. Answers how long to pause before the next look, if nothing more follows.
    #[inline]
    pub(crate) fn note(&self, now: u64, previous: u64, look: u64) -> Duration {
        let millisecond = self.millisecond.replace(now);
        if millisecond != now {
            let is_next = millisecond + 1 == now;
            self.before.set(if is_next { self.served.get() } else { 0 });
            self.served.set(0);
        }
        if previous != now {
            self.served.set(self.served.get() + 1);
        }
        if self.look.replace(look) != look {
            self.found.set(0);
        }
        self.found.set(self.found.get() + 1);
        if self.before.get() >= BUSY && self.found.get() < TOGETHER {
            PAUSE
        } else {
            Duration::ZERO
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves each of so many connections once per millisecond, for some milliseconds, `together` of them per look; answers the
    /// pauses that followed the looks of the last millisecond.
    fn pauses(connections: u64, together: u64) -> Vec<Duration> {
        let pace = Pace::default();
        let mut look = 0;
        let mut pauses = Vec::new();
        for now in 100..105 {
            pauses.clear();
            for connection in 0..connections {
                let pause = pace.note(now, now - 1, look);
                if connection % together == together - 1 {
                    pauses.push(pause);
                    look += 1;
                }
            }
        }
        pauses
    }

    #[test]
    fn a_busy_thread_that_finds_little_pauses_and_one_that_finds_much_does_not() {
        assert_eq!(pauses(24, 2), [PAUSE; 12]);
        assert_eq!(pauses(24, 8), [Duration::ZERO; 3]);
    }

    #[test]
    fn a_quiet_thread_never_pauses() {
        assert_eq!(pauses(23, 1), [Duration::ZERO; 23]);
    }

    #[test]
    fn few_connections_are_never_held_up_however_fast_they_are() {
        let pace = Pace::default();

        for look in 1_000..10_000 {
            let now = look / 100;
            let previous = if look % 100 < 10 { now - 1 } else { now };
            assert_eq!(pace.note(now, previous, look), Duration::ZERO);
        }
    }

    #[test]
    fn a_millisecond_without_requests_ends_a_busy_time() {
        let pace = Pace::default();
        for look in 0..24 {
            pace.note(7, 6, look);
        }

        assert_eq!(pace.note(9, 7, 24), Duration::ZERO);
    }
}
