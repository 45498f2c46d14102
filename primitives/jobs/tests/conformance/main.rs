//! Every behaviour of jobs, on every store.

mod attempts;
mod enqueue;
mod fixture;
mod input;
mod leases;
mod manage;
mod model;
mod nodes;
mod random;
mod sessions;

use std::process::ExitCode;

use outrigger_testkit::{Case, LazyPostgres, Requirement, conformance, run};

use fixture::Fixture;

fn main() -> ExitCode {
    let cases: Vec<Case<Fixture>> = [
        attempts::cases(),
        enqueue::cases(),
        input::cases(),
        leases::cases(),
        manage::cases(),
        nodes::cases(),
        random::cases(),
        sessions::cases(),
    ]
    .concat();
    let postgres = LazyPostgres::default();
    let mut trials = conformance("sqlite", &[], &cases, fixture::on_sqlite);
    trials.extend(conformance(
        "postgres",
        &[Requirement::Postgres],
        &cases,
        move || fixture::on_postgres(postgres.clone()),
    ));
    run(trials)
}
