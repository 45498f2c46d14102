//! Credentials that were checked a moment ago.
//!
//! A page asks several times a second and a program thousands of times; asking the store each time would be most of the work.
//! A checked credential is believed for a few seconds. Anything that this process revokes or changes empties the cache, so it
//! counts at once; a change on another node counts after those seconds.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use outrigger_crypto::Digest;
use outrigger_stdx::Monotonic;

use crate::{AccessConfig, Principal};

/// A bounded set of credentials that are believed for a short time.
#[derive(Debug)]
pub(crate) struct CredentialCache {
    ttl: Duration,
    entries_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts how often the cache was emptied.
    generation: u64,
    entries: HashMap<Digest, (Monotonic, CachedCredential)>,
}

/// What a credential was found to be.
#[derive(Debug, Clone)]
pub(crate) struct CachedCredential {
    pub(crate) principal: Principal,
    /// When its use was last written down.
    pub(crate) noted_at: Option<Timestamp>,
}

/// Which emptying of the cache came last when the store was asked. What the store said before a later one may be out of date.
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
    pub(crate) fn get(&self, digest: &Digest, now: Monotonic) -> Option<CachedCredential> {
        let state = self.state();
        let (since, credential) = state.entries.get(digest)?;
        (now.saturating_since(*since) < self.ttl).then(|| credential.clone())
    }

    /// To be asked for before the store is.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.state().generation)
    }

    /// Remembers what the store said, unless the cache was emptied since `asked`.
    pub(crate) fn insert(
        &self,
        asked: Generation,
        digest: Digest,
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
        state.entries.insert(digest, (now, credential));
    }

    /// Remembers that the use of a credential was written down.
    pub(crate) fn note(&self, digest: &Digest, at: Timestamp) {
        if let Some((_, credential)) = self.state().entries.get_mut(digest) {
            credential.noted_at = Some(at);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.generation += 1;
        state.entries.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use outrigger_crypto::hash_token;
    use outrigger_stdx::{Actor, HumanDuration};

    use super::*;
    use crate::{AccountId, ScopeSet};

    fn cache() -> CredentialCache {
        CredentialCache::new(&AccessConfig {
            credential_cache_ttl: HumanDuration::from_secs(5),
            credential_cache_max: 3,
            ..AccessConfig::default()
        })
    }

    fn credential() -> CachedCredential {
        CachedCredential {
            principal: Principal {
                actor: Actor::local(),
                scopes: ScopeSet::everything(),
                role: None,
                account_id: AccountId::generate(),
                session_id: None,
                token_id: None,
                reset_until: None,
                expires_at: None,
            },
            noted_at: None,
        }
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_duration(Duration::from_secs(seconds))
    }

    #[test]
    fn a_credential_is_believed_for_a_short_time() {
        let (cache, digest) = (cache(), hash_token("a"));

        cache.insert(cache.generation(), digest, credential(), at(0));

        assert!(cache.get(&digest, at(4)).is_some());
        assert!(cache.get(&digest, at(5)).is_none());
    }

    #[test]
    fn what_the_store_said_before_a_change_is_not_believed_after_it() {
        let (cache, digest) = (cache(), hash_token("a"));

        let asked = cache.generation();
        cache.clear();
        cache.insert(asked, digest, credential(), at(0));

        assert!(cache.get(&digest, at(0)).is_none());
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = cache();

        for number in 0..100 {
            let digest = hash_token(&number.to_string());
            cache.insert(cache.generation(), digest, credential(), at(0));
            assert!(cache.get(&digest, at(0)).is_some());
            assert!(cache.state().entries.len() <= 3);
        }
    }
}
