//! Commands for values that are numbers.

use bytes::Bytes;
use outrigger_cache::{CacheError, Change, Found};
use outrigger_resp::{Args, parse_integer};

use super::{
    argument::integer,
    call::{Call, Failure},
    extended::Extended,
};

pub(super) fn incr(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    add(call, args, 1)
}

pub(super) fn decr(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    add(call, args, -1)
}

pub(super) fn incrby(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    add(call, args, integer(&args[2])?)
}

pub(super) fn decrby(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let negated = integer(&args[2])?
        .checked_neg()
        .ok_or(Failure::new("ERR decrement would overflow"))?;
    add(call, args, negated)
}

fn add(call: &mut Call<'_>, args: &Args<'_>, increment: i64) -> Result<(), Failure> {
    let sum = change(call, args, |found| {
        let present = match found {
            Some(found) => parse_integer(found.value).ok_or(Failure::NOT_AN_INTEGER)?,
            None => 0,
        };
        let sum = present
            .checked_add(increment)
            .ok_or(Failure::new("ERR increment or decrement would overflow"))?;
        let mut digits = itoa::Buffer::new();
        let value = Bytes::copy_from_slice(digits.format(sum).as_bytes());
        Ok((value, sum))
    })?;
    call.reply.integer(sum);
    Ok(())
}

pub(super) fn incrbyfloat(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    const INFINITE: Failure = Failure::new("ERR increment would produce NaN or Infinity");
    // Both numbers are parsed before either one is checked; infinity parses but cannot be added.
    let read = |text: &[u8]| match Extended::parse(text) {
        Some(number) => Ok(Some(number)),
        None if Extended::is_infinity(text) => Ok(None),
        None => Err(Failure::new("ERR value is not a valid float")),
    };
    // Parsed before the entry is locked, because thousands of digits take some time.
    let increment = read(&args[2])?;
    let text = change(call, args, |found| {
        let present = match found {
            Some(found) => read(found.value)?,
            None => Some(Extended::ZERO),
        };
        let sum = present
            .zip(increment)
            .and_then(|(present, increment)| present.add(increment))
            .ok_or(INFINITE)?;
        let text = sum.to_string();
        Ok((Bytes::copy_from_slice(text.as_bytes()), text))
    })?;
    call.reply.bulk(text.as_bytes());
    Ok(())
}

/// Replaces a value by one computed from it and keeps its deadline.
fn change<R>(
    call: &Call<'_>,
    args: &Args<'_>,
    compute: impl Fn(Option<Found<'_>>) -> Result<(Bytes, R), Failure>,
) -> Result<R, Failure> {
    let database = call.session.database;
    let outcome: Result<Result<R, Failure>, CacheError> =
        call.cache
            .update(database, &args[1], call.now, |found| match compute(found) {
                Ok((value, answer)) => {
                    let deadline = found.and_then(|found| found.deadline);
                    (Change::Write(value, deadline), Ok(answer))
                }
                Err(failure) => (Change::Keep, Err(failure)),
            });
    outcome?
}
