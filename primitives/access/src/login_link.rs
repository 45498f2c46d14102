//! Login links: signing in once without a password.

use jiff::Timestamp;
use outrigger_stdx::Secret;

use crate::AccountId;

/// A code that signs in once, within 30 minutes. The page that the link opens redeems it; following the link alone does
/// nothing, so that programs which preview links do not use it up.
#[derive(Debug, Clone)]
pub struct LoginLink {
    /// The code: 128 random bits in 26 letters and digits. It cannot be read again.
    pub code: Secret,
    /// The account that it signs in.
    pub account_id: AccountId,
    /// When it stops working.
    pub expires_at: Timestamp,
}
