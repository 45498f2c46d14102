//! Sessions: browsers that are signed in.

use std::net::IpAddr;

use jiff::Timestamp;
use outrigger_stdx::Secret;

use crate::{Account, AccountId};

outrigger_stdx::typed_id!(
    /// The id of a session. Not what the cookie holds.
    SessionId
);

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The account that is signed in.
    pub account_id: AccountId,
    /// The account's e-mail address or name.
    pub account: String,
    /// Where it signed in from.
    pub address: String,
    /// The browser, as it named itself.
    pub user_agent: String,
    /// Whether it began with a login link instead of a password.
    pub by_link: bool,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// Where somebody signs in from.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// The address of the client.
    pub address: IpAddr,
    /// The browser, as it names itself; cut at 256 characters.
    pub user_agent: String,
}

/// A session that just began.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the cookie must hold: 256 random bits in 52 letters and digits. It cannot be read again.
    pub cookie: Secret,
    /// The session.
    pub session: Session,
    /// The account.
    pub account: Account,
}
