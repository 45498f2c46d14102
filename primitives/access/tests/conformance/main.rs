//! Every behaviour of access, on every store.

mod accounts;
mod audit;
mod ceilings;
mod changes;
mod clock;
mod faults;
mod first_account;
mod fixture;
mod flaky_store;
mod lists;
mod sessions;
mod sign_in;
mod tokens;

use std::process::ExitCode;

use outrigger_testkit::{Case, LazyPostgres, Requirement, conformance, run};

use fixture::Fixture;

fn main() -> ExitCode {
    let cases: Vec<Case<Fixture>> = [
        accounts::cases(),
        audit::cases(),
        ceilings::cases(),
        changes::cases(),
        clock::cases(),
        faults::cases(),
        first_account::cases(),
        lists::cases(),
        sessions::cases(),
        sign_in::cases(),
        tokens::cases(),
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
