//! The cache.

use bytes::Bytes;
use outrigger_api_types::cache::{CacheCleared, CacheStats, ClearCache};

use crate::{Client, ClientError, Pieces, key};

const ENTRIES: &str = "/api/v1/cache/entries";

impl Client {
    /// Returns the value of `key` in database 0.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Refused`] with the status 404 if there is no such entry.
    pub async fn entry(&self, key: &[u8]) -> Result<Bytes, ClientError> {
        self.get_bytes(&format!("{ENTRIES}/{}", key::encode(key)))
            .await
    }

    /// Writes `value` under `key` in database 0, with the time to live `ttl` (such as `60s`) or `[cache] ttl`.
    ///
    /// # Errors
    ///
    /// Returns an error if the server rejects the key, the value or the time to live.
    pub async fn put_entry(
        &self,
        key: &[u8],
        value: impl Into<Bytes>,
        ttl: Option<&str>,
    ) -> Result<(), ClientError> {
        self.put_bytes(&entry_path(key, ttl), value.into()).await
    }

    /// Returns the value of `key` in database 0 as a stream.
    ///
    /// # Errors
    ///
    /// The same as for [`entry`](Self::entry).
    pub async fn read_entry(&self, key: &[u8]) -> Result<Pieces, ClientError> {
        self.get_pieces(&format!("{ENTRIES}/{}", key::encode(key)))
            .await
    }

    /// Writes a streamed value under `key` in database 0, with the time to live `ttl` (such as `60s`) or `[cache] ttl`.
    ///
    /// # Errors
    ///
    /// The same as for [`put_entry`](Self::put_entry).
    pub async fn write_entry(
        &self,
        key: &[u8],
        value: Pieces,
        ttl: Option<&str>,
    ) -> Result<(), ClientError> {
        self.put_pieces(&entry_path(key, ttl), value).await
    }

    /// Deletes the entry of `key` in database 0. It is not an error if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn delete_entry(&self, key: &[u8]) -> Result<(), ClientError> {
        self.delete(&format!("{ENTRIES}/{}", key::encode(key)))
            .await
    }

    /// Returns the contents of the cache and its counters.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn cache_stats(&self) -> Result<CacheStats, ClientError> {
        self.get("/api/v1/cache/stats").await
    }

    /// Removes all entries of one database, or of all.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
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
