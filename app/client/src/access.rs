//! Accounts, login links and tokens.

use outrigger_api_types::access::{
    Account, CreatedAccount, CreatedToken, LoginLink, NewAccount, NewLoginLink, NewToken, Pruned,
    Token,
};

use crate::{Client, ClientError, key};

impl Client {
    /// Creates a one-time login link.
    ///
    /// # Errors
    ///
    /// Returns an error if the account does not exist, the server refuses, or the server is unreachable.
    pub async fn create_login_link(&self, link: &NewLoginLink) -> Result<LoginLink, ClientError> {
        self.post("/api/v1/access/login-links", link).await
    }

    /// Confirms the server's clock, after it jumped so far ahead that nothing was deleted by age.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn confirm_clock(&self) -> Result<Pruned, ClientError> {
        self.post("/api/v1/access/clock/confirm", &()).await
    }

    /// Returns all accounts.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn accounts(&self) -> Result<Vec<Account>, ClientError> {
        self.all("/api/v1/access/accounts").await
    }

    /// Creates an account.
    ///
    /// # Errors
    ///
    /// Returns an error if the e-mail address is taken, the password is too weak, or the role has more permissions than the
    /// caller.
    pub async fn create_account(
        &self,
        account: &NewAccount,
    ) -> Result<CreatedAccount, ClientError> {
        self.post("/api/v1/access/accounts", account).await
    }

    /// Returns all tokens, without their text.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn tokens(&self) -> Result<Vec<Token>, ClientError> {
        self.all("/api/v1/access/tokens").await
    }

    /// Creates a token. Only this response contains its text.
    ///
    /// # Errors
    ///
    /// Returns an error if a scope does not exist or the caller does not have it.
    pub async fn create_token(&self, token: &NewToken) -> Result<CreatedToken, ClientError> {
        self.post("/api/v1/access/tokens", token).await
    }

    /// Revokes the token with this id, with immediate effect.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Refused`] with the status 404 if there is no such token.
    pub async fn revoke_token(&self, id: &str) -> Result<(), ClientError> {
        self.delete(&format!(
            "/api/v1/access/tokens/{}",
            key::encode(id.as_bytes())
        ))
        .await
    }
}
