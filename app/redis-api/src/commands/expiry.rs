//! Commands for times to live.

use outrigger_cache::{Change, Deadline, Now};
use outrigger_resp::Args;

use super::{
    argument::{integer, is},
    call::{Call, Failure},
};

/// A time of expiry in a command, not parsed yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry<'a> {
    text: &'a [u8],
    unit: Unit,
    origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

/// The origin of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Now,
    Epoch,
}

impl<'a> Expiry<'a> {
    /// A time relative to now.
    pub(super) const fn after(text: &'a [u8], unit: Unit) -> Self {
        Self {
            text,
            unit,
            origin: Origin::Now,
        }
    }

    /// Returns the option named `word` with its value, or `None` if there is no such option or its value is missing.
    pub(super) fn named(word: &[u8], value: impl FnOnce() -> Option<&'a [u8]>) -> Option<Self> {
        let (unit, origin) = if is(word, "ex") {
            (Unit::Seconds, Origin::Now)
        } else if is(word, "px") {
            (Unit::Milliseconds, Origin::Now)
        } else if is(word, "exat") {
            (Unit::Seconds, Origin::Epoch)
        } else if is(word, "pxat") {
            (Unit::Milliseconds, Origin::Epoch)
        } else {
            return None;
        };
        Some(Self {
            text: value()?,
            unit,
            origin,
        })
    }

    pub(super) fn is_same_kind(&self, other: &Self) -> bool {
        (self.unit, self.origin) == (other.unit, other.origin)
    }

    /// Returns the deadline, or `None` if it has passed. The time must be positive.
    pub(super) fn deadline(self, now: Now, command: &str) -> Result<Option<Deadline>, Failure> {
        let time = integer(self.text)?;
        if time <= 0 {
            return Err(invalid(command));
        }
        let unix = self
            .unix_millis(time, now)
            .ok_or_else(|| invalid(command))?;
        Ok(now.deadline_at(unix))
    }

    /// Returns the time in milliseconds since 1970, or `None` on overflow.
    fn unix_millis(self, time: i64, now: Now) -> Option<i64> {
        let millis = match self.unit {
            Unit::Seconds => time.checked_mul(1000)?,
            Unit::Milliseconds => time,
        };
        match self.origin {
            Origin::Now => millis.checked_add(now.unix_millis()),
            Origin::Epoch => Some(millis),
        }
    }
}

fn invalid(command: &str) -> Failure {
    Failure::of(format!("ERR invalid expire time in '{command}' command"))
}

pub(super) fn expire(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    set_deadline(call, args, Unit::Seconds, Origin::Now, "expire")
}

pub(super) fn pexpire(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    set_deadline(call, args, Unit::Milliseconds, Origin::Now, "pexpire")
}

pub(super) fn expireat(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    set_deadline(call, args, Unit::Seconds, Origin::Epoch, "expireat")
}

pub(super) fn pexpireat(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    set_deadline(call, args, Unit::Milliseconds, Origin::Epoch, "pexpireat")
}

/// The conditions under which a deadline is set.
#[derive(Debug, Default)]
struct Conditions {
    /// The key must have no deadline.
    only_if_absent: bool,
    /// The key must have a deadline.
    only_if_present: bool,
    /// The new deadline must be later than the present one. No deadline counts as later than any other.
    only_if_later: bool,
    /// The new deadline must be earlier than the present one.
    only_if_earlier: bool,
}

impl Conditions {
    fn parse(args: Args<'_>) -> Result<Self, Failure> {
        let mut conditions = Self::default();
        for word in args.iter() {
            let condition = if is(word, "nx") {
                &mut conditions.only_if_absent
            } else if is(word, "xx") {
                &mut conditions.only_if_present
            } else if is(word, "gt") {
                &mut conditions.only_if_later
            } else if is(word, "lt") {
                &mut conditions.only_if_earlier
            } else {
                let word = String::from_utf8_lossy(word);
                return Err(Failure::of(format!("ERR Unsupported option {word}")));
            };
            *condition = true;
        }
        let compares = conditions.only_if_later || conditions.only_if_earlier;
        if conditions.only_if_absent && (conditions.only_if_present || compares) {
            return Err(Failure::new(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if conditions.only_if_later && conditions.only_if_earlier {
            return Err(Failure::new(
                "ERR GT and LT options at the same time are not compatible",
            ));
        }
        Ok(conditions)
    }

    fn are_met(&self, present: Option<i64>, new: i64) -> bool {
        !(self.only_if_absent && present.is_some()
            || self.only_if_present && present.is_none()
            || self.only_if_later && present.is_none_or(|present| new <= present)
            || self.only_if_earlier && present.is_some_and(|present| new >= present))
    }
}

fn set_deadline(
    call: &mut Call<'_>,
    args: &Args<'_>,
    unit: Unit,
    origin: Origin,
    command: &str,
) -> Result<(), Failure> {
    let conditions = Conditions::parse(args.skip(3))?;
    let (now, text) = (call.now, &args[2]);
    let expiry = Expiry { text, unit, origin };
    let unix = expiry
        .unix_millis(integer(text)?, now)
        .ok_or_else(|| invalid(command))?;
    let database = call.session.database;
    let is_set = call.cache.update(database, &args[1], now, |found| {
        let Some(found) = found else {
            return (Change::Keep, false);
        };
        let present = found.deadline.map(|deadline| deadline.unix_millis(now));
        if !conditions.are_met(present, unix) {
            return (Change::Keep, false);
        }
        match now.deadline_at(unix) {
            Some(deadline) => (Change::Expire(Some(deadline)), true),
            None => (Change::Delete, true),
        }
    })?;
    call.reply.integer(is_set.into());
    Ok(())
}

pub(super) fn persist(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let database = call.session.database;
    let had_deadline = call.cache.update(database, &args[1], call.now, |found| {
        let has_deadline = found.is_some_and(|found| found.deadline.is_some());
        (Change::Expire(None), has_deadline)
    })?;
    call.reply.integer(had_deadline.into());
    Ok(())
}

pub(super) fn ttl(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    reply_number(call, args, |deadline, now| {
        rounded_seconds(i64::try_from(deadline.remaining_millis(now)).unwrap_or(i64::MAX))
    })
}

pub(super) fn pttl(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    reply_number(call, args, |deadline, now| {
        i64::try_from(deadline.remaining_millis(now)).unwrap_or(i64::MAX)
    })
}

pub(super) fn expiretime(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    reply_number(call, args, |deadline, now| {
        rounded_seconds(deadline.unix_millis(now))
    })
}

pub(super) fn pexpiretime(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    reply_number(call, args, Deadline::unix_millis)
}

const fn rounded_seconds(millis: i64) -> i64 {
    millis.saturating_add(500) / 1000
}

/// Replies with a number computed from the deadline of a key: -2 without a key, -1 without a deadline.
fn reply_number(
    call: &mut Call<'_>,
    args: &Args<'_>,
    figure: impl Fn(Deadline, Now) -> i64,
) -> Result<(), Failure> {
    let now = call.now;
    let value = call
        .cache
        .peek(call.session.database, &args[1], now, |found| match found {
            None => -2,
            Some(found) => found.deadline.map_or(-1, |deadline| figure(deadline, now)),
        });
    call.reply.integer(value);
    Ok(())
}
