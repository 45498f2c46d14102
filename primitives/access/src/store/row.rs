//! The stored form of each noun, with digests and hashes.

use std::str::FromStr;

use jiff::Timestamp;
use outrigger_crypto::Digest;

use crate::{
    AccessError, Account, AccountId, Email, IngestKey, Role, ScopeSet, Session, SessionId, Token,
};

/// An account with the hash of its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The account.
    pub account: Account,
    /// The hash of the password.
    pub password_hash: Option<String>,
}

/// Changes to an account. Absent fields stay unchanged.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// The new e-mail address.
    pub email: Option<Email>,
    /// The new name.
    pub name: Option<String>,
    /// The new role.
    pub role: Option<Role>,
    /// Whether the account is disabled.
    pub disabled: Option<bool>,
    /// The hash of the new password.
    pub password_hash: Option<String>,
    /// Which of the account's sessions end.
    pub end_sessions: EndSessions,
}

/// The sessions of an account that a change ends. `Except` and `All` end login links as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndSessions {
    /// None.
    #[default]
    Keep,
    /// All but this one.
    Except(SessionId),
    /// All.
    All,
}

/// A session with the digest of its cookie. The account's label is not stored with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The session.
    pub session: Session,
    /// The digest of the cookie.
    pub digest: Digest,
}

/// A login link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginLinkRow {
    /// The digest of the code.
    pub digest: Digest,
    /// The account that the link logs in to.
    pub account_id: AccountId,
    /// When the link was created.
    pub created_at: Timestamp,
    /// When the link expires.
    pub expires_at: Timestamp,
}

/// A token with its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// The token.
    pub token: Token,
    /// The digest of the text.
    pub digest: Digest,
}

/// An ingest key, which has no secret part.
pub type IngestKeyRow = IngestKey;

/// The columns of an account.
pub(super) struct AccountColumns {
    pub(super) id: AccountId,
    pub(super) email: Option<String>,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) disabled: bool,
    pub(super) password_hash: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) last_login_at: Option<Timestamp>,
}

impl AccountColumns {
    pub(super) fn into_row(self) -> Result<AccountRow, AccessError> {
        let email = self.email.map(|text| {
            let unreadable = |_| AccessError::Unreadable {
                what: "e-mail address",
            };
            Email::parse(&text).map_err(unreadable)
        });
        let role = Role::from_str(&self.role);
        Ok(AccountRow {
            account: Account {
                id: self.id,
                email: email.transpose()?,
                name: self.name,
                role: role.map_err(|()| AccessError::Unreadable { what: "role" })?,
                disabled: self.disabled,
                has_password: self.password_hash.is_some(),
                created_at: self.created_at,
                last_login_at: self.last_login_at,
            },
            password_hash: self.password_hash,
        })
    }
}

/// Parses stored scopes. Scopes of a newer release that this one does not know are ignored.
pub(super) fn known_scopes(text: &str) -> ScopeSet {
    text.split_whitespace()
        .filter_map(|scope| scope.parse().ok())
        .collect()
}
