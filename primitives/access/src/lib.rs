//! Authentication and authorisation: accounts, roles, sessions, API tokens, ingest keys, login links and the audit log.
//!
//! [`Access`] turns a cookie or a token into a [`Principal`], which contains the actor and its permissions. It also creates,
//! lists and ends accounts and credentials. Secrets are stored as hashes. A session or token ends when it is revoked, expires,
//! or its account is disabled. Nobody can grant permissions that they do not have, neither as a scope of a token nor as a role
//! of an account.
//!
//! The accounts are for the people who run an application, not for its users. There is no sign-up.
//!
//! ```no_run
//! use std::sync::Arc;
//! use outrigger_audit::Act;
//! use outrigger_access::{Access, AccessConfig, ClientInfo, MemoryThrottle, store::SqliteAccessStore};
//! use outrigger_sql::{SqliteDatabase, SqliteOptions};
//! use outrigger_stdx::{Actor, SystemClock};
//!
//! # async fn example(path: &std::path::Path, client: &ClientInfo) -> Result<(), outrigger_access::AccessError> {
//! let (clock, config) = (SystemClock::shared(), AccessConfig::default());
//! let database = SqliteDatabase::open(path, SqliteOptions::default(), clock.clone()).await?;
//! let store = Arc::new(SqliteAccessStore::open(database).await?);
//! let throttle = Arc::new(MemoryThrottle::new(&config, clock.clone()));
//! let access = Access::new(store, throttle, config, clock);
//!
//! access.ensure_owner().await?;
//! let local = access.local_principal().await?;
//! let link = access.create_login_link(&local, &Act::new(Actor::local()), None).await?;
//! let act = Act::new(Actor::anonymous());
//! let signed_in = access.redeem_login_link(&act, link.code.expose(), client).await?;
//! let principal = access.authenticate_session(signed_in.cookie.expose()).await?;
//! assert_eq!(principal.scopes.to_string(), "*");
//! # Ok(())
//! # }
//! ```
//!
//! Every change takes an [`Act`](outrigger_audit::Act) and writes its entry of the audit log in the same transaction. Requests
//! that are rejected before that are recorded by the caller.
//!
//! This crate does not depend on HTTP or cookies, and does not define which route needs which scope.

mod access;
mod account;
mod changes;
mod config;
mod credential_cache;
mod email;
mod error;
mod hash_queue;
mod ingest_key;
mod login_link;
mod password_hash;
mod password_rules;
mod principal;
mod pruner;
mod risk;
mod role;
mod scope;
mod session;
pub mod store;
mod throttle;
mod token;

pub use access::{Access, AdminBootstrap, EnsuredOwner};
pub use account::{Account, AccountId, AccountUpdate, NewAccount, OwnUpdate};
pub use changes::Changes;
pub use config::{AccessConfig, PasswordRules};
pub use email::Email;
pub use error::{AccessError, CLOCK_HINT};
pub use ingest_key::{IngestKey, IngestKeyId};
pub use login_link::LoginLink;
pub use principal::Principal;
pub use pruner::{Pruned, Pruner};
pub use risk::RiskLevel;
pub use role::Role;
pub use scope::{
    CAPABILITIES, PRESENT_CAPABILITIES, ParseScopeError, Scope, ScopeAccess, ScopeSet,
};
pub use session::{ClientInfo, Session, SessionId, SignedIn};
pub use throttle::{
    Admission, LoginAttempt, LoginThrottle, MemoryThrottle, RetryAfter, Standing, network,
};
pub use token::{CreatedToken, NewToken, Token, TokenExpiry, TokenId};
