//! Commands for keys of any type.

use outrigger_cache::{Renamed, WhenTaken};
use outrigger_resp::Args;

use super::call::{Call, Failure};

pub(super) fn del(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let keys = args.skip(1);
    let deleted = call
        .cache
        .delete_many(call.session.database, keys.iter(), call.now);
    call.reply.count(deleted);
    Ok(())
}

pub(super) fn exists(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let keys = args.skip(1);
    let existing = call
        .cache
        .count_existing(call.session.database, keys.iter(), call.now);
    call.reply.count(existing);
    Ok(())
}

pub(super) fn touch(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let keys = args.skip(1);
    let touched = call
        .cache
        .touch_many(call.session.database, keys.iter(), call.now);
    call.reply.count(touched);
    Ok(())
}

pub(super) fn type_of(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let exists = call
        .cache
        .peek(call.session.database, &args[1], call.now, |found| {
            found.is_some()
        });
    call.reply.simple(if exists { "string" } else { "none" });
    Ok(())
}

pub(super) fn rename(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    rename_to(call, args, WhenTaken::Replace)?;
    call.reply.ok();
    Ok(())
}

pub(super) fn renamenx(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let renamed = rename_to(call, args, WhenTaken::Keep)?;
    call.reply.integer((renamed == Renamed::Moved).into());
    Ok(())
}

fn rename_to(call: &Call<'_>, args: &Args<'_>, when_taken: WhenTaken) -> Result<Renamed, Failure> {
    let database = call.session.database;
    let renamed = call
        .cache
        .rename(database, &args[1], &args[2], when_taken, call.now)?;
    match renamed {
        Renamed::Missing => Err(Failure::new("ERR no such key")),
        Renamed::Moved | Renamed::Taken => Ok(renamed),
    }
}
