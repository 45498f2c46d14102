//! The person or program that performs an operation.

use std::fmt;

use uuid::Uuid;

/// The person or program that performs an operation. The audit log records it, and permission checks apply to it.
///
/// Ids are untyped here because this crate does not depend on the crate that defines account and token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account or credential that acts.
    pub kind: ActorKind,
    /// The interface the request came through.
    pub via: Via,
}

/// The account or credential that acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorKind {
    /// A person with a login session.
    Account {
        /// The account's id.
        id: Uuid,
        /// What to show: the e-mail address, or `local` for the owner account before it has one.
        label: String,
    },
    /// A program with an API token.
    Token {
        /// The token's id.
        id: Uuid,
        /// The token's name.
        label: String,
    },
    /// Any program that can open the control socket; it acts as the owner account `local`.
    Local,
    /// Outrigger itself: a background service or start-up.
    System,
    /// Unknown: an attempt to log in.
    Anonymous,
}

/// The interface a request came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// The dashboard's session cookie.
    Dashboard,
    /// A bearer token over HTTP.
    Api,
    /// The control socket: the command line.
    Cli,
    /// The Redis protocol.
    Redis,
    /// No interface: Outrigger itself acts.
    Internal,
}

impl Actor {
    /// Returns the actor for Outrigger itself.
    #[must_use]
    pub const fn system() -> Self {
        Self {
            kind: ActorKind::System,
            via: Via::Internal,
        }
    }

    /// Returns the actor for a program that opened the control socket.
    #[must_use]
    pub const fn local() -> Self {
        Self {
            kind: ActorKind::Local,
            via: Via::Cli,
        }
    }

    /// Returns the actor for an unknown client over HTTP.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self {
            kind: ActorKind::Anonymous,
            via: Via::Api,
        }
    }

    /// Returns the text that lists show for this actor.
    #[must_use]
    pub fn label(&self) -> &str {
        match &self.kind {
            ActorKind::Account { label, .. } | ActorKind::Token { label, .. } => label,
            ActorKind::Local => "local",
            ActorKind::System => "outrigger",
            ActorKind::Anonymous => "anonymous",
        }
    }

    /// Returns the kind as one word, for stores and filters.
    #[must_use]
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            ActorKind::Account { .. } => "account",
            ActorKind::Token { .. } => "token",
            ActorKind::Local => "local",
            ActorKind::System => "system",
            ActorKind::Anonymous => "anonymous",
        }
    }

    /// Returns the id of the account or token, or `None` for other kinds.
    #[must_use]
    pub const fn id(&self) -> Option<Uuid> {
        match self.kind {
            ActorKind::Account { id, .. } | ActorKind::Token { id, .. } => Some(id),
            ActorKind::Local | ActorKind::System | ActorKind::Anonymous => None,
        }
    }
}

impl Via {
    /// Returns the interface as one word, for stores and filters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Redis => "redis",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
