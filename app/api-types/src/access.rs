//! Accounts, sessions, tokens, ingest keys and the audit log.
//!
//! Types that contain a password, a token or a login link do not implement `Debug`, so that they cannot be logged.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The role of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything except secrets and access.
    Viewer,
    /// Also makes changes that lose no original data or affect a single object, such as clearing the cache.
    Operator,
    /// Also deletes data in bulk and manages access.
    Admin,
    /// Has full access.
    Owner,
}

/// Login with an e-mail address and a password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The account's e-mail address.
    pub email: String,
    /// The account's password.
    pub password: String,
}

/// Login with a one-time login link.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemLink {
    /// The code from the link's fragment.
    pub code: String,
}

/// The caller of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// How the request was authenticated.
    pub via: MeVia,
    /// The account; null for a token.
    pub account: Option<Account>,
    /// The scopes of the caller, such as `cache:read` or `*`.
    pub scopes: Vec<String>,
    /// Whether the account still needs an e-mail address and a password.
    pub setup_required: bool,
    /// When the session or token expires; null if it does not.
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

/// A change of the caller's account. Absent fields keep their value.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMe {
    /// The new e-mail address.
    pub email: Option<String>,
    /// The new name.
    pub name: Option<String>,
    /// The new password.
    pub new_password: Option<String>,
    /// The current password. Required to change the password or the e-mail address, if the account has a password.
    pub current_password: Option<String>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// The id.
    pub id: String,
    /// The e-mail address; null for the owner account `local` until it has one.
    pub email: Option<String>,
    /// The person's name, or `local`.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Whether the account is disabled and cannot log in.
    pub disabled: bool,
    /// When it was created.
    pub created_at: String,
    /// When the account last logged in; null if never.
    pub last_login_at: Option<String>,
}

/// A new account.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The e-mail address.
    pub email: String,
    /// The person's name. Default: the e-mail address.
    pub name: Option<String>,
    /// The role.
    pub role: Role,
    /// The password. If absent, the response contains a one-time login link with which the person sets one.
    pub password: Option<String>,
}

/// A new account, as created.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedAccount {
    /// The account.
    pub account: Account,
    /// A one-time login link; null if the request contained a password.
    pub link: Option<LoginLink>,
}

/// A change of an account. Absent fields keep their value.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAccount {
    /// The new name.
    pub name: Option<String>,
    /// The new role.
    pub role: Option<Role>,
    /// Whether the account is disabled. Disabling an account ends its sessions.
    pub disabled: Option<bool>,
}

/// The account for a new login link.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLoginLink {
    /// The account's id. Default: the owner account `local`, or the oldest owner.
    pub account: Option<String>,
}

/// A one-time login link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginLink {
    /// The link. It logs in once.
    pub url: String,
    /// When the link expires.
    pub expires_at: String,
}

/// A login session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The id. It differs from the value of the cookie, which cannot be read again.
    pub id: String,
    /// The id of the account.
    pub account_id: String,
    /// The account's e-mail address or name.
    pub account: String,
    /// The client address at login.
    pub address: String,
    /// The browser's `User-Agent` header.
    pub user_agent: String,
    /// When the session began.
    pub created_at: String,
    /// When the session was last used, to the minute.
    pub last_seen_at: String,
    /// When the session expires at the latest.
    pub expires_at: String,
    /// Whether this is the session of the request.
    pub current: bool,
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// The id.
    pub id: String,
    /// The name, such as the program that uses it.
    pub name: String,
    /// The first characters of the token, to recognise it.
    pub hint: String,
    /// The scopes.
    pub scopes: Vec<String>,
    /// The id of the account that it belongs to. The token never has more permissions than this account.
    pub account_id: String,
    /// The actor that created it: an account's e-mail address, a token's name, or `local` for the command line on the
    /// server's machine.
    pub created_by: String,
    /// When it was created.
    pub created_at: String,
    /// When it expires; null if it does not.
    pub expires_at: Option<String>,
    /// When it was last used, to the minute; null if never.
    pub last_used_at: Option<String>,
    /// The id of the token that created this one and ends together with it; null if a person created it.
    pub parent_id: Option<String>,
}

/// A new API token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The name, such as the program that uses it. 1 to 100 characters.
    pub name: String,
    /// The scopes, such as `cache:write`. The caller must have each of them.
    pub scopes: Vec<String>,
    /// The lifetime, such as `90d`, or `never`. Default: `90d`.
    pub expires_in: Option<String>,
}

/// A new token, as created. The token is shown only here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    /// The token, for `Authorization: Bearer …`.
    pub token: String,
    /// The token's details, as in lists.
    #[serde(flatten)]
    pub details: Token,
}

/// An ingest key. It can only send data in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IngestKey {
    /// The id.
    pub id: String,
    /// The name, such as the program that uses it.
    pub name: String,
    /// The key. It is not a secret: it is embedded in web pages and apps.
    pub key: String,
    /// When it was created.
    pub created_at: String,
    /// When data was last received with it, to the minute; null if never.
    pub last_used_at: Option<String>,
}

/// A new ingest key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIngestKey {
    /// The name, such as the program that uses it. 1 to 100 characters.
    pub name: String,
}

/// Which entries of the audit log to return.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// The maximum number of entries, 1 to 500. Default: 50.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// The `next` of the previous page. Absent for the first page.
    pub cursor: Option<String>,
    /// Only entries of this actor: the id of an account or token; an account's e-mail address, `local` or `outrigger`; or a kind
    /// and a name, such as `token:deploy`. A bare name never matches a token, because its creator can choose any name.
    pub actor: Option<String>,
    /// Only this action. With a trailing `.`, all actions with this prefix: `access.`.
    pub action: Option<String>,
    /// Only entries whose object has this id.
    pub target: Option<String>,
    /// Only entries with this outcome.
    #[param(inline)]
    pub outcome: Option<AuditOutcome>,
    /// Only entries at this time or later: RFC 3339, or milliseconds since 1970.
    pub since: Option<String>,
    /// Only entries before this time: RFC 3339, or milliseconds since 1970.
    pub until: Option<String>,
}

/// The outcomes by which the audit log can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// The operation succeeded.
    Ok,
    /// The operation failed, with any code.
    Failed,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// The id.
    pub id: String,
    /// When the action happened.
    pub at: String,
    /// The actor: an account's e-mail address, a token's name, `local` or `outrigger`.
    pub actor: String,
    /// The kind of the actor: `account`, `token`, `local`, `system`, `anonymous`.
    pub actor_kind: String,
    /// The id of the account or token that acted.
    pub actor_id: Option<String>,
    /// The interface: `dashboard`, `api`, `cli`, `redis`, `internal`.
    pub via: String,
    /// The action, such as `access.create_token`.
    pub action: String,
    /// The id of the object, or another name for it; null if the action has no object.
    pub target: Option<String>,
    /// The name of the object at that time.
    pub target_name: Option<String>,
    /// The changed fields of the object.
    pub changes: Vec<AuditChange>,
    /// The outcome: `ok`, or the code of a problem.
    pub outcome: String,
    /// The client address.
    pub address: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// Whether the client chose the request id. Such an id may not be unique.
    pub request_id_from_client: bool,
}

/// The number of deleted items, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pruned {
    /// Sessions that had expired or were idle for too long.
    pub sessions: u64,
    /// Login links that had expired.
    pub login_links: u64,
    /// Tokens that expired more than thirty days ago.
    pub tokens: u64,
    /// Audit entries that were older than the retention period.
    pub audit_entries: u64,
}

/// A changed field of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditChange {
    /// The field, such as `role`.
    pub field: String,
    /// The old value; null if there was none.
    pub from: Option<String>,
    /// The new value; null if there is none.
    pub to: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::{fmt::Debug, marker::PhantomData};

    use super::*;

    struct Probe<T>(PhantomData<T>);

    /// The fallback: a type's own constant takes precedence over a trait's.
    trait Unprintable {
        const PRINTABLE: bool = false;
    }

    impl<T> Unprintable for Probe<T> {}

    impl<T: Debug> Probe<T> {
        const PRINTABLE: bool = true;
    }

    #[test]
    fn types_with_secrets_cannot_be_printed() {
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
