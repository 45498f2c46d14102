//! Login links: a single sign-in without a password.

use jiff::Timestamp;
use outrigger_stdx::Secret;

use crate::AccountId;

/// A code that signs in once, within 30 minutes. The page behind the link redeems it; requesting the link alone does not, so
/// that link previews do not consume it.
#[derive(Debug, Clone)]
pub struct LoginLink {
    /// The code: 128 random bits in 26 letters and digits. It is shown only once.
    pub code: Secret,
    /// The account that the link signs in to.
    pub account_id: AccountId,
    /// When the link expires.
    pub expires_at: Timestamp,
}
