//! Accounts: create, update and delete.

use std::net::IpAddr;

use outrigger_audit::{Act, AuditEntry};
use outrigger_stdx::{Cursor, FieldProblem, Page, Secret};

use super::{Access, parse_name};
use crate::{
    AccessError, Account, AccountId, AccountUpdate, Email, LoginAttempt, NewAccount, OwnUpdate,
    Principal,
    credential_cache::Affected,
    hash_queue::HashCaller,
    password_rules,
    store::{self, AccountChange, AccountRow, EndSessions, Reach},
};

impl Access {
    /// Returns an account.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no account with this id.
    pub async fn account(&self, id: AccountId) -> Result<Account, AccessError> {
        self.row(id).await.map(|row| row.account)
    }

    /// Returns a page of accounts, oldest first: at most `limit`, starting at `cursor`, which is `next` of the previous page.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn accounts(
        &self,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<Account>, AccessError> {
        let rows = self.store().accounts(cursor, limit.saturating_add(1));
        let accounts = rows.await?.into_iter().map(|row| row.account).collect();
        Ok(Page::from_rows(accounts, limit, |account: &Account| {
            Cursor {
                at: account.created_at,
                id: account.id.as_uuid(),
            }
        }))
    }

    /// Creates an account. Without a password, its first login uses a [login link](Self::create_login_link).
    ///
    /// # Errors
    ///
    /// Returns an error if a field is invalid, the address is taken, the role has more permissions than `by`, or there are
    /// `[access] accounts_max` accounts already.
    pub async fn create_account(
        &self,
        by: &Principal,
        act: &Act,
        new: NewAccount,
    ) -> Result<Account, AccessError> {
        by.require_role(new.role)?;
        let mut problems = Vec::new();
        let email = FieldProblem::ok_or_push(&mut problems, Email::parse(&new.email));
        let name = new.name.filter(|name| !name.trim().is_empty());
        let name = name.unwrap_or_else(|| new.email.trim().chars().take(100).collect());
        let name = FieldProblem::ok_or_push(&mut problems, parse_name(&name));
        if let Some(password) = &new.password {
            let related = vec![new.email.clone(), name.clone().unwrap_or_default()];
            problems.extend(
                self.password_problems("password", password, related)
                    .await?,
            );
        }
        AccessError::of_fields(problems)?;
        let password_hash = match new.password {
            Some(password) => Some(self.inner.hasher.hash(password).await?),
            None => None,
        };
        let now = self.now();
        let row = AccountRow {
            account: Account {
                id: AccountId::generate(now),
                email,
                name: name.unwrap_or_default(),
                role: new.role,
                disabled: false,
                has_password: password_hash.is_some(),
                created_at: now,
                last_login_at: None,
            },
            password_hash,
        };
        let limit = self.inner.config.accounts_max;
        let entry = act.entry("access.create_account", now);
        let entry = store::account_created(entry, &row.account);
        if !self.store().create_account(&row, limit, &entry).await? {
            let (what, key) = ("accounts", "accounts_max");
            return Err(AccessError::TooMany { what, limit, key });
        }
        act.recorded();
        Ok(row.account)
    }

    /// Changes the name or role of an account, or disables it. Disabling ends the account's sessions and login links, and
    /// suspends its tokens until it is enabled again.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such account, its old or new role has more permissions than `by`, or no owner would be
    /// left.
    pub async fn update_account(
        &self,
        by: &Principal,
        act: &Act,
        id: AccountId,
        update: AccountUpdate,
    ) -> Result<Account, AccessError> {
        if let Some(role) = update.role {
            by.require_role(role)?;
        }
        let name = update.name.as_deref().map(parse_name).transpose();
        let change = AccountChange {
            name: name.map_err(super::wrong)?,
            role: update.role,
            disabled: update.disabled,
            end_sessions: match update.disabled {
                Some(true) => EndSessions::All,
                _ => EndSessions::Keep,
            },
            ..AccountChange::default()
        };
        let reach = Reach::up_to(by.scopes.clone());
        let entry = act.entry("access.update_account", self.now());
        let account = self.change(id, &change, &reach, &entry).await?;
        act.recorded();
        Ok(account)
    }

    /// Deletes an account with its sessions and tokens.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such account, its role has more permissions than `by`, or no owner would be left.
    pub async fn delete_account(
        &self,
        by: &Principal,
        act: &Act,
        id: AccountId,
    ) -> Result<(), AccessError> {
        let reach = Reach::up_to(by.scopes.clone());
        let entry = act.entry("access.delete_account", self.now());
        let deleted = self.store().delete_account(id, &reach, &entry).await;
        self.invalidate(Affected::Account(id));
        deleted?;
        act.recorded();
        Ok(())
    }

    /// Changes the caller's own account. A new password ends all other sessions and the login links of the account. If the
    /// account has a password, a new password or address requires the current one, except shortly after logging in with a
    /// login link.
    ///
    /// A wrong current password counts as a failed login for the account and for `address`. Otherwise, the thief of a
    /// session could guess the password without being throttled.
    ///
    /// # Errors
    ///
    /// Returns an error if a field is invalid, the address is taken, or the current password is required and was wrong or
    /// missing, and [`AccessError::Throttled`] after too many wrong ones. A token has no account of its own to change.
    pub async fn update_own(
        &self,
        by: &Principal,
        act: &Act,
        update: OwnUpdate,
        address: IpAddr,
    ) -> Result<Account, AccessError> {
        if by.token_id.is_some() {
            return Err(AccessError::NotFound { what: "account" });
        }
        let row = self.row(by.account_id).await?;
        let mut problems = Vec::new();
        let email = update.email.as_deref().map(Email::parse).transpose();
        let email = FieldProblem::ok_or_push(&mut problems, email).flatten();
        let name = update.name.as_deref().map(parse_name).transpose();
        let name = FieldProblem::ok_or_push(&mut problems, name).flatten();
        if let Some(password) = &update.new_password {
            let related = related(&row.account, email.as_ref(), name.as_deref());
            let found = self.password_problems("new_password", password, related);
            problems.extend(found.await?);
        }
        AccessError::of_fields(problems)?;
        let is_sensitive = email.is_some() || update.new_password.is_some();
        let may_reset = by.reset_until.is_some_and(|until| self.now() < until);
        if is_sensitive
            && !may_reset
            && let Some(hash) = row.password_hash
        {
            let attempt = LoginAttempt {
                account: throttle_key(&row.account),
                address,
            };
            self.check_current(hash, update.current_password, &attempt)
                .await?;
        }
        let password_hash = match update.new_password {
            Some(password) => Some(self.inner.hasher.hash(password).await?),
            None => None,
        };
        let end_sessions = match (&password_hash, by.session_id) {
            (None, _) => EndSessions::Keep,
            (Some(_), Some(session)) => EndSessions::Except(session),
            (Some(_), None) => EndSessions::All,
        };
        let change = AccountChange {
            email,
            name,
            password_hash,
            end_sessions,
            ..AccountChange::default()
        };
        let reach = Reach::own(by.account_id);
        let entry = act.entry("access.update_me", self.now());
        let account = self.change(by.account_id, &change, &reach, &entry).await?;
        act.recorded();
        Ok(account)
    }

    pub(super) async fn row(&self, id: AccountId) -> Result<AccountRow, AccessError> {
        let row = self.store().account(id).await?;
        row.ok_or(AccessError::NotFound { what: "account" })
    }

    pub(super) async fn change(
        &self,
        id: AccountId,
        change: &AccountChange,
        reach: &Reach,
        entry: &AuditEntry,
    ) -> Result<Account, AccessError> {
        let changed = self.store().change_account(id, change, reach, entry).await;
        self.invalidate(Affected::Account(id));
        Ok(changed?.account)
    }

    /// Returns what is wrong with a password. The estimate uses the queue of the hashes, because it takes time as well.
    pub(super) async fn password_problems(
        &self,
        field: &'static str,
        password: &Secret,
        related: Vec<String>,
    ) -> Result<Vec<FieldProblem>, AccessError> {
        let (password, rules) = (password.clone(), self.inner.config.password_rules);
        let estimate = move || {
            let related: Vec<&str> = related.iter().map(String::as_str).collect();
            password_rules::problems(field, password.expose(), &related, rules)
        };
        self.inner
            .hasher
            .run_queued(HashCaller::SIGNED_IN, estimate)
            .await
    }

    async fn check_current(
        &self,
        hash: String,
        current: Option<Secret>,
        attempt: &LoginAttempt,
    ) -> Result<(), AccessError> {
        let Some(current) = current else {
            let message = "the current password is required";
            let problem = FieldProblem::new("current_password", "required", message);
            return Err(super::wrong(problem));
        };
        let admission = self.admit(attempt).await?;
        let checked = self.verify(attempt, admission, current, Some(hash));
        if checked.await? {
            self.accept(attempt, admission).await;
            return Ok(());
        }
        let wrong = AccessError::CurrentPasswordWrong;
        Err(self.refuse(attempt, admission, wrong).await)
    }
}

/// Returns the key under which failures of an account are counted. It is the identifier used to log in, so that all ways to
/// guess share one count.
pub(super) fn throttle_key(account: &Account) -> String {
    match &account.email {
        Some(email) => email.key().to_owned(),
        None => account.id.to_string(),
    }
}

fn related(account: &Account, email: Option<&Email>, name: Option<&str>) -> Vec<String> {
    let known = account
        .email
        .as_ref()
        .map(|email| email.as_str().to_owned());
    let new = email.map(|email| email.as_str().to_owned());
    let name = name.unwrap_or(&account.name).to_owned();
    known.into_iter().chain(new).chain([name]).collect()
}
