//! A cache of recently checked credentials.
//!
//! A page sends several requests per second, a program thousands. Querying the store for each of them would be most of the
//! work, so the result of a check is cached for a few seconds. Changes made by this process invalidate it immediately; changes
//! made by another node take effect after that time.
//!
//! Entries are found by digest *and* kind, so the text of a token is never accepted as a cookie.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use outrigger_crypto::Digest;
use outrigger_stdx::Monotonic;

use crate::{AccessConfig, AccountId, IngestKey, IngestKeyId, Principal, SessionId};

/// A bounded cache of checked credentials.
#[derive(Debug)]
pub(crate) struct CredentialCache {
    ttl: Duration,
    entries_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of calls of [`CredentialCache::invalidate`].
    generation: u64,
    entries: HashMap<CredentialKey, (Monotonic, CachedCredential)>,
}

/// The key of a cached credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CredentialKey {
    pub(crate) kind: CredentialKind,
    pub(crate) digest: Digest,
}

/// The kind of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CredentialKind {
    /// A session cookie.
    Session,
    /// An API token.
    Token,
    /// An ingest key, which can only send data.
    IngestKey,
}

/// The result of checking a credential.
#[derive(Debug, Clone)]
pub(crate) struct CachedCredential {
    pub(crate) holder: Holder,
    /// When its use was last recorded.
    pub(crate) use_recorded_at: Option<Timestamp>,
}

/// The owner of a credential. Boxed, because the variants differ in size.
#[derive(Debug, Clone)]
pub(crate) enum Holder {
    Principal(Box<Principal>),
    IngestKey(Box<IngestKey>),
}

/// The cached credentials that a change affects.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Affected {
    /// The sessions and tokens of an account.
    Account(AccountId),
    Session(SessionId),
    IngestKey(IngestKeyId),
    /// All credentials, because the store did not return which ones are affected.
    All,
}

/// The number of changes at the time of a query. The result of the query may be outdated after later changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generation(u64);

impl CredentialCache {
    pub(crate) fn new(config: &AccessConfig) -> Self {
        Self {
            ttl: config.credential_cache_ttl.get(),
            entries_max: config.credential_cache_max as usize,
            state: Mutex::default(),
        }
    }

    /// Returns the cached result of a credential, unless it is too old.
    pub(crate) fn get(&self, key: &CredentialKey, now: Monotonic) -> Option<CachedCredential> {
        let state = self.state();
        let (since, credential) = state.entries.get(key)?;
        (now.saturating_since(*since) < self.ttl).then(|| credential.clone())
    }

    /// Returns the current generation. Read it before querying the store.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.state().generation)
    }

    /// Caches a result of the store, unless there was a change since `generation`.
    pub(crate) fn insert(
        &self,
        generation: Generation,
        key: CredentialKey,
        credential: CachedCredential,
        now: Monotonic,
    ) {
        let mut state = self.state();
        if state.generation != generation.0 {
            return;
        }
        if state.entries.len() >= self.entries_max {
            let ttl = self.ttl;
            state
                .entries
                .retain(|_, (since, _)| now.saturating_since(*since) < ttl);
        }
        if state.entries.len() >= self.entries_max {
            state.entries.clear();
        }
        state.entries.insert(key, (now, credential));
    }

    /// Sets when the use of a credential was last recorded.
    pub(crate) fn record_use(&self, key: &CredentialKey, at: Timestamp) {
        if let Some((_, credential)) = self.state().entries.get_mut(key) {
            credential.use_recorded_at = Some(at);
        }
    }

    /// Removes the affected credentials, and prevents the caching of queries that are still running.
    pub(crate) fn invalidate(&self, affected: Affected) {
        let mut state = self.state();
        state.generation += 1;
        state
            .entries
            .retain(|_, (_, credential)| !affected.includes(&credential.holder));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Affected {
    fn includes(self, holder: &Holder) -> bool {
        match (self, holder) {
            (Self::Account(id), Holder::Principal(principal)) => principal.account_id == id,
            (Self::Session(id), Holder::Principal(principal)) => principal.session_id == Some(id),
            (Self::IngestKey(id), Holder::IngestKey(key)) => key.id == id,
            (Self::All, _) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use outrigger_crypto::hash_token;
    use outrigger_stdx::{Actor, HumanDuration};

    use super::*;
    use crate::ScopeSet;

    fn cache() -> CredentialCache {
        CredentialCache::new(&AccessConfig {
            credential_cache_ttl: HumanDuration::from_secs(5),
            credential_cache_max: 3,
            ..AccessConfig::default()
        })
    }

    fn key(kind: CredentialKind, text: &str) -> CredentialKey {
        CredentialKey {
            kind,
            digest: hash_token(text),
        }
    }

    fn of_account(account_id: AccountId) -> CachedCredential {
        CachedCredential {
            holder: Holder::Principal(Box::new(Principal {
                actor: Actor::local(),
                scopes: ScopeSet::everything(),
                role: None,
                account_id,
                session_id: None,
                token_id: None,
                reset_until: None,
                expires_at: None,
                credential: None,
            })),
            use_recorded_at: None,
        }
    }

    fn credential() -> CachedCredential {
        of_account(account(0))
    }

    fn account(number: u128) -> AccountId {
        AccountId::from(uuid::Uuid::from_u128(number))
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_duration(Duration::from_secs(seconds))
    }

    #[test]
    fn a_credential_is_cached_for_a_short_time() {
        let (cache, key) = (cache(), key(CredentialKind::Session, "a"));

        cache.insert(cache.generation(), key, credential(), at(0));

        assert!(cache.get(&key, at(4)).is_some());
        assert!(cache.get(&key, at(5)).is_none());
    }

    #[test]
    fn a_credential_is_not_found_under_another_kind() {
        let cache = cache();

        let token = key(CredentialKind::Token, "a");
        cache.insert(cache.generation(), token, credential(), at(0));

        let cookie = key(CredentialKind::Session, "a");
        assert!(cache.get(&cookie, at(0)).is_none());
    }

    #[test]
    fn a_query_result_from_before_a_change_is_not_cached() {
        let (cache, key) = (cache(), key(CredentialKind::Session, "a"));

        let generation = cache.generation();
        cache.invalidate(Affected::Account(account(0)));
        cache.insert(generation, key, credential(), at(0));

        assert!(cache.get(&key, at(0)).is_none());
    }

    #[test]
    fn a_change_of_one_account_leaves_the_others_cached() {
        let cache = cache();
        let changed = key(CredentialKind::Session, "a");
        let other = key(CredentialKind::Session, "b");
        cache.insert(cache.generation(), changed, of_account(account(1)), at(0));
        cache.insert(cache.generation(), other, of_account(account(2)), at(0));

        cache.invalidate(Affected::Account(account(1)));

        assert!(cache.get(&changed, at(0)).is_none());
        assert!(cache.get(&other, at(0)).is_some());
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = cache();

        for number in 0..100 {
            let key = key(CredentialKind::Token, &number.to_string());
            cache.insert(cache.generation(), key, credential(), at(0));
            assert!(cache.get(&key, at(0)).is_some());
            assert!(cache.state().entries.len() <= 3);
        }
    }
}
