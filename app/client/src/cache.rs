//! The cache.

use bytes::Bytes;
use outrigger_api_types::cache::{CacheCleared, CacheStats, ClearCache};

use crate::{Client, ClientError, Pieces, key};

const ENTRIES: &str = "/api/v1/cache/entries";

impl Client {
    /// The value of `key` in database 0.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`] with the status 404 when there is no such entry.
    pub async fn entry(&self, key: &[u8]) -> Result<Bytes, ClientError> {
        self.get_bytes(&format!("{ENTRIES}/{}", key::encode(key)))
            .await
    }

    /// Writes `value` under `key` in database 0, for `ttl` (such as `60s`) or as long as `[cache] ttl` says.
    ///
    /// # Errors
    ///
    /// When the key, the value or the time to live is refused.
    pub async fn put_entry(
        &self,
        key: &[u8],
        value: impl Into<Bytes>,
        ttl: Option<&str>,
    ) -> Result<(), ClientError> {
        self.put_bytes(&entry_path(key, ttl), value.into()).await
    }

    /// The value of `key` in database 0, piece by piece.
    ///
    /// # Errors
    ///
    /// As [`entry`](Self::entry).
    pub async fn read_entry(&self, key: &[u8]) -> Result<Pieces, ClientError> {
        self.get_pieces(&format!("{ENTRIES}/{}", key::encode(key)))
            .await
    }

    /// Writes the value under `key` in database 0 as its pieces come, for `ttl` (such as `60s`) or as long as `[cache] ttl` says.
    ///
    /// # Errors
    ///
    /// As [`put_entry`](Self::put_entry).
    pub async fn write_entry(
        &self,
        key: &[u8],
        value: Pieces,
        ttl: Option<&str>,
    ) -> Result<(), ClientError> {
        self.put_pieces(&entry_path(key, ttl), value).await
    }

    /// Deletes the entry of `key` in database 0; one that does not exist is no error.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn delete_entry(&self, key: &[u8]) -> Result<(), ClientError> {
        self.delete(&format!("{ENTRIES}/{}", key::encode(key)))
            .await
    }

    /// What the cache holds and how it has served.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn cache_stats(&self) -> Result<CacheStats, ClientError> {
        self.get("/api/v1/cache/stats").await
    }

    /// Removes all entries of one database, or of all.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn clear_cache(&self, database: Option<u8>) -> Result<CacheCleared, ClientError> {
        self.post("/api/v1/cache/clear", &ClearCache { database })
            .await
    }
}

fn entry_path(key: &[u8], ttl: Option<&str>) -> String {
    let key = key::encode(key);
    match ttl {
        Some(ttl) => format!("{ENTRIES}/{key}?ttl={}", key::encode(ttl.as_bytes())),
        None => format!("{ENTRIES}/{key}"),
    }
}
