//! Sessions and login links in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_audit::AuditEntry;
use outrigger_crypto::Digest;
use outrigger_sql::Columns;
use outrigger_stdx::Cursor;
use rusqlite::{Connection, params};

use super::{SqliteAccessStore, accounts, bytes, execute, micros, one, sort_key};
use crate::{
    AccessError, AccountId, Session, SessionId,
    store::{
        AccountRow, LoginLinkRow, Reach, SessionRow, SessionStore, columns, entries, reach,
        statements,
    },
};

#[async_trait]
impl SessionStore for SqliteAccessStore {
    async fn create_session(
        &self,
        session: &SessionRow,
        link: Option<&Digest>,
        sessions_max: u32,
        entry: &AuditEntry,
    ) -> Result<(), AccessError> {
        let SessionRow { session, digest } = session.clone();
        let (link, entry) = (link.copied(), entry.clone());
        let create = move |connection: &Connection| {
            let account = bytes(session.account_id.as_uuid());
            let values = params![micros(session.created_at), account];
            if execute(connection, statements::NOTE_LOGIN, values)? == 0 {
                return Err(AccessError::NotFound { what: "account" });
            }
            if let Some(link) = link
                && execute(connection, statements::USE_LOGIN_LINK, [link.as_bytes()])? == 0
            {
                return Err(AccessError::LinkInvalid);
            }
            let values = params![
                bytes(session.id.as_uuid()),
                account,
                digest.as_bytes(),
                session.address,
                session.user_agent,
                session.by_link,
                micros(session.created_at),
                micros(session.last_seen_at),
                micros(session.expires_at),
            ];
            execute(connection, statements::INSERT_SESSION, values)?;
            let values = params![account, sessions_max];
            execute(connection, statements::END_OLDEST_SESSIONS, values)?;
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(())
        };
        self.database.write(create).await
    }

    async fn session(
        &self,
        digest: &Digest,
    ) -> Result<Option<(SessionRow, AccountRow)>, AccessError> {
        let values = [*digest.as_bytes()];
        self.find(statements::FIND_SESSION, values, |row| {
            columns::session_and_account(row)
        })
        .await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), AccessError> {
        let values = (micros(at), bytes(id.as_uuid()));
        self.execute(statements::TOUCH_SESSION, values).await?;
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
        let (now, idle_since) = (micros(now), micros(idle_since));
        let (at, id) = sort_key(after.unwrap_or(Cursor::LATEST));
        match account {
            None => {
                let values = (now, idle_since, at, id, limit);
                self.list(statements::LIST_SESSIONS, values, |row| {
                    columns::session(row)
                })
                .await
            }
            Some(account) => {
                let account = bytes(account.as_uuid());
                let values = (now, idle_since, at, id, account, limit);
                self.list(statements::LIST_SESSIONS_OF_ACCOUNT, values, |row| {
                    columns::session(row)
                })
                .await
            }
        }
    }

    async fn end_session(
        &self,
        id: SessionId,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError> {
        let (reach, entry) = (reach.clone(), entry.clone());
        let end = move |connection: &Connection| {
            let values = [bytes(id.as_uuid())];
            let found = one(connection, statements::FIND_SESSION_BY_ID, values, |row| {
                columns::session_and_account(row)
            })?;
            let (SessionRow { session, .. }, AccountRow { account, .. }) =
                found.ok_or(AccessError::NotFound { what: "session" })?;
            reach.require(&account, "session")?;
            execute(connection, statements::END_SESSION, values)?;
            let entry = entries::session_ended(entry, &session);
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(())
        };
        self.database.write(end).await
    }

    async fn create_login_link(
        &self,
        link: &LoginLinkRow,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError> {
        let (link, reach, entry) = (link.clone(), reach.clone(), entry.clone());
        let create = move |connection: &Connection| {
            let row = accounts::find(connection, link.account_id)?;
            let account = reach::active_account(row)?;
            reach.require(&account, "account")?;
            let values = params![
                link.digest.as_bytes(),
                bytes(link.account_id.as_uuid()),
                micros(link.created_at),
                micros(link.expires_at),
            ];
            execute(connection, statements::INSERT_LOGIN_LINK, values)?;
            let entry = entry.on(&account.id, account.label());
            outrigger_audit::sqlite::append(connection, &[entry])?;
            Ok(())
        };
        self.database.write(create).await
    }

    async fn login_link(
        &self,
        digest: &Digest,
    ) -> Result<Option<(LoginLinkRow, AccountRow)>, AccessError> {
        let values = [*digest.as_bytes()];
        self.find(statements::FIND_LOGIN_LINK, values, |row| {
            columns::link_and_account(row)
        })
        .await
    }

    async fn delete_ended(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<(u64, u64), AccessError> {
        let (now, idle_since) = (micros(now), micros(idle_since));
        let delete = move |connection: &Connection| {
            let values = [now, idle_since];
            let sessions = execute(connection, statements::DELETE_ENDED_SESSIONS, values)?;
            let links = execute(connection, statements::DELETE_ENDED_LOGIN_LINKS, [now])?;
            Ok((sessions, links))
        };
        self.database.write(delete).await
    }

    async fn clock_seen(&self) -> Result<Option<Timestamp>, AccessError> {
        self.find(statements::FIND_CLOCK, [], |row| Ok(row.column(0)?))
            .await
    }

    async fn note_clock(&self, seen: Timestamp) -> Result<(), AccessError> {
        let values = [micros(seen)];
        self.execute(statements::NOTE_CLOCK, values).await?;
        Ok(())
    }
}
