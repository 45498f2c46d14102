//! Starts that must be refused, each with a message that says what to change.

use std::{fs, net::TcpListener};

use outrigger_testapp::{Builder, Finished, Outrigger};
use serde_json::Value;

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

#[track_caller]
fn assert_refused(finished: &Finished, code: i32, words: &[&str]) {
    assert_eq!(finished.code, Some(code), "{}", finished.stderr);
    for word in words {
        assert!(
            finished.stderr.contains(word),
            "`{word}` is missing in:\n{}",
            finished.stderr
        );
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

#[tokio::test]
async fn an_unknown_configuration_key_is_refused_with_the_nearest_name() {
    let flag = app().set("cache.memori", "1MiB").run_to_end().await;
    let variable = app()
        .env("OUTRIGGER_REDIS__LISTN", "127.0.0.1:1")
        .run_to_end()
        .await;
    let section = app().set("cahce.memory", "1MiB").run_to_end().await;

    assert_refused(&flag, 2, &["cache.memori", "cache.memory"]);
    assert_refused(&variable, 2, &["OUTRIGGER_REDIS__LISTN", "redis.listen"]);
    assert_refused(&section, 2, &["cahce", "[cache]"]);
}

#[tokio::test]
async fn all_problems_of_the_configuration_are_reported_at_once() {
    let finished = app()
        .set("cache.memory", "a lot")
        .set("http.body_max", "1")
        .set("nonsense.key", "1")
        .run_to_end()
        .await;

    assert_refused(&finished, 2, &["cache.memory", "http.body_max", "nonsense"]);
}

#[tokio::test]
async fn an_invalid_key_in_the_file_is_reported_with_its_line() {
    let builder = app();
    let file = builder.directory().join("my.toml");
    fs::write(&file, "[cache]\n\nmemmory = \"1MiB\"\n").expect("the file is written");

    let finished = builder.arg("--config").arg(file).run_to_end().await;

    assert_refused(&finished, 2, &["my.toml:3", "cache.memory"]);
}

#[tokio::test]
async fn a_port_in_use_is_reported_with_its_configuration_key() {
    for key in ["http.listen", "redis.listen"] {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("it has an address").to_string();

        let finished = app().set(key, &*address).run_to_end().await;

        let dotted = format!("`{key}`");
        let bracketed = format!("`[{}]", key.split('.').next().expect("a section"));
        assert_refused(&finished, 4, &[&address]);
        let named = finished.stderr.contains(&dotted) || finished.stderr.contains(&bracketed);
        assert!(named, "{}", finished.stderr);
    }
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_reported() {
    let builder = app();
    let file = builder.directory().join("file");
    fs::write(&file, "not a directory").expect("the file is written");
    let data_dir = file.join("data");

    let finished = builder.data_dir(&data_dir).run_to_end().await;

    assert_refused(
        &finished,
        1,
        &[&data_dir.display().to_string(), "--data-dir"],
    );
}

#[tokio::test]
async fn a_data_directory_in_use_is_refused_with_the_pid_of_its_process() {
    let app = app().start().await;

    let second = app.run_again().await;

    assert_refused(&second, 4, &[&app.pid().to_string(), "--data-dir"]);
    app.client()
        .healthz()
        .await
        .expect("the first one is not disturbed");
}

#[tokio::test]
async fn files_left_by_a_killed_process_do_not_block_a_start() {
    let mut app = app().start().await;

    app.kill9().await;
    app.restart().await;

    app.client().readyz().await.expect("it works again");
}

#[tokio::test]
async fn a_socket_path_that_is_too_long_is_refused_with_its_configuration_key() {
    let long = format!("/tmp/{}.sock", "s".repeat(110));

    let finished = app().set("redis.socket", long).run_to_end().await;

    assert_refused(&finished, 2, &["redis.socket", "107"]);
}

#[tokio::test]
async fn listening_beyond_loopback_without_tls_is_refused() {
    let finished = app().set("http.listen", "0.0.0.0:0").run_to_end().await;

    assert_refused(
        &finished,
        2,
        &["http.listen", "tls_cert", "allow_plaintext"],
    );
}

#[tokio::test]
async fn the_redis_listener_beyond_loopback_needs_a_password() {
    let finished = app().set("redis.listen", "0.0.0.0:0").run_to_end().await;

    assert_refused(&finished, 2, &["redis.", "password"]);
}

#[tokio::test]
async fn an_invalid_certificate_is_refused_with_its_path() {
    let builder = app();
    let file = builder.directory().join("cert.pem");
    fs::write(&file, "not a certificate").expect("the file is written");
    let path = file.display().to_string();

    let finished = builder
        .set("http.tls_cert", &*path)
        .set("http.tls_key", &*path)
        .run_to_end()
        .await;

    assert_refused(&finished, 2, &[&path, "PEM"]);
}

#[tokio::test]
async fn data_from_a_newer_version_is_refused_and_not_changed() {
    let mut app = app().start().await;
    app.stop().await;
    let newer = write_history_of_the_future(&app.database());
    assert!(newer > 0, "the database has a history of migrations");

    let finished = app.run_again().await;

    assert_refused(&finished, 1, &["newer"]);
    assert_eq!(versions_of_the_future(&app.database()), newer);
}

#[tokio::test]
async fn with_json_a_refused_start_prints_a_problem() {
    let finished = app()
        .set("cache.memori", "1MiB")
        .arg("--json")
        .run_to_end()
        .await;

    let problem: Value = serde_json::from_str(&finished.stderr).expect("it is JSON");
    assert_eq!(problem["code"], "invalid_configuration");
    assert_eq!(problem["fields"][0]["field"], "cache.memori");
    assert_eq!(finished.stdout, "");
}

/// Adds a migration with a very high number to every history table in the database. Returns the number of tables.
fn write_history_of_the_future(connection: &rusqlite::Connection) -> u64 {
    let tables = histories(connection);
    for table in &tables {
        let sql = format!(
            "insert into {table} (version, name, applied_on, checksum) values (9999, 'from_the_future', '2099-01-01T00:00:00Z', '1')"
        );
        connection
            .execute(&sql, [])
            .expect("the history can be written");
    }
    tables.len() as u64
}

fn versions_of_the_future(connection: &rusqlite::Connection) -> u64 {
    let tables = histories(connection);
    let count = |table: &String| -> u64 {
        let sql = format!("select count(*) from {table} where version = 9999");
        connection
            .query_row(&sql, [], |row| row.get::<_, u32>(0).map(u64::from))
            .expect("the history can be read")
    };
    tables.iter().map(count).sum()
}

fn histories(connection: &rusqlite::Connection) -> Vec<String> {
    let mut statement = connection
        .prepare("select name from sqlite_master where type = 'table' and sql like '%applied_on%' and sql like '%checksum%'")
        .expect("every database has a schema");
    let names = statement
        .query_map([], |row| row.get(0))
        .expect("the schema can be read");
    names.collect::<Result<_, _>>().expect("names are text")
}
