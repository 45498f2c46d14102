//! Risk levels of actions.

use crate::{Scope, ScopeAccess};

/// The risk of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskLevel {
    /// Nothing is lost that does not exist elsewhere.
    Safe,
    /// Affects one named object, or can be undone for a day.
    Reversible,
    /// Affects many rows whose only copy is in Outrigger.
    Destructive,
}

impl RiskLevel {
    /// Returns the scope that an action of this risk requires: `capability:write`, or `capability:*` if it is destructive.
    /// Returns `None` if there is no such capability.
    #[must_use]
    pub fn scope_of(self, capability: &str) -> Option<Scope> {
        let access = match self {
            Self::Safe | Self::Reversible => ScopeAccess::Write,
            Self::Destructive => ScopeAccess::All,
        };
        Scope::of(capability, access)
    }

    /// Returns the level as one word, as in `x-risk` of the OpenAPI document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Reversible => "reversible",
            Self::Destructive => "destructive",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    #[test]
    fn operators_may_do_reversible_actions_and_admins_destructive_ones() {
        for (risk, least) in [
            (RiskLevel::Safe, Role::Operator),
            (RiskLevel::Reversible, Role::Operator),
            (RiskLevel::Destructive, Role::Admin),
        ] {
            let scope = risk.scope_of("jobs").expect("jobs is a capability");
            for role in Role::ALL {
                assert_eq!(
                    role.scopes().allows(scope),
                    role >= least,
                    "{role} {risk:?}"
                );
            }
        }
    }
}
