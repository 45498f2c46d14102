//! Sessions: listed and ended.

use super::Access;
use crate::{AccessError, AccountId, Principal, Scope, ScopeAccess, Session, SessionId};

impl Access {
    /// The sessions of one account, or of all, latest used first. Some may have ended and not be deleted yet; they are left
    /// out.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn sessions(&self, account: Option<AccountId>) -> Result<Vec<Session>, AccessError> {
        let now = self.now();
        let idle_since = super::earlier(now, self.inner.config.session_idle.get());
        let mut sessions = self.store().sessions(account).await?;
        sessions.retain(|session| session.expires_at > now && session.last_seen_at > idle_since);
        Ok(sessions)
    }

    /// Ends a session: one's own, or with the scope `access:write` anybody's.
    ///
    /// # Errors
    ///
    /// [`AccessError::NotFound`] when there is none that may be ended.
    pub async fn end_session(&self, by: &Principal, id: SessionId) -> Result<(), AccessError> {
        let of_anybody = Scope::of("access", ScopeAccess::Write).is_some_and(|all| by.allows(all));
        let account = (!of_anybody).then_some(by.account_id);
        let ended = self.store().end_session(id, account).await;
        self.inner.cache.clear();
        match ended? {
            true => Ok(()),
            false => Err(AccessError::NotFound { what: "session" }),
        }
    }

    /// Signs out: ends the session that was used. Does nothing for other principals.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn log_out(&self, by: &Principal) -> Result<(), AccessError> {
        let Some(id) = by.session_id else {
            return Ok(());
        };
        let ended = self.store().end_session(id, Some(by.account_id)).await;
        self.inner.cache.clear();
        ended.map(drop)
    }
}
