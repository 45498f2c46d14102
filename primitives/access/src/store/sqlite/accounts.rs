//! Accounts in SQLite.

use async_trait::async_trait;
use outrigger_audit::AuditEntry;
use outrigger_stdx::Cursor;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{SqliteAccessStore, bytes, count, execute, micros, one, sort_key};
use crate::{
    AccessError, AccountId, Email,
    store::{
        AccountChange, AccountRow, AccountStore, EndSessions, Reach, columns, entries, statements,
    },
};

const NOT_FOUND: AccessError = AccessError::NotFound { what: "account" };

#[async_trait]
impl AccountStore for SqliteAccessStore {
    async fn create_account(
        &self,
        account: &AccountRow,
        accounts_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError> {
        let (row, entry) = (account.clone(), entry.clone());
        let create = move |connection: &Connection| {
            if count(connection, statements::COUNT_ACCOUNTS, [])? >= i64::from(accounts_max) {
                return Ok(false);
            }
            let account = &row.account;
            let values = params![
                bytes(account.id.as_uuid()),
                account.email.as_ref().map(Email::as_str),
                account.email.as_ref().map(Email::key),
                account.name,
                account.role.as_str(),
                account.disabled,
                row.password_hash,
                micros(account.created_at),
                account.last_login_at.map(micros),
            ];
            execute(connection, statements::INSERT_ACCOUNT, values).map_err(AccessError::taken)?;
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(true)
        };
        self.database.write(create).await
    }

    async fn account(&self, id: AccountId) -> Result<Option<AccountRow>, AccessError> {
        let values = [bytes(id.as_uuid())];
        self.find(statements::FIND_ACCOUNT, values, |row| {
            columns::account(row)
        })
        .await
    }

    async fn account_by_email(&self, key: &str) -> Result<Option<AccountRow>, AccessError> {
        let values = [key.to_owned()];
        self.find(statements::FIND_ACCOUNT_BY_EMAIL, values, |row| {
            columns::account(row)
        })
        .await
    }

    async fn oldest_owner(&self) -> Result<Option<AccountRow>, AccessError> {
        self.find(statements::FIND_OLDEST_OWNER, [], |row| {
            columns::account(row)
        })
        .await
    }

    async fn accounts(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<AccountRow>, AccessError> {
        let (at, id) = sort_key(after.unwrap_or(Cursor::EARLIEST));
        self.list(statements::LIST_ACCOUNTS, (at, id, limit), |row| {
            columns::account(row)
        })
        .await
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: &AccountChange,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<AccountRow, AccessError> {
        let (change, reach, entry) = (change.clone(), reach.clone(), entry.clone());
        let apply = move |connection: &Connection| {
            let before = find(connection, id)?.ok_or(NOT_FOUND)?;
            reach.require(&before.account, "account")?;
            let values = params![
                change.email.as_ref().map(Email::as_str),
                change.email.as_ref().map(Email::key),
                change.name,
                change.role.map(|role| role.as_str()),
                change.disabled,
                change.password_hash,
                bytes(id.as_uuid()),
            ];
            execute(connection, statements::CHANGE_ACCOUNT, values).map_err(AccessError::taken)?;
            require_owner(connection)?;
            end_sessions(connection, id, change.end_sessions)?;
            let after = find(connection, id)?.ok_or(NOT_FOUND)?;
            let entry = entries::account_changed(entry, &change, &before.account, &after.account);
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(after)
        };
        self.database.write(apply).await
    }

    async fn delete_account(
        &self,
        id: AccountId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError> {
        let (reach, entry) = (reach.clone(), entry.clone());
        let delete = move |connection: &Connection| {
            let row = find(connection, id)?.ok_or(NOT_FOUND)?;
            reach.require(&row.account, "account")?;
            execute(
                connection,
                statements::DELETE_ACCOUNT,
                [bytes(id.as_uuid())],
            )?;
            require_owner(connection)?;
            let entry = entries::account_deleted(entry, &row.account);
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(())
        };
        self.database.write(delete).await
    }
}

pub(super) fn find(
    connection: &Connection,
    id: AccountId,
) -> Result<Option<AccountRow>, AccessError> {
    let values = [bytes(id.as_uuid())];
    one(connection, statements::FIND_ACCOUNT, values, |row| {
        columns::account(row)
    })
}

/// Returns an error if no owner is left, which makes the writer roll back.
fn require_owner(connection: &Connection) -> Result<(), AccessError> {
    match count(connection, statements::COUNT_OWNERS, [])? {
        0 => Err(AccessError::LastOwner),
        _ => Ok(()),
    }
}

fn end_sessions(
    connection: &Connection,
    id: AccountId,
    end: EndSessions,
) -> Result<(), AccessError> {
    let except = match end {
        EndSessions::Keep => return Ok(()),
        EndSessions::Except(session) => session.as_uuid(),
        // No session has this id.
        EndSessions::All => Uuid::nil(),
    };
    let account = bytes(id.as_uuid());
    let values = [account, bytes(except)];
    execute(connection, statements::END_SESSIONS_EXCEPT, values)?;
    execute(connection, statements::DELETE_LOGIN_LINKS, [account])?;
    Ok(())
}
