//! Conversion of rows from either database to nouns.

use outrigger_crypto::Digest;
use outrigger_sql::{Columns, SqlError};
use uuid::Uuid;

use super::row::{AccountColumns, AccountRow, LoginLinkRow, SessionRow, TokenRow, known_scopes};
use crate::{AccessError, IngestKey, Session, Token};

/// The number of account columns at the beginning of a joined row.
const ACCOUNT: usize = 8;

fn id<Id: From<Uuid>>(row: &impl Columns, index: usize) -> Result<Id, SqlError> {
    row.column(index).map(|id: Uuid| id.into())
}

fn digest(row: &impl Columns, index: usize) -> Result<Digest, AccessError> {
    let bytes: Vec<u8> = row.column(index)?;
    let bytes = bytes.try_into().map_err(|_| AccessError::Unreadable {
        what: "hash of a credential",
    })?;
    Ok(Digest::from_bytes(bytes))
}

pub(super) fn account(row: &impl Columns) -> Result<AccountRow, AccessError> {
    let columns = AccountColumns {
        id: id(row, 0)?,
        email: row.column(1)?,
        name: row.column(2)?,
        role: row.column(3)?,
        disabled: row.column(4)?,
        password_hash: row.column(5)?,
        created_at: row.column(6)?,
        last_login_at: row.column(7)?,
    };
    columns.into_row()
}

pub(super) fn session(row: &impl Columns) -> Result<Session, AccessError> {
    session_at(row, 0)
}

/// Reads a session and its account.
pub(super) fn session_and_account(
    row: &impl Columns,
) -> Result<(SessionRow, AccountRow), AccessError> {
    let session = SessionRow {
        session: session_at(row, ACCOUNT)?,
        digest: digest(row, ACCOUNT + 9)?,
    };
    Ok((session, account(row)?))
}

fn session_at(row: &impl Columns, first: usize) -> Result<Session, AccessError> {
    Ok(Session {
        id: id(row, first)?,
        account_id: id(row, first + 1)?,
        account: row.column(first + 2)?,
        address: row.column(first + 3)?,
        user_agent: row.column(first + 4)?,
        by_link: row.column(first + 5)?,
        created_at: row.column(first + 6)?,
        last_seen_at: row.column(first + 7)?,
        expires_at: row.column(first + 8)?,
    })
}

/// Reads a login link and its account.
pub(super) fn link_and_account(
    row: &impl Columns,
) -> Result<(LoginLinkRow, AccountRow), AccessError> {
    let account = account(row)?;
    let link = LoginLinkRow {
        digest: digest(row, ACCOUNT)?,
        account_id: account.account.id,
        created_at: row.column(ACCOUNT + 1)?,
        expires_at: row.column(ACCOUNT + 2)?,
    };
    Ok((link, account))
}

pub(super) fn token(row: &impl Columns) -> Result<TokenRow, AccessError> {
    token_at(row, 0)
}

/// Reads a token and its account.
pub(super) fn token_and_account(row: &impl Columns) -> Result<(TokenRow, AccountRow), AccessError> {
    Ok((token_at(row, ACCOUNT)?, account(row)?))
}

fn token_at(row: &impl Columns, first: usize) -> Result<TokenRow, AccessError> {
    let scopes: String = row.column(first + 4)?;
    let parent: Option<Uuid> = row.column(first + 10)?;
    Ok(TokenRow {
        token: Token {
            id: id(row, first)?,
            account_id: id(row, first + 1)?,
            name: row.column(first + 2)?,
            hint: row.column(first + 3)?,
            scopes: known_scopes(&scopes),
            created_by: row.column(first + 5)?,
            created_at: row.column(first + 6)?,
            expires_at: row.column(first + 7)?,
            last_used_at: row.column(first + 8)?,
            parent_id: parent.map(Into::into),
        },
        digest: digest(row, first + 9)?,
    })
}

pub(super) fn ingest_key(row: &impl Columns) -> Result<IngestKey, AccessError> {
    Ok(IngestKey {
        id: id(row, 0)?,
        name: row.column(1)?,
        key: row.column(2)?,
        created_at: row.column(3)?,
        last_used_at: row.column(4)?,
    })
}
