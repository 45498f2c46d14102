//! API tokens and ingest keys in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_audit::AuditEntry;
use outrigger_stdx::Cursor;

use super::{PostgresAccessStore, count, locks, one, sessions::locked, sort_key};
use crate::{
    AccessError, AccountId, IngestKeyId, TokenId,
    store::{AccountRow, IngestKeyRow, Reach, TokenRow, TokenStore, columns, entries, statements},
};

#[async_trait]
impl TokenStore for PostgresAccessStore {
    async fn create_token(
        &self,
        token: &TokenRow,
        tokens_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError> {
        let TokenRow { token, digest } = token;
        let account = token.account_id.as_uuid();
        let parent = token.parent_id.map(TokenId::as_uuid);
        self.database
            .transaction(async |transaction| {
                locked(&transaction, token.account_id, "account").await?;
                if let Some(parent) = parent {
                    let values = [&parent as _];
                    let found = one(
                        &transaction,
                        statements::FIND_TOKEN,
                        &values,
                        columns::token_and_account,
                    );
                    if found.await?.is_none() {
                        return Err(AccessError::TokenInvalid);
                    }
                }
                let values = [&account as _, &token.created_at as _];
                let existing = count(&transaction, statements::COUNT_TOKENS, &values).await?;
                if existing >= i64::from(tokens_max) {
                    return Ok(false);
                }
                transaction
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
                            &parent,
                        ],
                    )
                    .await?;
                outrigger_audit::postgres::append(&transaction, std::slice::from_ref(entry))
                    .await?;
                Ok(true)
            })
            .await
    }

    async fn token(&self, id: TokenId) -> Result<Option<(TokenRow, AccountRow)>, AccessError> {
        self.find(
            statements::FIND_TOKEN,
            &[&id.as_uuid()],
            columns::token_and_account,
        )
        .await
    }

    async fn tokens(
        &self,
        account: Option<AccountId>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<TokenRow>, AccessError> {
        let (at, id) = sort_key(after.unwrap_or(Cursor::LATEST));
        let limit = i64::from(limit);
        match account {
            None => {
                let values = [&at as _, &id as _, &limit as _];
                self.list(statements::LIST_TOKENS, &values, columns::token)
                    .await
            }
            Some(account) => {
                let account = account.as_uuid();
                let values = [&at as _, &id as _, &account as _, &limit as _];
                self.list(statements::LIST_TOKENS_OF_ACCOUNT, &values, columns::token)
                    .await
            }
        }
    }

    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<(), AccessError> {
        self.execute(statements::TOUCH_TOKEN, &[&at, &id.as_uuid()])
            .await?;
        Ok(())
    }

    async fn delete_token(
        &self,
        id: TokenId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<AccountId, AccessError> {
        const NOT_FOUND: AccessError = AccessError::NotFound { what: "token" };
        self.database
            .transaction(async |transaction| {
                let values = [&id.as_uuid() as _];
                let found = one(
                    &transaction,
                    statements::FIND_TOKEN,
                    &values,
                    columns::token_and_account,
                );
                let (TokenRow { token, .. }, _) = found.await?.ok_or(NOT_FOUND)?;
                let AccountRow { account, .. } =
                    locked(&transaction, token.account_id, "token").await?;
                reach.require_token(&token, &account)?;
                if transaction
                    .execute(statements::DELETE_TOKEN, &values)
                    .await?
                    == 0
                {
                    return Err(NOT_FOUND);
                }
                let entry = entries::token_revoked(entry.clone(), &token);
                outrigger_audit::postgres::append(&transaction, &[entry]).await?;
                Ok(account.id)
            })
            .await
    }

    async fn delete_expired_tokens(&self, before: Timestamp) -> Result<u64, AccessError> {
        self.execute(statements::DELETE_EXPIRED_TOKENS, &[&before])
            .await
    }

    async fn create_ingest_key(
        &self,
        key: &IngestKeyRow,
        ingest_keys_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError> {
        self.database
            .transaction(async |transaction| {
                transaction.execute(locks::INGEST_KEYS, &[]).await?;
                let existing = count(&transaction, statements::COUNT_INGEST_KEYS, &[]).await?;
                if existing >= i64::from(ingest_keys_max) {
                    return Ok(false);
                }
                transaction
                    .execute(
                        statements::INSERT_INGEST_KEY,
                        &[
                            &key.id.as_uuid(),
                            &key.name,
                            &key.key,
                            &key.created_at,
                            &key.last_used_at,
                        ],
                    )
                    .await?;
                outrigger_audit::postgres::append(&transaction, std::slice::from_ref(entry))
                    .await?;
                Ok(true)
            })
            .await
    }

    async fn ingest_keys(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<IngestKeyRow>, AccessError> {
        let (at, id) = sort_key(after.unwrap_or(Cursor::LATEST));
        let values = [&at as _, &id as _, &i64::from(limit) as _];
        self.list(statements::LIST_INGEST_KEYS, &values, columns::ingest_key)
            .await
    }

    async fn ingest_key(&self, key: &str) -> Result<Option<IngestKeyRow>, AccessError> {
        self.find(statements::FIND_INGEST_KEY, &[&key], columns::ingest_key)
            .await
    }

    async fn touch_ingest_key(&self, id: IngestKeyId, at: Timestamp) -> Result<(), AccessError> {
        self.execute(statements::TOUCH_INGEST_KEY, &[&at, &id.as_uuid()])
            .await?;
        Ok(())
    }

    async fn delete_ingest_key(
        &self,
        id: IngestKeyId,
        entry: &AuditEntry,
    ) -> Result<(), AccessError> {
        const NOT_FOUND: AccessError = AccessError::NotFound { what: "ingest key" };
        self.database
            .transaction(async |transaction| {
                let values = [&id.as_uuid() as _];
                let find = statements::FIND_INGEST_KEY_BY_ID;
                let key = one(&transaction, find, &values, columns::ingest_key);
                let key = key.await?.ok_or(NOT_FOUND)?;
                let delete = statements::DELETE_INGEST_KEY;
                if transaction.execute(delete, &values).await? == 0 {
                    return Err(NOT_FOUND);
                }
                let entry = entries::ingest_key(entry.clone(), &key);
                outrigger_audit::postgres::append(&transaction, &[entry]).await?;
                Ok(())
            })
            .await
    }
}
