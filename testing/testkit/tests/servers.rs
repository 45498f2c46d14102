//! The temporary servers start, respond, stop and start again.

use std::{io::Read, net::TcpStream, process::ExitCode};

use outrigger_testkit::{
    LazyPostgres, PostgresServer, RedisServer, Requirement, TempDir, cases, conformance, run, trial,
};

fn main() -> ExitCode {
    let postgres = LazyPostgres::default();
    let mut trials = vec![
        trial(
            "every_database_has_a_connection_string_of_its_own",
            &[Requirement::Postgres],
            move || async move {
                let (first, second) = (postgres.create_database(), postgres.create_database());
                assert_ne!(first, second);
            },
        ),
        trial(
            "a_stopped_postgres_keeps_its_port_and_data",
            &[Requirement::Postgres],
            || async { a_stopped_postgres_keeps_its_port_and_data() },
        ),
        trial(
            "redis_ends_when_it_is_dropped",
            &[Requirement::Redis],
            || async { redis_ends_when_it_is_dropped() },
        ),
    ];
    trials.extend(conformance(
        "folder",
        &[],
        &cases![a_folder_is_empty, a_folder_has_a_short_path],
        || async { TempDir::new() },
    ));
    run(trials)
}

fn a_stopped_postgres_keeps_its_port_and_data() {
    let server = PostgresServer::start().expect("it starts");
    server.execute("create table boats (name text)");

    server.stop();
    let refused = TcpStream::connect(("127.0.0.1", server.port()));
    server.start_again().expect("it starts again");
    server.execute("select name from boats");

    assert!(refused.is_err(), "a stopped server still listens");
}

fn redis_ends_when_it_is_dropped() {
    let server = RedisServer::start(&["--requirepass", "hunter2"]).expect("it starts");
    let mut connection = TcpStream::connect(server.address()).expect("it listens");

    drop(server);
    let read = connection.read(&mut [0]);

    assert!(
        matches!(read, Ok(0) | Err(_)),
        "the connection outlived the server"
    );
}

async fn a_folder_is_empty(folder: TempDir) {
    let mut entries = folder.path().read_dir().expect("it exists");
    assert!(entries.next().is_none());
}

async fn a_folder_has_a_short_path(folder: TempDir) {
    assert!(folder.join("control.sock").as_os_str().len() < 107);
}
