//! PostgreSQL: the pool and its limits, lost connections, TLS, migrations.

use std::{process::ExitCode, sync::Arc, time::Duration};

use outrigger_sql::{
    Migrations, PostgresDatabase, PostgresOptions, PostgresUrl, SqlError, StoreConfig,
};
use outrigger_stdx::{Clock, ErrorKind, ManualClock};
use outrigger_supervisor::{Service, Stop};
use outrigger_testkit::{LazyPostgres, PostgresServer, Requirement, run, trial};

const FIRST: &str = "create table boats (id bigint primary key, name text not null unique);";
const ONE_STEP: Migrations = Migrations {
    capability: "boats",
    sqlite: &[],
    postgres: &[("V1__boats", FIRST)],
};
const TWO_STEPS: Migrations = Migrations {
    capability: "boats",
    sqlite: &[],
    postgres: &[
        ("V1__boats", FIRST),
        ("V2__masts", "alter table boats add column masts bigint;"),
    ],
};

fn main() -> ExitCode {
    let postgres = LazyPostgres::default();
    macro_rules! trials {
        ($($name:ident),* $(,)?) => {
            vec![$({
                let postgres = postgres.clone();
                trial(stringify!($name), &[Requirement::Postgres], move || $name(postgres))
            }),*]
        };
    }
    run(trials![
        everything_lives_in_its_own_schema,
        a_commit_is_synced_also_where_the_database_says_otherwise,
        two_nodes_migrate_once,
        data_of_a_newer_release_is_refused_by_both_versions,
        a_failed_step_leaves_the_data_as_it_was,
        a_pool_larger_than_the_server_allows_is_refused,
        a_caller_that_gets_no_connection_in_time_is_told,
        a_statement_that_takes_too_long_is_cancelled,
        errors_name_the_constraint,
        a_wrong_database_is_refused_with_the_servers_words,
        a_lost_connection_is_retryable_and_the_pool_recovers,
        the_checker_drops_connections_that_broke_while_idle,
        broken_statements_are_found_without_running_them,
        the_server_proves_its_name_when_asked_to,
    ])
}

fn options(url: &str) -> PostgresOptions {
    let url = PostgresUrl::parse(url).expect("the address is right");
    PostgresOptions::new(url, &StoreConfig::default())
}

async fn open_with(
    options: PostgresOptions,
) -> Result<(PostgresDatabase, Arc<ManualClock>), SqlError> {
    let clock = Arc::new(ManualClock::new());
    let shared: Arc<dyn Clock> = clock.clone();
    Ok((PostgresDatabase::open(options, shared).await?, clock))
}

async fn open(url: &str) -> PostgresDatabase {
    open_with(options(url)).await.expect("it opens").0
}

async fn everything_lives_in_its_own_schema(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;

    database.migrate(ONE_STEP).await.expect("it migrates");
    let client = database.client().await.expect("it is connected");
    let tables = client
        .query_one(
            "select string_agg(table_schema || '.' || table_name, ' ' order by table_name)
             from information_schema.tables where table_name like 'boats%'",
            &[],
        )
        .await
        .expect("it is a query");

    assert_eq!(
        tables.get::<_, String>(0),
        "outrigger.boats outrigger.boats_migrations"
    );
    assert!(database.size().await.expect("it is connected") > 0);
}

async fn a_commit_is_synced_also_where_the_database_says_otherwise(postgres: LazyPostgres) {
    let url = postgres.create_database();
    let setting = async |ask: &str| {
        let database = open(&url).await;
        let client = database.client().await.expect("it is connected");
        client.batch_execute(ask).await.expect("it is a query");
        let shown = client.query_one("show synchronous_commit", &[]).await;
        shown.expect("it is a query").get::<_, String>(0)
    };
    let say = |value| {
        format!(
            "do $$ begin execute format('alter database %I set synchronous_commit = {value}', current_database()); end $$"
        )
    };

    setting(&say("off")).await;
    let instead_of_off = setting("").await;
    setting(&say("remote_apply")).await;
    let stricter = setting("").await;

    assert_eq!(
        (&*instead_of_off, &*stricter),
        ("on", "remote_apply"),
        "what is stricter stays"
    );
}

async fn two_nodes_migrate_once(postgres: LazyPostgres) {
    let url = postgres.create_database();
    let (first, second) = tokio::join!(open(&url), open(&url));

    let outcomes = tokio::join!(first.migrate(TWO_STEPS), second.migrate(TWO_STEPS));

    assert_eq!(outcomes, (Ok(()), Ok(())));
}

async fn data_of_a_newer_release_is_refused_by_both_versions(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;
    database.migrate(TWO_STEPS).await.expect("it migrates");

    let error = database.migrate(ONE_STEP).await.expect_err("it is newer");

    assert_eq!(
        error.to_string(),
        "the data of `boats` is at version 2, and this program knows versions up to 1"
    );
}

async fn a_failed_step_leaves_the_data_as_it_was(postgres: LazyPostgres) {
    const BROKEN: Migrations = Migrations {
        postgres: &[
            ("V1__boats", FIRST),
            ("V2__masts", "alter table boats add column masts bigint;"),
            ("V3__rigs", "create tabel rigs (id bigint);"),
        ],
        ..ONE_STEP
    };
    let database = open(&postgres.create_database()).await;
    database.migrate(ONE_STEP).await.expect("it migrates");

    let error = database.migrate(BROKEN).await.expect_err("it is misspelt");

    assert!(error.to_string().contains("tabel"), "{error}");
    database.migrate(ONE_STEP).await.expect("no step was taken");
}

async fn a_pool_larger_than_the_server_allows_is_refused(postgres: LazyPostgres) {
    let url = postgres.create_database();
    let too_many = PostgresOptions {
        pool_max: 118,
        ..options(&url)
    };

    let error = open_with(too_many).await.expect_err("117 are allowed");

    assert_eq!(
        error,
        SqlError::PoolTooLarge {
            pool_max: 118,
            allowed: 117
        }
    );
    assert!(error.hint().is_some());
}

async fn a_caller_that_gets_no_connection_in_time_is_told(postgres: LazyPostgres) {
    let one = PostgresOptions {
        pool_max: 1,
        wait_timeout: Duration::from_millis(10),
        ..options(&postgres.create_database())
    };
    let (database, _) = open_with(one).await.expect("it opens");

    let held = database.client().await.expect("one is free");
    let error = database.client().await.expect_err("none is free");
    drop(held);

    assert!(error.to_string().contains("pool_max"), "{error}");
    assert!(error.is_retryable());
    assert!(database.client().await.is_ok());
}

async fn a_statement_that_takes_too_long_is_cancelled(postgres: LazyPostgres) {
    let hasty = PostgresOptions {
        statement_timeout: Duration::from_millis(20),
        ..options(&postgres.create_database())
    };
    let (database, _) = open_with(hasty).await.expect("it opens");

    let client = database.client().await.expect("it is connected");
    let slept = client.query("select pg_sleep(60)", &[]).await;

    assert_eq!(slept.map_err(SqlError::from).err(), Some(SqlError::Timeout));
}

async fn errors_name_the_constraint(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;
    database.migrate(ONE_STEP).await.expect("it migrates");
    let client = database.client().await.expect("it is connected");
    let insert = "insert into boats (id, name) values ($1, 'Carpathia')";

    client.execute(insert, &[&1_i64]).await.expect("it is new");
    let twice = client.execute(insert, &[&2_i64]).await;

    let error = SqlError::from(twice.expect_err("the name is taken"));
    assert!(error.is_unique_violation_of("name"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

async fn a_wrong_database_is_refused_with_the_servers_words(postgres: LazyPostgres) {
    let url = postgres.create_database() + "_nowhere";

    let error = open_with(options(&url)).await.expect_err("there is none");

    let text = error.to_string();
    assert!(text.starts_with("the PostgreSQL server refuses"), "{text}");
    assert!(text.ends_with("_nowhere\" does not exist"), "{text}");
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

async fn a_lost_connection_is_retryable_and_the_pool_recovers(_: LazyPostgres) {
    let server = PostgresServer::start().expect("it starts");
    let (database, clock) = open_with(options(&server.url())).await.expect("it opens");
    let mut client = database.client().await.expect("it is connected");

    let transaction = client.transaction().await.expect("it is connected");
    server.stop();
    let lost = transaction.query("select 1", &[]).await;
    drop(transaction);
    drop(client);
    let away = database.client().await.err();
    let known = database.client().await.err();
    server.start_again().expect("it starts");
    clock.advance(Duration::from_secs(60));
    let back = database.client().await;

    let lost = SqlError::from(lost.expect_err("the server is gone"));
    assert!(matches!(lost, SqlError::ConnectionLost { .. }), "{lost}");
    assert!(lost.is_retryable());
    for error in [away, known] {
        assert!(
            matches!(error, Some(SqlError::Unreachable { .. })),
            "{error:?}"
        );
    }
    assert!(back.is_ok(), "{back:?}");
}

async fn the_checker_drops_connections_that_broke_while_idle(_: LazyPostgres) {
    let server = PostgresServer::start().expect("it starts");
    let (database, clock) = open_with(options(&server.url())).await.expect("it opens");
    let stop = Stop::new();
    let mut checker = database.checker();
    let checking = checker.run(stop.clone());

    server.stop();
    server.start_again().expect("it starts");
    let watching = async {
        // The check replaces the broken connection by a fresh one, which is what a caller then finds.
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(30));
        while clock.sleepers() == 0 || database.connections() == 0 {
            tokio::task::yield_now().await;
        }
        let client = database.client().await.expect("it is connected");
        client.simple_query("select 1").await.expect("it is alive");
        stop.cancel(clock.monotonic());
    };
    let (outcome, ()) = tokio::join!(checking, watching);

    assert!(outcome.is_ok());
}

async fn broken_statements_are_found_without_running_them(postgres: LazyPostgres) {
    const STATEMENTS: &[&str] = &["delete from boats", "select nmae from boats"];
    let database = open(&postgres.create_database()).await;
    database.migrate(ONE_STEP).await.expect("it migrates");

    let broken = database.broken_statements(STATEMENTS).await;

    let broken = broken.expect("it is connected");
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].sql, STATEMENTS[1]);
    assert!(broken[0].detail.contains("nmae"), "{}", broken[0]);
}

async fn the_server_proves_its_name_when_asked_to(_: LazyPostgres) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    let server = PostgresServer::start().expect("it starts");
    let folder = outrigger_testkit::TempDir::new();
    let trusted = folder.join("ca.pem");
    std::fs::write(&trusted, made.cert.pem()).expect("it is writable");
    server
        .enable_tls(&made.cert.pem(), &made.signing_key.serialize_pem())
        .expect("it is writable");

    let address = |host: &str, mode: &str| {
        let root = trusted.display();
        let port = server.port();
        format!("postgres://postgres@{host}:{port}/postgres?sslmode={mode}&sslrootcert={root}")
    };
    let is_encrypted = async |host: &str, mode: &str| {
        let (database, _) = open_with(options(&address(host, mode))).await?;
        let client = database.client().await?;
        let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
        Ok::<bool, SqlError>(client.query_one(sql, &[]).await?.try_get(0)?)
    };

    assert_eq!(is_encrypted("127.0.0.1", "disable").await, Ok(false));
    assert_eq!(is_encrypted("127.0.0.1", "prefer").await, Ok(true));
    assert_eq!(is_encrypted("127.0.0.1", "require").await, Ok(true));
    assert_eq!(is_encrypted("localhost", "verify-full").await, Ok(true));
    let error = is_encrypted("127.0.0.1", "verify-full").await;
    let error = error.expect_err("the certificate names another host");
    assert!(error.to_string().contains("certificate"), "{error}");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    std::fs::write(&trusted, other.cert.pem()).expect("it is writable");
    let error = is_encrypted("localhost", "require").await;
    let error = error.expect_err("nobody who is trusted has signed the certificate");
    assert!(error.to_string().contains("certificate"), "{error}");
}
