//! Accounts, login links and tokens.

use outrigger_api_types::access::{
    Account, CreatedAccount, CreatedToken, LoginLink, NewAccount, NewLoginLink, NewToken, Pruned,
    Token,
};

use crate::{Client, ClientError, key};

impl Client {
    /// A new one-time login link.
    ///
    /// # Errors
    ///
    /// When the named account does not exist, or the server refuses or cannot be reached.
    pub async fn create_login_link(&self, link: &NewLoginLink) -> Result<LoginLink, ClientError> {
        self.post("/api/v1/access/login-links", link).await
    }

    /// Says that the server's clock is right, after it jumped so far ahead that nothing was deleted because of its age.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn confirm_clock(&self) -> Result<Pruned, ClientError> {
        self.post("/api/v1/access/clock/confirm", &()).await
    }

    /// All accounts.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn accounts(&self) -> Result<Vec<Account>, ClientError> {
        self.all("/api/v1/access/accounts").await
    }

    /// Creates an account.
    ///
    /// # Errors
    ///
    /// When the e-mail address is taken, the password is too weak, or the role is above the caller's.
    pub async fn create_account(
        &self,
        account: &NewAccount,
    ) -> Result<CreatedAccount, ClientError> {
        self.post("/api/v1/access/accounts", account).await
    }

    /// All tokens, without their text.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn tokens(&self) -> Result<Vec<Token>, ClientError> {
        self.all("/api/v1/access/tokens").await
    }

    /// Creates a token; the answer is the only place that ever shows its text.
    ///
    /// # Errors
    ///
    /// When a scope does not exist or is more than the caller has.
    pub async fn create_token(&self, token: &NewToken) -> Result<CreatedToken, ClientError> {
        self.post("/api/v1/access/tokens", token).await
    }

    /// Revokes the token with this id; it stops working at once.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`] with the status 404 when there is no such token.
    pub async fn revoke_token(&self, id: &str) -> Result<(), ClientError> {
        self.delete(&format!(
            "/api/v1/access/tokens/{}",
            key::encode(id.as_bytes())
        ))
        .await
    }
}
