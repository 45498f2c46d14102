//! Tests of the listener through its protocol: against a real Redis, and alone.

mod authentication;
mod differential;
mod listener;
mod random;
mod scripts;
mod server;
mod slow_clients;
mod test_server;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut trials = differential::trials();
    trials.extend(authentication::trials());
    trials.extend(listener::trials());
    trials.extend(server::trials());
    trials.extend(slow_clients::trials());
    outrigger_testkit::run(trials)
}
