//! Who may do what: joined from one file per noun.

mod accounts;
mod audit;
mod clock;
mod ingest_keys;
mod me;
mod sessions;
mod sign_in;
mod tokens;

use outrigger_access::AccessError;
use outrigger_stdx::ErrorKind;

use crate::{Capability, Failure, RouteTable, codes};

const ACCESS: Capability = Capability::new("access");

pub(crate) fn routes(table: RouteTable) -> RouteTable {
    let table = sign_in::routes(table);
    let table = me::routes(table);
    let table = accounts::routes(table);
    let table = sessions::routes(table);
    let table = tokens::routes(table);
    let table = ingest_keys::routes(table);
    let table = clock::routes(table);
    audit::routes(table)
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        let detail = error.to_string();
        let failure = match &error {
            AccessError::BadCredentials => Self::new(codes::WRONG_CREDENTIALS, detail),
            AccessError::Throttled { retry_after } => {
                Self::new(codes::TOO_MANY_ATTEMPTS, detail).with_retry_after(*retry_after)
            }
            AccessError::LinkInvalid => Self::new(codes::LINK_INVALID, detail),
            AccessError::CurrentPasswordWrong => {
                Self::new(codes::INVALID, detail).with_field("current_password", "wrong", None)
            }
            AccessError::EmailTaken => {
                Self::new(codes::CONFLICT, detail).with_field("email", "taken", None)
            }
            AccessError::MissingScope { .. } | AccessError::RoleAbove { .. } => {
                Self::new(codes::SCOPE_MISSING, detail)
            }
            AccessError::Fields { fields } => {
                let failure = Self::new(codes::INVALID, detail);
                fields.iter().fold(failure, |failure, field| {
                    failure.with_field(
                        &field.field,
                        field.code,
                        field.limit.as_ref().map(ToString::to_string),
                    )
                })
            }
            other => match other.kind() {
                ErrorKind::Unauthenticated => Self::new(codes::UNAUTHENTICATED, detail),
                ErrorKind::NotFound => Self::not_found(detail),
                ErrorKind::Conflict => Self::new(codes::CONFLICT, detail),
                ErrorKind::RateLimited => Self::new(codes::TOO_MANY_ATTEMPTS, detail),
                ErrorKind::Unavailable => {
                    tracing::warn!(error = %other, "the access store cannot be reached");
                    Self::new(codes::UNAVAILABLE, "the store cannot be reached for now")
                }
                ErrorKind::Internal => return Self::internal(other),
                _ => Self::new(codes::INVALID, detail),
            },
        };
        match error.hint() {
            Some(hint) => failure.with_fix(hint),
            None => failure,
        }
    }
}
