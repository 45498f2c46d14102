//! The conformance tests of the audit log, on both databases.

use std::{process::ExitCode, sync::Arc, time::Duration};

use jiff::Timestamp;
use outrigger_audit::{
    Act, AuditEntry, AuditFilter, AuditLog, ByAction, ByActor, ByOutcome, RequestId, postgres,
    sqlite,
};
use outrigger_sql::{
    PostgresDatabase, PostgresOptions, PostgresUrl, SqlError, SqliteDatabase, SqliteOptions,
    StoreConfig,
};
use outrigger_stdx::{Actor, ActorKind, Clock, ManualClock, Via};
use outrigger_testkit::{Case, LazyPostgres, Requirement, TempDir, cases, conformance, run};
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);

struct Fixture {
    log: AuditLog,
    clock: ManualClock,
    database: Database,
    /// The folder of the SQLite file.
    _dir: Option<TempDir>,
}

enum Database {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

fn main() -> ExitCode {
    let cases: Vec<Case<Fixture>> = cases![
        every_statement_can_be_prepared,
        an_entry_is_read_back_unchanged,
        pages_of_the_log_are_newest_first,
        the_log_is_filtered_by_actor_and_action,
        a_token_with_the_name_of_an_account_is_not_found_under_that_name,
        the_log_is_filtered_by_object_and_outcome,
        the_log_is_filtered_by_time_across_pages,
        entries_of_a_transaction_that_fails_are_not_stored,
        many_entries_are_stored_at_once,
        entries_are_pruned_by_age,
        every_list_statement_uses_an_index,
        failures_and_objects_have_indexes_of_their_own,
    ]
    .to_vec();
    let postgres = LazyPostgres::default();
    let mut trials = conformance("sqlite", &[], &cases, on_sqlite);
    trials.extend(conformance(
        "postgres",
        &[Requirement::Postgres],
        &cases,
        move || on_postgres(postgres.clone()),
    ));
    run(trials)
}

async fn on_sqlite() -> Fixture {
    let (dir, clock) = (TempDir::new(), ManualClock::new());
    let path = dir.join("state.db");
    let opened = SqliteDatabase::open(&path, SqliteOptions::default(), Arc::new(clock.clone()));
    let database = opened.await.expect("it opens");
    let log = AuditLog::on_sqlite(database.clone()).await;
    Fixture {
        log: log.expect("it migrates"),
        clock,
        database: Database::Sqlite(database),
        _dir: Some(dir),
    }
}

async fn on_postgres(postgres: LazyPostgres) -> Fixture {
    let (url, clock) = (postgres.create_database(), ManualClock::new());
    let url = PostgresUrl::parse(&url).expect("the address is right");
    let options = PostgresOptions::new(url, &StoreConfig::default());
    let opened = PostgresDatabase::open(options, Arc::new(clock.clone()));
    let database = opened.await.expect("it opens");
    let log = AuditLog::on_postgres(database.clone()).await;
    Fixture {
        log: log.expect("it migrates"),
        clock,
        database: Database::Postgres(database),
        _dir: None,
    }
}

impl Fixture {
    fn entry(&self, actor: Actor, action: &str) -> AuditEntry {
        Act::new(actor).entry(action, self.clock.now())
    }

    async fn append(&self, entries: Vec<AuditEntry>) {
        self.log.append(entries).await.expect("it is written");
    }

    async fn list(&self, filter: AuditFilter) -> Vec<AuditEntry> {
        let page = self.log.list(&filter, None, 500).await;
        page.expect("it reads").entries
    }

    async fn actions(&self, filter: AuditFilter) -> Vec<String> {
        let entries = self.list(filter).await.into_iter();
        entries.map(|entry| entry.action).collect()
    }
}

fn account(id: u128, label: &str) -> Actor {
    Actor {
        kind: ActorKind::Account {
            id: Uuid::from_u128(id),
            label: label.to_owned(),
        },
        via: Via::Dashboard,
    }
}

fn token(id: u128, label: &str) -> Actor {
    Actor {
        kind: ActorKind::Token {
            id: Uuid::from_u128(id),
            label: label.to_owned(),
        },
        via: Via::Api,
    }
}

fn filter(actor: Option<&str>, action: Option<&str>) -> AuditFilter {
    AuditFilter {
        actor: actor.map(ByActor::parse),
        action: action.map(ByAction::parse),
        ..AuditFilter::default()
    }
}

async fn every_statement_can_be_prepared(on: Fixture) {
    let broken = on.log.broken_statements().await;

    assert_eq!(broken, Ok(vec![]));
}

async fn an_entry_is_read_back_unchanged(on: Fixture) {
    let act = Act::new(account(7, "ana@example.org"))
        .from_address("2001:db8::1")
        .in_request(RequestId::FromClient("build-42".to_owned()));
    let written = act
        .entry("access.update_account", on.clock.now())
        .on(&Uuid::from_u128(9), "ben@example.org")
        .change("role", Some("viewer"), Some("owner"))
        .change("name", Some("Ben"), Some("Ben"))
        .failed("forbidden");
    let bare = on.entry(Actor::system(), "server.start");

    on.append(vec![written.clone(), bare.clone()]).await;

    let read = on.list(AuditFilter::default()).await;
    assert_eq!(read, [bare, written]);
    let read = &read[1];
    assert_eq!(read.actor_id, Some(Uuid::from_u128(7)));
    assert_eq!(read.via, "dashboard");
    assert_eq!(read.target_name.as_deref(), Some("ben@example.org"));
    let changes: Vec<_> = read.changes.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(changes, ["role"]);
    assert!(read.request_id_from_client);
}

async fn pages_of_the_log_are_newest_first(on: Fixture) {
    for number in 0..7 {
        on.append(vec![on.entry(Actor::system(), &format!("step.{number}"))])
            .await;
    }

    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let page = on.log.list(&AuditFilter::default(), cursor, 3).await;
        let page = page.expect("it reads");
        let actions: Vec<_> = page.entries.into_iter().map(|entry| entry.action).collect();
        pages.push(actions.join(" "));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }

    assert_eq!(
        pages,
        ["step.6 step.5 step.4", "step.3 step.2 step.1", "step.0"]
    );
}

async fn the_log_is_filtered_by_actor_and_action(on: Fixture) {
    let ana = || account(7, "ana@example.org");
    on.append(vec![
        on.entry(ana(), "access.log_in"),
        on.entry(Actor::local(), "access.log_in"),
        on.entry(ana(), "access.log_in_again"),
        on.entry(ana(), "accessory.buy"),
        on.entry(Actor::system(), "cache.clear"),
    ])
    .await;
    let id = Uuid::from_u128(7).to_string();

    let by_name = on.actions(filter(Some("ana@example.org"), None)).await;
    let by_id = on.actions(filter(Some(&id), None)).await;
    let of_access = on.actions(filter(None, Some("access."))).await;
    let exactly = on.actions(filter(None, Some("access.log_in"))).await;
    let both = on.actions(filter(Some("local"), Some("access."))).await;
    let nul = on.actions(filter(Some("\0"), Some("\0"))).await;
    let injected = on.actions(filter(Some("' or 1=1 --"), None)).await;

    assert_eq!(
        by_name,
        ["accessory.buy", "access.log_in_again", "access.log_in"]
    );
    assert_eq!(by_id, by_name);
    assert_eq!(
        of_access,
        ["access.log_in_again", "access.log_in", "access.log_in"]
    );
    assert_eq!(exactly, ["access.log_in", "access.log_in"]);
    assert_eq!(both, ["access.log_in"]);
    assert!(injected.is_empty() && nul.is_empty());
}

async fn a_token_with_the_name_of_an_account_is_not_found_under_that_name(on: Fixture) {
    on.append(vec![
        on.entry(account(1, "root@example.org"), "access.log_in"),
        on.entry(token(2, "root@example.org"), "cache.clear"),
    ])
    .await;

    let person = on.actions(filter(Some("root@example.org"), None)).await;
    let program = on
        .actions(filter(Some("token:root@example.org"), None))
        .await;

    assert_eq!(person, ["access.log_in"]);
    assert_eq!(program, ["cache.clear"]);
}

async fn the_log_is_filtered_by_object_and_outcome(on: Fixture) {
    let boat = Uuid::from_u128(9);
    on.append(vec![
        on.entry(Actor::local(), "boats.add").on(&boat, "Ida"),
        on.entry(Actor::local(), "boats.sell")
            .on(&boat, "Ida")
            .failed("forbidden"),
        on.entry(Actor::local(), "boats.clean").on_id("10"),
        on.entry(Actor::system(), "server.start"),
        on.entry(Actor::system(), "server.stop").failed("timeout"),
    ])
    .await;
    let of_boat = || AuditFilter {
        target: Some(boat.to_string()),
        ..AuditFilter::default()
    };
    let with = |outcome| AuditFilter {
        outcome: Some(outcome),
        ..AuditFilter::default()
    };

    let about = on.actions(of_boat()).await;
    let failed = on.actions(with(ByOutcome::Failed)).await;
    let succeeded = on.actions(with(ByOutcome::Ok)).await;
    let all_fields = AuditFilter {
        outcome: Some(ByOutcome::Failed),
        target: Some(boat.to_string()),
        ..filter(Some("local"), Some("boats."))
    };
    let all_fields = on.actions(all_fields).await;
    let nul = AuditFilter {
        target: Some("\0".to_owned()),
        ..AuditFilter::default()
    };

    assert_eq!(about, ["boats.sell", "boats.add"]);
    assert_eq!(failed, ["server.stop", "boats.sell"]);
    assert_eq!(succeeded, ["server.start", "boats.clean", "boats.add"]);
    assert_eq!(all_fields, ["boats.sell"]);
    assert!(on.actions(nul).await.is_empty());
}

async fn the_log_is_filtered_by_time_across_pages(on: Fixture) {
    let start = on.clock.now();
    for day in 0..6 {
        let entry = on.entry(Actor::system(), &format!("day.{day}"));
        on.append(vec![entry]).await;
        on.clock.advance(DAY);
    }
    let day = |number: u32| start.checked_add(DAY * number).expect("it is in range");
    let between = AuditFilter {
        since: Some(day(1)),
        until: Some(day(4)),
        ..AuditFilter::default()
    };

    let first = on.log.list(&between, None, 2).await.expect("it reads");
    let second = on.log.list(&between, first.next, 2).await;
    let second = second.expect("it reads");
    let before_all = AuditFilter {
        until: Some(Timestamp::MIN),
        ..AuditFilter::default()
    };

    let actions = |entries: &[AuditEntry]| -> Vec<String> {
        entries.iter().map(|entry| entry.action.clone()).collect()
    };
    assert_eq!(actions(&first.entries), ["day.3", "day.2"]);
    assert_eq!(actions(&second.entries), ["day.1"]);
    assert_eq!(second.next, None);
    assert!(on.actions(before_all).await.is_empty());
}

async fn entries_of_a_transaction_that_fails_are_not_stored(on: Fixture) {
    let entry = on.entry(Actor::system(), "server.start");

    let failed: Result<(), SqlError> = match &on.database {
        Database::Sqlite(database) => {
            let write = database.write(move |connection| {
                sqlite::append(connection, &[entry])?;
                Err(SqlError::Aborted)
            });
            write.await
        }
        Database::Postgres(database) => {
            let entries = [entry];
            let transaction = database.transaction(async |transaction| {
                postgres::append(&transaction, &entries).await?;
                Err(SqlError::Aborted)
            });
            transaction.await
        }
    };

    assert!(failed.is_err());
    assert_eq!(on.list(AuditFilter::default()).await, []);
}

async fn many_entries_are_stored_at_once(on: Fixture) {
    let entries = (0..300).map(|_| on.entry(Actor::system(), "server.start"));
    on.append(entries.collect()).await;
    on.append(Vec::new()).await;

    assert_eq!(on.list(AuditFilter::default()).await.len(), 300);
}

async fn entries_are_pruned_by_age(on: Fixture) {
    let old = (0..5).map(|_| on.entry(Actor::system(), "old.one"));
    on.append(old.collect()).await;
    on.clock.advance(DAY);
    on.append(vec![on.entry(Actor::system(), "recent.one")])
        .await;

    let early = on.log.prune(Timestamp::UNIX_EPOCH, 10).await;
    let some = on.log.prune(on.clock.now(), 3).await;
    let rest = on.log.prune(on.clock.now(), 3).await;

    assert_eq!((early, some, rest), (Ok(0), Ok(3), Ok(2)));
    assert_eq!(on.actions(AuditFilter::default()).await, ["recent.one"]);
}

async fn every_list_statement_uses_an_index(on: Fixture) {
    for sql in AuditLog::list_statements() {
        let plan = match &on.database {
            Database::Sqlite(database) => plan_of_sqlite(database, sql.clone()).await,
            Database::Postgres(database) => plan_of_postgres(database, &sql).await,
        };

        assert!(!plan.contains("TEMP B-TREE"), "it sorts: {plan}{sql}");
        assert!(!plan.contains("Sort"), "it sorts: {plan}{sql}");
        assert!(
            !plan.contains("Seq Scan"),
            "it reads everything: {plan}{sql}"
        );
        assert!(!plan.contains("SCAN"), "it reads everything: {plan}{sql}");
        let seeks = plan.contains("id<?") || plan.contains("(id < ");
        assert!(seeks, "it reads the previous pages: {plan}{sql}");
    }
}

async fn failures_and_objects_have_indexes_of_their_own(on: Fixture) {
    let statements = AuditLog::list_statements();
    let single = |condition: &str| {
        let only = |sql: &&String| {
            let others = ["actor", "action =", "capability =", "target =", "outcome"];
            let (_, conditions) = sql.split_once("where").expect("it has conditions");
            conditions.contains(condition)
                && !others
                    .iter()
                    .any(|other| conditions.contains(other) && !condition.starts_with(other))
        };
        statements.iter().find(only).expect("it is a form").clone()
    };

    for (condition, index) in [
        ("outcome <>", "audit_log_of_failures"),
        ("target =", "audit_log_by_target"),
    ] {
        let sql = single(condition);
        let plan = match &on.database {
            Database::Sqlite(database) => plan_of_sqlite(database, sql.clone()).await,
            Database::Postgres(database) => plan_of_postgres(database, &sql).await,
        };

        assert!(plan.contains(index), "it does not use {index}: {plan}{sql}");
    }
}

async fn plan_of_sqlite(database: &SqliteDatabase, sql: String) -> String {
    let explain = move |connection: &rusqlite::Connection| {
        let mut statement = connection.prepare(&format!("explain query plan {sql}"))?;
        let mut rows = statement.raw_query();
        let mut lines: Vec<String> = Vec::new();
        while let Some(row) = rows.next()? {
            lines.push(row.get(3)?);
        }
        Ok::<_, SqlError>(lines.join("\n"))
    };
    database.read(explain).await.expect("it explains")
}

/// Returns the generic plan, as for a prepared statement. Sequential scans are disabled because the planner prefers them on
/// an empty table.
async fn plan_of_postgres(database: &PostgresDatabase, sql: &str) -> String {
    let client = database
        .dedicated(None)
        .await
        .expect("there is a connection");
    for set in [
        "set plan_cache_mode to force_generic_plan",
        "set enable_seqscan to off",
        "set enable_bitmapscan to off",
        "set enable_sort to off",
    ] {
        client.execute(set, &[]).await.expect("it is a setting");
    }
    let prepare = format!("prepare list as {sql}");
    client.execute(&prepare, &[]).await.expect("it is right");
    let values = vec!["null"; sql.matches('$').count()].join(", ");
    let explain = format!("explain execute list({values})");
    let rows = client.query(&explain, &[]).await.expect("it explains");
    let deallocate = client.execute("deallocate list", &[]).await;
    deallocate.expect("it is there");
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    lines.join("\n")
}
