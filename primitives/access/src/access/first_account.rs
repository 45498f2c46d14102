//! How the first account comes to be.

use outrigger_audit::Act;
use outrigger_stdx::{Actor, Secret};

use super::Access;
use crate::{
    AccessError, Account, AccountId, Email, Principal, Role, ScopeSet,
    store::{self, AccountChange, AccountRow, EndSessions, Reach},
};

/// The name of the owner account that is made at first start.
const LOCAL: &str = "local";

/// The owner account, after it was made sure that there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnsuredOwner {
    /// The owner who can sign in and has been here longest.
    pub account: Account,
    /// Whether it was made just now: this is the first start.
    pub is_new: bool,
}

/// What became of the e-mail address and password from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminBootstrap {
    /// The owner account `local` got them.
    Applied(Account),
    /// Nothing: an account has this address, or the owner has another one. What was set later, in the dashboard, counts.
    AlreadySetUp,
}

impl Access {
    /// Makes the owner account `local`, without address and password, when there is no account at all.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn ensure_owner(&self) -> Result<EnsuredOwner, AccessError> {
        // Asked for what an earlier process saw of the clock before anything is written under this one.
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

    /// Gives the owner account an address and a password from the environment, unless it has an address already.
    ///
    /// # Errors
    ///
    /// When the address is not one, or the password breaks the rules.
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
        let reach = Reach::everybody();
        let account = self.change(owner.id, &change, &reach, &entry).await?;
        Ok(AdminBootstrap::Applied(account))
    }

    /// The owner who can sign in and has been here longest: `local`, or whom it handed over to.
    ///
    /// # Errors
    ///
    /// When there is no account at all, or the store fails.
    pub async fn owner(&self) -> Result<Account, AccessError> {
        let owner = self.store().oldest_owner().await?;
        let owner = owner.ok_or(AccessError::NotFound { what: "owner" })?;
        Ok(owner.account)
    }

    /// Whoever can open the control socket: acts as the owner.
    ///
    /// # Errors
    ///
    /// When there is no account at all, or the store fails.
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
