//! Creation of the first account.

use outrigger_audit::Act;
use outrigger_stdx::{Actor, Secret};

use super::Access;
use crate::{
    AccessError, Account, AccountId, Email, Principal, Role, ScopeSet,
    store::{self, AccountChange, AccountRow, EndSessions, Reach},
};

/// The name of the owner account that is created at the first start.
const LOCAL: &str = "local";

/// The owner account, after [`Access::ensure_owner`] has checked that one exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnsuredOwner {
    /// The oldest owner account that can log in.
    pub account: Account,
    /// Whether the account was created now, which means that this is the first start.
    pub is_new: bool,
}

/// The effect of the e-mail address and password from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminBootstrap {
    /// They were set for the owner account `local`.
    Applied(Account),
    /// No effect: an account has this address, or the owner has another one. Settings made later in the dashboard take
    /// precedence.
    AlreadySetUp,
}

impl Access {
    /// Creates the owner account `local`, without an address and a password, if there are no accounts.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn ensure_owner(&self) -> Result<EnsuredOwner, AccessError> {
        // The clock guard must read the time seen by an earlier process before this process writes anything.
        drop(self.clock_guard().await?);
        let now = self.now();
        let row = AccountRow {
            account: Account {
                id: AccountId::generate(now),
                email: None,
                name: LOCAL.to_owned(),
                role: Role::Owner,
                disabled: false,
                has_password: false,
                created_at: now,
                last_login_at: None,
            },
            password_hash: None,
        };
        let entry = Act::new(Actor::system()).entry("access.create_account", now);
        let entry = store::account_created(entry, &row.account);
        let is_new = self.store().create_account(&row, 1, &entry).await?;
        let account = self.owner().await?;
        Ok(EnsuredOwner { account, is_new })
    }

    /// Sets an address and a password from the environment for the owner account, unless it has an address.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is invalid or the password violates the rules.
    pub async fn ensure_admin(
        &self,
        email: &str,
        password: &Secret,
    ) -> Result<AdminBootstrap, AccessError> {
        let email = Email::parse(email).map_err(super::wrong)?;
        let owner = self.ensure_owner().await?.account;
        let taken = self.store().account_by_email(email.key()).await?.is_some();
        if taken || owner.email.is_some() {
            return Ok(AdminBootstrap::AlreadySetUp);
        }
        let related = vec![email.as_str().to_owned()];
        let problems = self
            .password_problems("password", password, related)
            .await?;
        AccessError::of_fields(problems)?;
        let change = AccountChange {
            email: Some(email),
            password_hash: Some(self.inner.hasher.hash(password.clone()).await?),
            end_sessions: EndSessions::All,
            ..AccountChange::default()
        };
        let entry = Act::new(Actor::system()).entry("access.set_up_owner", self.now());
        let reach = Reach::unlimited();
        let account = self.change(owner.id, &change, &reach, &entry).await?;
        Ok(AdminBootstrap::Applied(account))
    }

    /// Returns the oldest owner account that can log in: `local`, or its successor.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no accounts or the store fails.
    pub async fn owner(&self) -> Result<Account, AccessError> {
        let owner = self.store().oldest_owner().await?;
        let owner = owner.ok_or(AccessError::NotFound { what: "owner" })?;
        Ok(owner.account)
    }

    /// Returns the principal for clients of the control socket, who act as the owner.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no accounts or the store fails.
    pub async fn local_principal(&self) -> Result<Principal, AccessError> {
        let owner = self.owner().await?;
        Ok(Principal {
            actor: Actor::local(),
            scopes: ScopeSet::everything(),
            role: Some(Role::Owner),
            account_id: owner.id,
            session_id: None,
            token_id: None,
            reset_until: None,
            expires_at: None,
            credential: None,
        })
    }
}
