//! Commands that read and write string values.

use bytes::Bytes;
use outrigger_cache::{CacheError, Change, Deadline, Found};
use outrigger_resp::{Args, ReplyWriter};

use super::{
    argument::{integer, is},
    call::{Call, Failure},
    expiry::{Expiry, Unit},
};

pub(super) fn get(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let reply = &mut call.reply;
    call.cache
        .read(call.session.database, &args[1], call.now, |found| {
            write_found(reply, found);
        });
    Ok(())
}

/// Writes a value from its entry. A large value is shared instead of copied, so that the entry is not locked for long.
#[inline]
fn write_found(reply: &mut ReplyWriter<'_>, found: Option<Found<'_>>) {
    match found {
        Some(found) => match found.shared() {
            Some(value) => reply.value(value),
            None => reply.bulk(found.value),
        },
        None => reply.null(),
    }
}

pub(super) fn strlen(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let length = call
        .cache
        .read(call.session.database, &args[1], call.now, |found| {
            found.map_or(0, |found| found.value.len())
        });
    call.reply.count(length);
    Ok(())
}

pub(super) fn mget(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let keys = args.skip(1);
    let limit = call.shared.config.output_max.as_usize();
    let begun = call.reply.len();
    let reply = &mut call.reply;
    reply.array(keys.len());
    call.cache
        .read_many(call.session.database, keys.iter(), call.now, |found| {
            write_found(reply, found);
            reply.len() - begun <= limit
        });
    Ok(())
}

pub(super) fn mset(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    if args.len().is_multiple_of(2) {
        return Err(Failure::arity("mset"));
    }
    let pairs = (1..args.len())
        .step_by(2)
        .map(|index| (argument(args, index), argument(args, index + 1)));
    call.cache
        .put_many(call.session.database, pairs, call.now)?;
    call.reply.ok();
    Ok(())
}

fn argument<'a>(args: &Args<'a>, index: usize) -> &'a [u8] {
    args.get(index).unwrap_or_default()
}

pub(super) fn set(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    if args.len() == 3 {
        let (database, now) = (call.session.database, call.now);
        call.cache.put_at(database, &args[1], &args[2], None, now)?;
        call.reply.ok();
        return Ok(());
    }
    let options = Options::parse(args.skip(3), Which::Set)?;
    let expiry = options
        .expiry
        .map(|expiry| expiry.deadline(call.now, "set"));
    let expiry = expiry.transpose()?;
    match expiry {
        Some(deadline) if options.is_plain() => {
            put_expiring(call, &args[1], &args[2], deadline)?;
            call.reply.ok();
            Ok(())
        }
        _ => set_with(call, args, &options, expiry),
    }
}

pub(super) fn setnx(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let written = call.cache.update(
        call.session.database,
        &args[1],
        call.now,
        |found| match found {
            Some(_) => (Change::Keep, false),
            None => (Change::Write(Bytes::copy_from_slice(&args[2]), None), true),
        },
    )?;
    call.reply.integer(written.into());
    Ok(())
}

pub(super) fn setex(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    set_expiring(call, args, Unit::Seconds, "setex")
}

pub(super) fn psetex(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    set_expiring(call, args, Unit::Milliseconds, "psetex")
}

fn set_expiring(
    call: &mut Call<'_>,
    args: &Args<'_>,
    unit: Unit,
    command: &str,
) -> Result<(), Failure> {
    let expiry = Expiry::after(&args[2], unit);
    let deadline = expiry.deadline(call.now, command)?;
    put_expiring(call, &args[1], &args[3], deadline)?;
    call.reply.ok();
    Ok(())
}

/// Writes a value with a deadline, or deletes the key if the deadline has passed.
fn put_expiring(
    call: &Call<'_>,
    key: &[u8],
    value: &[u8],
    deadline: Option<Deadline>,
) -> Result<(), CacheError> {
    let (database, now) = (call.session.database, call.now);
    match deadline {
        Some(deadline) => call.cache.put_at(database, key, value, Some(deadline), now),
        None => call
            .cache
            .update(database, key, now, |_| (Change::Delete, ())),
    }
}

pub(super) fn getset(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let options = Options {
        returns_old: true,
        ..Options::default()
    };
    set_with(call, args, &options, None)
}

/// Returns the change that writes a value, or deletes the key if the deadline has passed.
fn write(value: &[u8], deadline: Option<Deadline>) -> Change {
    match deadline {
        Some(deadline) => Change::Write(Bytes::copy_from_slice(value), Some(deadline)),
        None => Change::Delete,
    }
}

fn set_with(
    call: &mut Call<'_>,
    args: &Args<'_>,
    options: &Options<'_>,
    expiry: Option<Option<Deadline>>,
) -> Result<(), Failure> {
    let database = call.session.database;
    let decide = |found: Option<Found<'_>>| {
        let is_wanted = match options.condition {
            None => true,
            Some(Condition::Absent) => found.is_none(),
            Some(Condition::Present) => found.is_some(),
        };
        let old = found
            .filter(|_| options.returns_old)
            .map(|found| found.to_bytes());
        let kept = found.filter(|_| options.keeps_ttl);
        let change = match expiry {
            _ if !is_wanted => Change::Keep,
            Some(deadline) => write(&args[2], deadline),
            None => {
                let deadline = kept.and_then(|found| found.deadline);
                Change::Write(Bytes::copy_from_slice(&args[2]), deadline)
            }
        };
        (change, (is_wanted, old))
    };
    let (is_written, old) = match options.returns_old {
        true => call
            .cache
            .read_update(database, &args[1], call.now, decide)?,
        false => call.cache.update(database, &args[1], call.now, decide)?,
    };
    match old {
        Some(old) => call.reply.value(&old),
        None if options.returns_old || !is_written => call.reply.null(),
        None => call.reply.ok(),
    }
    Ok(())
}

pub(super) fn getdel(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let database = call.session.database;
    let value = call
        .cache
        .read_update(database, &args[1], call.now, |found| {
            (Change::Delete, found.map(|found| found.to_bytes()))
        })?;
    reply_value(call, value);
    Ok(())
}

pub(super) fn getex(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let options = Options::parse(args.skip(2), Which::GetEx)?;
    let (database, now) = (call.session.database, call.now);
    let value = call.cache.read_update(database, &args[1], now, |found| {
        let Some(found) = found else {
            // Redis does not validate the time if the key does not exist.
            return (Change::Keep, Ok(None));
        };
        let change = match options.expiry.map(|expiry| expiry.deadline(now, "getex")) {
            Some(Ok(Some(deadline))) => Change::Expire(Some(deadline)),
            Some(Ok(None)) => Change::Delete,
            Some(Err(failure)) => return (Change::Keep, Err(failure)),
            None if options.persists => Change::Expire(None),
            None => Change::Keep,
        };
        (change, Ok(Some(found.to_bytes())))
    })??;
    reply_value(call, value);
    Ok(())
}

fn reply_value(call: &mut Call<'_>, value: Option<Bytes>) {
    match value {
        Some(value) => call.reply.value(&value),
        None => call.reply.null(),
    }
}

pub(super) fn append(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let (database, added) = (call.session.database, &args[2]);
    let length = call.cache.update(database, &args[1], call.now, |found| {
        let old = found.map(|found| found.value).unwrap_or_default();
        let value = [old, added].concat();
        let length = value.len();
        let deadline = found.and_then(|found| found.deadline);
        (Change::Write(value.into(), deadline), length)
    })?;
    call.reply.count(length);
    Ok(())
}

pub(super) fn getrange(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let (start, end) = (integer(&args[2])?, integer(&args[3])?);
    let reply = &mut call.reply;
    call.cache.read(
        call.session.database,
        &args[1],
        call.now,
        |found| match found.map(|found| (found.value, found.shared())) {
            Some((_, Some(value))) => reply.value(&value.slice_ref(part(value, start, end))),
            Some((value, None)) => reply.bulk(part(value, start, end)),
            None => reply.bulk(b""),
        },
    );
    Ok(())
}

/// Returns the bytes from `start` to `end`, both inclusive. Negative indexes count from the end.
fn part(value: &[u8], start: i64, end: i64) -> &[u8] {
    let length = i64::try_from(value.len()).unwrap_or(i64::MAX);
    if start < 0 && end < 0 && start > end {
        return &[];
    }
    let resolve = |index: i64| {
        if index < 0 {
            (length + index).max(0)
        } else {
            index
        }
    };
    let (start, end) = (resolve(start), resolve(end).min(length - 1));
    if start > end || length == 0 {
        return &[];
    }
    // Both indexes are within the value now.
    &value[start as usize..=end as usize]
}

pub(super) fn setrange(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let (offset, patch) = (integer(&args[2])?, &args[3]);
    let offset = usize::try_from(offset).map_err(|_| Failure::new("ERR offset is out of range"))?;
    let limit = call.cache.config().value_max;
    let length = offset.saturating_add(patch.len());
    if !patch.is_empty() && length > limit.as_usize() {
        // Checked before a value of that size is allocated.
        return Err(CacheError::ValueTooLong { length, limit }.into());
    }
    let database = call.session.database;
    let length = call.cache.update(database, &args[1], call.now, |found| {
        let old = found.map(|found| found.value).unwrap_or_default();
        if patch.is_empty() {
            return (Change::Keep, old.len());
        }
        let mut value = Vec::with_capacity(old.len().max(length));
        value.extend_from_slice(old);
        value.resize(old.len().max(length), 0);
        value[offset..length].copy_from_slice(patch);
        let (length, deadline) = (value.len(), found.and_then(|found| found.deadline));
        (Change::Write(value.into(), deadline), length)
    })?;
    call.reply.count(length);
    Ok(())
}

/// The options of `SET` and `GETEX`.
#[derive(Debug, Default)]
struct Options<'a> {
    condition: Option<Condition>,
    returns_old: bool,
    keeps_ttl: bool,
    persists: bool,
    expiry: Option<Expiry<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Absent,
    Present,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Set,
    GetEx,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>, which: Which) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if which == Which::Set && options.parse_set(word)? {
                continue;
            }
            if which == Which::GetEx && is(word, "persist") && options.expiry.is_none() {
                options.persists = true;
                continue;
            }
            let expiry = Expiry::named(word, || words.next()).ok_or(Failure::SYNTAX)?;
            let is_other_kind = |earlier: Expiry<'_>| !earlier.is_same_kind(&expiry);
            if options.keeps_ttl || options.persists || options.expiry.is_some_and(is_other_kind) {
                return Err(Failure::SYNTAX);
            }
            options.expiry = Some(expiry);
        }
        Ok(options)
    }

    /// Returns whether the command does not depend on the old value.
    fn is_plain(&self) -> bool {
        self.condition.is_none() && !self.returns_old && !self.keeps_ttl
    }

    /// Parses an option that only `SET` has; returns `false` for any other word.
    fn parse_set(&mut self, word: &[u8]) -> Result<bool, Failure> {
        let condition = if is(word, "nx") {
            Condition::Absent
        } else if is(word, "xx") {
            Condition::Present
        } else if is(word, "get") {
            self.returns_old = true;
            return Ok(true);
        } else if is(word, "keepttl") {
            if self.expiry.is_some() {
                return Err(Failure::SYNTAX);
            }
            self.keeps_ttl = true;
            return Ok(true);
        } else {
            return Ok(false);
        };
        if self.condition.is_some_and(|earlier| earlier != condition) {
            return Err(Failure::SYNTAX);
        }
        self.condition = Some(condition);
        Ok(true)
    }
}
