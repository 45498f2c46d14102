//! Ingest keys: what pages and apps send their errors and figures with.

use jiff::Timestamp;

outrigger_stdx::typed_id!(
    /// The id of an ingest key.
    IngestKeyId
);

/// A key that can send in, and read nothing. It is put into pages and apps, where everybody can see it, so it is not secret and
/// stored as it is; it only keeps accidents and noise apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestKey {
    /// Its id.
    pub id: IngestKeyId,
    /// What it is for.
    pub name: String,
    /// The key: 32 hexadecimal digits, as clients of error trackers expect.
    pub key: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something last came in with it, to the minute.
    pub last_used_at: Option<Timestamp>,
}
