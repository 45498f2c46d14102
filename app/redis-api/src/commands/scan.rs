//! Commands that list keys.

use outrigger_cache::Cursor;
use outrigger_resp::Args;

use super::{
    argument::{integer, is},
    call::{Call, Failure},
};
use crate::glob;

/// How many entries are visited under one lock.
const STEP: usize = 1000;
/// How many entries `SCAN` visits by default.
const COUNT: i64 = 10;
/// `SCAN` replies when it has collected this many bytes of keys, whatever its `COUNT`.
const SCANNED: usize = 1024 * 1024;

pub(super) fn keys(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let pattern = pattern_of(call, &args[1])?;
    let limit = call.shared.config.output_max.as_usize();
    let (mut found, mut bytes, mut cursor) = (Vec::new(), 0, Cursor::default());
    loop {
        let database = call.session.database;
        cursor = call.cache.scan(database, cursor, STEP, call.now, |key, _| {
            if glob::matches(pattern, key) {
                bytes += key.len() + 32;
                found.push(Box::<[u8]>::from(key));
            }
        });
        if bytes > limit {
            return Err(Failure::new(
                "ERR the reply exceeds `[redis] output_max`; use SCAN",
            ));
        }
        if cursor.is_end() {
            break;
        }
    }
    call.reply.array(found.len());
    for key in found {
        call.reply.bulk(&key);
    }
    Ok(())
}

pub(super) fn scan(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let cursor = parse_cursor(&args[1]).ok_or(Failure::new("ERR invalid cursor"))?;
    let (mut count, mut pattern, mut is_type_known) = (COUNT, None, true);
    let mut words = args.skip(2).iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(Failure::SYNTAX)?;
        if is(word, "count") {
            count = integer(value)?;
            if count < 1 {
                return Err(Failure::SYNTAX);
            }
        } else if is(word, "match") {
            pattern = Some(pattern_of(call, value)?);
        } else if is(word, "type") {
            is_type_known = is(value, "string");
        } else {
            return Err(Failure::SYNTAX);
        }
    }
    // A larger step would block other clients of this thread; the client continues with the cursor.
    let mut left = usize::try_from(count).unwrap_or(usize::MAX).min(100_000);
    let (mut found, mut bytes, mut cursor) = (Vec::new(), 0, cursor);
    loop {
        let (database, step) = (call.session.database, left.min(STEP));
        cursor = call.cache.scan(database, cursor, step, call.now, |key, _| {
            if is_type_known && pattern.is_none_or(|pattern| glob::matches(pattern, key)) {
                bytes += key.len();
                found.push(Box::<[u8]>::from(key));
            }
        });
        left -= step;
        if left == 0 || cursor.is_end() || bytes >= SCANNED {
            break;
        }
    }
    call.reply.array(2);
    call.reply.bulk(cursor.number().to_string().as_bytes());
    call.reply.array(found.len());
    for key in found {
        call.reply.bulk(&key);
    }
    Ok(())
}

/// Returns the pattern unless it is longer than any key. The limit matters because each key is compared with the whole
/// pattern.
fn pattern_of<'a>(call: &Call<'_>, pattern: &'a [u8]) -> Result<&'a [u8], Failure> {
    if pattern.len() > call.cache.config().key_max.as_usize() {
        return Err(Failure::new("ERR the pattern exceeds `[cache] key_max`"));
    }
    Ok(pattern)
}

/// Parses a cursor: an unsigned number with an optional sign, or an empty text.
fn parse_cursor(text: &[u8]) -> Option<Cursor> {
    let text = std::str::from_utf8(text).ok()?;
    let (is_negative, digits) = match text.as_bytes() {
        [] => return Some(Cursor::default()),
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(Cursor::new(if is_negative {
        number.wrapping_neg()
    } else {
        number
    }))
}

pub(super) fn randomkey(call: &mut Call<'_>, _: &Args<'_>) -> Result<(), Failure> {
    match call.cache.random_key(call.session.database, call.now) {
        Some(key) => call.reply.bulk(&key),
        None => call.reply.null(),
    }
    Ok(())
}
