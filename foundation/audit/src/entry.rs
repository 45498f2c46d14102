//! Entries of the audit log.

use jiff::Timestamp;
use outrigger_stdx::Actor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{RequestId, safe_text::safe};

/// The maximum length of an action, kind, interface, outcome, address or request id, in characters.
const WORD_MAX: usize = 100;
/// The maximum length of an actor's name, an object's name or an object's id, in characters.
const NAME_MAX: usize = 200;
/// The maximum length of a value before or after a change, in characters.
const VALUE_MAX: usize = 500;
/// The maximum number of changes of an entry.
const CHANGES_MAX: usize = 20;

outrigger_stdx::typed_id!(
    /// The id of an entry of the audit log. Ids sort in the order of the log.
    AuditEntryId
);

/// An entry of the audit log. Texts are escaped and truncated to their limits: 100 characters for words, 200 for names and
/// 500 for values. An entry has at most 20 changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditEntryId,
    /// The time of the operation.
    pub at: Timestamp,
    /// The kind of the actor: `account`, `token`, `local`, `system`, `anonymous`.
    pub actor_kind: String,
    /// The id of the account or token.
    pub actor_id: Option<Uuid>,
    /// The actor's name at the time: an account's e-mail address, a token's name, `local`, `outrigger` or `anonymous`.
    pub actor: String,
    /// The interface: `dashboard`, `api`, `cli`, `redis`, `internal`.
    pub via: String,
    /// The operation, as `capability.verb_object`.
    pub action: String,
    /// The id of the object.
    pub target: Option<String>,
    /// The name of the object at the time.
    pub target_name: Option<String>,
    /// The changes of the object.
    pub changes: Vec<Change>,
    /// The outcome: `ok` or an error code.
    pub outcome: String,
    /// The client's address.
    pub address: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// Whether the id of the request came from the client.
    pub request_id_from_client: bool,
}

/// A change of one field of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field, such as `role`.
    pub field: String,
    /// The value before; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value after; `None` if there is none.
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
            Some(RequestId::Generated(id)) => (Some(id), false),
            Some(RequestId::FromClient(id)) => (Some(id), true),
            None => (None, false),
        };
        Self {
            id: AuditEntryId::generate(at),
            // Stores keep microseconds.
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

    /// Sets the object by its id and its name at the time.
    #[must_use]
    pub fn on(self, id: &(impl ToString + ?Sized), name: &str) -> Self {
        Self {
            target_name: Some(safe(name, NAME_MAX)),
            ..self.on_id(id)
        }
    }

    /// Sets the object by its id, if the name is unknown.
    #[must_use]
    pub fn on_id(mut self, id: &(impl ToString + ?Sized)) -> Self {
        self.target = Some(safe(&id.to_string(), NAME_MAX));
        self
    }

    /// Adds a change, unless the two values are equal.
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

    /// Sets an error code as the outcome, for an operation that failed.
    #[must_use]
    pub fn failed(mut self, outcome: &str) -> Self {
        self.outcome = safe(outcome, WORD_MAX);
        self
    }

    /// Returns the changes as stored in the column; `None` if there are none.
    pub(crate) fn changes_json(&self) -> Option<String> {
        // Serialising strings and optional strings cannot fail.
        (!self.changes.is_empty()).then(|| serde_json::to_string(&self.changes).unwrap_or_default())
    }

    /// Parses the column with the changes. Returns none for a format written by a later release.
    pub(crate) fn changes_from(json: Option<&str>) -> Vec<Change> {
        json.and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    }
}
