//! Tests of SQLite files: shared commits, isolated failures, time limits, full disks, kills, maintenance, migrations.

/// Creates the trials of tests, each with its requirements.
macro_rules! trials {
    ($($name:ident $needs:expr),* $(,)?) => {
        vec![$(outrigger_testkit::trial(stringify!($name), $needs, $name)),*]
    };
}

mod batches;
mod boats;
mod migrations;
mod operations;
mod reads;
mod survival;
mod upkeep;

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, path] = &arguments[..]
        && word == survival::WRITE_FOREVER
    {
        survival::write_forever(Path::new(path));
        return ExitCode::SUCCESS;
    }
    let mut trials = operations::trials();
    trials.extend(batches::trials());
    trials.extend(reads::trials());
    trials.extend(upkeep::trials());
    trials.extend(survival::trials());
    trials.extend(migrations::trials());
    outrigger_testkit::run(trials)
}
