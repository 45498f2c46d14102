//! Signing in: with a password, or once with a link.

use outrigger_audit::Act;
use outrigger_crypto::{Digest, hash_token, random_text};
use outrigger_stdx::{Actor, ActorKind, Secret, Via};

use super::{Access, LOGIN_LINK_TTL, accounts::throttle_key, later};
use crate::{
    AccessError, Account, AccountId, Admission, ClientInfo, Email, LoginAttempt, LoginLink,
    Principal, RetryAfter, Session, SessionId, SignedIn,
    credential_cache::Concerned,
    hash_queue::Visitor,
    network,
    store::{AccountRow, LoginLinkRow, Reach, SessionRow},
};

/// How many random bytes a cookie has.
const COOKIE: usize = 32;
/// How many random bytes the code of a login link has.
const CODE: usize = 16;
/// How much is kept of how a browser names itself, in characters.
const USER_AGENT_MAX: usize = 256;
/// The longest password that is looked at, in bytes. Longer than any that can have been set.
const PASSWORD_MAX: usize = 1024;

/// How a session begins.
#[derive(Debug, Clone, Copy)]
enum Began {
    ByPassword,
    /// With the link of this digest, which is used up by it.
    ByLink(Digest),
}

impl Access {
    /// Signs in with a password. A wrong address, a wrong password and a disabled account give the same answer after the same
    /// time.
    ///
    /// # Errors
    ///
    /// [`AccessError::BadCredentials`], or [`AccessError::Throttled`] after too many of them.
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
        self.begin_session(act, row.account, client, Began::ByPassword)
            .await
    }

    /// Makes a link that signs in once: to the given account, or to the [owner](Self::owner).
    ///
    /// # Errors
    ///
    /// When there is no such account, it is disabled, or its role may do more than `by`.
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

    /// Signs in with the code of a login link, which is used up by it.
    ///
    /// # Errors
    ///
    /// [`AccessError::LinkInvalid`] when it was used, has expired, never was, or its account is disabled;
    /// [`AccessError::Throttled`] after too many of those from one address.
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
        // The code has 128 bits, so it cannot be guessed. It is looked up in any case, because a link is the way in for who was
        // locked out; only the answer to a wrong one may be to wait.
        let admission = self.admit(&attempt).await;
        let digest = hash_token(code.trim());
        let found = self.store().login_link(&digest).await?;
        let now = self.now();
        let found = found.filter(|(link, row)| link.expires_at > now && !row.account.disabled);
        let Some((_, row)) = found else {
            return Err(admission.err().unwrap_or(AccessError::LinkInvalid));
        };
        // Who was locked out and came in with a link is not locked out again from there.
        let of_account = LoginAttempt {
            account: throttle_key(&row.account),
            address: client.address,
        };
        let signed_in = self
            .begin_session(act, row.account, client, Began::ByLink(digest))
            .await?;
        if let Ok(admission) = admission {
            self.inner.throttle.withdraw(&attempt, admission).await;
        }
        self.inner.throttle.remember(&of_account).await;
        Ok(signed_in)
    }

    /// The account, when the password is its own and it may sign in. Computes a hash in every case.
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

    /// Admits an attempt before its password is looked at, or refuses it.
    pub(super) async fn admit(&self, attempt: &LoginAttempt) -> Result<Admission, AccessError> {
        let admitted = self.inner.throttle.admit(attempt).await;
        admitted.map_err(|RetryAfter(retry_after)| {
            self.inner.figures.throttled.inc();
            AccessError::Throttled { retry_after }
        })
    }

    /// The error for a wrong password: `wrong`, or that it came too early.
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

    /// Notes that the password was right.
    pub(super) async fn accept(&self, attempt: &LoginAttempt, admission: Admission) {
        self.inner.throttle.withdraw(attempt, admission).await;
        self.inner.throttle.remember(attempt).await;
    }

    /// Whether the password is the one of the hash. Computes a hash in every case, but not of something endless.
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
        let visitor = Visitor {
            standing: admission.standing,
            address: Some(attempt.address),
        };
        let verified = self.inner.hasher.verify(visitor, password, hash).await;
        if verified.is_err() {
            // Its password was not looked at.
            self.inner.throttle.withdraw(attempt, admission).await;
        }
        verified
    }

    async fn begin_session(
        &self,
        act: &Act,
        mut account: Account,
        client: &ClientInfo,
        began: Began,
    ) -> Result<SignedIn, AccessError> {
        let (action, link) = match &began {
            Began::ByPassword => ("access.log_in", None),
            Began::ByLink(digest) => ("access.log_in_by_link", Some(digest)),
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
        // The account's oldest session may have ended by it.
        self.forget(Concerned::Account(account.id));
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
