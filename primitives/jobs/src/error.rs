//! Errors of jobs.

use outrigger_sql::SqlError;
use outrigger_stdx::{CapabilityError, ErrorKind, FieldProblem};
use thiserror::Error;

use crate::{JobId, JobState};

/// Why a request is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JobsError {
    /// Fields of the input are invalid.
    #[error("{}", fields.iter().map(|field| field.message.as_str()).collect::<Vec<_>>().join("; "))]
    Fields {
        /// The problems.
        fields: Vec<FieldProblem>,
    },
    /// There is a job with this id already.
    #[error("there is a job with the id {id} already")]
    DuplicateId {
        /// The id.
        id: JobId,
    },
    /// There is no such job.
    #[error("there is no job with this id")]
    NotFound,
    /// The attempt has ended, or the lease never existed.
    #[error("the lease does not belong to a running attempt of this job")]
    LeaseLost,
    /// The state of the job does not allow the operation.
    #[error("a job that is {state} cannot be {verb}")]
    WrongState {
        /// The state.
        state: JobState,
        /// What was to be done, as a participle.
        verb: &'static str,
    },
    /// The unique key of the job is held by another one.
    #[error("the job {holder} holds the unique key")]
    UniqueKeyHeld {
        /// The job that holds it.
        holder: JobId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(SqlError),
    /// A stored value cannot be parsed, which is a defect.
    #[error("the stored {what} cannot be read")]
    Unreadable {
        /// The kind of value.
        what: &'static str,
    },
}

impl CapabilityError for JobsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Fields { .. } => ErrorKind::Invalid,
            Self::NotFound => ErrorKind::NotFound,
            Self::DuplicateId { .. }
            | Self::LeaseLost
            | Self::WrongState { .. }
            | Self::UniqueKeyHeld { .. } => ErrorKind::Conflict,
            Self::Store(error) => error.kind(),
            Self::Unreadable { .. } => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint().map(str::to_owned),
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

impl From<SqlError> for JobsError {
    fn from(error: SqlError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for JobsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<outrigger_sql::tokio_postgres::Error> for JobsError {
    fn from(error: outrigger_sql::tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<FieldProblem> for JobsError {
    fn from(problem: FieldProblem) -> Self {
        Self::Fields {
            fields: vec![problem],
        }
    }
}
