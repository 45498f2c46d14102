//! Filters for audit entries and their SQL statements.
//!
//! Each combination of filters has its own statement, so that an index finds the first row of the page. A single statement
//! with "or the parameter is null" would scan the log from its end.

use jiff::Timestamp;
use uuid::Uuid;

use crate::AuditEntryId;

/// Selects audit entries that match all of its fields. An empty filter selects all entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only entries of this actor.
    pub actor: Option<ByActor>,
    /// Only entries of this action or capability.
    pub action: Option<ByAction>,
    /// Only entries whose object has this id.
    pub target: Option<String>,
    /// Only entries with this outcome.
    pub outcome: Option<ByOutcome>,
    /// Only entries at this time or later, to the millisecond.
    pub since: Option<Timestamp>,
    /// Only entries before this time, to the millisecond.
    pub until: Option<Timestamp>,
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

/// Selects entries by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByOutcome {
    /// Operations that succeeded.
    Ok,
    /// Operations that failed, with any error code.
    Failed,
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

const COLUMNS: &str = "id, at, actor_kind, actor_id, actor, via, action, target, target_name, changes, outcome, address, \
                       request_id, request_id_from_client";

impl AuditFilter {
    /// Returns the statement for this filter. `$1` and `$2` are the [`bounds`](Self::bounds) of the ids; then follow the values
    /// of the actor, the action and the target, then the number of entries.
    pub(crate) fn statement(&self) -> String {
        let (actor, next) = match self.actor {
            None => ("", 3),
            Some(ByActor::Id(_)) => ("and actor_id = $3", 4),
            Some(ByActor::Name(_)) => ("and actor = $3 and actor_kind <> 'token'", 4),
            Some(ByActor::OfKind(..)) => ("and actor_kind = $3 and actor = $4", 5),
        };
        let (action, next) = match self.action {
            None => (String::new(), next),
            Some(ByAction::Exactly(_)) => (format!("and action = ${next}"), next + 1),
            Some(ByAction::OfCapability(_)) => (format!("and capability = ${next}"), next + 1),
        };
        let (target, limit) = match self.target {
            None => (String::new(), next),
            Some(_) => (format!("and target = ${next}"), next + 1),
        };
        let outcome = match self.outcome {
            None => "",
            Some(ByOutcome::Ok) => "and outcome = 'ok'",
            Some(ByOutcome::Failed) => "and outcome <> 'ok'",
        };
        format!(
            "
        select {COLUMNS}
        from audit_log
        where id < $1 and id >= $2 {actor} {action} {target} {outcome}
        order by id desc
        limit ${limit}"
        )
    }

    /// Returns the id before which a page ends and the first id that the filter allows. Ids begin with the time of their
    /// entries in milliseconds, so they replace conditions on the time. They are always values: "or the parameter is null"
    /// prevents index use on every database.
    pub(crate) fn bounds(&self, cursor: Option<AuditEntryId>) -> (Uuid, Uuid) {
        let first_at = |time: Timestamp| {
            let millis = u128::try_from(time.as_millisecond()).unwrap_or(0);
            Uuid::from_u128(millis << 80)
        };
        let cursor = cursor.map_or(Uuid::max(), AuditEntryId::as_uuid);
        let until = self.until.map_or(Uuid::max(), first_at);
        let since = self.since.map_or(Uuid::nil(), first_at);
        (cursor.min(until), since)
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
        let target = self.target.as_deref().unwrap_or_default();
        [actor, action, target]
            .iter()
            .any(|text| text.contains('\0'))
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
        let mut forms = Vec::new();
        for actor in &actors {
            for action in &actions {
                for target in [None, Some(name())] {
                    for outcome in [None, Some(ByOutcome::Ok), Some(ByOutcome::Failed)] {
                        forms.push(Self {
                            actor: actor.clone(),
                            action: action.clone(),
                            target: target.clone(),
                            outcome,
                            since: None,
                            until: None,
                        });
                    }
                }
            }
        }
        forms
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

        assert_eq!(statements.len(), 72);
    }
}
