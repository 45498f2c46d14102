//! Roles of accounts.

use std::{fmt, str::FromStr};

use crate::{CAPABILITIES, Scope, ScopeAccess, ScopeSet};

/// The role of an account. Later variants have more permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads everything except secrets and access.
    Viewer,
    /// Also makes changes that lose no original data or affect a single object, such as clearing the cache.
    Operator,
    /// Also deletes data in bulk and manages access.
    Admin,
    /// Has full access.
    Owner,
}

impl Role {
    /// All roles, starting with the fewest permissions.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Admin, Self::Owner];

    /// Returns the permissions of the role.
    #[must_use]
    pub fn scopes(self) -> ScopeSet {
        let of_all_but_access = |access| {
            CAPABILITIES
                .into_iter()
                .filter(|capability| *capability != "access")
                .map(move |capability| Scope::Of { capability, access })
        };
        match self {
            Self::Viewer => of_all_but_access(ScopeAccess::Read).collect(),
            Self::Operator => of_all_but_access(ScopeAccess::Write)
                .chain(Scope::of("jobs", ScopeAccess::Work))
                .collect(),
            Self::Admin => of_all_but_access(ScopeAccess::All)
                .chain(Scope::of("access", ScopeAccess::All))
                .collect(),
            Self::Owner => ScopeSet::everything(),
        }
    }

    /// Returns the role as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl FromStr for Role {
    /// The text is not one of the four words.
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(role: Role, scope: &str) -> bool {
        role.scopes()
            .allows(scope.parse().expect("the scope is valid"))
    }

    #[test]
    fn each_role_covers_the_one_before_and_not_the_one_after() {
        for pair in Role::ALL.windows(2) {
            let (less, more) = (pair[0].scopes(), pair[1].scopes());
            assert!(more.covers(&less), "{pair:?}");
            assert!(!less.covers(&more), "{pair:?}");
        }
    }

    #[test]
    fn roles_have_the_documented_permissions() {
        assert!(allows(Role::Viewer, "cache:read") && !allows(Role::Viewer, "cache:write"));
        assert!(!allows(Role::Viewer, "access:read") && !allows(Role::Operator, "access:read"));
        assert!(allows(Role::Operator, "jobs:write") && !allows(Role::Operator, "jobs:*"));
        assert!(allows(Role::Operator, "jobs:work"));
        assert!(allows(Role::Admin, "access:*") && !allows(Role::Admin, "*"));
        assert!(allows(Role::Owner, "*"));
    }
}
