//! The plug for the HTTP API's store of idempotency keys: a table in our own database, with answers sealed.
//!
//! Both engines understand the same statements here, so there is one copy of them. SQLite numbers `$1` by where it first stands,
//! so parameters stand in the order of their numbers.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use outrigger_crypto::LiveKeyring;
use outrigger_http_api::{
    ABANDONED_AFTER, Claim, IdempotencyKey, IdempotencyStore, KEPT_FOR, StoreFailure,
};
use outrigger_sql::{Migrations, PostgresValues, SqlError};

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
        PRUNE = "
            delete from http_idempotency
            where claimed_at < $1 or (caller = $2 and key = $3 and answer is null and claimed_at < $4)";
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

/// Keeps claims and answers in the store.
pub(crate) struct Idempotency {
    store: Store,
    keyring: LiveKeyring,
}

impl Idempotency {
    /// Migrates the table.
    pub(crate) async fn open(store: Store, keyring: LiveKeyring) -> Result<Self, SqlError> {
        match &store {
            Store::Sqlite(database) => database.migrate(MIGRATIONS).await?,
            Store::Postgres(database) => database.migrate(MIGRATIONS).await?,
        }
        Ok(Self { store, keyring })
    }

    /// Claims, or finds the claim that stands; with what came before a day ago removed first.
    async fn claim_row(
        &self,
        key: &IdempotencyKey,
        fingerprint: [u8; 32],
        now: i64,
    ) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>, SqlError> {
        let (caller, key) = (key.caller.clone(), key.key.clone());
        let expired = now - micros(KEPT_FOR);
        let abandoned = now - micros(ABANDONED_AFTER);
        match &self.store {
            Store::Sqlite(database) => {
                database
                    .write(move |connection| {
                        connection
                            .execute(statements::PRUNE, (expired, &caller, &key, abandoned))?;
                        let claimed = connection.execute(
                            statements::CLAIM,
                            (&caller, &key, fingerprint.as_slice(), now),
                        )?;
                        if claimed == 1 {
                            return Ok(None);
                        }
                        let row =
                            |row: &outrigger_sql::rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                        Ok(Some(connection.query_row(
                            statements::FIND,
                            (&caller, &key),
                            row,
                        )?))
                    })
                    .await
            }
            Store::Postgres(database) => {
                let (caller, key) = (&caller, &key);
                database
                    .transaction(|transaction| async move {
                        let pruned: PostgresValues<'_> = &[&expired, caller, key, &abandoned];
                        transaction.execute(statements::PRUNE, pruned).await?;
                        let claim: PostgresValues<'_> =
                            &[caller, key, &fingerprint.as_slice(), &now];
                        if transaction.execute(statements::CLAIM, claim).await? == 1 {
                            return Ok(None);
                        }
                        let found = transaction
                            .query_one(statements::FIND, &[caller, key])
                            .await?;
                        Ok(Some((found.try_get(0)?, found.try_get(1)?)))
                    })
                    .await
            }
        }
    }
}

#[async_trait]
impl IdempotencyStore for Idempotency {
    async fn claim(
        &self,
        key: &IdempotencyKey,
        fingerprint: [u8; 32],
        now: Timestamp,
    ) -> Result<Claim, StoreFailure> {
        let Some((found, answer)) = self
            .claim_row(key, fingerprint, now.as_microsecond())
            .await?
        else {
            return Ok(Claim::New);
        };
        Ok(match answer {
            _ if found != fingerprint => Claim::Other,
            None => Claim::Running,
            Some(sealed) => {
                let opened = self.keyring.open(&context(key), &sealed)?;
                Claim::Answered(Bytes::copy_from_slice(&opened))
            }
        })
    }

    async fn answer(
        &self,
        key: &IdempotencyKey,
        claimed_at: Timestamp,
        answer: Bytes,
    ) -> Result<(), StoreFailure> {
        let at = claimed_at.as_microsecond();
        let sealed = self.keyring.seal(&context(key), &answer)?;
        let (caller, key) = (key.caller.clone(), key.key.clone());
        match &self.store {
            Store::Sqlite(database) => {
                let work = move |connection: &outrigger_sql::rusqlite::Connection| {
                    connection
                        .execute(statements::ANSWER, (sealed, caller, key, at))
                        .map_err(SqlError::from)
                };
                database.write(work).await?;
            }
            Store::Postgres(database) => {
                database
                    .client()
                    .await?
                    .execute(statements::ANSWER, &[&sealed, &caller, &key, &at])
                    .await?;
            }
        }
        Ok(())
    }

    async fn release(
        &self,
        key: &IdempotencyKey,
        claimed_at: Timestamp,
    ) -> Result<(), StoreFailure> {
        let at = claimed_at.as_microsecond();
        let (caller, key) = (key.caller.clone(), key.key.clone());
        match &self.store {
            Store::Sqlite(database) => {
                let work = move |connection: &outrigger_sql::rusqlite::Connection| {
                    connection
                        .execute(statements::RELEASE, (caller, key, at))
                        .map_err(SqlError::from)
                };
                database.write(work).await?;
            }
            Store::Postgres(database) => {
                database
                    .client()
                    .await?
                    .execute(statements::RELEASE, &[&caller, &key, &at])
                    .await?;
            }
        }
        Ok(())
    }
}

/// Binds a sealed answer to its key, so that one cannot be put in another's place.
fn context(key: &IdempotencyKey) -> String {
    format!("http-idempotency/{}/{}", key.caller, key.key)
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
