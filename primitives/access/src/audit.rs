//! The audit log: who did what.

use jiff::Timestamp;
use outrigger_stdx::Actor;
use uuid::Uuid;

outrigger_stdx::typed_id!(
    /// The id of an entry of the audit log. Later entries have later ids.
    AuditEntryId
);

/// Something to write down.
#[derive(Debug, Clone)]
pub struct NewAuditEntry {
    /// Who did it.
    pub actor: Actor,
    /// What was done, such as `access.create_token`.
    pub action: String,
    /// To which object; none when the action has none.
    pub target: Option<String>,
    /// How it went: `ok` or a problem's code.
    pub outcome: String,
    /// Where from.
    pub address: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
}

/// An entry of the audit log. Keeps words instead of types, because it outlives what it names.
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
    /// Who: an account's e-mail address, a token's name, `local`, `outrigger` or `anonymous`.
    pub actor: String,
    /// The door: `dashboard`, `api`, `cli`, `redis`, `internal`.
    pub via: String,
    /// What was done.
    pub action: String,
    /// To which object.
    pub target: Option<String>,
    /// How it went.
    pub outcome: String,
    /// Where from.
    pub address: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
}

/// Which entries to list; without anything all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only those of this actor, by its label.
    pub actor: Option<String>,
    /// Only those of this action or of these actions.
    pub action: Option<AuditAction>,
}

/// One action, or all whose names begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditAction {
    /// This one.
    Exactly(String),
    /// All whose names begin with this, such as `access.`.
    StartingWith(String),
}

impl AuditAction {
    /// Reads a filter: `access.` means all of access, `access.log_in` only that.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.ends_with('.') {
            return Self::StartingWith(text.to_owned());
        }
        Self::Exactly(text.to_owned())
    }

    /// The one action that is meant.
    pub(crate) fn exact(&self) -> Option<&str> {
        match self {
            Self::Exactly(name) => Some(name),
            Self::StartingWith(_) => None,
        }
    }

    /// The beginning that is meant.
    pub(crate) fn prefix(&self) -> Option<&str> {
        match self {
            Self::Exactly(_) => None,
            Self::StartingWith(prefix) => Some(prefix),
        }
    }
}

/// A part of the audit log, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// After which entry the next part begins; none on the last one.
    pub next: Option<AuditEntryId>,
}
