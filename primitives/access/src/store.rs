//! Where accounts, sessions, tokens and the audit log are kept.
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
//! * Times keep microseconds.

mod postgres;
mod row;
mod sqlite;

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_crypto::Digest;

pub use postgres::PostgresAccessStore;
pub use row::{
    AccountChange, AccountRow, EndSessions, IngestKeyRow, LoginLinkRow, SessionRow, TokenRow,
};
pub use sqlite::SqliteAccessStore;

use crate::{
    AccessError, AccountId, AuditEntry, AuditEntryId, AuditFilter, Cursor, IngestKeyId, Session,
    SessionId, TokenId,
};

/// Everything that access keeps.
pub trait AccessStore: AccountStore + SessionStore + TokenStore + AuditStore {}

impl<S: AccountStore + SessionStore + TokenStore + AuditStore> AccessStore for S {}

/// Accounts.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account, unless there are `accounts_max`; answers whether it did. [`AccessError::EmailTaken`] when another one has
    /// its address.
    async fn create_account(
        &self,
        account: &AccountRow,
        accounts_max: u32,
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

    /// Changes an account, ends sessions as the change says, and answers with the account as it is then.
    /// [`AccessError::LastOwner`] when no owner would be left who can sign in.
    async fn change_account(
        &self,
        id: AccountId,
        change: &AccountChange,
    ) -> Result<AccountRow, AccessError>;

    /// Deletes an account with its sessions, links and tokens. [`AccessError::LastOwner`] as above.
    async fn delete_account(&self, id: AccountId) -> Result<(), AccessError>;
}

/// Sessions and login links.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds a session, notes that its account signed in, and ends the account's oldest sessions beyond `sessions_max`.
    /// [`AccessError::NotFound`] when the account is gone.
    async fn create_session(
        &self,
        session: &SessionRow,
        sessions_max: u32,
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

    /// Ends a session; with an account only when it is that account's. Answers whether there was one.
    async fn end_session(
        &self,
        id: SessionId,
        account: Option<AccountId>,
    ) -> Result<bool, AccessError>;

    /// Adds a login link.
    async fn create_login_link(&self, link: &LoginLinkRow) -> Result<(), AccessError>;

    /// Uses up a login link and answers whose it was; none when there is no such link or it has expired.
    async fn redeem_login_link(
        &self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<AccountId>, AccessError>;

    /// Deletes sessions that expired before `now` or were last used before `idle_since`, and login links that expired before
    /// `now`; answers how many of each.
    async fn delete_ended(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<(u64, u64), AccessError>;
}

/// API tokens and ingest keys.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Adds a token, unless its account has `tokens_max` that have not expired when this one is made; answers whether it did.
    async fn create_token(&self, token: &TokenRow, tokens_max: u32) -> Result<bool, AccessError>;

    /// A token, and its account.
    async fn token(&self, id: TokenId) -> Result<Option<(TokenRow, AccountRow)>, AccessError>;

    /// At most `limit` tokens that come after `after`, newest first.
    async fn tokens(&self, after: Option<Cursor>, limit: u32)
    -> Result<Vec<TokenRow>, AccessError>;

    /// Notes when a token was used.
    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<(), AccessError>;

    /// Revokes a token; answers whether there was one.
    async fn delete_token(&self, id: TokenId) -> Result<bool, AccessError>;

    /// Deletes tokens that expired at `before` or earlier; answers how many.
    async fn delete_expired_tokens(&self, before: Timestamp) -> Result<u64, AccessError>;

    /// Adds an ingest key, unless there are `ingest_keys_max`; answers whether it did.
    async fn create_ingest_key(
        &self,
        key: &IngestKeyRow,
        ingest_keys_max: u32,
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

    /// Deletes an ingest key; answers whether there was one.
    async fn delete_ingest_key(&self, id: IngestKeyId) -> Result<bool, AccessError>;
}

/// The audit log.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Adds entries.
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), AccessError>;

    /// Entries that match and come before `before`, newest first.
    async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, AccessError>;

    /// Deletes at most `limit` entries that are older than `before`; answers how many.
    async fn prune_audit(&self, before: Timestamp, limit: u32) -> Result<u64, AccessError>;
}
