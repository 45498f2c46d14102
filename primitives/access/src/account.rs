//! Accounts: people who may sign in.

use jiff::Timestamp;
use outrigger_stdx::Secret;

use crate::{Email, Role};

outrigger_stdx::typed_id!(
    /// The id of an account.
    AccountId
);

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its e-mail address; none for the owner account `local` before it has one.
    pub email: Option<Email>,
    /// The person's name, or `local`.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub disabled: bool,
    /// Whether it has a password.
    pub has_password: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last signed in.
    pub last_login_at: Option<Timestamp>,
}

impl Account {
    /// Whether it still needs an e-mail address or a password.
    #[must_use]
    pub fn setup_required(&self) -> bool {
        self.email.is_none() || !self.has_password
    }

    /// What to show for it: the e-mail address, or its name.
    #[must_use]
    pub fn label(&self) -> &str {
        self.email.as_ref().map_or(&self.name, Email::as_str)
    }
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its e-mail address.
    pub email: String,
    /// The person's name; the e-mail address when absent.
    pub name: Option<String>,
    /// What it may do.
    pub role: Role,
    /// Its first password; when absent, it signs in with a login link.
    pub password: Option<Secret>,
}

/// What to change of somebody's account; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct AccountUpdate {
    /// The new name.
    pub name: Option<String>,
    /// The new role.
    pub role: Option<Role>,
    /// Whether it may sign in; disabling ends its sessions.
    pub disabled: Option<bool>,
}

/// What to change of one's own account; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct OwnUpdate {
    /// The new e-mail address.
    pub email: Option<String>,
    /// The new name.
    pub name: Option<String>,
    /// The new password. Ends all other sessions.
    pub new_password: Option<Secret>,
    /// The current password; needed for a new password or address once there is a password.
    pub current_password: Option<Secret>,
}
