//! Sessions and login links in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_crypto::Digest;

use super::{PostgresAccessStore, Values, columns, statements};
use crate::{
    AccessError, AccountId, Cursor, Session, SessionId,
    store::{AccountRow, LoginLinkRow, SessionRow, SessionStore},
};

#[async_trait]
impl SessionStore for PostgresAccessStore {
    async fn create_session(
        &self,
        session: &SessionRow,
        sessions_max: u32,
    ) -> Result<(), AccessError> {
        let SessionRow { session, digest } = session;
        let account = session.account_id.as_uuid();
        self.database
            .transaction(|transaction| async move {
                // First, because it takes the lock that whoever changes accounts waits for; the other way round each could wait for
                // the other. It also has two sessions of one account counted one after the other.
                let noted = transaction
                    .execute(statements::NOTE_LOGIN, &[&account, &session.created_at])
                    .await?;
                if noted == 0 {
                    return Err(AccessError::NotFound { what: "account" });
                }
                transaction
                    .execute(
                        statements::INSERT_SESSION,
                        &[
                            &session.id.as_uuid(),
                            &account,
                            &digest.as_bytes().as_slice(),
                            &session.address,
                            &session.user_agent,
                            &session.by_link,
                            &session.created_at,
                            &session.last_seen_at,
                            &session.expires_at,
                        ],
                    )
                    .await?;
                transaction
                    .execute(
                        statements::END_OLDEST_SESSIONS,
                        &[&account, &i64::from(sessions_max)],
                    )
                    .await?;
                Ok(())
            })
            .await
    }

    async fn session(
        &self,
        digest: &Digest,
    ) -> Result<Option<(SessionRow, AccountRow)>, AccessError> {
        let digest = digest.as_bytes().as_slice();
        let Some(row) = self.query_opt(statements::FIND_SESSION, &[&digest]).await? else {
            return Ok(None);
        };
        let session = columns::session_after_account(&row)?;
        Ok(Some((session, columns::account(&row)?)))
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), AccessError> {
        self.execute(statements::TOUCH_SESSION, &[&id.as_uuid(), &at])
            .await?;
        Ok(())
    }

    async fn sessions(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        idle_since: Timestamp,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Session>, AccessError> {
        let account = account.map(AccountId::as_uuid);
        let (at, id) = columns::cursor(after);
        let limit = i64::from(limit);
        let values: Values<'_> = &[&account, &now, &idle_since, &at, &id, &limit];
        let rows = self.query(statements::LIST_SESSIONS, values).await?;
        rows.iter().map(columns::session).collect()
    }

    async fn end_session(
        &self,
        id: SessionId,
        account: Option<AccountId>,
    ) -> Result<bool, AccessError> {
        let account = account.map(AccountId::as_uuid);
        let ended = self
            .execute(statements::END_SESSION, &[&id.as_uuid(), &account])
            .await?;
        Ok(ended > 0)
    }

    async fn create_login_link(&self, link: &LoginLinkRow) -> Result<(), AccessError> {
        self.execute(
            statements::INSERT_LOGIN_LINK,
            &[
                &link.digest.as_bytes().as_slice(),
                &link.account_id.as_uuid(),
                &link.created_at,
                &link.expires_at,
            ],
        )
        .await?;
        Ok(())
    }

    async fn redeem_login_link(
        &self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<AccountId>, AccessError> {
        let digest = digest.as_bytes().as_slice();
        let Some(row) = self
            .query_opt(statements::REDEEM_LOGIN_LINK, &[&digest])
            .await?
        else {
            return Ok(None);
        };
        let expires_at: Timestamp = row.try_get(1)?;
        let account = columns::id(&row, 0)?;
        Ok((expires_at > now).then_some(account))
    }

    async fn delete_ended(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<(u64, u64), AccessError> {
        let sessions = self
            .execute(statements::DELETE_ENDED_SESSIONS, &[&now, &idle_since])
            .await?;
        let links = self
            .execute(statements::DELETE_ENDED_LOGIN_LINKS, &[&now])
            .await?;
        Ok((sessions, links))
    }
}
