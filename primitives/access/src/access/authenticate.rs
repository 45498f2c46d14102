//! Authentication: from a cookie or a token to a principal.

use std::time::Duration;

use jiff::Timestamp;
use outrigger_crypto::{hash_token, parse_token};
use outrigger_stdx::{Actor, ActorKind, Via};
use uuid::Uuid;

use super::{Access, RESET_TTL, USE_RECORDED_EVERY, earlier, later};
use crate::{
    AccessError, Changes, Principal, TokenId,
    credential_cache::{
        Affected, CachedCredential, CredentialKey, CredentialKind, Generation, Holder,
    },
    store::{AccountRow, SessionRow, TokenRow},
};

impl Access {
    /// Returns the principal of a session cookie.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::SessionInvalid`] if the session has ended or never existed.
    pub async fn authenticate_session(&self, cookie: &str) -> Result<Principal, AccessError> {
        let key = session_key(cookie);
        let (principal, use_recorded_at) = self.session_principal(key).await?;
        self.record_use(key, &principal, use_recorded_at).await;
        Ok(principal)
    }

    /// Returns the principal of a session cookie for a request that a page sends by itself. Does not count as a use of the
    /// session, so that an open page does not keep its session from becoming idle.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::SessionInvalid`] if the session has ended or never existed.
    pub async fn authenticate_session_in_background(
        &self,
        cookie: &str,
    ) -> Result<Principal, AccessError> {
        let (principal, _) = self.session_principal(session_key(cookie)).await?;
        Ok(principal)
    }

    /// Returns the principal of a token. `via` is the interface used.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::TokenInvalid`] if the token is wrong, expired or revoked, or if its account is disabled.
    pub async fn authenticate_token(&self, text: &str, via: Via) -> Result<Principal, AccessError> {
        let token = parse_token(text).ok_or(AccessError::TokenInvalid)?;
        let key = CredentialKey {
            kind: CredentialKind::Token,
            digest: token.digest,
        };
        let id = TokenId::from(Uuid::from_bytes(token.id));
        let (mut principal, use_recorded_at) = self.token_principal(key, id).await?;
        self.record_use(key, &principal, use_recorded_at).await;
        principal.actor.via = via;
        Ok(principal)
    }

    /// Checks a principal again and returns its present permissions, for connections and streams that outlive a request. This
    /// does not count as a use of the credential. Many calls at once are cheap, because they share the cached result of the
    /// store for `[access] credential_cache_ttl`.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::SessionInvalid`] or [`AccessError::TokenInvalid`] if the credential was revoked or has expired,
    /// or its account was disabled or deleted. Returns a retryable error if the store is unavailable.
    pub async fn revalidate(&self, principal: &Principal) -> Result<Principal, AccessError> {
        let Some(key) = principal.credential else {
            return self.local_principal().await;
        };
        let (mut current, _) = match principal.token_id {
            Some(id) => self.token_principal(key, id).await?,
            None => self.session_principal(key).await?,
        };
        current.actor.via = principal.actor.via;
        Ok(current)
    }

    /// Returns a receiver of the signal that credentials may have ended.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.inner.changed.subscribe()
    }

    /// Returns how often to [`revalidate`](Self::revalidate) without a signal, to notice changes of other nodes and expiry:
    /// `[access] credential_cache_ttl`, but at least a second.
    #[must_use]
    pub fn revalidate_every(&self) -> Duration {
        self.inner
            .config
            .credential_cache_ttl
            .get()
            .max(Duration::from_secs(1))
    }

    async fn session_principal(
        &self,
        key: CredentialKey,
    ) -> Result<(Principal, Option<Timestamp>), AccessError> {
        let known = match self.cached(&key) {
            Some(known) => known,
            None => self.load_session(key).await?,
        };
        self.unexpired(known, AccessError::SessionInvalid)
    }

    async fn token_principal(
        &self,
        key: CredentialKey,
        id: TokenId,
    ) -> Result<(Principal, Option<Timestamp>), AccessError> {
        let known = match self.cached(&key) {
            Some(known) => known,
            None => self.load_token(key, id).await?,
        };
        self.unexpired(known, AccessError::TokenInvalid)
    }

    fn cached(&self, key: &CredentialKey) -> Option<(Principal, Option<Timestamp>)> {
        let cached = self.inner.cache.get(key, self.inner.clock.monotonic())?;
        match cached.holder {
            Holder::Principal(principal) => Some((*principal, cached.use_recorded_at)),
            Holder::IngestKey(_) => None,
        }
    }

    async fn load_session(
        &self,
        key: CredentialKey,
    ) -> Result<(Principal, Option<Timestamp>), AccessError> {
        let generation = self.inner.cache.generation();
        let found = self.store().session(&key.digest).await?;
        let idle_since = earlier(self.now(), self.inner.config.session_idle.get());
        let (SessionRow { session, .. }, AccountRow { account, .. }) = found
            .filter(|(row, _)| row.session.last_seen_at > idle_since)
            .filter(|(_, row)| !row.account.disabled)
            .ok_or(AccessError::SessionInvalid)?;
        let principal = Principal {
            actor: Actor {
                kind: ActorKind::Account {
                    id: account.id.as_uuid(),
                    label: account.label().to_owned(),
                },
                via: Via::Dashboard,
            },
            scopes: account.role.scopes(),
            role: Some(account.role),
            account_id: account.id,
            session_id: Some(session.id),
            token_id: None,
            reset_until: session
                .by_link
                .then(|| later(session.created_at, RESET_TTL)),
            expires_at: Some(session.expires_at),
            credential: Some(key),
        };
        let use_recorded_at = Some(session.last_seen_at);
        self.cache_principal(generation, key, &principal, use_recorded_at);
        Ok((principal, use_recorded_at))
    }

    async fn load_token(
        &self,
        key: CredentialKey,
        id: TokenId,
    ) -> Result<(Principal, Option<Timestamp>), AccessError> {
        let generation = self.inner.cache.generation();
        let found = self.store().token(id).await?;
        let (TokenRow { token, .. }, AccountRow { account, .. }) = found
            .filter(|(row, _)| row.digest == key.digest)
            .filter(|(_, row)| !row.account.disabled)
            .ok_or(AccessError::TokenInvalid)?;
        let principal = Principal {
            actor: Actor {
                kind: ActorKind::Token {
                    id: token.id.as_uuid(),
                    label: token.name,
                },
                via: Via::Api,
            },
            // A token never has permissions that its account lost.
            scopes: token.scopes.intersection(&account.role.scopes()),
            role: None,
            account_id: account.id,
            session_id: None,
            token_id: Some(token.id),
            reset_until: None,
            expires_at: token.expires_at,
            credential: Some(key),
        };
        self.cache_principal(generation, key, &principal, token.last_used_at);
        Ok((principal, token.last_used_at))
    }

    fn cache_principal(
        &self,
        generation: Generation,
        key: CredentialKey,
        principal: &Principal,
        use_recorded_at: Option<Timestamp>,
    ) {
        let credential = CachedCredential {
            holder: Holder::Principal(Box::new(principal.clone())),
            use_recorded_at,
        };
        let now = self.inner.clock.monotonic();
        self.inner.cache.insert(generation, key, credential, now);
    }

    /// Removes the credentials affected by a change from the cache and notifies their holders. Call it even if the change
    /// failed: the store may have committed it although its reply was lost.
    pub(super) fn invalidate(&self, affected: Affected) {
        self.inner.cache.invalidate(affected);
        self.inner.changed.send();
    }

    fn unexpired(
        &self,
        known: (Principal, Option<Timestamp>),
        expired: AccessError,
    ) -> Result<(Principal, Option<Timestamp>), AccessError> {
        match known.0.expires_at {
            Some(expires_at) if expires_at <= self.now() => Err(expired),
            _ => Ok(known),
        }
    }

    /// Records the use of a credential, at most once a minute. A failure of the store does not reject the caller.
    async fn record_use(
        &self,
        key: CredentialKey,
        principal: &Principal,
        use_recorded_at: Option<Timestamp>,
    ) {
        let now = self.now();
        if !is_due(use_recorded_at, now) {
            return;
        }
        self.inner.cache.record_use(&key, now);
        let noted = match (principal.session_id, principal.token_id) {
            (Some(session), _) => self.store().touch_session(session, now).await,
            (None, Some(token)) => self.store().touch_token(token, now).await,
            (None, None) => Ok(()),
        };
        if let Err(error) = noted {
            self.warn_unrecorded_use(&error);
        }
    }
}

impl Access {
    /// Logs that the use of a credential could not be recorded, at a limited rate because every request can cause it.
    pub(super) fn warn_unrecorded_use(&self, error: &AccessError) {
        if let Some(skipped) = self.inner.note_log.admit(self.inner.clock.monotonic()) {
            tracing::warn!(%error, skipped, "the use of a credential could not be recorded");
        }
    }
}

fn session_key(cookie: &str) -> CredentialKey {
    CredentialKey {
        kind: CredentialKind::Session,
        digest: hash_token(cookie),
    }
}

/// Returns whether a use must be recorded again.
pub(super) fn is_due(use_recorded_at: Option<Timestamp>, now: Timestamp) -> bool {
    use_recorded_at
        .is_none_or(|use_recorded_at| use_recorded_at <= earlier(now, USE_RECORDED_EVERY))
}
