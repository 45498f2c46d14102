//! Accounts in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::{SqliteAccessStore, columns, columns::micros, statements};
use crate::{
    AccessError, AccountId, Cursor, Email,
    store::{AccountChange, AccountRow, AccountStore, EndSessions},
};

#[async_trait]
impl AccountStore for SqliteAccessStore {
    async fn create_account(
        &self,
        account: &AccountRow,
        accounts_max: u32,
    ) -> Result<bool, AccessError> {
        let row = account.clone();
        let create = move |connection: &Connection| {
            let account = &row.account;
            let inserted = connection
                .prepare_cached(statements::INSERT_ACCOUNT)?
                .execute(params![
                    account.id.as_uuid().into_bytes(),
                    account.email.as_ref().map(Email::as_str),
                    account.email.as_ref().map(Email::key),
                    account.name,
                    account.role.as_str(),
                    account.disabled,
                    row.password_hash,
                    micros(account.created_at),
                    account.last_login_at.map(micros),
                    accounts_max,
                ]);
            inserted.map_err(taken)
        };
        Ok(self.database.write(create).await? == 1)
    }

    async fn account(&self, id: AccountId) -> Result<Option<AccountRow>, AccessError> {
        self.database
            .read(move |connection| find(connection, id))
            .await
    }

    async fn account_by_email(&self, key: &str) -> Result<Option<AccountRow>, AccessError> {
        let key = key.to_owned();
        let find = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::FIND_ACCOUNT_BY_EMAIL)?;
            let mut rows = statement.query([key])?;
            rows.next()?.map(columns::account).transpose()
        };
        self.database.read(find).await
    }

    async fn oldest_owner(&self) -> Result<Option<AccountRow>, AccessError> {
        let find = |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::FIND_OLDEST_OWNER)?;
            let mut rows = statement.query([])?;
            rows.next()?.map(columns::account).transpose()
        };
        self.database.read(find).await
    }

    async fn accounts(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<AccountRow>, AccessError> {
        let list = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::LIST_ACCOUNTS)?;
            let (at, id) = columns::cursor(after);
            let mut rows = statement.query(params![at, id, limit])?;
            let mut accounts = Vec::new();
            while let Some(row) = rows.next()? {
                accounts.push(columns::account(row)?);
            }
            Ok(accounts)
        };
        self.database.read(list).await
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: &AccountChange,
    ) -> Result<AccountRow, AccessError> {
        let change = change.clone();
        let apply = move |connection: &Connection| {
            let changed = connection
                .prepare_cached(statements::CHANGE_ACCOUNT)?
                .execute(params![
                    id.as_uuid().into_bytes(),
                    change.email.as_ref().map(Email::as_str),
                    change.email.as_ref().map(Email::key),
                    change.name,
                    change.role.map(|role| role.as_str()),
                    change.disabled,
                    change.password_hash,
                ])
                .map_err(taken)?;
            if changed == 0 {
                return Err(AccessError::NotFound { what: "account" });
            }
            keep_an_owner(connection)?;
            end_sessions(connection, id, change.end_sessions)?;
            find(connection, id)?.ok_or(AccessError::NotFound { what: "account" })
        };
        self.database.write(apply).await
    }

    async fn delete_account(&self, id: AccountId) -> Result<(), AccessError> {
        let delete = move |connection: &Connection| {
            let deleted = connection
                .prepare_cached(statements::DELETE_ACCOUNT)?
                .execute([id.as_uuid().into_bytes()])?;
            if deleted == 0 {
                return Err(AccessError::NotFound { what: "account" });
            }
            keep_an_owner(connection)
        };
        self.database.write(delete).await
    }
}

fn find(connection: &Connection, id: AccountId) -> Result<Option<AccountRow>, AccessError> {
    let mut statement = connection.prepare_cached(statements::FIND_ACCOUNT)?;
    let mut rows = statement.query([id.as_uuid().into_bytes()])?;
    rows.next()?.map(columns::account).transpose()
}

/// Refuses a change after which no owner is left; the writer then undoes it.
fn keep_an_owner(connection: &Connection) -> Result<(), AccessError> {
    let mut statement = connection.prepare_cached(statements::COUNT_OWNERS)?;
    let owners: i64 = statement.query_row([], |row| row.get(0))?;
    if owners == 0 {
        return Err(AccessError::LastOwner);
    }
    Ok(())
}

fn end_sessions(
    connection: &Connection,
    id: AccountId,
    end: EndSessions,
) -> Result<(), AccessError> {
    let except = match end {
        EndSessions::Keep => return Ok(()),
        EndSessions::Except(session) => Some(session.as_uuid().into_bytes()),
        EndSessions::All => None,
    };
    let account = id.as_uuid().into_bytes();
    connection
        .prepare_cached(statements::END_SESSIONS_EXCEPT)?
        .execute(params![account, except])?;
    connection
        .prepare_cached(statements::DELETE_LOGIN_LINKS)?
        .execute([account])?;
    Ok(())
}

fn taken(error: rusqlite::Error) -> AccessError {
    let error = outrigger_sql::SqlError::from(error);
    if error.is_unique_violation_of("access_accounts", "email_key") {
        return AccessError::EmailTaken;
    }
    error.into()
}
