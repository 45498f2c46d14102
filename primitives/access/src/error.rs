//! What can go wrong with access.

use std::time::Duration;

use outrigger_crypto::CryptoError;
use outrigger_sql::SqlError;
use outrigger_stdx::{CapabilityError, ClockJumped, ErrorKind, FieldProblem};
use thiserror::Error;

use crate::{Role, Scope};

/// Why something is refused. Wrong credentials never tell which part of them is wrong.
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
    /// So many passwords are being checked that more would have to wait too long.
    #[error("too many people are signing in at the moment")]
    Busy,
    /// The session has ended, or never was.
    #[error("the session has ended")]
    SessionInvalid,
    /// The token is wrong, expired or revoked.
    #[error("the token is wrong, expired or revoked")]
    TokenInvalid,
    /// The ingest key is not one.
    #[error("the ingest key is wrong")]
    IngestKeyInvalid,
    /// The login link was used, has expired, or never was.
    #[error("the login link has been used or has expired")]
    LinkInvalid,
    /// The current password is needed and was wrong or missing.
    #[error("the current password is wrong")]
    CurrentPasswordWrong,
    /// A scope is missing.
    #[error("this needs the scope `{scope}`")]
    MissingScope {
        /// The one that is missing.
        scope: Scope,
    },
    /// The role is above one's own.
    #[error("the role `{role}` may do things that you may not, so you cannot give, take or use it")]
    RoleAbove {
        /// The role.
        role: Role,
    },
    /// Parts of the input are wrong.
    #[error("{}", fields.iter().map(|field| field.message.as_str()).collect::<Vec<_>>().join("; "))]
    Fields {
        /// Which ones, and how.
        fields: Vec<FieldProblem>,
    },
    /// Another account has the address.
    #[error("another account has this e-mail address")]
    EmailTaken,
    /// Without this account there would be no owner left who can sign in.
    #[error("this is the last owner who can sign in")]
    LastOwner,
    /// There is no such account, session, token or key.
    #[error("there is no {what} with this id")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// A limit on the number of objects is reached.
    #[error("there are {limit} {what} already, the limit of `[access] {key}`")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u32,
        /// The key that raises it.
        key: &'static str,
    },
    /// The clock is implausibly far ahead, so nothing is deleted because of its age.
    #[error(transparent)]
    ClockJumped(ClockJumped),
    /// The store failed.
    #[error(transparent)]
    Store(SqlError),
    /// Randomness failed.
    #[error(transparent)]
    Crypto(CryptoError),
    /// A defect: a stored value cannot be read.
    #[error("the stored {what} cannot be read")]
    Unreadable {
        /// What.
        what: &'static str,
    },
}

/// What to do about a clock that jumped.
pub const CLOCK_HINT: &str =
    "set the clock; when it is right, `outrigger admin confirm-clock` says so";

impl AccessError {
    /// What the caller can do about it.
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

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            _ => self.kind().is_retryable(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::LinkInvalid => Some(
                "ask for a new link; on the server, `outrigger admin link` prints one for the owner"
                    .to_owned(),
            ),
            Self::LastOwner => Some("make another account an owner first".to_owned()),
            Self::TokenInvalid => Some("`outrigger token create` makes a new one".to_owned()),
            Self::TooMany { key, .. } => Some(format!(
                "remove what is not used, or raise `[access] {key}`"
            )),
            Self::ClockJumped(_) => Some(CLOCK_HINT.to_owned()),
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::Crypto(error) => error.hint(),
            _ => None,
        }
    }

    /// The error of a store that another account has the address.
    pub(crate) fn taken(error: Self) -> Self {
        // On PostgreSQL the constraint has the name that one of a column `email` would have.
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

    /// The error of one wrong part, or of several; none when there is none.
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
