//! Leases: a worker's right to run an attempt, and to end it.

use std::{fmt, str::FromStr, time::Duration};

use crate::{ClassName, JobId, QueueName, SessionName};

/// The token of one attempt. Only the holder of the current token can end the attempt. Tokens are random: a counter would repeat a
/// value if the commit of a lease were lost in a power failure.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseToken(i64);

impl LeaseToken {
    /// Creates a random token.
    #[must_use]
    pub fn random() -> Self {
        Self((uuid::Uuid::new_v4().as_u64_pair().1 & 0x3fff_ffff_ffff_ffff) as i64)
    }

    /// Parses a token that a client sent. Text that is no token becomes one that no attempt has.
    #[must_use]
    pub fn from_client(text: &str) -> Self {
        text.parse().unwrap_or(Self(-1))
    }

    pub(crate) const fn number(self) -> i64 {
        self.0
    }

    pub(crate) const fn stored(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for LeaseToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// A token decides who may end an attempt, so it stays out of logs.
impl fmt::Debug for LeaseToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LeaseToken")
    }
}

impl FromStr for LeaseToken {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = i64::from_str_radix(text, 16).map_err(|_| ())?;
        is_plain.then_some(Self(number)).ok_or(())
    }
}

/// What a worker wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Its session.
    pub session: SessionName,
    /// The queues, the preferred one first.
    pub queues: Vec<QueueName>,
    /// The classes it can run; `None` for all.
    pub classes: Option<Vec<ClassName>>,
    /// The maximum number of jobs.
    pub max: u32,
    /// The jobs it has. Others that its session has leased go back to `pending`. `None` leaves them.
    pub holding: Option<Vec<JobId>>,
}

/// A leased job.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// The job.
    pub id: JobId,
    /// Its class.
    pub class: ClassName,
    /// Its queue.
    pub queue: QueueName,
    /// Its input, as JSON text.
    pub payload: String,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The token.
    pub token: LeaseToken,
    /// How long the attempt may take.
    pub timeout: Duration,
    /// The `traceparent` of the request that created the job.
    pub trace: Option<String>,
}

/// The end of an attempt, as its worker reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settle {
    /// The job.
    pub id: JobId,
    /// The token of the attempt.
    pub token: LeaseToken,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Complete {
        /// The result, as JSON text.
        result: Option<String>,
    },
    /// It failed.
    Fail {
        /// The error, for people.
        error: String,
        /// Whether a repetition is useless.
        is_permanent: bool,
        /// The delay before the next attempt, instead of that of the retry policy.
        delay: Option<Duration>,
    },
    /// It is to be repeated later. Not counted as an attempt.
    Snooze {
        /// The delay.
        delay: Duration,
    },
    /// It was not begun, and another worker may take the job at once. Not counted as an attempt.
    Release,
}

/// The result of a [`Settle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleStatus {
    /// It is stored, now or by an earlier call with the same token and outcome.
    Settled,
    /// The token is not that of a running attempt. Nothing changed.
    LeaseLost,
}

/// What a worker must know about its jobs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beat {
    /// The jobs of the session that somebody wants to cancel.
    pub cancelled: Vec<JobId>,
    /// The jobs that it reported as held, and that it does not have any more.
    pub lost: Vec<JobId>,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Jobs that are ready now.
    pub ready: u64,
    /// Attempts that took too long.
    pub timed_out: u64,
    /// Attempts whose sessions ended.
    pub lost: u64,
    /// Whether there is more to do.
    pub has_more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_from_its_text_and_not_logged() {
        let token = LeaseToken::random();

        assert_eq!(token.to_string().parse(), Ok(token));
        assert!(!format!("{token:?}").contains(&token.to_string()));
        for text in [
            "",
            "1",
            "zzzzzzzzzzzzzzzz",
            "+123456789012345",
            "ffffffffffffffff",
        ] {
            assert!(text.parse::<LeaseToken>().is_err(), "{text}");
        }
    }
}
