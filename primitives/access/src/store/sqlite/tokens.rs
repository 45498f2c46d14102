//! API tokens and ingest keys in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_audit::AuditEntry;
use outrigger_stdx::Cursor;
use rusqlite::{Connection, params};

use super::{SqliteAccessStore, accounts, bytes, count, execute, micros, one, sort_key};
use crate::{
    AccessError, AccountId, IngestKeyId, TokenId,
    store::{AccountRow, IngestKeyRow, Reach, TokenRow, TokenStore, columns, entries, statements},
};

#[async_trait]
impl TokenStore for SqliteAccessStore {
    async fn create_token(
        &self,
        token: &TokenRow,
        tokens_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError> {
        let (TokenRow { token, digest }, entry) = (token.clone(), entry.clone());
        let create = move |connection: &Connection| {
            if accounts::find(connection, token.account_id)?.is_none() {
                return Err(AccessError::NotFound { what: "account" });
            }
            if let Some(parent) = token.parent_id
                && find(connection, parent)?.is_none()
            {
                return Err(AccessError::TokenInvalid);
            }
            let account = bytes(token.account_id.as_uuid());
            let created_at = micros(token.created_at);
            let values = params![account, created_at];
            if count(connection, statements::COUNT_TOKENS, values)? >= i64::from(tokens_max) {
                return Ok(false);
            }
            let values = params![
                bytes(token.id.as_uuid()),
                account,
                digest.as_bytes(),
                token.hint,
                token.name,
                token.scopes.to_string(),
                token.created_by,
                created_at,
                token.expires_at.map(micros),
                token.last_used_at.map(micros),
                token.parent_id.map(|id| bytes(id.as_uuid())),
            ];
            execute(connection, statements::INSERT_TOKEN, values)?;
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(true)
        };
        self.database.write(create).await
    }

    async fn token(&self, id: TokenId) -> Result<Option<(TokenRow, AccountRow)>, AccessError> {
        self.database
            .read(move |connection| find(connection, id))
            .await
    }

    async fn tokens(
        &self,
        account: Option<AccountId>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<TokenRow>, AccessError> {
        let (at, id) = sort_key(after.unwrap_or(Cursor::LATEST));
        match account {
            None => {
                let values = (at, id, limit);
                self.list(statements::LIST_TOKENS, values, |row| columns::token(row))
                    .await
            }
            Some(account) => {
                let values = (at, id, bytes(account.as_uuid()), limit);
                self.list(statements::LIST_TOKENS_OF_ACCOUNT, values, |row| {
                    columns::token(row)
                })
                .await
            }
        }
    }

    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<(), AccessError> {
        let values = (micros(at), bytes(id.as_uuid()));
        self.execute(statements::TOUCH_TOKEN, values).await?;
        Ok(())
    }

    async fn delete_token(
        &self,
        id: TokenId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<AccountId, AccessError> {
        let (reach, entry) = (reach.clone(), entry.clone());
        let delete = move |connection: &Connection| {
            let (TokenRow { token, .. }, AccountRow { account, .. }) =
                find(connection, id)?.ok_or(AccessError::NotFound { what: "token" })?;
            reach.require_token(&token, &account)?;
            execute(connection, statements::DELETE_TOKEN, [bytes(id.as_uuid())])?;
            let entry = entries::token_revoked(entry, &token);
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(account.id)
        };
        self.database.write(delete).await
    }

    async fn delete_expired_tokens(&self, before: Timestamp) -> Result<u64, AccessError> {
        let values = [micros(before)];
        self.execute(statements::DELETE_EXPIRED_TOKENS, values)
            .await
    }

    async fn create_ingest_key(
        &self,
        key: &IngestKeyRow,
        ingest_keys_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError> {
        let (key, entry) = (key.clone(), entry.clone());
        let create = move |connection: &Connection| {
            let limit = i64::from(ingest_keys_max);
            if count(connection, statements::COUNT_INGEST_KEYS, [])? >= limit {
                return Ok(false);
            }
            let values = params![
                bytes(key.id.as_uuid()),
                key.name,
                key.key,
                micros(key.created_at),
                key.last_used_at.map(micros),
            ];
            execute(connection, statements::INSERT_INGEST_KEY, values)?;
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(true)
        };
        self.database.write(create).await
    }

    async fn ingest_keys(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<IngestKeyRow>, AccessError> {
        let (at, id) = sort_key(after.unwrap_or(Cursor::LATEST));
        self.list(statements::LIST_INGEST_KEYS, (at, id, limit), |row| {
            columns::ingest_key(row)
        })
        .await
    }

    async fn ingest_key(&self, key: &str) -> Result<Option<IngestKeyRow>, AccessError> {
        let values = [key.to_owned()];
        self.find(statements::FIND_INGEST_KEY, values, |row| {
            columns::ingest_key(row)
        })
        .await
    }

    async fn touch_ingest_key(&self, id: IngestKeyId, at: Timestamp) -> Result<(), AccessError> {
        let values = (micros(at), bytes(id.as_uuid()));
        self.execute(statements::TOUCH_INGEST_KEY, values).await?;
        Ok(())
    }

    async fn delete_ingest_key(
        &self,
        id: IngestKeyId,
        entry: &AuditEntry,
    ) -> Result<(), AccessError> {
        let entry = entry.clone();
        let delete = move |connection: &Connection| {
            let values = [bytes(id.as_uuid())];
            let find = statements::FIND_INGEST_KEY_BY_ID;
            let key = one(connection, find, values, |row| columns::ingest_key(row))?;
            let key = key.ok_or(AccessError::NotFound { what: "ingest key" })?;
            execute(connection, statements::DELETE_INGEST_KEY, values)?;
            let entry = entries::ingest_key(entry, &key);
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(())
        };
        self.database.write(delete).await
    }
}

fn find(
    connection: &Connection,
    id: TokenId,
) -> Result<Option<(TokenRow, AccountRow)>, AccessError> {
    let values = [bytes(id.as_uuid())];
    one(connection, statements::FIND_TOKEN, values, |row| {
        columns::token_and_account(row)
    })
}
