//! How bad an action can be, and what it therefore needs.

use crate::{Scope, ScopeAccess};

/// How bad an action can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskLevel {
    /// Nothing is lost that is not elsewhere too.
    Safe,
    /// One named object, or something that can be undone for a day.
    Reversible,
    /// Many rows of which Outrigger holds the only copy.
    Destructive,
}

impl RiskLevel {
    /// The scope that a change of this risk needs: `capability:write`, or `capability:*` when it is destructive. None when
    /// there is no such capability.
    #[must_use]
    pub fn scope_of(self, capability: &str) -> Option<Scope> {
        let access = match self {
            Self::Safe | Self::Reversible => ScopeAccess::Write,
            Self::Destructive => ScopeAccess::All,
        };
        Scope::of(capability, access)
    }

    /// The level as one word, as `x-risk` in the API's description has it.
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
    fn operators_do_what_is_reversible_and_admins_what_is_destructive() {
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
