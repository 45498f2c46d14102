//! The handle of access.

mod accounts;
mod authenticate;
mod first_account;
mod ingest_keys;
mod prune;
mod sessions;
mod sign_in;
mod tokens;

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use outrigger_audit::AuditLog;
use outrigger_stdx::{Clock, FieldProblem, RareLog};
use prometheus_client::{metrics::counter::Counter, registry::Registry};

pub use first_account::{AdminBootstrap, EnsuredOwner};

use self::prune::ClockState;

use crate::{
    AccessConfig, AccessError, LoginThrottle, Pruner, changes::ChangeSignal,
    credential_cache::CredentialCache, password_hash::PasswordHasher, store::AccessStore,
};

/// How long a login link is valid.
const LOGIN_LINK_TTL: Duration = Duration::from_secs(30 * 60);

/// How long after logging in with a login link the current password is not required to set a new one.
const RESET_TTL: Duration = Duration::from_secs(30 * 60);

/// The use of a credential is recorded again after this time.
const USE_RECORDED_EVERY: Duration = Duration::from_secs(60);

/// The longest name of an account, token or key in characters.
const NAME_MAX: usize = 100;

/// Accounts and their credentials. Cheap to clone; clones share the store and the caches.
#[derive(Clone)]
pub struct Access {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn AccessStore>,
    throttle: Arc<dyn LoginThrottle>,
    config: AccessConfig,
    clock: Arc<dyn Clock>,
    hasher: PasswordHasher,
    cache: CredentialCache,
    changed: ChangeSignal,
    clock_state: ClockState,
    figures: Figures,
    /// Limits the log lines about uses of credentials that could not be written down.
    note_log: RareLog,
}

#[derive(Debug, Default)]
struct Figures {
    sign_ins: Counter,
    refused: Counter,
    throttled: Counter,
}

impl Access {
    /// Creates a handle on `store`.
    #[must_use]
    pub fn new(
        store: Arc<dyn AccessStore>,
        throttle: Arc<dyn LoginThrottle>,
        config: AccessConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                throttle,
                hasher: PasswordHasher::new(&config),
                cache: CredentialCache::new(&config),
                changed: ChangeSignal::new(),
                clock_state: ClockState::default(),
                config,
                clock,
                figures: Figures::default(),
                note_log: RareLog::default(),
            }),
        }
    }

    /// Creates the background service that deletes expired data.
    #[must_use]
    pub fn pruner(&self) -> Pruner {
        Pruner::new(self.clone())
    }

    /// Registers the metrics.
    pub fn register(&self, registry: &mut Registry) {
        let figures = &self.inner.figures;
        registry.register(
            "outrigger_access_sign_ins",
            "Sessions created",
            figures.sign_ins.clone(),
        );
        registry.register(
            "outrigger_access_sign_ins_refused",
            "Wrong passwords, at login or as the current password, and attempts to log in to a disabled account",
            figures.refused.clone(),
        );
        registry.register(
            "outrigger_access_sign_ins_throttled",
            "Login attempts rejected without a check of the password, because of earlier failures",
            figures.throttled.clone(),
        );
    }

    /// Returns the audit log in the same database.
    #[must_use]
    pub fn audit_log(&self) -> &AuditLog {
        self.store().audit_log()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    fn store(&self) -> &dyn AccessStore {
        &*self.inner.store
    }

    /// Returns the wall-clock time with the precision of the stores, microseconds.
    fn now(&self) -> Timestamp {
        let now = self.inner.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Access").finish_non_exhaustive()
    }
}

/// Returns `at` plus a duration, or the latest possible time on overflow.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Returns `at` minus a duration, or the earliest possible time on overflow.
fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// Validates a name: 1 to 100 characters after removing spaces at both ends.
fn parse_name(text: &str) -> Result<String, FieldProblem> {
    outrigger_stdx::parse_name("name", text, NAME_MAX)
}

/// Returns the error for one invalid field.
fn wrong(problem: FieldProblem) -> AccessError {
    AccessError::Fields {
        fields: vec![problem],
    }
}
