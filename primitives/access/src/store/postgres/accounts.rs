//! Accounts in PostgreSQL.

use async_trait::async_trait;
use outrigger_sql::{PostgresTransaction, SqlError};

use super::{PostgresAccessStore, Values, columns, statements};
use crate::{
    AccessError, AccountId, Cursor, Email, Role,
    store::{AccountChange, AccountRow, AccountStore, EndSessions},
};

#[async_trait]
impl AccountStore for PostgresAccessStore {
    async fn create_account(
        &self,
        account: &AccountRow,
        accounts_max: u32,
    ) -> Result<bool, AccessError> {
        let AccountRow {
            account,
            password_hash,
        } = account;
        self.database
            .transaction(|transaction| async move {
                transaction.execute(statements::LOCK_ACCOUNTS, &[]).await?;
                let inserted = transaction
                    .execute(
                        statements::INSERT_ACCOUNT,
                        &[
                            &account.id.as_uuid(),
                            &account.email.as_ref().map(Email::as_str),
                            &account.email.as_ref().map(Email::key),
                            &account.name,
                            &account.role.as_str(),
                            &account.disabled,
                            password_hash,
                            &account.created_at,
                            &account.last_login_at,
                            &i64::from(accounts_max),
                        ],
                    )
                    .await
                    .map_err(taken)?;
                Ok(inserted == 1)
            })
            .await
    }

    async fn account(&self, id: AccountId) -> Result<Option<AccountRow>, AccessError> {
        let row = self
            .query_opt(statements::FIND_ACCOUNT, &[&id.as_uuid()])
            .await?;
        row.as_ref().map(columns::account).transpose()
    }

    async fn account_by_email(&self, key: &str) -> Result<Option<AccountRow>, AccessError> {
        let row = self
            .query_opt(statements::FIND_ACCOUNT_BY_EMAIL, &[&key])
            .await?;
        row.as_ref().map(columns::account).transpose()
    }

    async fn oldest_owner(&self) -> Result<Option<AccountRow>, AccessError> {
        let row = self.query_opt(statements::FIND_OLDEST_OWNER, &[]).await?;
        row.as_ref().map(columns::account).transpose()
    }

    async fn accounts(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<AccountRow>, AccessError> {
        let (at, id) = columns::cursor(after);
        let values: Values<'_> = &[&at, &id, &i64::from(limit)];
        let rows = self.query(statements::LIST_ACCOUNTS, values).await?;
        rows.iter().map(columns::account).collect()
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: &AccountChange,
    ) -> Result<AccountRow, AccessError> {
        self.database
            .transaction(|transaction| async move {
                transaction.execute(statements::LOCK_ACCOUNTS, &[]).await?;
                let changed = transaction
                    .execute(
                        statements::CHANGE_ACCOUNT,
                        &[
                            &id.as_uuid(),
                            &change.email.as_ref().map(Email::as_str),
                            &change.email.as_ref().map(Email::key),
                            &change.name,
                            &change.role.map(Role::as_str),
                            &change.disabled,
                            &change.password_hash,
                        ],
                    )
                    .await
                    .map_err(taken)?;
                if changed == 0 {
                    return Err(AccessError::NotFound { what: "account" });
                }
                keep_an_owner(&transaction).await?;
                end_sessions(&transaction, id, change.end_sessions).await?;
                let row = transaction
                    .query_one(statements::FIND_ACCOUNT, &[&id.as_uuid()])
                    .await?;
                columns::account(&row)
            })
            .await
    }

    async fn delete_account(&self, id: AccountId) -> Result<(), AccessError> {
        self.database
            .transaction(|transaction| async move {
                transaction.execute(statements::LOCK_ACCOUNTS, &[]).await?;
                let deleted = transaction
                    .execute(statements::DELETE_ACCOUNT, &[&id.as_uuid()])
                    .await?;
                if deleted == 0 {
                    return Err(AccessError::NotFound { what: "account" });
                }
                keep_an_owner(&transaction).await?;
                Ok(())
            })
            .await
    }
}

/// Refuses a change after which no owner is left; the transaction is then dropped.
async fn keep_an_owner(transaction: &PostgresTransaction) -> Result<(), AccessError> {
    let row = transaction.query_one(statements::COUNT_OWNERS, &[]).await?;
    if row.try_get::<_, i64>(0)? == 0 {
        return Err(AccessError::LastOwner);
    }
    Ok(())
}

async fn end_sessions(
    transaction: &PostgresTransaction,
    id: AccountId,
    end: EndSessions,
) -> Result<(), AccessError> {
    let except = match end {
        EndSessions::Keep => return Ok(()),
        EndSessions::Except(session) => Some(session.as_uuid()),
        EndSessions::All => None,
    };
    let account = id.as_uuid();
    transaction
        .execute(statements::END_SESSIONS_EXCEPT, &[&account, &except])
        .await?;
    transaction
        .execute(statements::DELETE_LOGIN_LINKS, &[&account])
        .await?;
    Ok(())
}

fn taken(error: SqlError) -> AccessError {
    if error.is_unique_violation_of("access_accounts", "email_key") {
        return AccessError::EmailTaken;
    }
    error.into()
}
