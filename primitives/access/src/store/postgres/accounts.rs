//! Accounts in PostgreSQL.

use async_trait::async_trait;
use outrigger_audit::AuditEntry;
use outrigger_sql::PostgresTransaction;
use outrigger_stdx::Cursor;
use uuid::Uuid;

use super::{PostgresAccessStore, count, locks, one, sort_key};
use crate::{
    AccessError, AccountId, Email, Role,
    store::{
        AccountChange, AccountRow, AccountStore, EndSessions, Reach, columns, entries, statements,
    },
};

const NOT_FOUND: AccessError = AccessError::NotFound { what: "account" };

#[async_trait]
impl AccountStore for PostgresAccessStore {
    async fn create_account(
        &self,
        account: &AccountRow,
        accounts_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError> {
        let AccountRow {
            account,
            password_hash,
        } = account;
        self.database
            .transaction(async |transaction| {
                transaction.execute(locks::ACCOUNTS, &[]).await?;
                let existing = count(&transaction, statements::COUNT_ACCOUNTS, &[]).await?;
                if existing >= i64::from(accounts_max) {
                    return Ok(false);
                }
                transaction
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
                        ],
                    )
                    .await
                    .map_err(|error| AccessError::taken(error.into()))?;
                outrigger_audit::postgres::append(&transaction, std::slice::from_ref(entry))
                    .await?;
                Ok(true)
            })
            .await
    }

    async fn account(&self, id: AccountId) -> Result<Option<AccountRow>, AccessError> {
        self.find(statements::FIND_ACCOUNT, &[&id.as_uuid()], columns::account)
            .await
    }

    async fn account_by_email(&self, key: &str) -> Result<Option<AccountRow>, AccessError> {
        self.find(statements::FIND_ACCOUNT_BY_EMAIL, &[&key], columns::account)
            .await
    }

    async fn oldest_owner(&self) -> Result<Option<AccountRow>, AccessError> {
        self.find(statements::FIND_OLDEST_OWNER, &[], columns::account)
            .await
    }

    async fn accounts(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<AccountRow>, AccessError> {
        let (at, id) = sort_key(after.unwrap_or(Cursor::EARLIEST));
        let values = [&at as _, &id as _, &i64::from(limit) as _];
        self.list(statements::LIST_ACCOUNTS, &values, columns::account)
            .await
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: &AccountChange,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<AccountRow, AccessError> {
        self.database
            .transaction(async |transaction| {
                transaction.execute(locks::ACCOUNTS, &[]).await?;
                let before = find(&transaction, id).await?.ok_or(NOT_FOUND)?;
                reach.require(&before.account, "account")?;
                transaction
                    .execute(
                        statements::CHANGE_ACCOUNT,
                        &[
                            &change.email.as_ref().map(Email::as_str),
                            &change.email.as_ref().map(Email::key),
                            &change.name,
                            &change.role.map(Role::as_str),
                            &change.disabled,
                            &change.password_hash,
                            &id.as_uuid(),
                        ],
                    )
                    .await
                    .map_err(|error| AccessError::taken(error.into()))?;
                require_owner(&transaction).await?;
                end_sessions(&transaction, id, change.end_sessions).await?;
                let after = find(&transaction, id).await?.ok_or(NOT_FOUND)?;
                let entry = entries::account_changed(
                    entry.clone(),
                    change,
                    &before.account,
                    &after.account,
                );
                outrigger_audit::postgres::append(&transaction, &[entry]).await?;
                Ok(after)
            })
            .await
    }

    async fn delete_account(
        &self,
        id: AccountId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError> {
        self.database
            .transaction(async |transaction| {
                transaction.execute(locks::ACCOUNTS, &[]).await?;
                let row = find(&transaction, id).await?.ok_or(NOT_FOUND)?;
                reach.require(&row.account, "account")?;
                transaction
                    .execute(statements::DELETE_ACCOUNT, &[&id.as_uuid()])
                    .await?;
                require_owner(&transaction).await?;
                let entry = entries::account_deleted(entry.clone(), &row.account);
                outrigger_audit::postgres::append(&transaction, &[entry]).await?;
                Ok(())
            })
            .await
    }
}

pub(super) async fn find(
    transaction: &PostgresTransaction,
    id: AccountId,
) -> Result<Option<AccountRow>, AccessError> {
    let values = [&id.as_uuid() as _];
    one(
        transaction,
        statements::FIND_ACCOUNT,
        &values,
        columns::account,
    )
    .await
}

/// Returns an error if no owner is left, which rolls back the transaction.
async fn require_owner(transaction: &PostgresTransaction) -> Result<(), AccessError> {
    match count(transaction, statements::COUNT_OWNERS, &[]).await? {
        0 => Err(AccessError::LastOwner),
        _ => Ok(()),
    }
}

async fn end_sessions(
    transaction: &PostgresTransaction,
    id: AccountId,
    end: EndSessions,
) -> Result<(), AccessError> {
    let except = match end {
        EndSessions::Keep => return Ok(()),
        EndSessions::Except(session) => session.as_uuid(),
        // No session has this id.
        EndSessions::All => Uuid::nil(),
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
