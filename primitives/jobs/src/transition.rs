//! The state of a job after an attempt ends. All stores use this module, so that they decide alike.

use std::time::Duration;

use jiff::Timestamp;

use crate::{AttemptOutcome, JobState, Outcome, RetryPolicy, job::later};

/// The number of dead workers after which a job fails: it may be what kills them.
pub(crate) const CRASHES_MAX: u32 = 3;

/// A running attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Running {
    /// Its number, from 1.
    pub(crate) attempt: u32,
    pub(crate) attempts_max: u32,
    pub(crate) crashes: u32,
    pub(crate) retry: RetryPolicy,
    pub(crate) is_cancelling: bool,
}

/// Why an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The worker reported it.
    Reported(Outcome),
    /// It took longer than this.
    TimedOut(Duration),
    /// The session of the worker ended, or the worker does not have the job any more.
    Lost,
}

/// The job after the end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct After {
    pub(crate) state: JobState,
    /// How long it is scheduled for.
    delay: Duration,
    /// The number of attempts that count.
    pub(crate) attempt: u32,
    pub(crate) crashes: u32,
    pub(crate) outcome: AttemptOutcome,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<String>,
}

impl After {
    /// Returns when the job may run again; `None` if it has ended.
    pub(crate) fn run_at(&self, now: Timestamp) -> Option<Timestamp> {
        (!self.state.is_final()).then(|| later(now, self.delay))
    }
}

/// Returns the job after the attempt. `random` must be uniform over all of `u32`.
pub(crate) fn after(ending: Ending, running: Running, random: u32) -> After {
    let mut after = After {
        state: JobState::Pending,
        delay: Duration::ZERO,
        attempt: running.attempt,
        crashes: running.crashes,
        outcome: AttemptOutcome::Completed,
        result: None,
        error: None,
    };
    match ending {
        Ending::Reported(Outcome::Complete { result }) => {
            after.state = JobState::Completed;
            after.result = result;
            // The work is done, whether it was to be cancelled or not.
            return after;
        }
        Ending::Reported(Outcome::Fail {
            error,
            is_permanent,
            delay,
        }) => {
            after.outcome = AttemptOutcome::Failed;
            after.error = Some(error);
            failed(&mut after, running, is_permanent, delay, random);
        }
        Ending::TimedOut(timeout) => {
            after.outcome = AttemptOutcome::TimedOut;
            let timeout = outrigger_stdx::HumanDuration::new(timeout);
            after.error = Some(format!(
                "the attempt took longer than its timeout of {timeout}"
            ));
            failed(&mut after, running, false, None, random);
        }
        Ending::Reported(Outcome::Snooze { delay }) => {
            after.outcome = AttemptOutcome::Snoozed;
            after.state = JobState::Scheduled;
            after.delay = delay;
            after.attempt = running.attempt.saturating_sub(1);
        }
        Ending::Reported(Outcome::Release) => {
            after.outcome = AttemptOutcome::Released;
            after.attempt = running.attempt.saturating_sub(1);
        }
        Ending::Lost => {
            after.outcome = AttemptOutcome::Lost;
            after.crashes = running.crashes.saturating_add(1);
            after.attempt = running.attempt.saturating_sub(1);
            after.error = Some("the worker died, or lost the job, during the attempt".to_owned());
            if after.crashes >= CRASHES_MAX {
                after.state = JobState::Failed;
                after.error = Some(format!(
                    "{} workers died while they had the job",
                    after.crashes
                ));
            }
        }
    }
    if running.is_cancelling {
        after.state = JobState::Cancelled;
        after.delay = Duration::ZERO;
    }
    after
}

fn failed(
    after: &mut After,
    running: Running,
    is_permanent: bool,
    delay: Option<Duration>,
    random: u32,
) {
    if is_permanent || running.attempt >= running.attempts_max {
        after.state = JobState::Failed;
        return;
    }
    after.state = JobState::Scheduled;
    after.delay = delay.unwrap_or_else(|| running.retry.delay(running.attempt, random));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(attempt: u32) -> Running {
        Running {
            attempt,
            attempts_max: 3,
            crashes: 0,
            retry: "fixed(60s)".parse().expect("it is a policy"),
            is_cancelling: false,
        }
    }

    fn fail(is_permanent: bool) -> Ending {
        Ending::Reported(Outcome::Fail {
            error: "no".to_owned(),
            is_permanent,
            delay: None,
        })
    }

    #[test]
    fn a_failed_attempt_is_repeated_until_the_last_one() {
        let states = [1, 2, 3].map(|attempt| after(fail(false), running(attempt), 0).state);

        use JobState::{Failed, Scheduled};
        assert_eq!(states, [Scheduled, Scheduled, Failed]);
        assert_eq!(after(fail(true), running(1), 0).state, Failed);
        let late = Ending::TimedOut(Duration::from_secs(1));
        assert_eq!(after(late, running(3), 0).state, Failed);
    }

    #[test]
    fn attempts_that_are_not_the_fault_of_the_job_are_not_counted() {
        let snooze = Ending::Reported(Outcome::Snooze {
            delay: Duration::from_secs(5),
        });
        for ending in [snooze, Ending::Reported(Outcome::Release), Ending::Lost] {
            assert_eq!(after(ending, running(3), 0).attempt, 2);
        }
    }

    #[test]
    fn a_job_whose_workers_die_fails_at_last() {
        let mut running = running(1);
        let mut states = Vec::new();
        for _ in 0..CRASHES_MAX {
            let after = after(Ending::Lost, running, 0);
            running.crashes = after.crashes;
            states.push(after.state);
        }

        use JobState::{Failed, Pending};
        assert_eq!(states, [Pending, Pending, Failed]);
    }

    #[test]
    fn a_job_to_be_cancelled_is_not_repeated_but_may_complete() {
        let running = Running {
            is_cancelling: true,
            ..running(1)
        };
        let complete = Ending::Reported(Outcome::Complete { result: None });

        assert_eq!(after(complete, running, 0).state, JobState::Completed);
        for ending in [
            fail(false),
            Ending::Lost,
            Ending::Reported(Outcome::Release),
        ] {
            assert_eq!(after(ending, running, 0).state, JobState::Cancelled);
        }
    }
}
