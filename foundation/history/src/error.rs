//! Errors of the history.

use outrigger_sql::SqlError;
use outrigger_stdx::{CapabilityError, ErrorKind, FieldProblem};
use thiserror::Error;

/// The reason a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HistoryError {
    /// Fields of the input are invalid.
    #[error("{}", messages(.fields))]
    Fields {
        /// The invalid fields.
        fields: Vec<FieldProblem>,
    },
    /// No problem has this id.
    #[error("there is no problem with this id")]
    NoSuchProblem,
    /// A resolved problem cannot be acknowledged.
    #[error("the problem is resolved, so there is nothing to acknowledge")]
    Resolved,
    /// The file failed.
    #[error(transparent)]
    Store(#[from] SqlError),
}

impl CapabilityError for HistoryError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Fields { .. } => ErrorKind::Invalid,
            Self::NoSuchProblem => ErrorKind::NotFound,
            Self::Resolved => ErrorKind::Conflict,
            // The rest of the program works without history.
            Self::Store(
                SqlError::Corrupt { .. }
                | SqlError::Io { .. }
                | SqlError::OtherFile { .. }
                | SqlError::NotRegular { .. }
                | SqlError::Newer { .. }
                | SqlError::Migration { .. },
            ) => ErrorKind::Unavailable,
            Self::Store(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => Some(fix(error).to_owned()),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Fields { fields } => fields.clone(),
            _ => Vec::new(),
        }
    }
}

/// Returns how to make the history file usable again.
fn fix(error: &SqlError) -> &'static str {
    match error {
        SqlError::Corrupt { .. }
        | SqlError::OtherFile { .. }
        | SqlError::NotRegular { .. }
        | SqlError::FileGone { .. } => {
            "stop Outrigger, move `history.db` out of the data directory and start it again; history begins anew"
        }
        error => error.hint().unwrap_or("look for `history` in the logs"),
    }
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

fn messages(fields: &[FieldProblem]) -> String {
    let messages: Vec<&str> = fields
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    messages.join("; ")
}
