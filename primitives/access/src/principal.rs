//! Who is acting, and what they may do.

use jiff::Timestamp;
use outrigger_stdx::Actor;

use crate::{
    AccessError, AccountId, Role, Scope, ScopeAccess, ScopeSet, SessionId, TokenId,
    credential_cache::CredentialKey, store::Reach,
};

/// The result of checking a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who acts, for the audit log.
    pub actor: Actor,
    /// What they may do.
    pub scopes: ScopeSet,
    /// The account's role; none for a token, which may do less than its account.
    pub role: Option<Role>,
    /// The account that acts, or that a token belongs to.
    pub account_id: AccountId,
    /// The session, when one was used.
    pub session_id: Option<SessionId>,
    /// The token, when one was used.
    pub token_id: Option<TokenId>,
    /// Until when the account's password and address may be changed without the current password: for half an hour after
    /// signing in with a login link, which is how a forgotten password is replaced.
    pub reset_until: Option<Timestamp>,
    /// When the credential ends; none for the control socket and for tokens that do not expire.
    pub expires_at: Option<Timestamp>,
    /// What the credential is found by when it is checked again; none for the control socket.
    pub(crate) credential: Option<CredentialKey>,
}

impl Principal {
    /// Whether this may be done.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.allows(scope)
    }

    /// Refuses what may not be done.
    ///
    /// # Errors
    ///
    /// [`AccessError::MissingScope`].
    pub fn require(&self, scope: Scope) -> Result<(), AccessError> {
        if self.allows(scope) {
            return Ok(());
        }
        Err(AccessError::MissingScope { scope })
    }

    /// Whose sessions and tokens this principal may end: a person their own, a program only the token that it uses, and both,
    /// with the scope `access:write`, those of accounts that may do no more than they.
    pub(crate) fn reach(&self) -> Reach {
        let is_of_others =
            Scope::of("access", ScopeAccess::Write).is_some_and(|all| self.allows(all));
        Reach {
            account: self.token_id.is_none().then_some(self.account_id),
            token: self.token_id,
            others: is_of_others.then(|| self.scopes.clone()),
        }
    }

    /// Refuses what concerns a role that may do more than this principal.
    pub(crate) fn require_role(&self, role: Role) -> Result<(), AccessError> {
        if self.scopes.covers(&role.scopes()) {
            return Ok(());
        }
        Err(AccessError::RoleAbove { role })
    }
}
