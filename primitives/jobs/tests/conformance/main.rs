//! Every behaviour of jobs, on every store.

mod attempts;
mod enqueue;
mod fixture;
mod input;
mod leases;
mod manage;
mod sessions;

use std::process::ExitCode;

use outrigger_testkit::{Case, conformance, run};

use fixture::Fixture;

fn main() -> ExitCode {
    let cases: Vec<Case<Fixture>> = [
        attempts::cases(),
        enqueue::cases(),
        input::cases(),
        leases::cases(),
        manage::cases(),
        sessions::cases(),
    ]
    .concat();
    run(conformance("sqlite", &[], &cases, fixture::on_sqlite))
}
