//! Accounts, sessions, tokens, ingest keys and the audit log: one file per noun.

mod accounts;
mod audit;
mod clock;
mod ingest_keys;
mod me;
mod sessions;
mod sign_in;
mod tokens;

use outrigger_access::AccessError;

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
        match error {
            AccessError::BadCredentials => Self::coded(codes::WRONG_CREDENTIALS, &error),
            AccessError::LinkInvalid => Self::coded(codes::LINK_INVALID, &error),
            AccessError::CurrentPasswordWrong => Self::coded(codes::INVALID, &error),
            other => Self::of(&other),
        }
    }
}
