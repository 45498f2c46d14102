//! API tokens: programs that may act.

use std::time::Duration;

use jiff::Timestamp;
use outrigger_stdx::Secret;

use crate::{AccountId, ScopeSet};

outrigger_stdx::typed_id!(
    /// The id of an API token.
    TokenId
);

/// A credential of a program. It belongs to an account and can never do more than that account: when the account is
/// disabled, demoted or deleted, so are its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The account it belongs to.
    pub account_id: AccountId,
    /// What it is for.
    pub name: String,
    /// The first characters of its text, to recognise it by.
    pub hint: String,
    /// What it may do, as far as its account may.
    pub scopes: ScopeSet,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working; none when it does not.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The token that it was made with; none when a person made it. It ends with that one, and expires no later.
    pub parent_id: Option<TokenId>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for, 1 to 100 characters.
    pub name: String,
    /// What it may do, such as `cache:write`; at least one.
    pub scopes: Vec<String>,
    /// When it stops working.
    pub expiry: TokenExpiry,
}

/// When a token stops working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenExpiry {
    /// After `[access] token_ttl`.
    #[default]
    Usual,
    /// After so long.
    After(Duration),
    /// When it is revoked.
    Never,
}

/// A token that was just made.
#[derive(Debug, Clone)]
pub struct CreatedToken {
    /// Its text. It cannot be read again.
    pub text: Secret,
    /// What the lists show of it.
    pub token: Token,
}
