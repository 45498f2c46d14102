//! The stores of accounts, sessions, tokens, ingest keys and the audit log.
//!
//! There is one trait per noun, and [`AccessStore`] for all of them. [`SqliteAccessStore`] and [`PostgresAccessStore`]
//! implement it, and `tests/conformance/` runs the same cases on both.
//!
//! Every store guarantees:
//!
//! * A change is durable once its call has returned.
//! * A call that fails has changed nothing.
//! * Each call is atomic, also against calls on other nodes: two owners cannot demote each other at the same time, and only
//!   one of two browsers can redeem a login link.
//! * A call with an entry of the audit log stores it in the transaction of the change: both are stored, or neither. If only
//!   the store knows the object, it adds the object's name and the changes to the entry.
//! * A call with a [`Reach`] checks it against the rows in the same transaction.
//! * Times have a precision of microseconds.

mod columns;
mod entries;
mod migrations;
mod postgres;
mod reach;
mod row;
mod sqlite;
mod statements;

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_audit::{AuditEntry, AuditLog};
use outrigger_crypto::Digest;
use outrigger_stdx::Cursor;

pub(crate) use entries::{account_created, ingest_key, token_created};
pub use postgres::PostgresAccessStore;
pub use reach::Reach;
pub use row::{
    AccountChange, AccountRow, EndSessions, IngestKeyRow, LoginLinkRow, SessionRow, TokenRow,
};
pub use sqlite::SqliteAccessStore;

use crate::{AccessError, AccountId, IngestKeyId, Session, SessionId, TokenId};

/// Returns the statements that read lists, for a test of their query plans.
#[doc(hidden)]
#[must_use]
pub fn list_statements() -> &'static [&'static str] {
    &statements::LISTS
}

/// The store of access.
pub trait AccessStore: AccountStore + SessionStore + TokenStore {
    /// Returns the audit log in the same database.
    fn audit_log(&self) -> &AuditLog;
}

/// Stores accounts.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account with its entry, unless there are `accounts_max` already; returns whether it was added. Returns
    /// [`AccessError::EmailTaken`] if another account has its address.
    async fn create_account(
        &self,
        account: &AccountRow,
        accounts_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError>;

    /// Returns an account.
    async fn account(&self, id: AccountId) -> Result<Option<AccountRow>, AccessError>;

    /// Returns the account with this lower-case address.
    async fn account_by_email(&self, key: &str) -> Result<Option<AccountRow>, AccessError>;

    /// Returns the oldest owner account that can log in.
    async fn oldest_owner(&self) -> Result<Option<AccountRow>, AccessError>;

    /// Returns at most `limit` accounts after `after`, oldest first.
    async fn accounts(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<AccountRow>, AccessError>;

    /// Changes an account within `reach`, ends sessions according to the change, and returns the changed account. Returns
    /// [`AccessError::LastOwner`] if no owner would be left who can log in.
    async fn change_account(
        &self,
        id: AccountId,
        change: &AccountChange,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<AccountRow, AccessError>;

    /// Deletes an account within `reach` with its sessions, links and tokens. Returns [`AccessError::LastOwner`] like
    /// `change_account`.
    async fn delete_account(
        &self,
        id: AccountId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;
}

/// Stores sessions and login links.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds a session, records the login of its account, and ends the account's oldest sessions beyond `sessions_max`.
    /// Consumes the login link, if there is one. Returns [`AccessError::NotFound`] if the account does not exist, and
    /// [`AccessError::LinkInvalid`] if the link does not.
    async fn create_session(
        &self,
        session: &SessionRow,
        link: Option<&Digest>,
        sessions_max: u32,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;

    /// Returns the session with this digest and its account.
    async fn session(
        &self,
        digest: &Digest,
    ) -> Result<Option<(SessionRow, AccountRow)>, AccessError>;

    /// Records when a session was used.
    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), AccessError>;

    /// Returns at most `limit` sessions after `after`, of one account or of all, most recently used first. Only sessions that
    /// expire after `now` and were used after `idle_since` are included.
    async fn sessions(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        idle_since: Timestamp,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Session>, AccessError>;

    /// Ends a session within `reach`. Returns [`AccessError::NotFound`] if there is none.
    async fn end_session(
        &self,
        id: SessionId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;

    /// Adds a login link for an account within `reach` that can log in. Returns [`AccessError::NotFound`] if there is none.
    async fn create_login_link(
        &self,
        link: &LoginLinkRow,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;

    /// Returns the login link with this digest and its account.
    async fn login_link(
        &self,
        digest: &Digest,
    ) -> Result<Option<(LoginLinkRow, AccountRow)>, AccessError>;

    /// Deletes sessions that expired before `now` or were last used before `idle_since`, and login links that expired before
    /// `now`; returns how many of each.
    async fn delete_ended(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<(u64, u64), AccessError>;

    /// Returns the latest time stored by [`note_clock`](Self::note_clock).
    async fn clock_seen(&self) -> Result<Option<Timestamp>, AccessError>;

    /// Stores the latest time at which the clock was plausible.
    async fn note_clock(&self, seen: Timestamp) -> Result<(), AccessError>;
}

/// Stores API tokens and ingest keys.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Adds a token, unless its account has `tokens_max` unexpired tokens already; returns whether it was added. Returns
    /// [`AccessError::NotFound`] if its account does not exist, and [`AccessError::TokenInvalid`] if its parent does not.
    async fn create_token(
        &self,
        token: &TokenRow,
        tokens_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError>;

    /// Returns a token and its account.
    async fn token(&self, id: TokenId) -> Result<Option<(TokenRow, AccountRow)>, AccessError>;

    /// Returns at most `limit` tokens after `after`, of one account or of all, newest first.
    async fn tokens(
        &self,
        account: Option<AccountId>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<TokenRow>, AccessError>;

    /// Records when a token was used.
    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<(), AccessError>;

    /// Revokes a token within `reach` and its children; returns the account they belonged to. Returns
    /// [`AccessError::NotFound`] if there is none.
    async fn delete_token(
        &self,
        id: TokenId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<AccountId, AccessError>;

    /// Deletes tokens that expired at or before `before`; returns how many.
    async fn delete_expired_tokens(&self, before: Timestamp) -> Result<u64, AccessError>;

    /// Adds an ingest key, unless there are `ingest_keys_max` already; returns whether it was added.
    async fn create_ingest_key(
        &self,
        key: &IngestKeyRow,
        ingest_keys_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError>;

    /// Returns at most `limit` ingest keys after `after`, newest first.
    async fn ingest_keys(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<IngestKeyRow>, AccessError>;

    /// Returns the ingest key with this text.
    async fn ingest_key(&self, key: &str) -> Result<Option<IngestKeyRow>, AccessError>;

    /// Records when an ingest key was used.
    async fn touch_ingest_key(&self, id: IngestKeyId, at: Timestamp) -> Result<(), AccessError>;

    /// Deletes an ingest key. Returns [`AccessError::NotFound`] if there is none.
    async fn delete_ingest_key(
        &self,
        id: IngestKeyId,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;
}
