//! API tokens: made, listed, revoked.

use std::time::Duration;

use jiff::Timestamp;
use outrigger_crypto::mint_token;

use super::{Access, later, parse_name};
use crate::{
    AccessError, CreatedToken, Cursor, FieldProblem, NewToken, Page, Principal, Scope, ScopeSet,
    Token, TokenExpiry, TokenId, credential_cache::Concerned, store::TokenRow,
};

/// The shortest life of a token.
const LIFE_MIN: Duration = Duration::from_secs(60);
/// How many scopes can be asked for.
const SCOPES_MAX: usize = 64;

impl Access {
    /// Makes a token that belongs to the account of `by`.
    ///
    /// # Errors
    ///
    /// When parts of the input are wrong, a scope is asked for that `by` does not have, or the account has `[access] tokens_max`
    /// tokens that have not expired.
    pub async fn create_token(
        &self,
        by: &Principal,
        new: NewToken,
    ) -> Result<CreatedToken, AccessError> {
        let mut problems = Vec::new();
        let name = parse_name(&new.name);
        let name = name.map_err(|problem| problems.push(problem));
        let scopes = parse_scopes(&new.scopes, &mut problems);
        let now = self.now();
        let expires_at = self.expiry(new.expiry, now);
        let expires_at = expires_at.map_err(|problem| problems.push(problem));
        AccessError::of_fields(problems)?;
        for scope in scopes.iter() {
            by.require(scope)?;
        }
        let id = TokenId::generate(now);
        let minted = mint_token(id.as_uuid().into_bytes())?;
        let token = Token {
            id,
            account_id: by.account_id,
            name: name.unwrap_or_default(),
            hint: minted.hint,
            scopes,
            created_by: by.actor.label().to_owned(),
            created_at: now,
            expires_at: expires_at.unwrap_or_default(),
            last_used_at: None,
        };
        let row = TokenRow {
            token: token.clone(),
            digest: minted.digest,
        };
        let limit = self.inner.config.tokens_max;
        if !self.store().create_token(&row, limit).await? {
            let (what, key) = ("tokens of this account", "tokens_max");
            return Err(AccessError::TooMany { what, limit, key });
        }
        Ok(CreatedToken {
            text: minted.text,
            token,
        })
    }

    /// A part of the tokens, newest first: at most `limit`, from `cursor` on, which is the `next` of the part before. Also
    /// those that expired within the last thirty days.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn tokens(
        &self,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<Token>, AccessError> {
        let rows = self.store().tokens(cursor, limit.saturating_add(1));
        let tokens = rows.await?.into_iter().map(|row| row.token).collect();
        Ok(Page::cut(tokens, limit, |token: &Token| Cursor {
            at: token.created_at,
            id: token.id.as_uuid(),
        }))
    }

    /// Revokes a token. In this process it counts at once, on other nodes after `[access] credential_cache_ttl`.
    ///
    /// # Errors
    ///
    /// When there is none with this id.
    pub async fn revoke_token(&self, id: TokenId) -> Result<(), AccessError> {
        let deleted = self.store().delete_token(id).await;
        self.forget(Concerned::Token(id));
        match deleted? {
            true => Ok(()),
            false => Err(AccessError::NotFound { what: "token" }),
        }
    }

    fn expiry(
        &self,
        expiry: TokenExpiry,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, FieldProblem> {
        match expiry {
            TokenExpiry::Usual => Ok(Some(later(now, self.inner.config.token_ttl.get()))),
            TokenExpiry::Never => Ok(None),
            TokenExpiry::After(life) if life < LIFE_MIN => {
                let message = "a token works for a minute at least";
                Err(FieldProblem::new("expires_in", "too_short", message).with_limit(&"1m"))
            }
            TokenExpiry::After(life) => Ok(Some(later(now, life))),
        }
    }
}

fn parse_scopes(texts: &[String], problems: &mut Vec<FieldProblem>) -> ScopeSet {
    if texts.is_empty() {
        let message = "a token needs at least one scope";
        problems.push(FieldProblem::new("scopes", "required", message));
    }
    if texts.len() > SCOPES_MAX {
        let message = format!("a token has at most {SCOPES_MAX} scopes");
        problems.push(FieldProblem::new("scopes", "too_many", message).with_limit(&SCOPES_MAX));
        return ScopeSet::default();
    }
    let parsed = texts.iter().enumerate().filter_map(|(index, text)| {
        let scope = text.parse::<Scope>();
        let field = format!("scopes.{index}");
        scope
            .map_err(|error| problems.push(FieldProblem::new(&field, "invalid", error.to_string())))
            .ok()
    });
    parsed.collect()
}
