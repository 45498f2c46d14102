//! Logging in with a password or a login link.

use outrigger_audit::Act;
use outrigger_crypto::{Digest, hash_token, random_text};
use outrigger_stdx::{Actor, ActorKind, Secret, Via};

use super::{Access, LOGIN_LINK_TTL, accounts::throttle_key, later};
use crate::{
    AccessError, Account, AccountId, Admission, ClientInfo, Email, LoginAttempt, LoginLink,
    Principal, RetryAfter, Session, SessionId, SignedIn,
    credential_cache::Affected,
    hash_queue::HashCaller,
    network,
    store::{AccountRow, LoginLinkRow, Reach, SessionRow},
};

/// The number of random bytes in a cookie.
const COOKIE: usize = 32;
/// The number of random bytes in the code of a login link.
const CODE: usize = 16;
/// The largest stored length of a user agent in characters.
const USER_AGENT_MAX: usize = 256;
/// The longest password that is checked, in bytes. No stored password is longer.
const PASSWORD_MAX: usize = 1024;

/// How a session starts.
#[derive(Debug, Clone, Copy)]
enum SignInMethod {
    Password,
    /// With the login link of this digest, which is consumed.
    Link(Digest),
}

impl Access {
    /// Logs in with a password. A wrong address, a wrong password and a disabled account return the same error after the same
    /// time.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::BadCredentials`], or [`AccessError::Throttled`] after too many failures.
    pub async fn log_in(
        &self,
        act: &Act,
        email: &str,
        password: Secret,
        client: &ClientInfo,
    ) -> Result<SignedIn, AccessError> {
        let email = Email::parse(email).ok();
        let attempt = LoginAttempt {
            account: email
                .as_ref()
                .map(|email| email.key().to_owned())
                .unwrap_or_default(),
            address: client.address,
        };
        let admission = self.admit(&attempt).await?;
        let row = match &email {
            Some(email) => self.store().account_by_email(email.key()).await?,
            None => None,
        };
        let checked = self.check_password(&attempt, admission, row, password);
        let Some(row) = checked.await? else {
            let wrong = AccessError::BadCredentials;
            return Err(self.refuse(&attempt, admission, wrong).await);
        };
        self.accept(&attempt, admission).await;
        self.begin_session(act, row.account, client, SignInMethod::Password)
            .await
    }

    /// Creates a link that logs in once: to the given account, or to the [owner](Self::owner).
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such account, it is disabled, or its role has more permissions than `by`.
    pub async fn create_login_link(
        &self,
        by: &Principal,
        act: &Act,
        account: Option<AccountId>,
    ) -> Result<LoginLink, AccessError> {
        let account_id = match account {
            Some(id) => id,
            None => self.owner().await?.id,
        };
        let code = random_text(CODE)?;
        let now = self.now();
        let link = LoginLinkRow {
            digest: hash_token(code.expose()),
            account_id,
            created_at: now,
            expires_at: later(now, LOGIN_LINK_TTL),
        };
        let reach = Reach::up_to(by.scopes.clone());
        let entry = act.entry("access.create_login_link", now);
        self.store()
            .create_login_link(&link, &reach, &entry)
            .await?;
        act.recorded();
        Ok(LoginLink {
            code,
            account_id,
            expires_at: link.expires_at,
        })
    }

    /// Logs in with the code of a login link and consumes the link.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::LinkInvalid`] if the link was used, has expired or never existed, or if its account is disabled,
    /// and [`AccessError::Throttled`] after too many failures from one address.
    pub async fn redeem_login_link(
        &self,
        act: &Act,
        code: &str,
        client: &ClientInfo,
    ) -> Result<SignedIn, AccessError> {
        let attempt = LoginAttempt {
            account: format!("link from {}", network(client.address)),
            address: client.address,
        };
        // The code has 128 bits, so guessing is infeasible. It is always looked up, because links are the way in for people
        // who are locked out; only an invalid code returns the throttling error.
        let admission = self.admit(&attempt).await;
        let digest = hash_token(code.trim());
        let found = self.store().login_link(&digest).await?;
        let now = self.now();
        let found = found.filter(|(link, row)| link.expires_at > now && !row.account.disabled);
        let Some((_, row)) = found else {
            return Err(admission.err().unwrap_or(AccessError::LinkInvalid));
        };
        // A person who was locked out and logged in with a link must not be locked out again at this address.
        let of_account = LoginAttempt {
            account: throttle_key(&row.account),
            address: client.address,
        };
        let signed_in = self
            .begin_session(act, row.account, client, SignInMethod::Link(digest))
            .await?;
        if let Ok(admission) = admission {
            self.inner.throttle.withdraw(&attempt, admission).await;
        }
        self.inner.throttle.mark_known(&of_account).await;
        Ok(signed_in)
    }

    /// Returns the account if the password is correct and the account may log in. Always computes a hash.
    async fn check_password(
        &self,
        attempt: &LoginAttempt,
        admission: Admission,
        row: Option<AccountRow>,
        password: Secret,
    ) -> Result<Option<AccountRow>, AccessError> {
        let hash = row.as_ref().and_then(|row| row.password_hash.clone());
        let is_right = self.verify(attempt, admission, password, hash).await?;
        Ok(row.filter(|row| is_right && !row.account.disabled))
    }

    /// Admits or rejects an attempt before its password is checked.
    pub(super) async fn admit(&self, attempt: &LoginAttempt) -> Result<Admission, AccessError> {
        let admitted = self.inner.throttle.admit(attempt).await;
        admitted.map_err(|RetryAfter(retry_after)| {
            self.inner.figures.throttled.inc();
            AccessError::Throttled { retry_after }
        })
    }

    /// Returns the error for a wrong password: `wrong`, or the throttling error.
    pub(super) async fn refuse(
        &self,
        attempt: &LoginAttempt,
        admission: Admission,
        wrong: AccessError,
    ) -> AccessError {
        self.inner.figures.refused.inc();
        match self.inner.throttle.failed(attempt, admission).await {
            Some(RetryAfter(retry_after)) => AccessError::Throttled { retry_after },
            None => wrong,
        }
    }

    /// Records that the password was correct.
    pub(super) async fn accept(&self, attempt: &LoginAttempt, admission: Admission) {
        self.inner.throttle.withdraw(attempt, admission).await;
        self.inner.throttle.mark_known(attempt).await;
    }

    /// Returns whether the password matches the hash. Always computes a hash, but not of very long input.
    pub(super) async fn verify(
        &self,
        attempt: &LoginAttempt,
        admission: Admission,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, AccessError> {
        let (hash, password) = match password.expose().len() <= PASSWORD_MAX {
            true => (hash, password),
            false => (None, Secret::new(String::new())),
        };
        let caller = HashCaller {
            standing: admission.standing,
            address: Some(attempt.address),
        };
        let verified = self.inner.hasher.verify(caller, password, hash).await;
        if verified.is_err() {
            // The password was not checked.
            self.inner.throttle.withdraw(attempt, admission).await;
        }
        verified
    }

    async fn begin_session(
        &self,
        act: &Act,
        mut account: Account,
        client: &ClientInfo,
        method: SignInMethod,
    ) -> Result<SignedIn, AccessError> {
        let (action, link) = match &method {
            SignInMethod::Password => ("access.log_in", None),
            SignInMethod::Link(digest) => ("access.log_in_by_link", Some(digest)),
        };
        let cookie = random_text(COOKIE)?;
        let now = self.now();
        let user_agent = client
            .user_agent
            .chars()
            .filter(|letter| !letter.is_control());
        let session = Session {
            id: SessionId::generate(now),
            account_id: account.id,
            account: account.label().to_owned(),
            address: client.address.to_canonical().to_string(),
            user_agent: user_agent.take(USER_AGENT_MAX).collect(),
            by_link: link.is_some(),
            created_at: now,
            last_seen_at: now,
            expires_at: later(now, self.inner.config.session_ttl.get()),
        };
        let row = SessionRow {
            session: session.clone(),
            digest: hash_token(cookie.expose()),
        };
        let sessions_max = self.inner.config.sessions_max;
        let act = act.by(Actor {
            kind: ActorKind::Account {
                id: account.id.as_uuid(),
                label: account.label().to_owned(),
            },
            via: Via::Dashboard,
        });
        let entry = act.entry(action, now).on(&session.id, account.label());
        let created = self
            .store()
            .create_session(&row, link, sessions_max, &entry)
            .await;
        // This may have ended the account's oldest session.
        self.invalidate(Affected::Account(account.id));
        created?;
        act.recorded();
        self.inner.figures.sign_ins.inc();
        account.last_login_at = Some(now);
        Ok(SignedIn {
            cookie,
            session,
            account,
        })
    }
}
