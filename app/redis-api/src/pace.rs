//! What a busy thread does before it sleeps.
//!
//! A thread that answers faster than its clients ask finds one or two requests each time it looks for more, and then most of
//! its work is looking: a system call for every request or two, and falling asleep and being woken by a client that pays for
//! the waking. So once many connections are busy and a look found few of them, the thread pauses before the next one.
//! Network cards hold back their interrupts for the same reason.
//!
//! Where clients send many requests at once nothing has to gather, and looking is cheap beside the work that is found. There
//! the thread keeps looking for a moment instead of sleeping, so that no client pays for waking it.
//!
//! What a client can notice is a reply later by the pause, and only where so many others are served in the same millisecond. Few
//! connections, however fast, are never held up: each would wait for its reply before it asks again, and nothing would gather.

use std::{cell::Cell, time::Duration};

use outrigger_supervisor::pinned::BeforeSleep;

/// How many connections must have been served within a millisecond for either to pay.
const BUSY: u32 = 24;
/// A look that found requests of so many connections needs no pause.
const TOGETHER: u32 = 8;
/// How long a pause is. The system adds its slack to it, 50 µs on Linux.
const PAUSE: BeforeSleep = BeforeSleep::Pause(Duration::from_micros(20));
/// Batches of so many requests on average are worth a look each.
const MANY: u64 = 4;
/// How often the thread looks before it sleeps: about as long as falling asleep and being woken take.
const LOOK: BeforeSleep = BeforeSleep::Look(64);

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
    /// Their requests.
    requests: Cell<u64>,
}

impl Pace {
    /// Notes a batch of so many requests of a connection whose one before it was at `previous`, in milliseconds like `now`. It
    /// was found by the look with the number `look`. Answers what to do if nothing more follows.
    #[inline]
    pub(crate) fn note(&self, now: u64, previous: u64, look: u64, requests: u64) -> BeforeSleep {
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
            self.requests.set(0);
        }
        self.found.set(self.found.get() + 1);
        self.requests.set(self.requests.get() + requests);
        if self.before.get() < BUSY {
            BeforeSleep::Nothing
        } else if self.requests.get() >= MANY * u64::from(self.found.get()) {
            LOOK
        } else if self.found.get() < TOGETHER {
            PAUSE
        } else {
            BeforeSleep::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves a batch of so many requests of each of so many connections once per millisecond, for some milliseconds,
    /// `together` of them per look; answers what followed the looks of the last millisecond.
    fn what_follows(connections: u64, together: u64, requests: u64) -> Vec<BeforeSleep> {
        let pace = Pace::default();
        let mut look = 0;
        let mut answers = Vec::new();
        for now in 100..105 {
            answers.clear();
            for connection in 0..connections {
                let answer = pace.note(now, now - 1, look, requests);
                if connection % together == together - 1 {
                    answers.push(answer);
                    look += 1;
                }
            }
        }
        answers
    }

    #[test]
    fn a_busy_thread_that_finds_little_pauses_and_one_that_finds_much_does_not() {
        assert_eq!(what_follows(24, 2, 1), [PAUSE; 12]);
        assert_eq!(what_follows(24, 8, 1), [BeforeSleep::Nothing; 3]);
    }

    #[test]
    fn a_busy_thread_keeps_looking_for_batches_of_many_requests() {
        assert_eq!(what_follows(24, 2, 4), [LOOK; 12]);
        assert_eq!(what_follows(24, 8, 4), [LOOK; 3]);
    }

    #[test]
    fn what_most_of_the_batches_are_decides_and_not_the_last_one() {
        let pace = Pace::default();
        for _ in 0..BUSY {
            pace.note(6, 5, 0, 1);
        }

        let after_one_of_many = [1, 1, 1, 1, 1, 16].map(|requests| pace.note(7, 6, 1, requests))[5];
        let after_a_single_one = [16, 16, 16, 1].map(|requests| pace.note(7, 6, 2, requests))[3];
        let after_a_piece_of_one = pace.note(7, 6, 3, 0);

        assert_eq!(after_one_of_many, PAUSE);
        assert_eq!(after_a_single_one, LOOK);
        assert_eq!(after_a_piece_of_one, PAUSE);
    }

    #[test]
    fn a_quiet_thread_sleeps_at_once() {
        for requests in [1, 16] {
            assert_eq!(what_follows(23, 1, requests), [BeforeSleep::Nothing; 23]);
        }
    }

    #[test]
    fn few_connections_are_never_held_up_however_fast_they_are() {
        let pace = Pace::default();

        for look in 1_000..10_000 {
            let now = look / 100;
            let previous = if look % 100 < 10 { now - 1 } else { now };
            assert_eq!(pace.note(now, previous, look, 1), BeforeSleep::Nothing);
        }
    }

    #[test]
    fn a_millisecond_without_requests_ends_a_busy_time() {
        let pace = Pace::default();
        for look in 0..24 {
            pace.note(7, 6, look, 1);
        }

        assert_eq!(pace.note(9, 7, 24, 1), BeforeSleep::Nothing);
    }
}
