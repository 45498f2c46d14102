//! Ingest keys: made, listed, deleted, recognised.

use outrigger_audit::Act;
use outrigger_crypto::hash_token;
use outrigger_stdx::{Cursor, Page};

use super::{Access, authenticate::is_due, parse_name, wrong};
use crate::{
    AccessError, IngestKey, IngestKeyId,
    credential_cache::{CachedCredential, Concerned, CredentialKey, CredentialKind, Holder},
    store,
};

impl Access {
    /// Makes an ingest key.
    ///
    /// # Errors
    ///
    /// When the name is empty or too long, or there are `[access] ingest_keys_max`.
    pub async fn create_ingest_key(&self, act: &Act, name: &str) -> Result<IngestKey, AccessError> {
        let now = self.now();
        let key = IngestKey {
            id: IngestKeyId::generate(now),
            name: parse_name(name).map_err(wrong)?,
            // A random UUID without hyphens: 32 hexadecimal digits. It need not be secret, only its own.
            key: uuid::Uuid::new_v4().simple().to_string(),
            created_at: now,
            last_used_at: None,
        };
        let limit = self.inner.config.ingest_keys_max;
        let entry = act.entry("access.create_ingest_key", now);
        let entry = store::ingest_key(entry, &key);
        if !self.store().create_ingest_key(&key, limit, &entry).await? {
            let (what, key) = ("ingest keys", "ingest_keys_max");
            return Err(AccessError::TooMany { what, limit, key });
        }
        act.recorded();
        Ok(key)
    }

    /// A part of the ingest keys, newest first: at most `limit`, from `cursor` on, which is the `next` of the part before.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn ingest_keys(
        &self,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<IngestKey>, AccessError> {
        let keys = self.store().ingest_keys(cursor, limit.saturating_add(1));
        Ok(Page::from_rows(keys.await?, limit, |key: &IngestKey| {
            Cursor {
                at: key.created_at,
                id: key.id.as_uuid(),
            }
        }))
    }

    /// The ingest key with this text. Its use is written down at most once a minute, and the store is asked at most once per
    /// `[access] credential_cache_ttl`.
    ///
    /// # Errors
    ///
    /// [`AccessError::IngestKeyInvalid`] when there is none.
    pub async fn authenticate_ingest_key(&self, text: &str) -> Result<IngestKey, AccessError> {
        let found_by = CredentialKey {
            kind: CredentialKind::IngestKey,
            digest: hash_token(text),
        };
        let cached = self
            .inner
            .cache
            .get(&found_by, self.inner.clock.monotonic());
        let (key, noted_at) = match cached {
            Some(CachedCredential {
                holder: Holder::IngestKey(key),
                noted_at,
            }) => (*key, noted_at),
            _ => {
                let asked = self.inner.cache.generation();
                // Not every database takes any text.
                let is_like_one = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
                let found = match is_like_one {
                    true => self.store().ingest_key(text).await?,
                    false => None,
                };
                let key = found.ok_or(AccessError::IngestKeyInvalid)?;
                let credential = CachedCredential {
                    holder: Holder::IngestKey(Box::new(key.clone())),
                    noted_at: key.last_used_at,
                };
                let now = self.inner.clock.monotonic();
                self.inner.cache.insert(asked, found_by, credential, now);
                let noted_at = key.last_used_at;
                (key, noted_at)
            }
        };
        let now = self.now();
        if is_due(noted_at, now) {
            self.inner.cache.note(&found_by, now);
            if let Err(error) = self.store().touch_ingest_key(key.id, now).await {
                self.warn_unnoted(&error);
            }
        }
        Ok(key)
    }

    /// Deletes an ingest key. What is sent with it from now on is refused.
    ///
    /// # Errors
    ///
    /// When there is none with this id.
    pub async fn delete_ingest_key(&self, act: &Act, id: IngestKeyId) -> Result<(), AccessError> {
        let entry = act.entry("access.revoke_ingest_key", self.now());
        let deleted = self.store().delete_ingest_key(id, &entry).await;
        self.forget(Concerned::IngestKey(id));
        deleted?;
        act.recorded();
        Ok(())
    }
}
