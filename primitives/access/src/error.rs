//! Errors of access.

use std::time::Duration;

use outrigger_crypto::CryptoError;
use outrigger_sql::SqlError;
use outrigger_stdx::{CapabilityError, ClockJumped, ErrorKind, FieldProblem};
use thiserror::Error;

use crate::{Role, Scope};

/// Why a request is rejected. Errors for wrong credentials do not reveal which part is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccessError {
    /// E-mail address or password is wrong, or the account is disabled.
    #[error("the e-mail address or the password is wrong")]
    BadCredentials,
    /// Too many wrong passwords or login links.
    #[error("too many wrong passwords or login links; try again in {} s", retry_after.as_millis().div_ceil(1000))]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
    },
    /// So many passwords are being checked that another one would wait too long.
    #[error("too many people are logging in at the moment")]
    Busy,
    /// The session has ended or never existed.
    #[error("the session has ended")]
    SessionInvalid,
    /// The token is wrong, expired or revoked.
    #[error("the token is wrong, expired or revoked")]
    TokenInvalid,
    /// There is no such ingest key.
    #[error("the ingest key is wrong")]
    IngestKeyInvalid,
    /// The login link was used, has expired, or never existed.
    #[error("the login link has been used or has expired")]
    LinkInvalid,
    /// The current password is required and was wrong.
    #[error("the current password is wrong")]
    CurrentPasswordWrong,
    /// A scope is missing.
    #[error("this requires the scope `{scope}`")]
    MissingScope {
        /// The missing scope.
        scope: Scope,
    },
    /// The role has permissions that the caller does not have.
    #[error(
        "the role `{role}` has permissions that you do not have, so you cannot assign, remove or use it"
    )]
    RoleAbove {
        /// The role.
        role: Role,
    },
    /// Fields of the input are invalid.
    #[error("{}", fields.iter().map(|field| field.message.as_str()).collect::<Vec<_>>().join("; "))]
    Fields {
        /// The problems.
        fields: Vec<FieldProblem>,
    },
    /// Another account has the address.
    #[error("another account has this e-mail address")]
    EmailTaken,
    /// The change would leave no owner who can log in.
    #[error("this is the last owner who can log in")]
    LastOwner,
    /// There is no such account, session, token or key.
    #[error("there is no {what} with this id")]
    NotFound {
        /// The kind of object.
        what: &'static str,
    },
    /// A limit on the number of objects is reached.
    #[error("there are {limit} {what} already, the limit of `[access] {key}`")]
    TooMany {
        /// The kind of object.
        what: &'static str,
        /// The limit.
        limit: u32,
        /// The configuration key of the limit.
        key: &'static str,
    },
    /// The clock is implausibly far ahead, so nothing is deleted by age.
    #[error(transparent)]
    ClockJumped(ClockJumped),
    /// The store failed.
    #[error(transparent)]
    Store(SqlError),
    /// The system has no randomness.
    #[error(transparent)]
    Crypto(CryptoError),
    /// A stored value cannot be parsed, which is a defect.
    #[error("the stored {what} cannot be read")]
    Unreadable {
        /// The kind of value.
        what: &'static str,
    },
}

/// What to do about a clock that jumped.
pub const CLOCK_HINT: &str =
    "set the clock; if it is right, confirm it with `outrigger admin confirm-clock`";

impl AccessError {
    /// Returns the kind of the error, which determines what the caller can do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BadCredentials
            | Self::SessionInvalid
            | Self::TokenInvalid
            | Self::IngestKeyInvalid
            | Self::LinkInvalid => ErrorKind::Unauthenticated,
            Self::Throttled { .. } | Self::Busy => ErrorKind::RateLimited,
            Self::CurrentPasswordWrong | Self::MissingScope { .. } | Self::RoleAbove { .. } => {
                ErrorKind::Forbidden
            }
            Self::Fields { .. } => ErrorKind::Invalid,
            Self::EmailTaken | Self::LastOwner | Self::TooMany { .. } | Self::ClockJumped(_) => {
                ErrorKind::Conflict
            }
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Store(error) => error.kind(),
            Self::Crypto(error) => error.kind(),
            Self::Unreadable { .. } => ErrorKind::Internal,
        }
    }

    /// Returns whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            _ => self.kind().is_retryable(),
        }
    }

    /// Returns what to do about the error.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::LinkInvalid => Some(
                "ask for a new link; on the server, `outrigger admin link` prints one for the owner"
                    .to_owned(),
            ),
            Self::LastOwner => Some("make another account an owner first".to_owned()),
            Self::TokenInvalid => Some("`outrigger token create` makes a new one".to_owned()),
            Self::TooMany { key, .. } => {
                Some(format!("delete unused ones, or raise `[access] {key}`"))
            }
            Self::ClockJumped(_) => Some(CLOCK_HINT.to_owned()),
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::Crypto(error) => error.hint(),
            _ => None,
        }
    }

    /// Converts the store's error for a duplicate address to [`AccessError::EmailTaken`].
    pub(crate) fn taken(error: Self) -> Self {
        // On PostgreSQL, the constraint is named like that of a column `email`.
        let is_taken = |error: &SqlError| {
            ["email_key", "email"]
                .iter()
                .any(|column| error.is_unique_violation_of("access_accounts", column))
        };
        match error {
            Self::Store(error) if is_taken(&error) => Self::EmailTaken,
            error => error,
        }
    }

    /// Returns an error if there are invalid fields.
    pub(crate) fn of_fields(fields: Vec<FieldProblem>) -> Result<(), Self> {
        if fields.is_empty() {
            return Ok(());
        }
        Err(Self::Fields { fields })
    }
}

impl CapabilityError for AccessError {
    fn kind(&self) -> ErrorKind {
        self.kind()
    }

    fn hint(&self) -> Option<String> {
        self.hint()
    }

    fn fields(&self) -> Vec<FieldProblem> {
        let one = |field, code| vec![FieldProblem::new(field, code, self.to_string())];
        match self {
            Self::Fields { fields } => fields.clone(),
            Self::CurrentPasswordWrong => one("current_password", "wrong"),
            Self::EmailTaken => one("email", "taken"),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<SqlError> for AccessError {
    fn from(error: SqlError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for AccessError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<outrigger_sql::tokio_postgres::Error> for AccessError {
    fn from(error: outrigger_sql::tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<CryptoError> for AccessError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}
