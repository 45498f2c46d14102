//! API tokens: credentials of programs.

use std::time::Duration;

use jiff::Timestamp;
use outrigger_stdx::Secret;

use crate::{AccountId, ScopeSet};

outrigger_stdx::typed_id!(
    /// The id of an API token.
    TokenId
);

/// A credential of a program. It belongs to an account and never has more permissions than that account: it ends, is suspended
/// or loses permissions together with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The id.
    pub id: TokenId,
    /// The account it belongs to.
    pub account_id: AccountId,
    /// The purpose.
    pub name: String,
    /// The first characters of the text, to identify the token.
    pub hint: String,
    /// The permissions, limited by those of the account.
    pub scopes: ScopeSet,
    /// The label of the actor that created it.
    pub created_by: String,
    /// When the token was created.
    pub created_at: Timestamp,
    /// When the token expires; `None` if it does not.
    pub expires_at: Option<Timestamp>,
    /// When the token was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The token that created this one; `None` if a person created it. The token ends with its parent and expires no later.
    pub parent_id: Option<TokenId>,
}

/// The input for a new token.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The purpose, 1 to 100 characters.
    pub name: String,
    /// The scopes, such as `cache:write`; at least one.
    pub scopes: Vec<String>,
    /// When the token expires.
    pub expiry: TokenExpiry,
}

/// When a token expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenExpiry {
    /// After `[access] token_ttl`.
    #[default]
    Usual,
    /// After this duration.
    After(Duration),
    /// Never; only revoking ends it.
    Never,
}

/// A new token.
#[derive(Debug, Clone)]
pub struct CreatedToken {
    /// The text. It is shown only once.
    pub text: Secret,
    /// The token as it appears in lists.
    pub token: Token,
}
