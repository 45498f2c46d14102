//! The audit log entries of changes, made from the rows before and after the change. Stores call these functions in the
//! transaction of the change.

use outrigger_audit::AuditEntry;

use crate::{Account, Email, IngestKey, Session, Token, store::AccountChange};

pub(crate) fn account_created(entry: AuditEntry, account: &Account) -> AuditEntry {
    entry
        .on(&account.id, account.label())
        .change("role", None, Some(account.role.as_str()))
}

pub(super) fn account_changed(
    entry: AuditEntry,
    change: &AccountChange,
    before: &Account,
    after: &Account,
) -> AuditEntry {
    let email = |account: &Account| account.email.as_ref().map(Email::as_str).map(str::to_owned);
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" };
    let password = change.password_hash.as_ref().map(|_| "changed");
    entry
        .on(&before.id, before.label())
        .change("name", Some(&before.name), Some(&after.name))
        .change("email", email(before).as_deref(), email(after).as_deref())
        .change(
            "role",
            Some(before.role.as_str()),
            Some(after.role.as_str()),
        )
        .change(
            "disabled",
            Some(yes_or_no(before.disabled)),
            Some(yes_or_no(after.disabled)),
        )
        .change("password", None, password)
}

pub(super) fn account_deleted(entry: AuditEntry, account: &Account) -> AuditEntry {
    entry
        .on(&account.id, account.label())
        .change("role", Some(account.role.as_str()), None)
}

pub(super) fn session_ended(entry: AuditEntry, session: &Session) -> AuditEntry {
    entry.on(&session.id, &session.account)
}

pub(crate) fn token_created(entry: AuditEntry, token: &Token) -> AuditEntry {
    let expires_at = token.expires_at.map(|at| at.to_string());
    entry
        .on(&token.id, &token.name)
        .change("scopes", None, Some(&token.scopes.to_string()))
        .change(
            "expires_at",
            None,
            Some(expires_at.as_deref().unwrap_or("never")),
        )
}

pub(super) fn token_revoked(entry: AuditEntry, token: &Token) -> AuditEntry {
    entry
        .on(&token.id, &token.name)
        .change("scopes", Some(&token.scopes.to_string()), None)
}

pub(crate) fn ingest_key(entry: AuditEntry, key: &IngestKey) -> AuditEntry {
    entry.on(&key.id, &key.name)
}
