//! Times to live.

use outrigger_cache::{Change, Deadline, Now};
use outrigger_resp::Args;

use super::{
    argument::{integer, is},
    call::{Call, Failure},
};

/// A time of expiry as a command has it, not yet read.
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

/// What a time counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Now,
    Epoch,
}

impl<'a> Expiry<'a> {
    /// A time from now.
    pub(super) const fn after(text: &'a [u8], unit: Unit) -> Self {
        Self {
            text,
            unit,
            origin: Origin::Now,
        }
    }

    /// The option of that name with its value; `None` when there is no such option, or no value.
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

    /// The deadline, which must be positive; `None` when it has passed.
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

    /// The time of day in milliseconds since 1970; `None` when it cannot be written so.
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

/// When a deadline is set.
#[derive(Debug, Default)]
struct Conditions {
    /// Only when there is none.
    is_first: bool,
    /// Only when there is one.
    is_other: bool,
    /// Only when it is later than the present one; none is later than all.
    is_later: bool,
    /// Only when it is earlier than the present one.
    is_earlier: bool,
}

impl Conditions {
    fn parse(args: Args<'_>) -> Result<Self, Failure> {
        let mut conditions = Self::default();
        for word in args.iter() {
            let condition = if is(word, "nx") {
                &mut conditions.is_first
            } else if is(word, "xx") {
                &mut conditions.is_other
            } else if is(word, "gt") {
                &mut conditions.is_later
            } else if is(word, "lt") {
                &mut conditions.is_earlier
            } else {
                let word = String::from_utf8_lossy(word);
                return Err(Failure::of(format!("ERR Unsupported option {word}")));
            };
            *condition = true;
        }
        let compares = conditions.is_later || conditions.is_earlier;
        if conditions.is_first && (conditions.is_other || compares) {
            return Err(Failure::new(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if conditions.is_later && conditions.is_earlier {
            return Err(Failure::new(
                "ERR GT and LT options at the same time are not compatible",
            ));
        }
        Ok(conditions)
    }

    fn hold(&self, present: Option<i64>, new: i64) -> bool {
        !(self.is_first && present.is_some()
            || self.is_other && present.is_none()
            || self.is_later && present.is_none_or(|present| new <= present)
            || self.is_earlier && present.is_some_and(|present| new >= present))
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
        if !conditions.hold(present, unix) {
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
    answer(call, args, |deadline, now| {
        rounded_seconds(i64::try_from(deadline.remaining_millis(now)).unwrap_or(i64::MAX))
    })
}

pub(super) fn pttl(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    answer(call, args, |deadline, now| {
        i64::try_from(deadline.remaining_millis(now)).unwrap_or(i64::MAX)
    })
}

pub(super) fn expiretime(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    answer(call, args, |deadline, now| {
        rounded_seconds(deadline.unix_millis(now))
    })
}

pub(super) fn pexpiretime(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    answer(call, args, Deadline::unix_millis)
}

const fn rounded_seconds(millis: i64) -> i64 {
    millis.saturating_add(500) / 1000
}

/// Answers a figure of a key's deadline: -2 for no key, -1 for no deadline.
fn answer(
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
