//! Accounts, sessions, tokens, ingest keys and the audit log.
//!
//! What holds a password, a token's text or a login link has no `Debug`: a secret that cannot be printed is not in a log.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything but secrets and access.
    Viewer,
    /// Also safe and reversible actions.
    Operator,
    /// Also destructive actions and access.
    Admin,
    /// Everything.
    Owner,
}

/// Signing in with e-mail address and password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The account's e-mail address.
    pub email: String,
    /// The account's password.
    pub password: String,
}

/// Signing in with a one-time link.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemLink {
    /// The code from the link's fragment.
    pub code: String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// How the request was authenticated.
    pub via: MeVia,
    /// The account, when a session or the control socket was used.
    pub account: Option<Account>,
    /// What may be done, as scopes such as `cache:read` or `*`.
    pub scopes: Vec<String>,
    /// Whether the account still needs an e-mail address and a password.
    pub setup_required: bool,
    /// When the session or token ends.
    pub expires_at: Option<String>,
}

/// How a request was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MeVia {
    /// A session cookie.
    Session,
    /// A bearer token.
    Token,
    /// The control socket.
    Control,
}

/// A change of one's own account; what is absent stays.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMe {
    /// The new e-mail address.
    pub email: Option<String>,
    /// The new name.
    pub name: Option<String>,
    /// The new password.
    pub new_password: Option<String>,
    /// The current password; required for a new password or address once the account has a password.
    pub current_password: Option<String>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its e-mail address; null for the owner account `local` before it has one.
    pub email: Option<String>,
    /// The person's name, or `local`.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub disabled: bool,
    /// When it was created.
    pub created_at: String,
    /// When it last signed in.
    pub last_login_at: Option<String>,
}

/// A new account.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Its e-mail address.
    pub email: String,
    /// The person's name; the e-mail address when absent.
    pub name: Option<String>,
    /// What it may do.
    pub role: Role,
    /// Its first password; when absent, the answer carries a one-time link with which the person sets one.
    pub password: Option<String>,
}

/// An account that was just created.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedAccount {
    /// The account.
    pub account: Account,
    /// A one-time login link, when no password was given.
    pub link: Option<LoginLink>,
}

/// A change of an account; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAccount {
    /// The new name.
    pub name: Option<String>,
    /// The new role.
    pub role: Option<Role>,
    /// Whether it may sign in; disabling ends its sessions.
    pub disabled: Option<bool>,
}

/// For whom to make a login link.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLoginLink {
    /// The account's id; the owner account `local` (or the oldest owner) when absent.
    pub account: Option<String>,
}

/// A one-time login link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginLink {
    /// The link. Opening it signs in; it works once.
    pub url: String,
    /// When it stops working.
    pub expires_at: String,
}

/// A login session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Its id (not the cookie's value, which nobody can read again).
    pub id: String,
    /// The account that is signed in.
    pub account_id: String,
    /// The account's e-mail address or name.
    pub account: String,
    /// Where it signed in from.
    pub address: String,
    /// The browser, as it named itself.
    pub user_agent: String,
    /// When it signed in.
    pub created_at: String,
    /// When it was last used, to the minute.
    pub last_seen_at: String,
    /// When it ends at the latest.
    pub expires_at: String,
    /// Whether this is the session that asks.
    pub current: bool,
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// The first characters of the token, to recognise it by.
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: String,
    /// When it stops working; null when it does not.
    pub expires_at: Option<String>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<String>,
    /// The token that it was made with, and ends with; null when a person made it.
    pub parent_id: Option<String>,
}

/// A new API token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for, 1 to 100 characters.
    pub name: String,
    /// What it may do, such as `cache:write`; nobody can give what they do not have.
    pub scopes: Vec<String>,
    /// How long it works, such as `90d` (the default), or `never`.
    pub expires_in: Option<String>,
}

/// A token that was just made: the only time its text is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    /// The token's text, for `Authorization: Bearer …`.
    pub token: String,
    /// What the lists show of it.
    #[serde(flatten)]
    pub details: Token,
}

/// An ingest key: it can send in, and read nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IngestKey {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// The key. It is meant to be put into pages and apps, and so is not a secret.
    pub key: String,
    /// When it was made.
    pub created_at: String,
    /// When something last came in with it, to the minute.
    pub last_used_at: Option<String>,
}

/// A new ingest key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIngestKey {
    /// What it is for, 1 to 100 characters.
    pub name: String,
}

/// Which entries of the audit log to answer with.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// How many entries at most: 1 to 500, 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// The `next` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Only entries of this actor: the id of an account or token; an account's e-mail address, `local` or `outrigger`; or a kind
    /// and a name, such as `token:deploy`. A name alone never means a token, because whoever makes one chooses its name.
    pub actor: Option<String>,
    /// Only this action, or with a trailing `.` all of its kind: `access.`.
    pub action: Option<String>,
}

/// An entry of the audit log: somebody did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: String,
    /// When.
    pub at: String,
    /// Who: an account's e-mail address, a token's name, `local` or `outrigger`.
    pub actor: String,
    /// What kind of actor: `account`, `token`, `local`, `system`, `anonymous`.
    pub actor_kind: String,
    /// The id of the account or token that acted.
    pub actor_id: Option<String>,
    /// The door: `dashboard`, `api`, `cli`, `redis`, `internal`.
    pub via: String,
    /// What was done, such as `access.create_token`.
    pub action: String,
    /// The id of the object, or what else names it; null when the action has none.
    pub target: Option<String>,
    /// What the object was called at the time.
    pub target_name: Option<String>,
    /// What changed of the object.
    pub changes: Vec<AuditChange>,
    /// How it went: `ok` or a problem's code.
    pub outcome: String,
    /// Where from.
    pub address: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// Whether the client chose the id of the request; then it need not be the only one with it.
    pub request_id_from_client: bool,
}

/// What was deleted because it had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pruned {
    /// Sessions that had expired or were not used for too long.
    pub sessions: u64,
    /// Login links that had expired.
    pub login_links: u64,
    /// Tokens that expired more than thirty days ago.
    pub tokens: u64,
    /// Entries of the audit log that were older than their retention.
    pub audit_entries: u64,
}

/// What changed of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditChange {
    /// Which part, such as `role`.
    pub field: String,
    /// The value before; null when there was none.
    pub from: Option<String>,
    /// The value after; null when there is none.
    pub to: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::{fmt::Debug, marker::PhantomData};

    use super::*;

    struct Probe<T>(PhantomData<T>);

    /// Found when nothing better is: a type's own constant goes before that of a trait.
    trait Unprintable {
        const PRINTABLE: bool = false;
    }

    impl<T> Unprintable for Probe<T> {}

    impl<T: Debug> Probe<T> {
        const PRINTABLE: bool = true;
    }

    #[test]
    fn what_holds_a_secret_cannot_be_printed() {
        let secret = [
            Probe::<LogIn>::PRINTABLE,
            Probe::<RedeemLink>::PRINTABLE,
            Probe::<UpdateMe>::PRINTABLE,
            Probe::<NewAccount>::PRINTABLE,
            Probe::<CreatedAccount>::PRINTABLE,
            Probe::<LoginLink>::PRINTABLE,
            Probe::<CreatedToken>::PRINTABLE,
        ];

        assert_eq!(secret, [false; 7]);
        const { assert!(Probe::<Account>::PRINTABLE, "the probe tells them apart") };
    }
}
