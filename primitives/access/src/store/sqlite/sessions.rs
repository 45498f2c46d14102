//! Sessions and login links in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_crypto::Digest;
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteAccessStore, columns, columns::micros, statements};
use crate::{
    AccessError, AccountId, Cursor, Session, SessionId,
    store::{AccountRow, LoginLinkRow, SessionRow, SessionStore},
};

#[async_trait]
impl SessionStore for SqliteAccessStore {
    async fn create_session(
        &self,
        session: &SessionRow,
        sessions_max: u32,
    ) -> Result<(), AccessError> {
        let SessionRow { session, digest } = session.clone();
        let create = move |connection: &Connection| {
            let account = session.account_id.as_uuid().into_bytes();
            let noted = connection
                .prepare_cached(statements::NOTE_LOGIN)?
                .execute(params![account, micros(session.created_at)])?;
            if noted == 0 {
                return Err(AccessError::NotFound { what: "account" });
            }
            connection
                .prepare_cached(statements::INSERT_SESSION)?
                .execute(params![
                    session.id.as_uuid().into_bytes(),
                    account,
                    digest.as_bytes(),
                    session.address,
                    session.user_agent,
                    session.by_link,
                    micros(session.created_at),
                    micros(session.last_seen_at),
                    micros(session.expires_at),
                ])?;
            connection
                .prepare_cached(statements::END_OLDEST_SESSIONS)?
                .execute(params![account, sessions_max])?;
            Ok(())
        };
        self.database.write(create).await
    }

    async fn session(
        &self,
        digest: &Digest,
    ) -> Result<Option<(SessionRow, AccountRow)>, AccessError> {
        let digest = *digest;
        let find = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::FIND_SESSION)?;
            let mut rows = statement.query([digest.as_bytes()])?;
            let Some(row) = rows.next()? else {
                return Ok(None);
            };
            let session = columns::session_after_account(row)?;
            Ok(Some((session, columns::account(row)?)))
        };
        self.database.read(find).await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), AccessError> {
        let touch = move |connection: &Connection| {
            connection
                .prepare_cached(statements::TOUCH_SESSION)?
                .execute(params![id.as_uuid().into_bytes(), micros(at)])?;
            Ok(())
        };
        self.database.write(touch).await
    }

    async fn sessions(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        idle_since: Timestamp,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Session>, AccessError> {
        let account = account.map(|id| id.as_uuid().into_bytes());
        let list = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::LIST_SESSIONS)?;
            let (at, id) = columns::cursor(after);
            let sessions = statement.query_map(
                params![account, micros(now), micros(idle_since), at, id, limit],
                columns::session,
            )?;
            Ok(sessions.collect::<Result<_, _>>()?)
        };
        self.database.read(list).await
    }

    async fn end_session(
        &self,
        id: SessionId,
        account: Option<AccountId>,
    ) -> Result<bool, AccessError> {
        let account = account.map(|id| id.as_uuid().into_bytes());
        let end = move |connection: &Connection| {
            let ended = connection
                .prepare_cached(statements::END_SESSION)?
                .execute(params![id.as_uuid().into_bytes(), account])?;
            Ok(ended > 0)
        };
        self.database.write(end).await
    }

    async fn create_login_link(&self, link: &LoginLinkRow) -> Result<(), AccessError> {
        let link = link.clone();
        let create = move |connection: &Connection| {
            connection
                .prepare_cached(statements::INSERT_LOGIN_LINK)?
                .execute(params![
                    link.digest.as_bytes(),
                    link.account_id.as_uuid().into_bytes(),
                    micros(link.created_at),
                    micros(link.expires_at),
                ])?;
            Ok(())
        };
        self.database.write(create).await
    }

    async fn redeem_login_link(
        &self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<AccountId>, AccessError> {
        let digest = *digest;
        let redeem = move |connection: &Connection| {
            let redeemed = connection
                .prepare_cached(statements::REDEEM_LOGIN_LINK)?
                .query_row([digest.as_bytes()], |row| {
                    Ok((columns::id(row, 0)?, row.get::<_, i64>(1)?))
                })
                .optional()?;
            let valid = redeemed.filter(|(_, expires_at)| *expires_at > micros(now));
            Ok(valid.map(|(account, _)| account))
        };
        self.database.write(redeem).await
    }

    async fn delete_ended(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<(u64, u64), AccessError> {
        let delete = move |connection: &Connection| {
            let sessions = connection
                .prepare_cached(statements::DELETE_ENDED_SESSIONS)?
                .execute([micros(now), micros(idle_since)])?;
            let links = connection
                .prepare_cached(statements::DELETE_ENDED_LOGIN_LINKS)?
                .execute([micros(now)])?;
            Ok((sessions as u64, links as u64))
        };
        self.database.write(delete).await
    }
}
