//! Login links: a single login without a password.

use jiff::Timestamp;
use outrigger_stdx::Secret;

use crate::AccountId;

/// A code that logs in once, within 30 minutes. The page behind the link redeems it; requesting the link alone does not, so
/// that link previews do not consume it.
#[derive(Debug, Clone)]
pub struct LoginLink {
    /// The code: 128 random bits in 26 letters and digits. It is shown only once.
    pub code: Secret,
    /// The account that the link logs in to.
    pub account_id: AccountId,
    /// When the link expires.
    pub expires_at: Timestamp,
}
