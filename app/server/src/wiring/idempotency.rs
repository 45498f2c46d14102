//! Stores the idempotency keys of the HTTP API in a table of the state database. The responses are encrypted, and their number
//! and size are limited.
//!
//! SQLite and PostgreSQL share the statements. SQLite numbers `$1` by its first occurrence, so parameters must occur in the order
//! of their numbers.

mod usage;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use outrigger_crypto::LiveKeyring;
use outrigger_http_api::{
    ABANDONED_AFTER, Claim, IdempotencyKey, IdempotencyStore, KEPT_FOR, StoreFailure,
};
use outrigger_sql::{
    Migrations, PostgresValues, SqlError,
    rusqlite::{self, OptionalExtension},
    tokio_postgres::{self, Row as PostgresRow},
};

use self::usage::{Held, Usage};
use super::store::Store;

pub(crate) const MIGRATIONS: Migrations = Migrations {
    capability: "http",
    sqlite: &[(
        "V1__http_idempotency",
        include_str!("../../migrations/sqlite/V1__http_idempotency.sql"),
    )],
    postgres: &[(
        "V1__http_idempotency",
        include_str!("../../migrations/postgres/V1__http_idempotency.sql"),
    )],
};

mod statements {
    outrigger_sql::statements! {
        COUNT = "
            select caller, count(*), cast(coalesce(sum(octet_length(answer)), 0) as bigint)
            from http_idempotency
            group by caller";
        DELETE_EXPIRED = "
            delete from http_idempotency
            where (caller, key) in (
                select caller, key from http_idempotency where claimed_at < $1 limit 1000)
            returning caller, cast(coalesce(octet_length(answer), 0) as bigint)";
        DELETE_ABANDONED = "
            delete from http_idempotency
            where caller = $1 and key = $2
              and (claimed_at < $3 or (answer is null and claimed_at < $4))
            returning caller, cast(coalesce(octet_length(answer), 0) as bigint)";
        CLAIM = "
            insert into http_idempotency (caller, key, fingerprint, claimed_at)
            values ($1, $2, $3, $4)
            on conflict do nothing";
        FIND = "
            select fingerprint, answer
            from http_idempotency
            where caller = $1 and key = $2";
        ANSWER = "
            update http_idempotency
            set answer = $1
            where caller = $2 and key = $3 and claimed_at = $4 and answer is null";
        RELEASE = "
            delete from http_idempotency
            where caller = $1 and key = $2 and claimed_at = $3 and answer is null";
    }
}

/// Stores claims and responses.
pub(crate) struct Idempotency {
    store: Store,
    keyring: LiveKeyring,
    usage: Mutex<Usage>,
}

/// The effect of a claim on the table.
struct Claimed {
    /// The callers of deleted rows, and the size of their responses in bytes.
    deleted: Vec<(String, i64)>,
    row: Row,
}

/// The row of a claimed key.
enum Row {
    /// The row was inserted.
    New,
    /// The row existed before.
    Found {
        fingerprint: Vec<u8>,
        answer: Option<Vec<u8>>,
    },
    /// There is no row: it was deleted concurrently, or the claim must not insert one.
    Gone,
}

impl Idempotency {
    /// Applies the migrations of the table.
    pub(crate) async fn open(store: Store, keyring: LiveKeyring) -> Result<Self, SqlError> {
        match &store {
            Store::Sqlite(database) => database.migrate(MIGRATIONS).await?,
            Store::Postgres(database) => database.migrate(MIGRATIONS).await?,
        }
        Ok(Self {
            store,
            keyring,
            usage: Mutex::default(),
        })
    }

    /// Counts the rows of each caller.
    async fn count(&self) -> Result<HashMap<String, Held>, SqlError> {
        let counted: Vec<(String, i64, i64)> = match &self.store {
            Store::Sqlite(database) => {
                database
                    .read(|connection| {
                        let mut statement = connection.prepare_cached(statements::COUNT)?;
                        let columns = |row: &rusqlite::Row<'_>| row.try_into();
                        let rows = statement.query_map([], columns)?;
                        Ok::<_, SqlError>(rows.collect::<Result<_, _>>()?)
                    })
                    .await?
            }
            Store::Postgres(database) => {
                let client = database.client().await?;
                let rows = client.query(statements::COUNT, &[]).await?;
                let columns =
                    |row: &PostgresRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
                let rows: Result<_, tokio_postgres::Error> = rows.iter().map(columns).collect();
                rows?
            }
        };
        let held = |keys, bytes| Held {
            keys: unsigned(keys),
            bytes: unsigned(bytes),
        };
        let counted = counted.into_iter();
        Ok(counted
            .map(|(caller, keys, bytes)| (caller, held(keys, bytes)))
            .collect())
    }

    /// Deletes expired rows, then claims the key or returns its existing claim. Without a fingerprint, it does not claim.
    async fn claim_row(
        &self,
        key: &IdempotencyKey,
        fingerprint: Option<[u8; 32]>,
        now: i64,
    ) -> Result<Claimed, SqlError> {
        let (caller, key) = (key.caller.clone(), key.key.clone());
        let expired = now - micros(KEPT_FOR);
        let abandoned = now - micros(ABANDONED_AFTER);
        match &self.store {
            Store::Sqlite(database) => {
                let work = move |connection: &rusqlite::Connection| {
                    let columns = |row: &rusqlite::Row<'_>| row.try_into();
                    let mut deleted = Vec::new();
                    let mut delete = connection.prepare_cached(statements::DELETE_EXPIRED)?;
                    for row in delete.query_map([expired], columns)? {
                        deleted.push(row?);
                    }
                    let mut delete = connection.prepare_cached(statements::DELETE_ABANDONED)?;
                    let values = (&caller, &key, expired, abandoned);
                    for row in delete.query_map(values, columns)? {
                        deleted.push(row?);
                    }
                    if let Some(fingerprint) = fingerprint {
                        let mut claim = connection.prepare_cached(statements::CLAIM)?;
                        let values = (&caller, &key, fingerprint.as_slice(), now);
                        if claim.execute(values)? == 1 {
                            let row = Row::New;
                            return Ok(Claimed { deleted, row });
                        }
                    }
                    let mut find = connection.prepare_cached(statements::FIND)?;
                    let found = find.query_row((&caller, &key), |row| {
                        Ok(Row::Found {
                            fingerprint: row.get(0)?,
                            answer: row.get(1)?,
                        })
                    });
                    let row = found.optional()?.unwrap_or(Row::Gone);
                    Ok::<_, SqlError>(Claimed { deleted, row })
                };
                database.write(work).await
            }
            Store::Postgres(database) => {
                let (caller, key) = (&caller, &key);
                database
                    .transaction(|transaction| async move {
                        let mut deleted = Vec::new();
                        let own: PostgresValues<'_> = &[caller, key, &expired, &abandoned];
                        let expired: PostgresValues<'_> = &[&expired];
                        for (sql, values) in [
                            (statements::DELETE_EXPIRED, expired),
                            (statements::DELETE_ABANDONED, own),
                        ] {
                            for row in transaction.query(sql, values).await? {
                                deleted.push((row.try_get(0)?, row.try_get(1)?));
                            }
                        }
                        if let Some(fingerprint) = fingerprint {
                            let claim: PostgresValues<'_> =
                                &[caller, key, &fingerprint.as_slice(), &now];
                            if transaction.execute(statements::CLAIM, claim).await? == 1 {
                                let row = Row::New;
                                return Ok(Claimed { deleted, row });
                            }
                        }
                        let found = transaction
                            .query_opt(statements::FIND, &[caller, key])
                            .await?;
                        let row = match found {
                            Some(row) => Row::Found {
                                fingerprint: row.try_get(0)?,
                                answer: row.try_get(1)?,
                            },
                            None => Row::Gone,
                        };
                        Ok(Claimed { deleted, row })
                    })
                    .await
            }
        }
    }

    /// Runs a statement that changes at most one row. Returns whether it changed one.
    async fn change(&self, change: Change) -> Result<bool, SqlError> {
        let Change {
            sealed,
            caller,
            key,
            at,
        } = change;
        let changed = match (&self.store, sealed) {
            (Store::Sqlite(database), sealed) => {
                let work = move |connection: &rusqlite::Connection| {
                    let changed = match sealed {
                        Some(sealed) => connection
                            .prepare_cached(statements::ANSWER)?
                            .execute((sealed, caller, key, at)),
                        None => connection
                            .prepare_cached(statements::RELEASE)?
                            .execute((caller, key, at)),
                    };
                    Ok::<_, SqlError>(changed? == 1)
                };
                return database.write(work).await;
            }
            (Store::Postgres(database), Some(sealed)) => {
                let values: PostgresValues<'_> = &[&sealed, &caller, &key, &at];
                let client = database.client().await?;
                client.execute(statements::ANSWER, values).await?
            }
            (Store::Postgres(database), None) => {
                let values: PostgresValues<'_> = &[&caller, &key, &at];
                let client = database.client().await?;
                client.execute(statements::RELEASE, values).await?
            }
        };
        Ok(changed == 1)
    }

    fn lock_usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change of a claim: its response is stored, or it is released.
struct Change {
    /// The encrypted response; `None` releases the claim.
    sealed: Option<Vec<u8>>,
    caller: String,
    key: String,
    at: i64,
}

#[async_trait]
impl IdempotencyStore for Idempotency {
    async fn claim(
        &self,
        key: &IdempotencyKey,
        fingerprint: [u8; 32],
        now: Timestamp,
    ) -> Result<Claim, StoreFailure> {
        if self.lock_usage().is_outdated(now) {
            let counted = self.count().await?;
            *self.lock_usage() = Usage::counted(counted, now);
        }
        // At the limit, a key that was used before still gets its response.
        let has_room = self.lock_usage().has_room_for(&key.caller);
        let fingerprint_if_new = has_room.then_some(fingerprint);
        let claimed = self
            .claim_row(key, fingerprint_if_new, now.as_microsecond())
            .await?;
        let mut usage = self.lock_usage();
        for (caller, bytes) in &claimed.deleted {
            let bytes = unsigned(*bytes);
            usage.remove(caller, Held { keys: 1, bytes });
        }
        if let Row::New = claimed.row {
            usage.add(&key.caller, Held { keys: 1, bytes: 0 });
        }
        drop(usage);
        Ok(match claimed.row {
            Row::New => Claim::New,
            Row::Found {
                fingerprint: found, ..
            } if found != fingerprint => Claim::Other,
            Row::Found {
                answer: Some(sealed),
                ..
            } => {
                let opened = self.keyring.open(&context(key), &sealed)?;
                Claim::Answered(Bytes::copy_from_slice(&opened))
            }
            Row::Gone if !has_room => Claim::Full,
            // `Gone`: the other request has just released its claim, so the client's next attempt can claim the key.
            Row::Found { answer: None, .. } | Row::Gone => Claim::Running,
        })
    }

    async fn answer(
        &self,
        key: &IdempotencyKey,
        claimed_at: Timestamp,
        answer: Bytes,
    ) -> Result<(), StoreFailure> {
        let sealed = self.keyring.seal(&context(key), &answer)?;
        let bytes = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
        let change = Change {
            sealed: Some(sealed),
            caller: key.caller.clone(),
            key: key.key.clone(),
            at: claimed_at.as_microsecond(),
        };
        if self.change(change).await? {
            self.lock_usage().add(&key.caller, Held { keys: 0, bytes });
        }
        Ok(())
    }

    async fn release(
        &self,
        key: &IdempotencyKey,
        claimed_at: Timestamp,
    ) -> Result<(), StoreFailure> {
        let change = Change {
            sealed: None,
            caller: key.caller.clone(),
            key: key.key.clone(),
            at: claimed_at.as_microsecond(),
        };
        if self.change(change).await? {
            let one = Held { keys: 1, bytes: 0 };
            self.lock_usage().remove(&key.caller, one);
        }
        Ok(())
    }
}

/// The encryption context of a response. It binds the response to its key, so that rows cannot be exchanged.
fn context(key: &IdempotencyKey) -> String {
    format!("http-idempotency/{}/{}", key.caller, key.key)
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Converts a count or a size, which databases return as a signed number.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use outrigger_crypto::{CryptoConfig, MissingKeyFile};
    use outrigger_sql::{
        PostgresDatabase, PostgresOptions, PostgresUrl, SqliteDatabase, SqliteOptions, StoreConfig,
    };
    use outrigger_stdx::{Clock, ManualClock, SystemClock};
    use outrigger_testkit::{PostgresServer, Requirement, TempDir};

    use super::*;

    const FIRST: [u8; 32] = [1; 32];
    const OTHER: [u8; 32] = [2; 32];

    /// A clock, and a store on one of the databases.
    struct Fixture {
        clock: Arc<ManualClock>,
        store: Idempotency,
        _folder: TempDir,
        _server: Option<PostgresServer>,
    }

    impl Fixture {
        async fn sqlite() -> Self {
            let (folder, clock) = (TempDir::new(), Arc::new(ManualClock::new()));
            let path = folder.join("state.db");
            let database =
                SqliteDatabase::open(&path, SqliteOptions::default(), SystemClock::shared()).await;
            let database = database.expect("the folder can be written");
            Self::with(Store::Sqlite(database), clock, folder, None).await
        }

        async fn postgres() -> Self {
            let (folder, clock) = (TempDir::new(), Arc::new(ManualClock::new()));
            let server = PostgresServer::start().expect("PostgreSQL starts");
            let url = PostgresUrl::parse(&server.url()).expect("the address is right");
            let options = PostgresOptions::new(url, &StoreConfig::default());
            // A transaction with a conflict waits on this clock before it is retried.
            let database = PostgresDatabase::open(options, SystemClock::shared()).await;
            let database = database.expect("the server answers");
            Self::with(Store::Postgres(database), clock, folder, Some(server)).await
        }

        async fn with(
            store: Store,
            clock: Arc<ManualClock>,
            folder: TempDir,
            server: Option<PostgresServer>,
        ) -> Self {
            let config = CryptoConfig::default();
            let keyring = LiveKeyring::from_config(&config, folder.path(), MissingKeyFile::Create);
            let keyring = keyring.expect("the folder can be written");
            let store = Idempotency::open(store, keyring).await;
            Self {
                clock,
                store: store.expect("the migrations are right"),
                _folder: folder,
                _server: server,
            }
        }

        /// Claims the key `k` at the current time.
        async fn claim(&self, fingerprint: [u8; 32]) -> (Claim, Timestamp) {
            let now = self.clock.now();
            let claimed = self.store.claim(&key(), fingerprint, now).await;
            (claimed.expect("the store works"), now)
        }

        async fn answer(&self, claimed_at: Timestamp, answer: &'static str) {
            let answer = Bytes::from_static(answer.as_bytes());
            let answered = self.store.answer(&key(), claimed_at, answer).await;
            answered.expect("the store works");
        }
    }

    fn key() -> IdempotencyKey {
        IdempotencyKey {
            caller: "token:1".to_owned(),
            key: "k".to_owned(),
        }
    }

    /// Runs a test on each available database.
    macro_rules! on_each_database {
        ($($name:ident)*) => {
            mod sqlite {
                $(#[tokio::test]
                async fn $name() {
                    super::$name(super::Fixture::sqlite().await).await;
                })*
            }

            mod postgres {
                $(#[tokio::test]
                async fn $name() {
                    let needs = super::Requirement::Postgres;
                    match needs.missing() {
                        Some(reason) if needs.is_enforced() => panic!("{reason}"),
                        Some(reason) => eprintln!("skipped: {reason}"),
                        None => super::$name(super::Fixture::postgres().await).await,
                    }
                })*
            }
        };
    }

    on_each_database! {
        a_key_is_claimed_once_and_then_returns_its_response
        an_abandoned_claim_is_taken_over_and_its_late_response_is_not_stored
        a_response_expires_after_a_day
        a_caller_at_its_limit_still_gets_stored_responses
    }

    async fn a_key_is_claimed_once_and_then_returns_its_response(fixture: Fixture) {
        let (first, at) = fixture.claim(FIRST).await;
        let (second, _) = fixture.claim(FIRST).await;
        fixture.answer(at, "made").await;
        let (third, _) = fixture.claim(FIRST).await;
        let (mismatch, _) = fixture.claim(OTHER).await;

        assert_eq!((first, second), (Claim::New, Claim::Running));
        assert_eq!(third, Claim::Answered(Bytes::from_static(b"made")));
        assert_eq!(mismatch, Claim::Other);
    }

    async fn an_abandoned_claim_is_taken_over_and_its_late_response_is_not_stored(
        fixture: Fixture,
    ) {
        let (_, abandoned_at) = fixture.claim(FIRST).await;
        fixture.clock.advance(ABANDONED_AFTER);
        let (before, _) = fixture.claim(FIRST).await;
        fixture.clock.advance(Duration::from_micros(1));
        let (after, at) = fixture.claim(FIRST).await;

        fixture.answer(abandoned_at, "late").await;
        let released = fixture.store.release(&key(), abandoned_at).await;
        let (meanwhile, _) = fixture.claim(FIRST).await;
        fixture.answer(at, "made").await;
        let (at_last, _) = fixture.claim(FIRST).await;

        assert_eq!((before, after), (Claim::Running, Claim::New));
        assert!(released.is_ok());
        assert_eq!(meanwhile, Claim::Running);
        assert_eq!(at_last, Claim::Answered(Bytes::from_static(b"made")));
    }

    async fn a_response_expires_after_a_day(fixture: Fixture) {
        let (_, at) = fixture.claim(FIRST).await;
        fixture.answer(at, "made").await;
        fixture.clock.advance(KEPT_FOR + Duration::from_micros(1));

        let (again, _) = fixture.claim(OTHER).await;

        assert_eq!(again, Claim::New);
        let held = fixture.store.count().await.expect("the store works");
        assert_eq!(held["token:1"], Held { keys: 1, bytes: 0 });
    }

    async fn a_caller_at_its_limit_still_gets_stored_responses(fixture: Fixture) {
        let (_, at) = fixture.claim(FIRST).await;
        fixture.answer(at, "made").await;
        let other = IdempotencyKey {
            key: "other".to_owned(),
            ..key()
        };
        let too_much = Held {
            keys: u64::from(u32::MAX),
            bytes: 0,
        };
        fixture.store.lock_usage().add(&key().caller, too_much);

        let (known, now) = fixture.claim(FIRST).await;
        let unknown = fixture.store.claim(&other, FIRST, now).await;

        assert_eq!(known, Claim::Answered(Bytes::from_static(b"made")));
        assert_eq!(unknown.expect("the store works"), Claim::Full);
    }
}
