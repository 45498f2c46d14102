//! Credentials that were checked a moment ago.
//!
//! A page asks several times a second and a program thousands of times; asking the store each time would be most of the work.
//! So a checked credential is believed for a few seconds. What this process revokes or changes is removed at once; a change on
//! another node counts after those seconds.
//!
//! A cookie, a token and an ingest key are looked up by their digest *and* their kind: the text of a token is never taken for a
//! cookie.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use outrigger_crypto::Digest;
use outrigger_stdx::Monotonic;

use crate::{AccessConfig, AccountId, IngestKey, IngestKeyId, Principal, SessionId};

/// A bounded set of credentials that are believed for a short time.
#[derive(Debug)]
pub(crate) struct CredentialCache {
    ttl: Duration,
    entries_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts the calls of [`CredentialCache::forget`].
    generation: u64,
    entries: HashMap<CredentialKey, (Monotonic, CachedCredential)>,
}

/// What a credential is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CredentialKey {
    pub(crate) kind: CredentialKind,
    pub(crate) digest: Digest,
}

/// Where a credential works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CredentialKind {
    /// A session cookie.
    Session,
    /// An API token.
    Token,
    /// A key that can only send in.
    IngestKey,
}

/// What a credential was found to be.
#[derive(Debug, Clone)]
pub(crate) struct CachedCredential {
    pub(crate) holder: Holder,
    /// When its use was last written down.
    pub(crate) noted_at: Option<Timestamp>,
}

/// Whose credential it is. Boxed, because entries differ much in size.
#[derive(Debug, Clone)]
pub(crate) enum Holder {
    Principal(Box<Principal>),
    IngestKey(Box<IngestKey>),
}

/// Which cached credentials a change concerns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Concerned {
    /// All of an account: its sessions and tokens.
    Account(AccountId),
    Session(SessionId),
    IngestKey(IngestKeyId),
    /// Whoever it may be: the store did not say.
    Everybody,
}

/// How many changes there had been when the store was asked. What the store said before a later change may be out of date.
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

    /// What the credential was found to be, not long ago.
    pub(crate) fn get(&self, key: &CredentialKey, now: Monotonic) -> Option<CachedCredential> {
        let state = self.state();
        let (since, credential) = state.entries.get(key)?;
        (now.saturating_since(*since) < self.ttl).then(|| credential.clone())
    }

    /// The present generation; read it before the store is asked.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.state().generation)
    }

    /// Remembers what the store said, unless something changed since `asked`.
    pub(crate) fn insert(
        &self,
        asked: Generation,
        key: CredentialKey,
        credential: CachedCredential,
        now: Monotonic,
    ) {
        let mut state = self.state();
        if state.generation != asked.0 {
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

    /// Remembers that the use of a credential was written down.
    pub(crate) fn note(&self, key: &CredentialKey, at: Timestamp) {
        if let Some((_, credential)) = self.state().entries.get_mut(key) {
            credential.noted_at = Some(at);
        }
    }

    /// Forgets what a change concerns, and what is being read from the store meanwhile.
    pub(crate) fn forget(&self, concerned: Concerned) {
        let mut state = self.state();
        state.generation += 1;
        state
            .entries
            .retain(|_, (_, credential)| !concerned.includes(&credential.holder));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Concerned {
    fn includes(self, holder: &Holder) -> bool {
        match (self, holder) {
            (Self::Account(id), Holder::Principal(principal)) => principal.account_id == id,
            (Self::Session(id), Holder::Principal(principal)) => principal.session_id == Some(id),
            (Self::IngestKey(id), Holder::IngestKey(key)) => key.id == id,
            (Self::Everybody, _) => true,
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
            noted_at: None,
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
    fn a_credential_is_believed_for_a_short_time() {
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
    fn what_the_store_said_before_a_change_is_not_believed_after_it() {
        let (cache, key) = (cache(), key(CredentialKind::Session, "a"));

        let asked = cache.generation();
        cache.forget(Concerned::Account(account(0)));
        cache.insert(asked, key, credential(), at(0));

        assert!(cache.get(&key, at(0)).is_none());
    }

    #[test]
    fn a_change_of_one_account_leaves_the_others_cached() {
        let cache = cache();
        let changed = key(CredentialKind::Session, "a");
        let other = key(CredentialKind::Session, "b");
        cache.insert(cache.generation(), changed, of_account(account(1)), at(0));
        cache.insert(cache.generation(), other, of_account(account(2)), at(0));

        cache.forget(Concerned::Account(account(1)));

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
