//! The section `[access]`.

use std::time::Duration;

use outrigger_config::{Problems, Section};
use outrigger_stdx::HumanDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Accounts, sessions and tokens.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccessConfig {
    /// The longest duration of a session, 5m to 400d. Default 30d.
    pub session_ttl: HumanDuration,
    /// A session that is not used for this long ends, 5m to 400d. Default 7d.
    pub session_idle: HumanDuration,
    /// The largest number of accounts, 1 to 100000. Default 10000.
    pub accounts_max: u32,
    /// The largest number of sessions per account, 1 to 1000. A further session ends the oldest one. Default 50.
    pub sessions_max: u32,
    /// The default lifetime of an API token, 1h to 3650d. Default 90d.
    pub token_ttl: HumanDuration,
    /// The largest number of API tokens per account, not counting expired ones, 1 to 100000. Default 1000.
    pub tokens_max: u32,
    /// The largest number of ingest keys, 1 to 100000. Default 1000.
    pub ingest_keys_max: u32,
    /// How long entries of the audit log are kept, 1d to 3650d. Default 400d.
    pub audit_retention: HumanDuration,
    /// The requirements for passwords: `strength` (an estimate of how hard the password is to guess) or `classic` (at least 8
    /// characters with upper-case and lower-case letters, digits and special characters). Default `strength`.
    pub password_rules: PasswordRules,
    /// How many passwords are hashed at the same time, 1 to 64. Each hash takes 19 MiB of memory. Default 2.
    pub hash_concurrency: u32,
    /// How many logins may wait for hashing, 1 to 10000. Further ones receive an error. Default 64.
    pub hash_queue: u32,
    /// How many wrong passwords an account may have before further attempts are delayed, 1 to 100. An address may have four
    /// times as many. Default 5.
    pub login_attempts: u32,
    /// The longest delay, 1s to 1d. Delays start at one second and double. Default 15m.
    pub login_delay_max: HumanDuration,
    /// How many accounts and addresses with wrong passwords are tracked, 100 to 1000000. Default 10000.
    pub login_memory: u32,
    /// How long the result of checking a session or token is cached, 0s to 60s. Revocations by this process take effect
    /// immediately; those by another node take effect after this time. Default 5s.
    pub credential_cache_ttl: HumanDuration,
    /// How many sessions and tokens the cache may hold, 1 to 1000000. Default 10000.
    pub credential_cache_max: u32,
}

/// The requirements for passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PasswordRules {
    /// Hard to guess, according to an estimate based on common passwords, names and patterns.
    #[default]
    Strength,
    /// A minimum length with certain kinds of characters.
    Classic,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            session_ttl: HumanDuration::from_days(30),
            session_idle: HumanDuration::from_days(7),
            accounts_max: 10_000,
            sessions_max: 50,
            token_ttl: HumanDuration::from_days(90),
            tokens_max: 1000,
            ingest_keys_max: 1000,
            audit_retention: HumanDuration::from_days(400),
            password_rules: PasswordRules::Strength,
            hash_concurrency: 2,
            hash_queue: 64,
            login_attempts: 5,
            login_delay_max: HumanDuration::from_secs(15 * 60),
            login_memory: 10_000,
            credential_cache_ttl: HumanDuration::from_secs(5),
            credential_cache_max: 10_000,
        }
    }
}

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

impl Section for AccessConfig {
    const NAME: &'static str = "access";

    fn validate(&self, problems: &mut Problems<'_>) {
        for (key, duration, least, most, message) in [
            (
                "session_ttl",
                self.session_ttl,
                5 * MINUTE,
                400 * DAY,
                "must be 5m to 400d",
            ),
            (
                "session_idle",
                self.session_idle,
                5 * MINUTE,
                400 * DAY,
                "must be 5m to 400d",
            ),
            (
                "token_ttl",
                self.token_ttl,
                60 * MINUTE,
                3650 * DAY,
                "must be 1h to 3650d",
            ),
            (
                "audit_retention",
                self.audit_retention,
                DAY,
                3650 * DAY,
                "must be 1d to 3650d",
            ),
            (
                "login_delay_max",
                self.login_delay_max,
                1,
                DAY,
                "must be 1s to 1d",
            ),
            (
                "credential_cache_ttl",
                self.credential_cache_ttl,
                0,
                MINUTE,
                "must be 0s to 60s",
            ),
        ] {
            let allowed = Duration::from_secs(least)..=Duration::from_secs(most);
            problems.require(allowed.contains(&duration.get()), key, message);
        }
        for (key, number, least, most, message) in [
            (
                "accounts_max",
                self.accounts_max,
                1,
                100_000,
                "must be 1 to 100000",
            ),
            (
                "ingest_keys_max",
                self.ingest_keys_max,
                1,
                100_000,
                "must be 1 to 100000",
            ),
            (
                "sessions_max",
                self.sessions_max,
                1,
                1000,
                "must be 1 to 1000",
            ),
            (
                "tokens_max",
                self.tokens_max,
                1,
                100_000,
                "must be 1 to 100000",
            ),
            (
                "hash_concurrency",
                self.hash_concurrency,
                1,
                64,
                "must be 1 to 64",
            ),
            (
                "hash_queue",
                self.hash_queue,
                1,
                10_000,
                "must be 1 to 10000",
            ),
            (
                "login_attempts",
                self.login_attempts,
                1,
                100,
                "must be 1 to 100",
            ),
            (
                "login_memory",
                self.login_memory,
                100,
                1_000_000,
                "must be 100 to 1000000",
            ),
            (
                "credential_cache_max",
                self.credential_cache_max,
                1,
                1_000_000,
                "must be 1 to 1000000",
            ),
        ] {
            problems.require((least..=most).contains(&number), key, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_a_limit_is_checked() {
        let mut found = Vec::new();
        let broken = AccessConfig {
            session_ttl: HumanDuration::from_secs(1),
            hash_concurrency: 0,
            ..AccessConfig::default()
        };

        AccessConfig::default().validate(&mut Problems::new("access", &mut found));
        assert!(found.is_empty(), "{found:?}");
        broken.validate(&mut Problems::new("access", &mut found));

        let keys: Vec<_> = found.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["access.session_ttl", "access.hash_concurrency"]);
    }
}
