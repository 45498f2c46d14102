//! How far somebody's changes reach. Stores ask in the transaction of the change, so that a role that changes meanwhile counts.

use crate::{AccessError, Account, AccountId, ScopeSet, Token, TokenId, store::AccountRow};

/// Whose accounts, sessions and tokens somebody may change.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Their own account, whatever its role.
    pub account: Option<AccountId>,
    /// Their own token, whatever its account's role.
    pub token: Option<TokenId>,
    /// Those of accounts that may do no more than this; none for nobody else's.
    pub others: Option<ScopeSet>,
}

impl Reach {
    /// Everybody's: of Outrigger itself.
    #[must_use]
    pub fn everybody() -> Self {
        Self::up_to(ScopeSet::everything())
    }

    /// Those of accounts that may do no more than this.
    #[must_use]
    pub fn up_to(scopes: ScopeSet) -> Self {
        Self {
            account: None,
            token: None,
            others: Some(scopes),
        }
    }

    /// Only one's own account.
    #[must_use]
    pub fn own(account: AccountId) -> Self {
        Self {
            account: Some(account),
            token: None,
            others: None,
        }
    }

    /// Refuses to change `what` of an account beyond reach. What may not be known to be there is not found.
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

    /// The same for a token, which may also be one's own.
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

/// The account, unless it is gone or disabled.
pub(super) fn who_may_sign_in(row: Option<AccountRow>) -> Result<Account, AccessError> {
    let may_sign_in = row.filter(|row| !row.account.disabled);
    let row = may_sign_in.ok_or(AccessError::NotFound {
        what: "account that may sign in",
    })?;
    Ok(row.account)
}
