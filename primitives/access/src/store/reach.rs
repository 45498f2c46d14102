//! The limits of a caller's changes. Stores check them in the transaction of the change, so that concurrent changes of roles
//! are taken into account.

use crate::{AccessError, Account, AccountId, ScopeSet, Token, TokenId, store::AccountRow};

/// Whose accounts, sessions and tokens a caller may change.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The caller's own account, whatever its role.
    pub account: Option<AccountId>,
    /// The caller's own token, whatever the role of its account.
    pub token: Option<TokenId>,
    /// Objects of accounts with no more than these permissions; `None` for no other accounts.
    pub others: Option<ScopeSet>,
}

impl Reach {
    /// Returns the reach of Outrigger itself, which includes all accounts.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::up_to(ScopeSet::everything())
    }

    /// Returns the reach to accounts with no more than these permissions.
    #[must_use]
    pub fn up_to(scopes: ScopeSet) -> Self {
        Self {
            account: None,
            token: None,
            others: Some(scopes),
        }
    }

    /// Returns the reach to one account only.
    #[must_use]
    pub fn own(account: AccountId) -> Self {
        Self {
            account: Some(account),
            token: None,
            others: None,
        }
    }

    /// Returns an error if an account is out of reach: [`AccessError::NotFound`] if the caller must not learn that `what`
    /// exists.
    pub(super) fn require(&self, account: &Account, what: &'static str) -> Result<(), AccessError> {
        if self.account == Some(account.id) {
            return Ok(());
        }
        match &self.others {
            None => Err(AccessError::NotFound { what }),
            Some(scopes) if scopes.covers(&account.role.scopes()) => Ok(()),
            Some(_) => Err(AccessError::RoleAbove { role: account.role }),
        }
    }

    /// Does the same for a token, which may also be the caller's own.
    pub(super) fn require_token(
        &self,
        token: &Token,
        account: &Account,
    ) -> Result<(), AccessError> {
        if self.token == Some(token.id) {
            return Ok(());
        }
        self.require(account, "token")
    }
}

/// Returns the account if it exists and is not disabled.
pub(super) fn active_account(row: Option<AccountRow>) -> Result<Account, AccessError> {
    let may_sign_in = row.filter(|row| !row.account.disabled);
    let row = may_sign_in.ok_or(AccessError::NotFound {
        what: "account that may log in",
    })?;
    Ok(row.account)
}
