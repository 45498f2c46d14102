//! Scopes: permissions as text, such as `cache:write`.

use std::{collections::BTreeSet, fmt, str::FromStr};

use thiserror::Error;

/// The capabilities that scopes can name. They include planned ones, so that the meaning of a role does not change later.
pub const CAPABILITIES: [&str; 22] = [
    "access", "alerts", "assets", "backups", "cache", "checks", "config", "database", "errors",
    "events", "files", "images", "jobs", "limits", "loadtest", "logs", "mail", "metrics",
    "problems", "recovery", "server", "settings",
];

/// The capabilities of this release, which suggestions name.
pub const PRESENT_CAPABILITIES: [&str; 8] = [
    "access", "cache", "config", "events", "jobs", "metrics", "problems", "server",
];

/// A permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `*`: everything, including what future releases add.
    Everything,
    /// Access to one capability.
    Of {
        /// One of [`CAPABILITIES`].
        capability: &'static str,
        /// The level of access.
        access: ScopeAccess,
    },
}

/// The level of access to a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeAccess {
    /// `*`: everything, including destructive actions.
    All,
    /// `write`: safe and reversible actions, and `read`.
    Write,
    /// `read`.
    Read,
    /// `work`, only for jobs: lease and settle jobs, without access to others.
    Work,
}

/// A set of scopes, without those that others imply.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ScopeSet(BTreeSet<Scope>);

/// The text is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not a scope{}: write `*`, `jobs:work`, or `read`, `write` or `*` of a capability, such as `cache:write`; the capabilities are {}",
    suggestion(text),
    PRESENT_CAPABILITIES.join(", ")
)]
pub struct ParseScopeError {
    text: String,
}

impl Scope {
    /// Returns a scope of this capability, or `None` if the capability is unknown or has no such scope.
    #[must_use]
    pub fn of(capability: &str, access: ScopeAccess) -> Option<Self> {
        let capability = CAPABILITIES
            .into_iter()
            .find(|known| *known == capability)?;
        let exists = access != ScopeAccess::Work || capability == "jobs";
        exists.then_some(Self::Of { capability, access })
    }

    /// Returns whether this scope includes `other`.
    #[must_use]
    pub fn implies(self, other: Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Of { .. }, Self::Everything) => false,
            (
                Self::Of { capability, access },
                Self::Of {
                    capability: other,
                    access: wanted,
                },
            ) => {
                capability == other
                    && match access {
                        ScopeAccess::All => true,
                        ScopeAccess::Write => {
                            matches!(wanted, ScopeAccess::Write | ScopeAccess::Read)
                        }
                        ScopeAccess::Read | ScopeAccess::Work => access == wanted,
                    }
            }
        }
    }
}

impl ScopeSet {
    /// Returns the set with all permissions.
    #[must_use]
    pub fn everything() -> Self {
        [Scope::Everything].into_iter().collect()
    }

    /// Returns whether the set includes this scope.
    #[must_use]
    pub fn allows(&self, wanted: Scope) -> bool {
        self.0.iter().any(|scope| scope.implies(wanted))
    }

    /// Returns whether the set includes all scopes of `wanted`.
    #[must_use]
    pub fn covers(&self, wanted: &Self) -> bool {
        wanted.0.iter().all(|scope| self.allows(*scope))
    }

    /// Returns the permissions that both sets include.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let of_both = |one: &Self, other: &Self| -> Vec<Scope> {
            let allowed = one.0.iter().filter(|scope| other.allows(**scope));
            allowed.copied().collect()
        };
        let mut both = of_both(self, other);
        both.extend(of_both(other, self));
        both.into_iter().collect()
    }

    /// Returns the scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the scopes as text.
    #[must_use]
    pub fn to_strings(&self) -> Vec<String> {
        self.iter().map(|scope| scope.to_string()).collect()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let all: BTreeSet<Scope> = scopes.into_iter().collect();
        let implied_by_another = |scope: &Scope| {
            all.iter()
                .any(|other| other != scope && other.implies(*scope))
        };
        Self(
            all.iter()
                .filter(|scope| !implied_by_another(scope))
                .copied()
                .collect(),
        )
    }
}

/// Returns the scope that was probably meant, as part of a message.
fn suggestion(text: &str) -> String {
    let scopes: Vec<String> = PRESENT_CAPABILITIES
        .iter()
        .flat_map(|capability| {
            ["read", "write", "*"].map(|access| format!("{capability}:{access}"))
        })
        .chain(["jobs:work".to_owned()])
        .collect();
    let near = outrigger_config::nearest(text, scopes.iter().map(String::as_str));
    near.map(|near| format!(" (did you mean `{near}`?)"))
        .unwrap_or_default()
}

impl FromStr for Scope {
    type Err = ParseScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            if text == "*" {
                return Some(Self::Everything);
            }
            let (capability, access) = text.split_once(':')?;
            let access = match access {
                "*" => ScopeAccess::All,
                "write" => ScopeAccess::Write,
                "read" => ScopeAccess::Read,
                "work" => ScopeAccess::Work,
                _ => return None,
            };
            Self::of(capability, access)
        };
        parse().ok_or_else(|| ParseScopeError {
            text: text.to_owned(),
        })
    }
}

/// Parses scopes separated by spaces, the format of the stores.
impl FromStr for ScopeSet {
    type Err = ParseScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_whitespace().map(Scope::from_str).collect()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => formatter.write_str("*"),
            Self::Of { capability, access } => {
                let access = match access {
                    ScopeAccess::All => "*",
                    ScopeAccess::Write => "write",
                    ScopeAccess::Read => "read",
                    ScopeAccess::Work => "work",
                };
                write!(formatter, "{capability}:{access}")
            }
        }
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_strings().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_scope() -> impl Strategy<Value = Scope> {
        // Few capabilities, so that scopes overlap often.
        let of_one = (
            prop::sample::select(vec!["access", "cache", "jobs"]),
            prop::sample::select(vec![
                ScopeAccess::All,
                ScopeAccess::Write,
                ScopeAccess::Read,
            ]),
        );
        prop_oneof![
            1 => Just(Scope::Everything),
            1 => Just(Scope::Of { capability: "jobs", access: ScopeAccess::Work }),
            8 => of_one.prop_map(|(capability, access)| Scope::Of { capability, access }),
        ]
    }

    fn any_set() -> impl Strategy<Value = ScopeSet> {
        prop::collection::vec(any_scope(), 0..5).prop_map(|scopes| scopes.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_printed_scope_parses_to_itself(set in any_set()) {
            prop_assert_eq!(set.to_string().parse::<ScopeSet>(), Ok(set));
        }

        #[test]
        fn implying_is_a_partial_order(a in any_scope(), b in any_scope(), c in any_scope()) {
            prop_assert!(a.implies(a));
            prop_assert!(!(a.implies(b) && b.implies(a)) || a == b);
            prop_assert!(!(a.implies(b) && b.implies(c)) || a.implies(c));
        }

        #[test]
        fn omitting_implied_scopes_does_not_change_a_set(scopes in prop::collection::vec(any_scope(), 0..6), wanted in any_scope()) {
            let set: ScopeSet = scopes.iter().copied().collect();
            prop_assert_eq!(set.allows(wanted), scopes.iter().any(|scope| scope.implies(wanted)));
        }

        #[test]
        fn an_intersection_allows_exactly_what_both_allow(a in any_set(), b in any_set(), wanted in any_scope()) {
            let both = a.intersection(&b);
            prop_assert_eq!(both.allows(wanted), a.allows(wanted) && b.allows(wanted));
            prop_assert!(a.covers(&both) && b.covers(&both));
        }

        #[test]
        fn a_set_allows_everything_that_it_covers(a in any_set(), b in any_set(), wanted in any_scope()) {
            prop_assert!(!(a.covers(&b) && b.allows(wanted)) || a.allows(wanted));
        }

        #[test]
        fn parsing_any_text_does_not_panic(text: String) {
            let _ = text.parse::<ScopeSet>();
        }
    }

    #[test]
    fn the_error_names_the_nearest_scope_of_this_release() {
        let message = |text: &str| {
            let error = text.parse::<Scope>().expect_err("it is not a scope");
            error.to_string()
        };

        assert!(message("cache:writ").contains("did you mean `cache:write`?"));
        assert!(message("evnts:read").contains("did you mean `events:read`?"));
        assert!(!message("xyz").contains("did you mean"));
        assert!(message("job:work").contains("did you mean `jobs:work`?"));
        assert!(!message("mai:read").contains("mail"));
    }

    #[test]
    fn invalid_scopes_are_rejected() {
        for text in [
            "",
            "cache",
            "cache:",
            "cache:delete",
            "cash:read",
            "cache:work",
            "*:read",
            "cache:read:x",
        ] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }
}
