//! A store that fails on request: before it does anything, or after it has committed, as if the reply were lost.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_access::{
    AccessError, AccountId, IngestKey, IngestKeyId, Session, SessionId, TokenId,
    store::{
        AccessStore, AccountChange, AccountRow, AccountStore, IngestKeyRow, LoginLinkRow, Reach,
        SessionRow, SessionStore, TokenRow, TokenStore,
    },
};
use outrigger_audit::{AuditEntry, AuditLog};
use outrigger_crypto::Digest;
use outrigger_sql::SqlError;
use outrigger_stdx::Cursor;
use tokio::sync::Mutex;

/// Wraps another store. Counts its calls by name.
pub(crate) struct FlakyStore {
    inner: Arc<dyn AccessStore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fails: Option<(&'static str, Fault)>,
    calls: HashMap<&'static str, u32>,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Before anything was done.
    Before,
    /// After the commit; the reply is lost.
    AfterCommit,
}

impl FlakyStore {
    pub(crate) fn around(inner: &Arc<dyn AccessStore>) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::clone(inner),
            state: Mutex::default(),
        })
    }

    /// Makes all further calls of this name fail.
    pub(crate) async fn fail(&self, call: &'static str, fault: Fault) {
        self.state.lock().await.fails = Some((call, fault));
    }

    /// Returns how often a call was made.
    pub(crate) async fn calls(&self, call: &'static str) -> u32 {
        let state = self.state.lock().await;
        state.calls.get(call).copied().unwrap_or_default()
    }

    async fn call<T>(
        &self,
        name: &'static str,
        answer: impl Future<Output = Result<T, AccessError>>,
    ) -> Result<T, AccessError> {
        let fault = {
            let mut state = self.state.lock().await;
            *state.calls.entry(name).or_default() += 1;
            let fails = state.fails.filter(|(call, _)| *call == name);
            fails.map(|(_, fault)| fault)
        };
        let lost = || {
            let detail = "the connection was lost".to_owned();
            AccessError::Store(SqlError::ConnectionLost { detail })
        };
        if fault == Some(Fault::Before) {
            return Err(lost());
        }
        let answer = answer.await?;
        match fault {
            Some(Fault::AfterCommit) => Err(lost()),
            _ => Ok(answer),
        }
    }
}

impl AccessStore for FlakyStore {
    fn audit_log(&self) -> &AuditLog {
        self.inner.audit_log()
    }
}

/// Forwards each call and counts it under its name.
macro_rules! hand_on {
    ($trait:ident { $(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)* }) => {
        #[async_trait]
        impl $trait for FlakyStore {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, AccessError> {
                self.call(stringify!($name), self.inner.$name($($argument),*)).await
            })*
        }
    };
}

hand_on!(AccountStore {
    fn create_account(account: &AccountRow, accounts_max: u32, entry: &AuditEntry) -> bool;
    fn account(id: AccountId) -> Option<AccountRow>;
    fn account_by_email(key: &str) -> Option<AccountRow>;
    fn oldest_owner() -> Option<AccountRow>;
    fn accounts(after: Option<Cursor>, limit: u32) -> Vec<AccountRow>;
    fn change_account(
        id: AccountId, change: &AccountChange, reach: &Reach, entry: &AuditEntry
    ) -> AccountRow;
    fn delete_account(id: AccountId, reach: &Reach, entry: &AuditEntry) -> ();
});

hand_on!(SessionStore {
    fn create_session(
        session: &SessionRow, link: Option<&Digest>, sessions_max: u32, entry: &AuditEntry
    ) -> ();
    fn session(digest: &Digest) -> Option<(SessionRow, AccountRow)>;
    fn touch_session(id: SessionId, at: Timestamp) -> ();
    fn sessions(
        account: Option<AccountId>, now: Timestamp, idle_since: Timestamp, after: Option<Cursor>,
        limit: u32
    ) -> Vec<Session>;
    fn end_session(id: SessionId, reach: &Reach, entry: &AuditEntry) -> ();
    fn create_login_link(link: &LoginLinkRow, reach: &Reach, entry: &AuditEntry) -> ();
    fn login_link(digest: &Digest) -> Option<(LoginLinkRow, AccountRow)>;
    fn delete_ended(now: Timestamp, idle_since: Timestamp) -> (u64, u64);
    fn clock_seen() -> Option<Timestamp>;
    fn note_clock(seen: Timestamp) -> ();
});

hand_on!(TokenStore {
    fn create_token(token: &TokenRow, tokens_max: u32, entry: &AuditEntry) -> bool;
    fn token(id: TokenId) -> Option<(TokenRow, AccountRow)>;
    fn tokens(account: Option<AccountId>, after: Option<Cursor>, limit: u32) -> Vec<TokenRow>;
    fn touch_token(id: TokenId, at: Timestamp) -> ();
    fn delete_token(id: TokenId, reach: &Reach, entry: &AuditEntry) -> AccountId;
    fn delete_expired_tokens(before: Timestamp) -> u64;
    fn create_ingest_key(key: &IngestKeyRow, ingest_keys_max: u32, entry: &AuditEntry) -> bool;
    fn ingest_keys(after: Option<Cursor>, limit: u32) -> Vec<IngestKeyRow>;
    fn ingest_key(key: &str) -> Option<IngestKey>;
    fn touch_ingest_key(id: IngestKeyId, at: Timestamp) -> ();
    fn delete_ingest_key(id: IngestKeyId, entry: &AuditEntry) -> ();
});
