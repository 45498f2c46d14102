//! Ingest keys, with which web pages and apps send their errors and metrics.

use jiff::Timestamp;

outrigger_stdx::typed_id!(
    /// The id of an ingest key.
    IngestKeyId
);

/// A key that can send data and read nothing. It is visible to everyone in web pages and apps, so it is not secret and is
/// stored in plain text; it only separates senders and keeps out noise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestKey {
    /// The id.
    pub id: IngestKeyId,
    /// The purpose.
    pub name: String,
    /// The key: 32 hexadecimal digits, as clients of error trackers expect.
    pub key: String,
    /// When the key was created.
    pub created_at: Timestamp,
    /// When the key was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}
