//! API tokens: create, list and revoke.

use std::time::Duration;

use jiff::Timestamp;
use outrigger_audit::Act;
use outrigger_crypto::mint_token;
use outrigger_stdx::{Cursor, FieldProblem, Page};

use super::{Access, later, parse_name};
use crate::{
    AccessError, AccountId, CreatedToken, NewToken, Principal, Scope, ScopeSet, Token, TokenExpiry,
    TokenId,
    credential_cache::Affected,
    store::{self, Reach, TokenRow},
};

/// The shortest lifetime of a token.
const LIFE_MIN: Duration = Duration::from_secs(60);
/// The largest number of scopes in a request.
const SCOPES_MAX: usize = 64;

impl Access {
    /// Creates a token for the account of `by`. If `by` is a token, the new token is its child: it expires no later, and ends
    /// when the parent is revoked. A token created by a person belongs to the account and outlives the session.
    ///
    /// # Errors
    ///
    /// Returns an error if a field is invalid, `by` does not have a requested scope, the token would outlive its parent, or
    /// the account has `[access] tokens_max` tokens that have not expired.
    pub async fn create_token(
        &self,
        by: &Principal,
        act: &Act,
        new: NewToken,
    ) -> Result<CreatedToken, AccessError> {
        let mut problems = Vec::new();
        let name = parse_name(&new.name);
        let name = FieldProblem::ok_or_push(&mut problems, name);
        let scopes = parse_scopes(&new.scopes, &mut problems);
        let now = self.now();
        let ends_with = by.token_id.and(by.expires_at);
        let expires_at = self.expiry(new.expiry, now, ends_with);
        let expires_at = FieldProblem::ok_or_push(&mut problems, expires_at);
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
            parent_id: by.token_id,
        };
        let row = TokenRow {
            token: token.clone(),
            digest: minted.digest,
        };
        let limit = self.inner.config.tokens_max;
        let entry = act.entry("access.create_token", now);
        let entry = store::token_created(entry, &token);
        if !self.store().create_token(&row, limit, &entry).await? {
            let (what, key) = ("tokens of this account", "tokens_max");
            return Err(AccessError::TooMany { what, limit, key });
        }
        act.recorded();
        Ok(CreatedToken {
            text: minted.text,
            token,
        })
    }

    /// Returns a page of the tokens of one account, or of all, newest first: at most `limit`, starting at `cursor`, which is
    /// `next` of the previous page. Includes tokens that expired within the last thirty days.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn tokens(
        &self,
        account: Option<AccountId>,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<Token>, AccessError> {
        let limit_and_one = limit.saturating_add(1);
        let rows = self.store().tokens(account, cursor, limit_and_one).await?;
        let tokens = rows.into_iter().map(|row| row.token).collect();
        Ok(Page::from_rows(tokens, limit, |token: &Token| Cursor {
            at: token.created_at,
            id: token.id.as_uuid(),
        }))
    }

    /// Returns a page of the tokens of the caller's account, like [`tokens`](Self::tokens). For a token, returns only the
    /// token itself.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn own_tokens(
        &self,
        by: &Principal,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<Token>, AccessError> {
        let Some(id) = by.token_id else {
            return self.tokens(Some(by.account_id), cursor, limit).await;
        };
        let found = self.store().token(id).await?;
        let itself = found.filter(|_| cursor.is_none()).map(|(row, _)| row.token);
        Ok(Page {
            items: itself.into_iter().collect(),
            next: None,
        })
    }

    /// Revokes a token and its children: one of the caller's own or, with the scope `access:write`, one of an account that has
    /// no more permissions than `by`. Takes effect immediately in this process, and on other nodes after `[access]
    /// credential_cache_ttl`.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::NotFound`] if there is no such token that `by` may see, and [`AccessError::RoleAbove`] if its
    /// account has more permissions than `by`.
    pub async fn revoke_token(
        &self,
        by: &Principal,
        act: &Act,
        id: TokenId,
    ) -> Result<(), AccessError> {
        self.revoke(&by.reach(), act, "access.revoke_token", id)
            .await
    }

    /// Revokes a token of the caller's account and its children. A token can only revoke itself.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::NotFound`] if the account has no token with this id.
    pub async fn revoke_own_token(
        &self,
        by: &Principal,
        act: &Act,
        id: TokenId,
    ) -> Result<(), AccessError> {
        let reach = Reach {
            others: None,
            ..by.reach()
        };
        self.revoke(&reach, act, "access.revoke_own_token", id)
            .await
    }

    async fn revoke(
        &self,
        reach: &Reach,
        act: &Act,
        action: &str,
        id: TokenId,
    ) -> Result<(), AccessError> {
        let entry = act.entry(action, self.now());
        let revoked = self.store().delete_token(id, reach, &entry).await;
        // The children belong to the same account.
        self.invalidate(match &revoked {
            Ok(account) => Affected::Account(*account),
            Err(_) => Affected::All,
        });
        revoked?;
        act.recorded();
        Ok(())
    }

    /// Returns when a token expires, which is no later than `ends_with`.
    fn expiry(
        &self,
        expiry: TokenExpiry,
        now: Timestamp,
        ends_with: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, FieldProblem> {
        let expires_at = match expiry {
            TokenExpiry::Usual => {
                let usual = later(now, self.inner.config.token_ttl.get());
                return Ok(Some(ends_with.map_or(usual, |end| end.min(usual))));
            }
            TokenExpiry::Never => None,
            TokenExpiry::After(life) if life < LIFE_MIN => {
                let message = "a token must be valid for at least one minute";
                return Err(FieldProblem::new("expires_in", "too_short", message).with_limit(&"1m"));
            }
            TokenExpiry::After(life) => Some(later(now, life)),
        };
        match ends_with {
            Some(end) if expires_at.is_none_or(|expires_at| expires_at > end) => {
                let message = format!(
                    "a token created with another token must expire no later than that token, at {end}"
                );
                Err(FieldProblem::new("expires_in", "too_long", message).with_limit(&end))
            }
            _ => Ok(expires_at),
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
