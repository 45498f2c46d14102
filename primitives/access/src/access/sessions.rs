//! Sessions: list and end.

use outrigger_audit::Act;
use outrigger_stdx::{Cursor, Page};

use super::Access;
use crate::{
    AccessError, AccountId, Principal, Session, SessionId, credential_cache::Affected, store::Reach,
};

impl Access {
    /// Returns a page of the sessions of one account, or of all, most recently used first: at most `limit`, starting at
    /// `cursor`, which is `next` of the previous page. Ended sessions that are not deleted yet are left out. A session that is
    /// used between two pages moves to the front and appears when the list is read again from the start.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
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

    /// Returns a page of the sessions of the caller's account, like [`sessions`](Self::sessions). Empty for a token, because a
    /// token does not act for the whole account.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
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

    /// Ends a session: one of the caller's own or, with the scope `access:write`, one of an account that has no more
    /// permissions than `by`.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::NotFound`] if there is no such session that `by` may see, and [`AccessError::RoleAbove`] if its
    /// account has more permissions than `by`.
    pub async fn end_session(
        &self,
        by: &Principal,
        act: &Act,
        id: SessionId,
    ) -> Result<(), AccessError> {
        self.end(&by.reach(), act, "access.revoke_session", id)
            .await
    }

    /// Ends a session of the caller's account.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::NotFound`] if the account has no session with this id.
    pub async fn end_own_session(
        &self,
        by: &Principal,
        act: &Act,
        id: SessionId,
    ) -> Result<(), AccessError> {
        let reach = Reach::own(by.account_id);
        self.end(&reach, act, "access.revoke_own_session", id).await
    }

    /// Logs out: ends the session of the caller. Does nothing for other principals.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn log_out(&self, by: &Principal, act: &Act) -> Result<(), AccessError> {
        let Some(id) = by.session_id else {
            return Ok(());
        };
        let reach = Reach::own(by.account_id);
        match self.end(&reach, act, "access.log_out", id).await {
            // The session has ended meanwhile.
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
        self.invalidate(Affected::Session(id));
        ended?;
        act.recorded();
        Ok(())
    }
}
