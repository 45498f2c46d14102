//! API tokens and ingest keys in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{PostgresAccessStore, Values, columns, statements};
use crate::{
    AccessError, Cursor, IngestKeyId, TokenId,
    store::{AccountRow, IngestKeyRow, TokenRow, TokenStore},
};

#[async_trait]
impl TokenStore for PostgresAccessStore {
    async fn create_token(&self, token: &TokenRow, tokens_max: u32) -> Result<bool, AccessError> {
        let TokenRow { token, digest } = token;
        let account = token.account_id.as_uuid();
        self.database
            .transaction(|transaction| async move {
                transaction
                    .execute(statements::LOCK_ACCOUNT, &[&account])
                    .await?;
                let inserted = transaction
                    .execute(
                        statements::INSERT_TOKEN,
                        &[
                            &token.id.as_uuid(),
                            &account,
                            &digest.as_bytes().as_slice(),
                            &token.hint,
                            &token.name,
                            &token.scopes.to_string(),
                            &token.created_by,
                            &token.created_at,
                            &token.expires_at,
                            &token.last_used_at,
                            &i64::from(tokens_max),
                        ],
                    )
                    .await?;
                Ok(inserted == 1)
            })
            .await
    }

    async fn token(&self, id: TokenId) -> Result<Option<(TokenRow, AccountRow)>, AccessError> {
        let Some(row) = self
            .query_opt(statements::FIND_TOKEN, &[&id.as_uuid()])
            .await?
        else {
            return Ok(None);
        };
        let token = columns::token_after_account(&row)?;
        Ok(Some((token, columns::account(&row)?)))
    }

    async fn tokens(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<TokenRow>, AccessError> {
        let (at, id) = columns::cursor(after);
        let values: Values<'_> = &[&at, &id, &i64::from(limit)];
        let rows = self.query(statements::LIST_TOKENS, values).await?;
        rows.iter().map(columns::token).collect()
    }

    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<(), AccessError> {
        self.execute(statements::TOUCH_TOKEN, &[&id.as_uuid(), &at])
            .await?;
        Ok(())
    }

    async fn delete_token(&self, id: TokenId) -> Result<bool, AccessError> {
        Ok(self
            .execute(statements::DELETE_TOKEN, &[&id.as_uuid()])
            .await?
            > 0)
    }

    async fn delete_expired_tokens(&self, before: Timestamp) -> Result<u64, AccessError> {
        self.execute(statements::DELETE_EXPIRED_TOKENS, &[&before])
            .await
    }

    async fn create_ingest_key(
        &self,
        key: &IngestKeyRow,
        ingest_keys_max: u32,
    ) -> Result<bool, AccessError> {
        self.database
            .transaction(|transaction| async move {
                transaction
                    .execute(statements::LOCK_INGEST_KEYS, &[])
                    .await?;
                let inserted = transaction
                    .execute(
                        statements::INSERT_INGEST_KEY,
                        &[
                            &key.id.as_uuid(),
                            &key.name,
                            &key.key,
                            &key.created_at,
                            &key.last_used_at,
                            &i64::from(ingest_keys_max),
                        ],
                    )
                    .await?;
                Ok(inserted == 1)
            })
            .await
    }

    async fn ingest_keys(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<IngestKeyRow>, AccessError> {
        let (at, id) = columns::cursor(after);
        let values: Values<'_> = &[&at, &id, &i64::from(limit)];
        let rows = self.query(statements::LIST_INGEST_KEYS, values).await?;
        rows.iter().map(columns::ingest_key).collect()
    }

    async fn ingest_key(&self, key: &str) -> Result<Option<IngestKeyRow>, AccessError> {
        let row = self.query_opt(statements::FIND_INGEST_KEY, &[&key]).await?;
        row.as_ref().map(columns::ingest_key).transpose()
    }

    async fn touch_ingest_key(&self, id: IngestKeyId, at: Timestamp) -> Result<(), AccessError> {
        self.execute(statements::TOUCH_INGEST_KEY, &[&id.as_uuid(), &at])
            .await?;
        Ok(())
    }

    async fn delete_ingest_key(&self, id: IngestKeyId) -> Result<bool, AccessError> {
        Ok(self
            .execute(statements::DELETE_INGEST_KEY, &[&id.as_uuid()])
            .await?
            > 0)
    }
}
