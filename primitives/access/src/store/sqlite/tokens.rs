//! API tokens and ingest keys in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::{SqliteAccessStore, columns, columns::micros, statements};
use crate::{
    AccessError, Cursor, IngestKeyId, TokenId,
    store::{AccountRow, IngestKeyRow, TokenRow, TokenStore},
};

#[async_trait]
impl TokenStore for SqliteAccessStore {
    async fn create_token(&self, token: &TokenRow, tokens_max: u32) -> Result<bool, AccessError> {
        let TokenRow { token, digest } = token.clone();
        let create = move |connection: &Connection| {
            let inserted = connection
                .prepare_cached(statements::INSERT_TOKEN)?
                .execute(params![
                    token.id.as_uuid().into_bytes(),
                    token.account_id.as_uuid().into_bytes(),
                    digest.as_bytes(),
                    token.hint,
                    token.name,
                    token.scopes.to_string(),
                    token.created_by,
                    micros(token.created_at),
                    token.expires_at.map(micros),
                    token.last_used_at.map(micros),
                    tokens_max,
                ])?;
            Ok(inserted == 1)
        };
        self.database.write(create).await
    }

    async fn token(&self, id: TokenId) -> Result<Option<(TokenRow, AccountRow)>, AccessError> {
        let find = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::FIND_TOKEN)?;
            let mut rows = statement.query([id.as_uuid().into_bytes()])?;
            let Some(row) = rows.next()? else {
                return Ok(None);
            };
            let token = columns::token_after_account(row)?;
            Ok(Some((token, columns::account(row)?)))
        };
        self.database.read(find).await
    }

    async fn tokens(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<TokenRow>, AccessError> {
        let list = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::LIST_TOKENS)?;
            let (at, id) = columns::cursor(after);
            let tokens = statement.query_map(params![at, id, limit], columns::token)?;
            Ok(tokens.collect::<Result<_, _>>()?)
        };
        self.database.read(list).await
    }

    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<(), AccessError> {
        self.touch(statements::TOUCH_TOKEN, id.as_uuid(), at).await
    }

    async fn delete_token(&self, id: TokenId) -> Result<bool, AccessError> {
        self.delete(statements::DELETE_TOKEN, id.as_uuid()).await
    }

    async fn delete_expired_tokens(&self, before: Timestamp) -> Result<u64, AccessError> {
        let delete = move |connection: &Connection| {
            let deleted = connection
                .prepare_cached(statements::DELETE_EXPIRED_TOKENS)?
                .execute([micros(before)])?;
            Ok(deleted as u64)
        };
        self.database.write(delete).await
    }

    async fn create_ingest_key(
        &self,
        key: &IngestKeyRow,
        ingest_keys_max: u32,
    ) -> Result<bool, AccessError> {
        let key = key.clone();
        let create = move |connection: &Connection| {
            let inserted = connection
                .prepare_cached(statements::INSERT_INGEST_KEY)?
                .execute(params![
                    key.id.as_uuid().into_bytes(),
                    key.name,
                    key.key,
                    micros(key.created_at),
                    key.last_used_at.map(micros),
                    ingest_keys_max,
                ])?;
            Ok::<_, AccessError>(inserted)
        };
        Ok(self.database.write(create).await? == 1)
    }

    async fn ingest_keys(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<IngestKeyRow>, AccessError> {
        let list = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::LIST_INGEST_KEYS)?;
            let (at, id) = columns::cursor(after);
            let keys = statement.query_map(params![at, id, limit], columns::ingest_key)?;
            Ok(keys.collect::<Result<_, _>>()?)
        };
        self.database.read(list).await
    }

    async fn ingest_key(&self, key: &str) -> Result<Option<IngestKeyRow>, AccessError> {
        let key = key.to_owned();
        let find = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::FIND_INGEST_KEY)?;
            Ok(statement.query_row([key], columns::ingest_key).optional()?)
        };
        self.database.read(find).await
    }

    async fn touch_ingest_key(&self, id: IngestKeyId, at: Timestamp) -> Result<(), AccessError> {
        self.touch(statements::TOUCH_INGEST_KEY, id.as_uuid(), at)
            .await
    }

    async fn delete_ingest_key(&self, id: IngestKeyId) -> Result<bool, AccessError> {
        self.delete(statements::DELETE_INGEST_KEY, id.as_uuid())
            .await
    }
}

impl SqliteAccessStore {
    async fn touch(&self, sql: &'static str, id: Uuid, at: Timestamp) -> Result<(), AccessError> {
        let touch = move |connection: &Connection| {
            connection
                .prepare_cached(sql)?
                .execute(params![id.into_bytes(), micros(at)])?;
            Ok(())
        };
        self.database.write(touch).await
    }

    async fn delete(&self, sql: &'static str, id: Uuid) -> Result<bool, AccessError> {
        let delete = move |connection: &Connection| {
            let deleted = connection.prepare_cached(sql)?.execute([id.into_bytes()])?;
            Ok(deleted > 0)
        };
        self.database.write(delete).await
    }
}
