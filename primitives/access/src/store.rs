//! Where accounts, sessions, tokens and ingest keys are kept, and the audit log with them.
//!
//! One trait per noun, and [`AccessStore`] for all of them; [`SqliteAccessStore`] and [`PostgresAccessStore`] are the two
//! implementations, and `tests/conformance/` runs the same cases on both.
//!
//! What every store promises:
//!
//! * What a call has answered is durable.
//! * A call that fails has changed nothing.
//! * Each call is atomic, also against calls on other nodes: two owners cannot demote each other at the same moment, a login
//!   link is redeemed by one of two browsers.
//! * A call that is given an entry of the audit log stores it in the transaction of the change: both are there or neither is.
//!   Where the store is what knows the object, it completes the entry with the object's name and what changed.
//! * A call that is given a [`Reach`] compares it with the rows in the same transaction.
//! * Times keep microseconds.

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

/// The statements that lists are read with: for a test of how a database carries them out.
#[doc(hidden)]
#[must_use]
pub fn list_statements() -> &'static [&'static str] {
    &statements::LISTS
}

/// Everything that access keeps.
pub trait AccessStore: AccountStore + SessionStore + TokenStore {
    /// The audit log in the same database.
    fn audit_log(&self) -> &AuditLog;
}

/// Accounts.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account with its entry, unless there are `accounts_max`; answers whether it did. [`AccessError::EmailTaken`] when
    /// another one has its address.
    async fn create_account(
        &self,
        account: &AccountRow,
        accounts_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError>;

    /// An account.
    async fn account(&self, id: AccountId) -> Result<Option<AccountRow>, AccessError>;

    /// The account with this address, by its lower-case form.
    async fn account_by_email(&self, key: &str) -> Result<Option<AccountRow>, AccessError>;

    /// The owner who can sign in and has been here longest.
    async fn oldest_owner(&self) -> Result<Option<AccountRow>, AccessError>;

    /// At most `limit` accounts that come after `after`, oldest first.
    async fn accounts(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<AccountRow>, AccessError>;

    /// Changes an account within `reach`, ends sessions as the change says, and answers with the account as it is then.
    /// [`AccessError::LastOwner`] when no owner would be left who can sign in.
    async fn change_account(
        &self,
        id: AccountId,
        change: &AccountChange,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<AccountRow, AccessError>;

    /// Deletes an account within `reach` with its sessions, links and tokens. [`AccessError::LastOwner`] as above.
    async fn delete_account(
        &self,
        id: AccountId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;
}

/// Sessions and login links.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds a session, notes that its account signed in, and ends the account's oldest sessions beyond `sessions_max`. Uses up
    /// the login link that it begins with. [`AccessError::NotFound`] when the account is gone, [`AccessError::LinkInvalid`] when
    /// the link is.
    async fn create_session(
        &self,
        session: &SessionRow,
        link: Option<&Digest>,
        sessions_max: u32,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;

    /// The session with this digest, and its account.
    async fn session(
        &self,
        digest: &Digest,
    ) -> Result<Option<(SessionRow, AccountRow)>, AccessError>;

    /// Notes when a session was used.
    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), AccessError>;

    /// At most `limit` sessions, of one account or of all, that come after `after`, latest used first; only those that expire
    /// after `now` and were used after `idle_since`.
    async fn sessions(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        idle_since: Timestamp,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Session>, AccessError>;

    /// Ends a session within `reach`. [`AccessError::NotFound`] when there is none.
    async fn end_session(
        &self,
        id: SessionId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;

    /// Adds a login link for an account within `reach` that may sign in. [`AccessError::NotFound`] when there is none.
    async fn create_login_link(
        &self,
        link: &LoginLinkRow,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;

    /// The login link with this digest, and its account.
    async fn login_link(
        &self,
        digest: &Digest,
    ) -> Result<Option<(LoginLinkRow, AccountRow)>, AccessError>;

    /// Deletes sessions that expired before `now` or were last used before `idle_since`, and login links that expired before
    /// `now`; answers how many of each.
    async fn delete_ended(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<(u64, u64), AccessError>;

    /// The latest time that [`note_clock`](Self::note_clock) stored.
    async fn clock_seen(&self) -> Result<Option<Timestamp>, AccessError>;

    /// Stores until when the clock is known to be right.
    async fn note_clock(&self, seen: Timestamp) -> Result<(), AccessError>;
}

/// API tokens and ingest keys.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Adds a token, unless its account has `tokens_max` that have not expired when this one is made; answers whether it did.
    /// [`AccessError::NotFound`] when its account is gone, [`AccessError::TokenInvalid`] when the token is that it was made with.
    async fn create_token(
        &self,
        token: &TokenRow,
        tokens_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError>;

    /// A token, and its account.
    async fn token(&self, id: TokenId) -> Result<Option<(TokenRow, AccountRow)>, AccessError>;

    /// At most `limit` tokens, of one account or of all, that come after `after`, newest first.
    async fn tokens(
        &self,
        account: Option<AccountId>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<TokenRow>, AccessError>;

    /// Notes when a token was used.
    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<(), AccessError>;

    /// Revokes a token within `reach`, and those that were made with it; answers whose they were. [`AccessError::NotFound`] when
    /// there is none.
    async fn delete_token(
        &self,
        id: TokenId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<AccountId, AccessError>;

    /// Deletes tokens that expired at `before` or earlier; answers how many.
    async fn delete_expired_tokens(&self, before: Timestamp) -> Result<u64, AccessError>;

    /// Adds an ingest key, unless there are `ingest_keys_max`; answers whether it did.
    async fn create_ingest_key(
        &self,
        key: &IngestKeyRow,
        ingest_keys_max: u32,
        entry: &AuditEntry,
    ) -> Result<bool, AccessError>;

    /// At most `limit` ingest keys that come after `after`, newest first.
    async fn ingest_keys(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<IngestKeyRow>, AccessError>;

    /// The ingest key with this text.
    async fn ingest_key(&self, key: &str) -> Result<Option<IngestKeyRow>, AccessError>;

    /// Notes when an ingest key was used.
    async fn touch_ingest_key(&self, id: IngestKeyId, at: Timestamp) -> Result<(), AccessError>;

    /// Deletes an ingest key. [`AccessError::NotFound`] when there is none.
    async fn delete_ingest_key(
        &self,
        id: IngestKeyId,
        entry: &AuditEntry,
    ) -> Result<(), AccessError>;
}
