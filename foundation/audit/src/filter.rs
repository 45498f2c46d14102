//! Which entries to list, and the statement for it.
//!
//! Each combination has a statement of its own, so that each is answered by an index from where the part begins: one
//! statement for all of them, with "or the parameter is null", reads the log from its end.

use uuid::Uuid;

/// Which entries to list; without anything all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only those of this actor.
    pub actor: Option<ByActor>,
    /// Only those of this action or capability.
    pub action: Option<ByAction>,
}

/// Entries of an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByActor {
    /// By the id of the account or token.
    Id(Uuid),
    /// By the name at the time, of anything but a token. Who makes a token chooses its name, so its name is no evidence.
    Name(String),
    /// By the kind, such as `token`, and the name at the time.
    OfKind(String, String),
}

/// Entries of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByAction {
    /// This one.
    Exactly(String),
    /// All of a capability.
    OfCapability(String),
}

/// The kinds of actors that a filter can name.
const KINDS: [&str; 5] = ["account", "token", "local", "system", "anonymous"];

impl ByActor {
    /// Reads a filter: an id; a name, of anything but a token; or `kind:name`, such as `token:deploy`.
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
    /// Reads a filter: `access.` means all of access, `access.log_in` only that.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_suffix('.') {
            Some(capability) => Self::OfCapability(capability.to_owned()),
            None => Self::Exactly(text.to_owned()),
        }
    }
}

/// Later than every entry: where the first part begins. A value in place of "or the parameter is null", with which no database
/// seeks in its index.
pub(crate) const LAST: Uuid = Uuid::max();

const COLUMNS: &str = "id, at, actor_kind, actor_id, actor, via, action, target, target_name, changes, outcome, address, \
                       request_id, request_id_from_client";

impl AuditFilter {
    /// The statement for this filter. `$1` is the id that the part comes before, then come the values of the filter in the order
    /// of its fields, then the number of entries.
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

    /// Whether no entry can match: none holds a NUL character, which PostgreSQL does not take in text at all.
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

    /// One filter of each form, for tests of the statements.
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
    fn a_name_alone_is_never_that_of_a_token() {
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
