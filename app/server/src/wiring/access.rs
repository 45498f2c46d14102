//! Opens access on the state database, and sets up the first account.

use std::sync::Arc;

use async_trait::async_trait;
use outrigger_access::{
    Access, AccessError, AdminBootstrap, CLOCK_HINT, LoginLink, LoginThrottle,
    store::{AccessStore, PostgresAccessStore, SqliteAccessStore},
};
use outrigger_api_types::status::DoctorCheck;
use outrigger_audit::Act;
use outrigger_history::{Report, Severity};
use outrigger_stdx::{Actor, Clock, ErrorKind, Secret};
use outrigger_supervisor::{Phase, Supervisor};
use prometheus_client::registry::Registry;

use super::store::Store;
use crate::{
    Loaded, StartError,
    doctor::{advice, fail, ok},
    own_command::OwnCommand,
    part::Part,
};

/// The variables that set up the first account unattended.
const ADMIN_EMAIL: &str = "OUTRIGGER_ADMIN_EMAIL";
const ADMIN_PASSWORD_FILE: &str = "OUTRIGGER_ADMIN_PASSWORD_FILE";

/// Opens the tables and creates the owner account if there is none.
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
        Store::Postgres(database) => PostgresAccessStore::open(database.clone())
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

/// Access as a part of the server.
pub(crate) struct AccessPart {
    pub(crate) access: Access,
    pub(crate) command: OwnCommand,
}

#[async_trait]
impl Part for AccessPart {
    fn register(&self, registry: &mut Registry) {
        self.access.register(registry);
    }

    fn add_services(&self, supervisor: &mut Supervisor) {
        supervisor.add(Phase::Drain, self.access.pruner());
    }

    async fn problems(&self) -> Vec<Report> {
        let mut problems = Vec::new();
        if let Some(jumped) = self.access.clock_jumped() {
            problems.push(Report {
                code: "clock_jumped",
                object: None,
                capability: "access",
                severity: Severity::Warning,
                title: "The clock has jumped ahead, so deletion by age is paused".to_owned(),
                detail: jumped.to_string(),
                fix: CLOCK_HINT.to_owned(),
                page: "/access",
                guide: Some("access#when-the-clock-is-wrong"),
                occurrences: None,
            });
        }
        let owner = self.access.owner().await;
        if !owner.is_ok_and(|owner| owner.setup_required()) {
            return problems;
        }
        problems.push(Report {
            code: "owner_without_password",
            object: None,
            capability: "access",
            severity: Severity::Notice,
            title: "The owner account has no e-mail address and password yet".to_owned(),
            detail: "Until it has both, you can only log in with a login link".to_owned(),
            fix: format!(
                "run `{}` and open the link",
                self.command.line("admin link")
            ),
            page: "/access",
            guide: Some("access#first-account"),
            occurrences: None,
        });
        problems
    }

    async fn checks(&self) -> Vec<DoctorCheck> {
        const NAME: &str = "owner account";
        const CLOCK: &str = "clock";
        let clock = match self.access.clock_jumped() {
            None => ok(CLOCK, "it has not jumped; deletion by age is active"),
            Some(jumped) => fail(CLOCK, jumped.to_string(), CLOCK_HINT),
        };
        let owner = self.access.owner().await;
        let owner = match owner.map(|owner| owner.setup_required()) {
            Ok(false) => ok(NAME, "it has an e-mail address and a password"),
            Ok(true) => advice(
                NAME,
                "it has no e-mail address and password yet",
                format!(
                    "run `{}`, open the link and set both",
                    self.command.line("admin link")
                ),
            ),
            Err(error) => fail(NAME, error.to_string(), "fix the store first"),
        };
        vec![clock, owner]
    }
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
    if let AdminBootstrap::Applied(_) = outcome {
        tracing::info!("the owner account was set up from the environment");
    }
    Ok(())
}

/// What the banner contains for the first login.
pub(crate) enum FirstLogin {
    /// The owner account is set up, so no link is printed: anybody with access to the log could use it.
    NotNeeded,
    /// A login link for the owner account.
    Link(LoginLink),
    /// The store cannot be written. The server starts anyway.
    Impossible(String),
}

/// Creates a login link for the owner account unless it is set up.
pub(crate) async fn first_login_link(access: &Access) -> Result<FirstLogin, StartError> {
    match try_first_login_link(access).await {
        Ok(Some(link)) => Ok(FirstLogin::Link(link)),
        Ok(None) => Ok(FirstLogin::NotNeeded),
        Err(error) if error.kind() == ErrorKind::Unavailable => {
            tracing::error!(%error, "the login link for the owner account could not be created");
            Ok(FirstLogin::Impossible(error.to_string()))
        }
        Err(error) => Err(refuse(error)),
    }
}

async fn try_first_login_link(access: &Access) -> Result<Option<LoginLink>, AccessError> {
    let owner = access.owner().await?;
    if !owner.setup_required() {
        return Ok(None);
    }
    let local = access.local_principal().await?;
    let act = Act::new(Actor::system());
    let link = access
        .create_login_link(&local, &act, Some(owner.id))
        .await?;
    Ok(Some(link))
}

pub(crate) fn refuse(error: AccessError) -> StartError {
    StartError::part("access", error.kind(), error.hint(), error)
}
