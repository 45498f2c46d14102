//! Who may do what: accounts, roles, sessions, API tokens, ingest keys, login links and the audit log.
//!
//! [`Access`] turns a cookie or a token into a [`Principal`], which says who acts and what they may do, and it is where
//! accounts and credentials are made, listed and ended. What is secret is stored as a hash; a session or token ends when it is
//! revoked, expires, or its account is disabled. Nobody can give what they do not have: neither a scope to a token nor a role
//! to an account.
//!
//! Not for the users of an application: these accounts are of the people who run it. There is no sign-up.
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
//! Whatever changes something takes an [`Act`](outrigger_audit::Act) and writes its entry of the audit log in the transaction of
//! the change. What is refused before that, the door writes down.
//!
//! What this crate refuses to know: HTTP, cookies, and which route needs which scope.

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
pub use scope::{CAPABILITIES, ParseScopeError, Scope, ScopeAccess, ScopeSet};
pub use session::{ClientInfo, Session, SessionId, SignedIn};
pub use throttle::{
    Admission, LoginAttempt, LoginThrottle, MemoryThrottle, RetryAfter, Standing, network,
};
pub use token::{CreatedToken, NewToken, Token, TokenExpiry, TokenId};
