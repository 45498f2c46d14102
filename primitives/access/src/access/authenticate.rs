//! From a cookie or a token to who acts.

use std::time::Duration;

use jiff::Timestamp;
use outrigger_crypto::{hash_token, parse_token};
use outrigger_stdx::{Actor, ActorKind, Via};
use uuid::Uuid;

use super::{Access, NOTE_EVERY, RESET_TTL, earlier, later};
use crate::{
    AccessError, Changes, Principal, TokenId,
    credential_cache::{
        CachedCredential, Concerned, CredentialKey, CredentialKind, Generation, Holder,
    },
    store::{AccountRow, SessionRow, TokenRow},
};

impl Access {
    /// Who signed in with this cookie.
    ///
    /// # Errors
    ///
    /// [`AccessError::SessionInvalid`] when the session has ended or never was.
    pub async fn authenticate_session(&self, cookie: &str) -> Result<Principal, AccessError> {
        let key = session_key(cookie);
        let (principal, noted_at) = self.known_session(key).await?;
        self.note_use(key, &principal, noted_at).await;
        Ok(principal)
    }

    /// The same for a request that a page makes by itself. It does not count as a use of the session, so a page that is left open
    /// does not keep its session from becoming idle.
    ///
    /// # Errors
    ///
    /// [`AccessError::SessionInvalid`] when the session has ended or never was.
    pub async fn authenticate_session_in_background(
        &self,
        cookie: &str,
    ) -> Result<Principal, AccessError> {
        let (principal, _) = self.known_session(session_key(cookie)).await?;
        Ok(principal)
    }

    /// Who acts with this token, `via` that door.
    ///
    /// # Errors
    ///
    /// [`AccessError::TokenInvalid`] when it is wrong, expired or revoked, or its account is disabled.
    pub async fn authenticate_token(&self, text: &str, via: Via) -> Result<Principal, AccessError> {
        let token = parse_token(text).ok_or(AccessError::TokenInvalid)?;
        let key = CredentialKey {
            kind: CredentialKind::Token,
            digest: token.digest,
        };
        let id = TokenId::from(Uuid::from_bytes(token.id));
        let (mut principal, noted_at) = self.known_token(key, id).await?;
        self.note_use(key, &principal, noted_at).await;
        principal.actor.via = via;
        Ok(principal)
    }

    /// Checks again whether a principal may still act, and as what: for connections and streams that outlive a request. Does
    /// not count as a use of the credential. Cheap for many at once: they share what the store says for `[access]
    /// credential_cache_ttl`.
    ///
    /// # Errors
    ///
    /// [`AccessError::SessionInvalid`] or [`AccessError::TokenInvalid`] when the credential has been revoked or has expired, or
    /// its account has been disabled or deleted. A retryable error when the store could not say.
    pub async fn revalidate(&self, principal: &Principal) -> Result<Principal, AccessError> {
        let Some(key) = principal.credential else {
            return self.local_principal().await;
        };
        let (mut current, _) = match principal.token_id {
            Some(id) => self.known_token(key, id).await?,
            None => self.known_session(key).await?,
        };
        current.actor.via = principal.actor.via;
        Ok(current)
    }

    /// The signal that credentials may have ended.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.inner.changed.subscribe()
    }

    /// How often to [`revalidate`](Self::revalidate) without a signal, for what other nodes change and for what expires:
    /// `[access] credential_cache_ttl`, and at least a second.
    #[must_use]
    pub fn revalidate_every(&self) -> Duration {
        self.inner
            .config
            .credential_cache_ttl
            .get()
            .max(Duration::from_secs(1))
    }

    async fn known_session(
        &self,
        key: CredentialKey,
    ) -> Result<(Principal, Option<Timestamp>), AccessError> {
        let known = match self.cached(&key) {
            Some(known) => known,
            None => self.load_session(key).await?,
        };
        self.unexpired(known, AccessError::SessionInvalid)
    }

    async fn known_token(
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
            Holder::Principal(principal) => Some((*principal, cached.noted_at)),
            Holder::IngestKey(_) => None,
        }
    }

    async fn load_session(
        &self,
        key: CredentialKey,
    ) -> Result<(Principal, Option<Timestamp>), AccessError> {
        let asked = self.inner.cache.generation();
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
        let noted_at = Some(session.last_seen_at);
        self.remember(asked, key, &principal, noted_at);
        Ok((principal, noted_at))
    }

    async fn load_token(
        &self,
        key: CredentialKey,
        id: TokenId,
    ) -> Result<(Principal, Option<Timestamp>), AccessError> {
        let asked = self.inner.cache.generation();
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
            // What its account may not do any more, it may not either.
            scopes: token.scopes.intersection(&account.role.scopes()),
            role: None,
            account_id: account.id,
            session_id: None,
            token_id: Some(token.id),
            reset_until: None,
            expires_at: token.expires_at,
            credential: Some(key),
        };
        self.remember(asked, key, &principal, token.last_used_at);
        Ok((principal, token.last_used_at))
    }

    fn remember(
        &self,
        asked: Generation,
        key: CredentialKey,
        principal: &Principal,
        noted_at: Option<Timestamp>,
    ) {
        let credential = CachedCredential {
            holder: Holder::Principal(Box::new(principal.clone())),
            noted_at,
        };
        let now = self.inner.clock.monotonic();
        self.inner.cache.insert(asked, key, credential, now);
    }

    /// Forgets what was believed of credentials that a change concerns, and wakes whoever holds one open. To be called whether
    /// the change succeeded or not: the store may have carried it out although its answer was lost.
    pub(super) fn forget(&self, concerned: Concerned) {
        self.inner.cache.forget(concerned);
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

    /// Writes down that a credential is used, at most once a minute. A store that does not take it refuses nobody.
    async fn note_use(
        &self,
        key: CredentialKey,
        principal: &Principal,
        noted_at: Option<Timestamp>,
    ) {
        let now = self.now();
        if !is_due(noted_at, now) {
            return;
        }
        self.inner.cache.note(&key, now);
        let noted = match (principal.session_id, principal.token_id) {
            (Some(session), _) => self.store().touch_session(session, now).await,
            (None, Some(token)) => self.store().touch_token(token, now).await,
            (None, None) => Ok(()),
        };
        if let Err(error) = noted {
            self.warn_unnoted(&error);
        }
    }
}

impl Access {
    /// Logs that the use of a credential could not be written down. Every request can cause it.
    pub(super) fn warn_unnoted(&self, error: &AccessError) {
        if let Some(skipped) = self.inner.note_log.admit(self.inner.clock.monotonic()) {
            tracing::warn!(%error, skipped, "the use of a credential could not be written down");
        }
    }
}

fn session_key(cookie: &str) -> CredentialKey {
    CredentialKey {
        kind: CredentialKind::Session,
        digest: hash_token(cookie),
    }
}

/// Whether a use is to be written down again.
pub(super) fn is_due(noted_at: Option<Timestamp>, now: Timestamp) -> bool {
    noted_at.is_none_or(|noted_at| noted_at <= earlier(now, NOTE_EVERY))
}
