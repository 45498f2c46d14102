//! Accounts and tokens on our own database, and the first account.

use std::sync::Arc;

use outrigger_access::{
    Access, AccessError, AdminBootstrap, LoginThrottle, NewAuditEntry,
    store::{AccessStore, PostgresAccessStore, SqliteAccessStore},
};
use outrigger_stdx::{Actor, Clock, Secret};

use super::store::Store;
use crate::{Loaded, StartError};

/// The first account can be set up without a person, by these variables.
const ADMIN_EMAIL: &str = "OUTRIGGER_ADMIN_EMAIL";
const ADMIN_PASSWORD_FILE: &str = "OUTRIGGER_ADMIN_PASSWORD_FILE";

/// What the audit log calls that.
const SET_UP_OWNER: &str = "access.set_up_owner";

/// Opens the tables and makes sure that somebody can sign in.
pub(crate) async fn open(
    loaded: &Loaded,
    store: &Store,
    throttle: Arc<dyn LoginThrottle>,
    clock: Arc<dyn Clock>,
) -> Result<Access, StartError> {
    let opened: Result<Arc<dyn AccessStore>, AccessError> = match store {
        Store::Sqlite(database) => SqliteAccessStore::open(database.clone())
            .await
            .map(|store| Arc::new(store) as _),
        Store::Postgres(database, _) => PostgresAccessStore::open(database.clone())
            .await
            .map(|store| Arc::new(store) as _),
    };
    let access = Access::new(
        opened.map_err(refuse)?,
        throttle,
        loaded.config.access.clone(),
        clock,
    );
    access.ensure_owner().await.map_err(refuse)?;
    set_up_first_admin(loaded, &access).await?;
    Ok(access)
}

async fn set_up_first_admin(loaded: &Loaded, access: &Access) -> Result<(), StartError> {
    let Some(email) = loaded.environment.get(ADMIN_EMAIL) else {
        return Ok(());
    };
    let Some(file) = loaded.environment.get(ADMIN_PASSWORD_FILE) else {
        return Err(StartError::FirstAdmin {
            reason: format!("`{ADMIN_EMAIL}` is set, but `{ADMIN_PASSWORD_FILE}` is not"),
        });
    };
    let password = std::fs::read_to_string(file).map_err(|error| StartError::FirstAdmin {
        reason: format!("`{ADMIN_PASSWORD_FILE}` names `{file}`, which cannot be read: {error}"),
    })?;
    let password = Secret::new(password.trim_end_matches(['\r', '\n']).to_owned());
    let outcome = access
        .ensure_admin(email, &password)
        .await
        .map_err(refuse)?;
    if let AdminBootstrap::Applied(owner) = outcome {
        tracing::info!("the owner account was set up from the environment");
        // No request did this, so no guard of a route writes it down.
        let entry = NewAuditEntry {
            actor: Actor::system(),
            action: SET_UP_OWNER.to_owned(),
            target: Some(owner.label().to_owned()),
            outcome: "ok".to_owned(),
            address: None,
            request_id: None,
        };
        access.record(vec![entry]).await.map_err(refuse)?;
    }
    Ok(())
}

pub(crate) fn refuse(error: AccessError) -> StartError {
    StartError::part("access", error.kind(), error.hint(), error)
}
