//! From a cookie or a token to who acts.

use jiff::Timestamp;
use outrigger_crypto::{Digest, hash_token, parse_token};
use outrigger_stdx::{Actor, ActorKind, Via};
use uuid::Uuid;

use super::{Access, NOTE_EVERY, RESET_TTL, earlier, later};
use crate::{
    AccessError, Principal, TokenId,
    credential_cache::CachedCredential,
    store::{AccountRow, SessionRow, TokenRow},
};

impl Access {
    /// Who signed in with this cookie.
    ///
    /// # Errors
    ///
    /// [`AccessError::SessionInvalid`] when the session has ended or never was.
    pub async fn authenticate_session(&self, cookie: &str) -> Result<Principal, AccessError> {
        let digest = hash_token(cookie);
        let cached = match self.cached(&digest) {
            Some(cached) => cached,
            None => self.load_session(digest).await?,
        };
        self.check_expiry(&cached, AccessError::SessionInvalid)?;
        self.note_use(&digest, &cached).await;
        Ok(cached.principal)
    }

    /// Who acts with this token, `via` that door.
    ///
    /// # Errors
    ///
    /// [`AccessError::TokenInvalid`] when it is wrong, expired or revoked, or its account is disabled.
    pub async fn authenticate_token(&self, text: &str, via: Via) -> Result<Principal, AccessError> {
        let token = parse_token(text).ok_or(AccessError::TokenInvalid)?;
        let mut cached = match self.cached(&token.digest) {
            Some(cached) => cached,
            None => {
                self.load_token(Uuid::from_bytes(token.id), token.digest)
                    .await?
            }
        };
        self.check_expiry(&cached, AccessError::TokenInvalid)?;
        self.note_use(&token.digest, &cached).await;
        cached.principal.actor.via = via;
        Ok(cached.principal)
    }

    fn cached(&self, digest: &Digest) -> Option<CachedCredential> {
        self.inner.cache.get(digest, self.inner.clock.monotonic())
    }

    async fn load_session(&self, digest: Digest) -> Result<CachedCredential, AccessError> {
        let asked = self.inner.cache.generation();
        let found = self.store().session(&digest).await?;
        let idle_since = earlier(self.now(), self.inner.config.session_idle.get());
        let (SessionRow { session, .. }, AccountRow { account, .. }) = found
            .filter(|(row, _)| row.session.last_seen_at > idle_since)
            .filter(|(_, row)| !row.account.disabled)
            .ok_or(AccessError::SessionInvalid)?;
        let credential = CachedCredential {
            principal: Principal {
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
            },
            noted_at: Some(session.last_seen_at),
        };
        let now = self.inner.clock.monotonic();
        self.inner
            .cache
            .insert(asked, digest, credential.clone(), now);
        Ok(credential)
    }

    async fn load_token(&self, id: Uuid, digest: Digest) -> Result<CachedCredential, AccessError> {
        let asked = self.inner.cache.generation();
        let found = self.store().token(TokenId::from(id)).await?;
        let (TokenRow { token, .. }, AccountRow { account, .. }) = found
            .filter(|(row, _)| row.digest == digest)
            .filter(|(_, row)| !row.account.disabled)
            .ok_or(AccessError::TokenInvalid)?;
        let credential = CachedCredential {
            principal: Principal {
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
            },
            noted_at: token.last_used_at,
        };
        let now = self.inner.clock.monotonic();
        self.inner
            .cache
            .insert(asked, digest, credential.clone(), now);
        Ok(credential)
    }

    fn check_expiry(
        &self,
        cached: &CachedCredential,
        expired: AccessError,
    ) -> Result<(), AccessError> {
        match cached.principal.expires_at {
            Some(expires_at) if expires_at <= self.now() => Err(expired),
            _ => Ok(()),
        }
    }

    /// Writes down that a credential is used, at most once a minute. A store that does not take it refuses nobody.
    async fn note_use(&self, digest: &Digest, cached: &CachedCredential) {
        let now = self.now();
        if !is_due(cached.noted_at, now) {
            return;
        }
        self.inner.cache.note(digest, now);
        let principal = &cached.principal;
        let noted = match (principal.session_id, principal.token_id) {
            (Some(session), _) => self.store().touch_session(session, now).await,
            (None, Some(token)) => self.store().touch_token(token, now).await,
            (None, None) => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "the use of a credential could not be written down");
        }
    }
}

/// Whether a use is to be written down again.
pub(super) fn is_due(noted_at: Option<Timestamp>, now: Timestamp) -> bool {
    noted_at.is_none_or(|noted_at| noted_at <= earlier(now, NOTE_EVERY))
}
