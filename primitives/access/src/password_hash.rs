//! Password hashing with Argon2id.
//!
//! The parameters are the first recommendation of OWASP (19 MiB, 2 passes, 1 lane). Each hash takes this memory and tens of
//! milliseconds of one core, so the number of parallel and of waiting hashes is bounded.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use outrigger_stdx::Secret;
use outrigger_supervisor::blocking;

use crate::{
    AccessConfig, AccessError,
    hash_queue::{HashCaller, HashQueue},
};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash that no password matches. Checking against it takes as long as checking a real hash.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and verifies passwords, a bounded number at a time.
#[derive(Debug)]
pub(crate) struct PasswordHasher {
    queue: HashQueue,
}

impl PasswordHasher {
    pub(crate) fn new(config: &AccessConfig) -> Self {
        let permits = config.hash_concurrency as usize;
        Self {
            queue: HashQueue::new(permits, config.hash_queue as usize),
        }
    }

    /// Returns the hash to store, which includes its salt and parameters.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, AccessError> {
        let hash = move || {
            let hashed = argon2().hash_password(password.expose().as_bytes());
            hashed.map(|hash| hash.to_string())
        };
        let unreadable = |_| AccessError::Unreadable { what: "password" };
        self.run_queued(HashCaller::SIGNED_IN, hash)
            .await?
            .map_err(unreadable)
    }

    /// Returns whether the password matches the hash. Without a hash, returns `false` after the same time.
    pub(crate) async fn verify(
        &self,
        caller: HashCaller,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, AccessError> {
        let verify = move || {
            let known = hash.as_deref().unwrap_or(DUMMY_HASH);
            let verified = argon2().verify_password(password.expose().as_bytes(), known);
            verified.is_ok() && hash.is_some()
        };
        self.run_queued(caller, verify).await
    }

    /// Runs `work` on the blocking pool once a permit is available.
    pub(crate) async fn run_queued<T: Send + 'static>(
        &self,
        caller: HashCaller,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccessError> {
        let permit = self.queue.enter(caller).await?;
        // The permit moves into the closure, because the work continues if the caller is dropped.
        let result = blocking(move || {
            let result = work();
            drop(permit);
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
    async fn only_the_hashed_password_matches() {
        let hasher = PasswordHasher::new(&AccessConfig::default());

        let hash = hasher
            .hash(secret("outrigger canoe"))
            .await
            .expect("there is capacity");
        let right = hasher
            .verify(
                HashCaller::SIGNED_IN,
                secret("outrigger canoe"),
                Some(hash.clone()),
            )
            .await;
        let wrong = hasher
            .verify(
                HashCaller::SIGNED_IN,
                secret("outrigger kanoe"),
                Some(hash.clone()),
            )
            .await;
        let nobody = hasher.verify(HashCaller::SIGNED_IN, secret(""), None).await;

        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_eq!((right, wrong, nobody), (Ok(true), Ok(false), Ok(false)));
    }

    #[test]
    fn checking_the_dummy_hash_does_the_same_work_as_checking_a_real_one() {
        use argon2::password_hash::phc::PasswordHash;

        let nobody = PasswordHash::new(DUMMY_HASH).expect("it has the form of a hash");
        let real = argon2().hash_password(b"password").expect("it is short");

        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.algorithm, real.algorithm);
        let length = |hash: &PasswordHash| hash.hash.map(|output| output.len());
        assert_eq!(length(&nobody), length(&real));
        let salt = |hash: &PasswordHash| hash.salt.as_ref().map(|salt| salt.len());
        assert_eq!(salt(&nobody), salt(&real));
    }

    #[tokio::test]
    async fn attempts_beyond_the_queue_are_busy() {
        let hasher = PasswordHasher::new(&AccessConfig {
            hash_concurrency: 1,
            hash_queue: 1,
            ..AccessConfig::default()
        });
        let (release, released) = std::sync::mpsc::channel::<()>();

        let first = hasher.run_queued(HashCaller::SIGNED_IN, move || released.recv().is_err());
        let second = hasher.run_queued(HashCaller::SIGNED_IN, || true);
        let third = async {
            let third = hasher.run_queued(HashCaller::SIGNED_IN, || true).await;
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
