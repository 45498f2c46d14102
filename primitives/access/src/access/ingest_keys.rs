//! Ingest keys: create, list, delete and authenticate.

use outrigger_audit::Act;
use outrigger_crypto::hash_token;
use outrigger_stdx::{Cursor, Page};

use super::{Access, authenticate::is_due, parse_name, wrong};
use crate::{
    AccessError, IngestKey, IngestKeyId,
    credential_cache::{Affected, CachedCredential, CredentialKey, CredentialKind, Holder},
    store,
};

impl Access {
    /// Creates an ingest key.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty or too long, or if there are `[access] ingest_keys_max` keys already.
    pub async fn create_ingest_key(&self, act: &Act, name: &str) -> Result<IngestKey, AccessError> {
        let now = self.now();
        let key = IngestKey {
            id: IngestKeyId::generate(now),
            name: parse_name(name).map_err(wrong)?,
            // A random UUID without hyphens: 32 hexadecimal digits. It must be unique but need not be secret.
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

    /// Returns a page of ingest keys, newest first: at most `limit`, starting at `cursor`, which is `next` of the previous
    /// page.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
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

    /// Returns the ingest key with this text. Records its use at most once a minute and queries the store at most once per
    /// `[access] credential_cache_ttl`.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::IngestKeyInvalid`] if there is no such key.
    pub async fn authenticate_ingest_key(&self, text: &str) -> Result<IngestKey, AccessError> {
        let found_by = CredentialKey {
            kind: CredentialKind::IngestKey,
            digest: hash_token(text),
        };
        let cached = self
            .inner
            .cache
            .get(&found_by, self.inner.clock.monotonic());
        let (key, use_recorded_at) = match cached {
            Some(CachedCredential {
                holder: Holder::IngestKey(key),
                use_recorded_at,
            }) => (*key, use_recorded_at),
            _ => {
                let generation = self.inner.cache.generation();
                // PostgreSQL rejects some texts, for example with NUL bytes.
                let is_plausible = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
                let found = match is_plausible {
                    true => self.store().ingest_key(text).await?,
                    false => None,
                };
                let key = found.ok_or(AccessError::IngestKeyInvalid)?;
                let credential = CachedCredential {
                    holder: Holder::IngestKey(Box::new(key.clone())),
                    use_recorded_at: key.last_used_at,
                };
                let now = self.inner.clock.monotonic();
                self.inner
                    .cache
                    .insert(generation, found_by, credential, now);
                let use_recorded_at = key.last_used_at;
                (key, use_recorded_at)
            }
        };
        let now = self.now();
        if is_due(use_recorded_at, now) {
            self.inner.cache.record_use(&found_by, now);
            if let Err(error) = self.store().touch_ingest_key(key.id, now).await {
                self.warn_unrecorded_use(&error);
            }
        }
        Ok(key)
    }

    /// Deletes an ingest key. Later requests with it are rejected.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no key with this id.
    pub async fn delete_ingest_key(&self, act: &Act, id: IngestKeyId) -> Result<(), AccessError> {
        let entry = act.entry("access.revoke_ingest_key", self.now());
        let deleted = self.store().delete_ingest_key(id, &entry).await;
        self.invalidate(Affected::IngestKey(id));
        deleted?;
        act.recorded();
        Ok(())
    }
}
