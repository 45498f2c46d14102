//! Entries.

use jiff::Timestamp;
use outrigger_stdx::Actor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{RequestId, safe_text::safe};

/// The longest action, kind, door, outcome, address and id of a request, in characters.
const WORD_MAX: usize = 100;
/// The longest name of an actor or object and the longest id of an object.
const NAME_MAX: usize = 200;
/// The longest value before or after a change.
const VALUE_MAX: usize = 500;
/// How many changes an entry holds.
const CHANGES_MAX: usize = 20;

outrigger_stdx::typed_id!(
    /// The id of an entry of the audit log. Later ones come later in the log.
    AuditEntryId
);

/// An entry of the audit log. Its text is escaped and cut to its limits: 100 characters for words, 200 for names, 500 for
/// values, 20 changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditEntryId,
    /// When.
    pub at: Timestamp,
    /// What kind of actor: `account`, `token`, `local`, `system`, `anonymous`.
    pub actor_kind: String,
    /// The id of the account or token.
    pub actor_id: Option<Uuid>,
    /// Who, by the name at the time: an account's e-mail address, a token's name, `local`, `outrigger` or `anonymous`.
    pub actor: String,
    /// The door: `dashboard`, `api`, `cli`, `redis`, `internal`.
    pub via: String,
    /// What was done, as `capability.verb_object`.
    pub action: String,
    /// The id of the object.
    pub target: Option<String>,
    /// What the object was called at the time.
    pub target_name: Option<String>,
    /// What changed.
    pub changes: Vec<Change>,
    /// How it went: `ok` or a problem's code.
    pub outcome: String,
    /// Where from.
    pub address: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// Whether the client chose the id of the request.
    pub request_id_from_client: bool,
}

/// What changed of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which part, such as `role`.
    pub field: String,
    /// The value before; none when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value after; none when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl AuditEntry {
    pub(crate) fn new(
        actor: &Actor,
        action: &str,
        at: Timestamp,
        address: Option<&str>,
        request_id: Option<&RequestId>,
    ) -> Self {
        let (request_id, from_client) = match request_id {
            Some(RequestId::Ours(id)) => (Some(id), false),
            Some(RequestId::Clients(id)) => (Some(id), true),
            None => (None, false),
        };
        Self {
            id: AuditEntryId::generate(at),
            // As exact as stores keep it.
            at: Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at),
            actor_kind: actor.kind_name().to_owned(),
            actor_id: actor.id(),
            actor: safe(actor.label(), NAME_MAX),
            via: actor.via.as_str().to_owned(),
            action: safe(action, WORD_MAX),
            target: None,
            target_name: None,
            changes: Vec::new(),
            outcome: "ok".to_owned(),
            address: address.map(|address| safe(address, WORD_MAX)),
            request_id: request_id.map(|id| safe(id, WORD_MAX)),
            request_id_from_client: from_client,
        }
    }

    /// The same entry, about the object with this id and, at the time, this name.
    #[must_use]
    pub fn on(self, id: &(impl ToString + ?Sized), name: &str) -> Self {
        Self {
            target_name: Some(safe(name, NAME_MAX)),
            ..self.on_id(id)
        }
    }

    /// The same entry, about the object with this id, whose name is not known.
    #[must_use]
    pub fn on_id(mut self, id: &(impl ToString + ?Sized)) -> Self {
        self.target = Some(safe(&id.to_string(), NAME_MAX));
        self
    }

    /// The same entry, with what changed. Nothing is added when the two values are the same.
    #[must_use]
    pub fn change(mut self, field: &str, from: Option<&str>, to: Option<&str>) -> Self {
        if from != to && self.changes.len() < CHANGES_MAX {
            let value = |text: &str| safe(text, VALUE_MAX);
            self.changes.push(Change {
                field: safe(field, WORD_MAX),
                from: from.map(value),
                to: to.map(value),
            });
        }
        self
    }

    /// The same entry, about something that did not succeed: a problem's code instead of `ok`.
    #[must_use]
    pub fn failed(mut self, outcome: &str) -> Self {
        self.outcome = safe(outcome, WORD_MAX);
        self
    }

    /// The changes as the column keeps them; none when nothing changed.
    pub(crate) fn changes_json(&self) -> Option<String> {
        // Text and options of text always serialise.
        (!self.changes.is_empty()).then(|| serde_json::to_string(&self.changes).unwrap_or_default())
    }

    /// What the column keeps as changes. A later release may have written what this one cannot read.
    pub(crate) fn changes_from(json: Option<&str>) -> Vec<Change> {
        json.and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    }
}
