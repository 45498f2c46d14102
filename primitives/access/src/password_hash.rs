//! Hashing passwords, slowly on purpose.
//!
//! Argon2id with the parameters that OWASP recommends first (19 MiB, 2 passes, 1 lane). Each hash takes that much memory and
//! tens of milliseconds of a core, so only a few run at a time, and only so many wait.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use outrigger_stdx::Secret;
use outrigger_supervisor::blocking;

use crate::{
    AccessConfig, AccessError,
    hash_queue::{HashQueue, Visitor},
};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash of no password: checking against it takes as long as against a real one, and always fails.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords, a bounded number at a time.
#[derive(Debug)]
pub(crate) struct PasswordHasher {
    queue: HashQueue,
}

impl PasswordHasher {
    pub(crate) fn new(config: &AccessConfig) -> Self {
        let places = config.hash_concurrency as usize;
        Self {
            queue: HashQueue::new(places, config.hash_queue as usize),
        }
    }

    /// The hash to store, with its salt and parameters.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, AccessError> {
        let hash = move || {
            let hashed = argon2().hash_password(password.expose().as_bytes());
            hashed.map(|hash| hash.to_string())
        };
        let unreadable = |_| AccessError::Unreadable { what: "password" };
        self.in_turn(Visitor::SIGNED_IN, hash)
            .await?
            .map_err(unreadable)
    }

    /// Whether the password is the one that was hashed. Without a hash the answer is no, after the same time.
    pub(crate) async fn verify(
        &self,
        visitor: Visitor,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, AccessError> {
        let verify = move || {
            let known = hash.as_deref().unwrap_or(NOBODY);
            let verified = argon2().verify_password(password.expose().as_bytes(), known);
            verified.is_ok() && hash.is_some()
        };
        self.in_turn(visitor, verify).await
    }

    /// Computes on the pool for blocking work, when it is our turn.
    pub(crate) async fn in_turn<T: Send + 'static>(
        &self,
        visitor: Visitor,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccessError> {
        let place = self.queue.enter(visitor).await?;
        // The place goes along: when the caller goes away, the work still runs.
        let result = blocking(move || {
            let result = work();
            drop(place);
            result
        });
        Ok(result.await)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .expect("the constants are within Argon2's ranges");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_password_that_was_hashed_is_right() {
        let hasher = PasswordHasher::new(&AccessConfig::default());

        let hash = hasher
            .hash(secret("outrigger canoe"))
            .await
            .expect("there is room");
        let right = hasher
            .verify(
                Visitor::SIGNED_IN,
                secret("outrigger canoe"),
                Some(hash.clone()),
            )
            .await;
        let wrong = hasher
            .verify(
                Visitor::SIGNED_IN,
                secret("outrigger kanoe"),
                Some(hash.clone()),
            )
            .await;
        let nobody = hasher.verify(Visitor::SIGNED_IN, secret(""), None).await;

        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_eq!((right, wrong, nobody), (Ok(true), Ok(false), Ok(false)));
    }

    #[test]
    fn checking_nobodys_password_does_the_same_work_as_checking_a_real_one() {
        use argon2::password_hash::phc::PasswordHash;

        let nobody = PasswordHash::new(NOBODY).expect("it has the form of a hash");
        let real = argon2().hash_password(b"password").expect("it is short");

        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.algorithm, real.algorithm);
        let length = |hash: &PasswordHash| hash.hash.map(|output| output.len());
        assert_eq!(length(&nobody), length(&real));
        let salt = |hash: &PasswordHash| hash.salt.as_ref().map(|salt| salt.len());
        assert_eq!(salt(&nobody), salt(&real));
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_are_told_to_try_again() {
        let hasher = PasswordHasher::new(&AccessConfig {
            hash_concurrency: 1,
            hash_queue: 1,
            ..AccessConfig::default()
        });
        let (release, released) = std::sync::mpsc::channel::<()>();

        let first = hasher.in_turn(Visitor::SIGNED_IN, move || released.recv().is_err());
        let second = hasher.in_turn(Visitor::SIGNED_IN, || true);
        let third = async {
            let third = hasher.in_turn(Visitor::SIGNED_IN, || true).await;
            drop(release);
            third
        };
        let (first, second, third) = tokio::join!(first, second, third);

        assert_eq!(
            (first, second, third),
            (Ok(true), Ok(true), Err(AccessError::Busy))
        );
    }
}
