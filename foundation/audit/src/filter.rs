//! Filters for audit entries and their SQL statements.
//!
//! Each combination of filters has its own statement, so that an index finds the first row of the page. A single statement
//! with "or the parameter is null" would scan the log from its end.

use uuid::Uuid;

/// Selects audit entries. An empty filter selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only entries of this actor.
    pub actor: Option<ByActor>,
    /// Only entries of this action or capability.
    pub action: Option<ByAction>,
}

/// Selects entries by actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByActor {
    /// By the id of the account or token.
    Id(Uuid),
    /// By name at the time, excluding tokens. The creator of a token chooses its name, so that name proves nothing.
    Name(String),
    /// By kind, such as `token`, and name at the time.
    OfKind(String, String),
}

/// Selects entries by action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByAction {
    /// A single action.
    Exactly(String),
    /// All actions of a capability.
    OfCapability(String),
}

/// The actor kinds that a filter can contain.
const KINDS: [&str; 5] = ["account", "token", "local", "system", "anonymous"];

impl ByActor {
    /// Parses a filter: an id; a name, which excludes tokens; or `kind:name`, such as `token:deploy`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Ok(id) = text.parse() {
            return Self::Id(id);
        }
        match text.split_once(':') {
            Some((kind, name)) if KINDS.contains(&kind) => {
                Self::OfKind(kind.to_owned(), name.to_owned())
            }
            _ => Self::Name(text.to_owned()),
        }
    }
}

impl ByAction {
    /// Parses a filter: `access.` selects all of access, `access.log_in` selects only that action.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_suffix('.') {
            Some(capability) => Self::OfCapability(capability.to_owned()),
            None => Self::Exactly(text.to_owned()),
        }
    }
}

/// An id later than every entry, for the first page. It replaces "or the parameter is null", which prevents index use on
/// every database.
pub(crate) const LAST: Uuid = Uuid::max();

const COLUMNS: &str = "id, at, actor_kind, actor_id, actor, via, action, target, target_name, changes, outcome, address, \
                       request_id, request_id_from_client";

impl AuditFilter {
    /// Returns the statement for this filter. `$1` is the id before which the page ends; then follow the values of the
    /// filter in field order, then the number of entries.
    pub(crate) fn statement(&self) -> String {
        let (actor, next) = match self.actor {
            None => ("", 2),
            Some(ByActor::Id(_)) => ("and actor_id = $2", 3),
            Some(ByActor::Name(_)) => ("and actor = $2 and actor_kind <> 'token'", 3),
            Some(ByActor::OfKind(..)) => ("and actor_kind = $2 and actor = $3", 4),
        };
        let (action, limit) = match self.action {
            None => (String::new(), next),
            Some(ByAction::Exactly(_)) => (format!("and action = ${next}"), next + 1),
            Some(ByAction::OfCapability(_)) => (format!("and capability = ${next}"), next + 1),
        };
        format!(
            "
        select {COLUMNS}
        from audit_log
        where id < $1 {actor} {action}
        order by id desc
        limit ${limit}"
        )
    }

    /// Returns whether no entry can match. No entry contains a NUL character, and PostgreSQL rejects it in text.
    pub(crate) fn matches_nothing(&self) -> bool {
        let actor = match &self.actor {
            Some(ByActor::Name(text) | ByActor::OfKind(_, text)) => text,
            Some(ByActor::Id(_)) | None => "",
        };
        let action = match &self.action {
            Some(ByAction::Exactly(text) | ByAction::OfCapability(text)) => text,
            None => "",
        };
        actor.contains('\0') || action.contains('\0')
    }

    /// Returns one filter of each form, for tests of the statements.
    pub(crate) fn every_form() -> Vec<Self> {
        let name = || "name".to_owned();
        let actors = [
            None,
            Some(ByActor::Id(Uuid::nil())),
            Some(ByActor::Name(name())),
            Some(ByActor::OfKind(name(), name())),
        ];
        let actions = [
            None,
            Some(ByAction::Exactly(name())),
            Some(ByAction::OfCapability(name())),
        ];
        let with = |actor: &Option<ByActor>| {
            let actor = actor.clone();
            actions.clone().map(move |action| Self {
                actor: actor.clone(),
                action,
            })
        };
        actors.iter().flat_map(with).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_kind_never_matches_a_token() {
        let by_name = ByActor::parse("root@example.org");
        let of_token = ByActor::parse("token:root@example.org");

        assert_eq!(by_name, ByActor::Name("root@example.org".to_owned()));
        assert_eq!(
            of_token,
            ByActor::OfKind("token".to_owned(), "root@example.org".to_owned())
        );
        assert_eq!(
            ByActor::parse("other:thing"),
            ByActor::Name("other:thing".to_owned())
        );
    }

    #[test]
    fn every_form_has_a_statement_of_its_own() {
        let mut statements: Vec<_> = AuditFilter::every_form()
            .iter()
            .map(AuditFilter::statement)
            .collect();
        statements.sort();
        statements.dedup();

        assert_eq!(statements.len(), 12);
    }
}
