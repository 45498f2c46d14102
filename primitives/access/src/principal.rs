//! Principals: an authenticated caller and its permissions.

use jiff::Timestamp;
use outrigger_stdx::Actor;

use crate::{
    AccessError, AccountId, Role, Scope, ScopeAccess, ScopeSet, SessionId, TokenId,
    credential_cache::CredentialKey, store::Reach,
};

/// The result of checking a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The actor, for the audit log.
    pub actor: Actor,
    /// The permissions.
    pub scopes: ScopeSet,
    /// The account's role; `None` for a token, which may have fewer permissions than its account.
    pub role: Option<Role>,
    /// The account of the caller, or the account that the token belongs to.
    pub account_id: AccountId,
    /// The session, if the caller used one.
    pub session_id: Option<SessionId>,
    /// The token, if the caller used one.
    pub token_id: Option<TokenId>,
    /// Until when the password and address of the account may be changed without the current password: half an hour after
    /// logging in with a login link. This is how a forgotten password is replaced.
    pub reset_until: Option<Timestamp>,
    /// When the credential expires; `None` for the control socket and for tokens that do not expire.
    pub expires_at: Option<Timestamp>,
    /// The key under which the credential is checked again; `None` for the control socket.
    pub(crate) credential: Option<CredentialKey>,
}

impl Principal {
    /// Returns whether the principal has this scope.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.allows(scope)
    }

    /// Requires a scope.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::MissingScope`] if the principal does not have it.
    pub fn require(&self, scope: Scope) -> Result<(), AccessError> {
        if self.allows(scope) {
            return Ok(());
        }
        Err(AccessError::MissingScope { scope })
    }

    /// Returns whose sessions and tokens this principal may end. A person may end their own, a token only itself. With the
    /// scope `access:write`, both may also end those of accounts that have no more permissions.
    pub(crate) fn reach(&self) -> Reach {
        let is_of_others =
            Scope::of("access", ScopeAccess::Write).is_some_and(|all| self.allows(all));
        Reach {
            account: self.token_id.is_none().then_some(self.account_id),
            token: self.token_id,
            others: is_of_others.then(|| self.scopes.clone()),
        }
    }

    /// Returns an error if a role has more permissions than this principal.
    pub(crate) fn require_role(&self, role: Role) -> Result<(), AccessError> {
        if self.scopes.covers(&role.scopes()) {
            return Ok(());
        }
        Err(AccessError::RoleAbove { role })
    }
}
