//! Sessions and login links in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_audit::AuditEntry;
use outrigger_crypto::Digest;
use outrigger_sql::Columns;
use outrigger_stdx::Cursor;

use super::{PostgresAccessStore, accounts, locks, one, sort_key};
use crate::{
    AccessError, AccountId, Session, SessionId,
    store::{
        AccountRow, LoginLinkRow, Reach, SessionRow, SessionStore, columns, entries, reach,
        statements,
    },
};

#[async_trait]
impl SessionStore for PostgresAccessStore {
    async fn create_session(
        &self,
        session: &SessionRow,
        link: Option<&Digest>,
        sessions_max: u32,
        entry: &AuditEntry,
    ) -> Result<(), AccessError> {
        let SessionRow { session, digest } = session;
        let account = session.account_id.as_uuid();
        self.database
            .transaction(async |transaction| {
                // Runs first, because it takes the lock that changes to accounts wait for; in the other order, two
                // transactions could deadlock. It also serialises new sessions of one account, so that each is counted.
                let noted = transaction
                    .execute(statements::NOTE_LOGIN, &[&session.created_at, &account])
                    .await?;
                if noted == 0 {
                    return Err(AccessError::NotFound { what: "account" });
                }
                if let Some(link) = link {
                    let values = [&link.as_bytes().as_slice() as _];
                    if transaction
                        .execute(statements::USE_LOGIN_LINK, &values)
                        .await?
                        == 0
                    {
                        return Err(AccessError::LinkInvalid);
                    }
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
                outrigger_audit::postgres::append(&transaction, std::slice::from_ref(entry))
                    .await?;
                Ok(())
            })
            .await
    }

    async fn session(
        &self,
        digest: &Digest,
    ) -> Result<Option<(SessionRow, AccountRow)>, AccessError> {
        let values = [&digest.as_bytes().as_slice() as _];
        self.find(
            statements::FIND_SESSION,
            &values,
            columns::session_and_account,
        )
        .await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), AccessError> {
        self.execute(statements::TOUCH_SESSION, &[&at, &id.as_uuid()])
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
        let (at, id) = sort_key(after.unwrap_or(Cursor::LATEST));
        let limit = i64::from(limit);
        match account {
            None => {
                let values = [&now as _, &idle_since as _, &at as _, &id as _, &limit as _];
                self.list(statements::LIST_SESSIONS, &values, columns::session)
                    .await
            }
            Some(account) => {
                let account = account.as_uuid();
                let values = [
                    &now as _,
                    &idle_since as _,
                    &at as _,
                    &id as _,
                    &account as _,
                    &limit as _,
                ];
                self.list(
                    statements::LIST_SESSIONS_OF_ACCOUNT,
                    &values,
                    columns::session,
                )
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
        self.database
            .transaction(async |transaction| {
                let values = [&id.as_uuid() as _];
                let find = statements::FIND_SESSION_BY_ID;
                let found = one(&transaction, find, &values, columns::session_and_account);
                let (SessionRow { session, .. }, _) = found
                    .await?
                    .ok_or(AccessError::NotFound { what: "session" })?;
                let account = locked(&transaction, session.account_id, "session").await?;
                reach.require(&account.account, "session")?;
                if transaction
                    .execute(statements::END_SESSION, &values)
                    .await?
                    == 0
                {
                    return Err(AccessError::NotFound { what: "session" });
                }
                let entry = entries::session_ended(entry.clone(), &session);
                outrigger_audit::postgres::append(&transaction, &[entry]).await?;
                Ok(())
            })
            .await
    }

    async fn create_login_link(
        &self,
        link: &LoginLinkRow,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<(), AccessError> {
        self.database
            .transaction(async |transaction| {
                let account = link.account_id.as_uuid();
                transaction.execute(locks::ACCOUNT, &[&account]).await?;
                let row = accounts::find(&transaction, link.account_id).await?;
                let account = reach::active_account(row)?;
                reach.require(&account, "account")?;
                transaction
                    .execute(
                        statements::INSERT_LOGIN_LINK,
                        &[
                            &link.digest.as_bytes().as_slice(),
                            &link.account_id.as_uuid(),
                            &link.created_at,
                            &link.expires_at,
                        ],
                    )
                    .await?;
                let entry = entry.clone().on(&account.id, account.label());
                outrigger_audit::postgres::append(&transaction, &[entry]).await?;
                Ok(())
            })
            .await
    }

    async fn login_link(
        &self,
        digest: &Digest,
    ) -> Result<Option<(LoginLinkRow, AccountRow)>, AccessError> {
        let values = [&digest.as_bytes().as_slice() as _];
        self.find(
            statements::FIND_LOGIN_LINK,
            &values,
            columns::link_and_account,
        )
        .await
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

    async fn clock_seen(&self) -> Result<Option<Timestamp>, AccessError> {
        self.find(statements::FIND_CLOCK, &[], |row| Ok(row.column(0)?))
            .await
    }

    async fn note_clock(&self, seen: Timestamp) -> Result<(), AccessError> {
        self.execute(statements::NOTE_CLOCK, &[&seen]).await?;
        Ok(())
    }
}

/// Locks an account, so that its role does not change until the transaction ends. If there is no account, `what` does not
/// exist either.
pub(super) async fn locked(
    transaction: &outrigger_sql::PostgresTransaction,
    id: AccountId,
    what: &'static str,
) -> Result<AccountRow, AccessError> {
    transaction
        .execute(locks::ACCOUNT, &[&id.as_uuid()])
        .await?;
    let row = accounts::find(transaction, id).await?;
    row.ok_or(AccessError::NotFound { what })
}
