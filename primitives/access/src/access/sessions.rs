//! Sessions: listed and ended.

use super::Access;
use crate::{
    AccessError, AccountId, Cursor, Page, Principal, Scope, ScopeAccess, Session, SessionId,
    credential_cache::Concerned,
};

impl Access {
    /// A part of the sessions of one account, or of all, latest used first: at most `limit`, from `cursor` on, which is the
    /// `next` of the part before. Some may have ended and not be deleted yet; they are left out. A session that is used between
    /// the reading of two parts moves to the front, where the next reading from the start finds it.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn sessions(
        &self,
        account: Option<AccountId>,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<Session>, AccessError> {
        let now = self.now();
        let idle_since = super::earlier(now, self.inner.config.session_idle.get());
        let limit_and_one = limit.saturating_add(1);
        let sessions = self
            .store()
            .sessions(account, now, idle_since, cursor, limit_and_one)
            .await?;
        Ok(Page::cut(sessions, limit, |session: &Session| Cursor {
            at: session.last_seen_at,
            id: session.id.as_uuid(),
        }))
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
        self.forget(Concerned::Session(id));
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
        self.forget(Concerned::Session(id));
        ended.map(drop)
    }
}
