//! Sessions: logged-in browsers.

use std::net::IpAddr;

use jiff::Timestamp;
use outrigger_stdx::Secret;

use crate::{Account, AccountId};

outrigger_stdx::typed_id!(
    /// The id of a session. It is not the value of the cookie.
    SessionId
);

/// A logged-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// The account.
    pub account_id: AccountId,
    /// The account's e-mail address or name.
    pub account: String,
    /// The address it logged in from.
    pub address: String,
    /// The user agent of the browser.
    pub user_agent: String,
    /// Whether the session began with a login link instead of a password.
    pub by_link: bool,
    /// When the session began.
    pub created_at: Timestamp,
    /// When the session was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When the session ends at the latest.
    pub expires_at: Timestamp,
}

/// The client that logs in.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// The address of the client.
    pub address: IpAddr,
    /// The user agent of the browser; truncated to 256 characters.
    pub user_agent: String,
}

/// A new session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The value for the cookie: 256 random bits in 52 letters and digits. It is shown only once.
    pub cookie: Secret,
    /// The session.
    pub session: Session,
    /// The account.
    pub account: Account,
}
