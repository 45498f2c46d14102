//! Accounts: people who may log in.

use jiff::Timestamp;
use outrigger_stdx::Secret;

use crate::{Email, Role};

outrigger_stdx::typed_id!(
    /// The id of an account.
    AccountId
);

/// A person who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The id.
    pub id: AccountId,
    /// The e-mail address; `None` for the owner account `local` until it is set up.
    pub email: Option<Email>,
    /// The person's name, or `local`.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Whether the account is disabled, which means that it cannot log in.
    pub disabled: bool,
    /// Whether the account has a password.
    pub has_password: bool,
    /// When the account was created.
    pub created_at: Timestamp,
    /// When it last logged in.
    pub last_login_at: Option<Timestamp>,
}

impl Account {
    /// Returns whether the account still needs an e-mail address or a password.
    #[must_use]
    pub fn setup_required(&self) -> bool {
        self.email.is_none() || !self.has_password
    }

    /// Returns the display name: the e-mail address, or else the name.
    #[must_use]
    pub fn label(&self) -> &str {
        self.email.as_ref().map_or(&self.name, Email::as_str)
    }
}

/// The input for a new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The e-mail address.
    pub email: String,
    /// The person's name; the e-mail address if absent.
    pub name: Option<String>,
    /// The role.
    pub role: Role,
    /// The first password. If absent, the first login uses a login link.
    pub password: Option<Secret>,
}

/// Changes to an account. Absent fields stay unchanged.
#[derive(Debug, Clone, Default)]
pub struct AccountUpdate {
    /// The new name.
    pub name: Option<String>,
    /// The new role.
    pub role: Option<Role>,
    /// Whether the account is disabled; disabling ends its sessions.
    pub disabled: Option<bool>,
}

/// Changes to the caller's own account. Absent fields stay unchanged.
#[derive(Debug, Clone, Default)]
pub struct OwnUpdate {
    /// The new e-mail address.
    pub email: Option<String>,
    /// The new name.
    pub name: Option<String>,
    /// The new password. Ends all other sessions.
    pub new_password: Option<Secret>,
    /// The current password; required for a new password or address if the account has a password.
    pub current_password: Option<Secret>,
}
