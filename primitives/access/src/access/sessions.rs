//! Sessions: listed and ended.

use outrigger_audit::Act;
use outrigger_stdx::{Cursor, Page};

use super::Access;
use crate::{
    AccessError, AccountId, Principal, Session, SessionId, credential_cache::Concerned,
    store::Reach,
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
        Ok(Page::from_rows(sessions, limit, |session: &Session| {
            Cursor {
                at: session.last_seen_at,
                id: session.id.as_uuid(),
            }
        }))
    }

    /// A part of the sessions of the account that acts, like [`sessions`](Self::sessions). None for a program with a token: it does
    /// not speak for its account.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn own_sessions(
        &self,
        by: &Principal,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<Session>, AccessError> {
        match by.token_id {
            None => self.sessions(Some(by.account_id), cursor, limit).await,
            Some(_) => Ok(Page {
                items: Vec::new(),
                next: None,
            }),
        }
    }

    /// Ends a session: one's own, or with the scope `access:write` that of an account which may do no more than `by`.
    ///
    /// # Errors
    ///
    /// [`AccessError::NotFound`] when there is none that `by` may know of; [`AccessError::RoleAbove`] when its account may do
    /// more than `by`.
    pub async fn end_session(
        &self,
        by: &Principal,
        act: &Act,
        id: SessionId,
    ) -> Result<(), AccessError> {
        self.end(&by.reach(), act, "access.revoke_session", id)
            .await
    }

    /// Ends a session of the account that acts.
    ///
    /// # Errors
    ///
    /// [`AccessError::NotFound`] when it has none with this id.
    pub async fn end_own_session(
        &self,
        by: &Principal,
        act: &Act,
        id: SessionId,
    ) -> Result<(), AccessError> {
        let reach = Reach::own(by.account_id);
        self.end(&reach, act, "access.revoke_own_session", id).await
    }

    /// Signs out: ends the session that was used. Does nothing for other principals.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn log_out(&self, by: &Principal, act: &Act) -> Result<(), AccessError> {
        let Some(id) = by.session_id else {
            return Ok(());
        };
        let reach = Reach::own(by.account_id);
        match self.end(&reach, act, "access.log_out", id).await {
            // It ended meanwhile.
            Err(AccessError::NotFound { .. }) => Ok(()),
            ended => ended,
        }
    }

    async fn end(
        &self,
        reach: &Reach,
        act: &Act,
        action: &str,
        id: SessionId,
    ) -> Result<(), AccessError> {
        let entry = act.entry(action, self.now());
        let ended = self.store().end_session(id, reach, &entry).await;
        self.forget(Concerned::Session(id));
        ended?;
        act.recorded();
        Ok(())
    }
}
