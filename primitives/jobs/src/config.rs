//! The section `[jobs]`.

use outrigger_config::{Problems, Section};
use outrigger_stdx::{ByteSize, HumanDuration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Background jobs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JobsConfig {
    /// The maximum size of a job's payload, and of its result. A size from 1 byte to `8MiB`; default `256KiB`.
    pub payload_max: ByteSize,
    /// The maximum time of an attempt of a job that is added without a `timeout`. A duration above zero; default `5m`.
    pub timeout: HumanDuration,
    /// How long completed and cancelled jobs are kept. Default `7d`.
    pub keep_completed: HumanDuration,
    /// How long failed jobs are kept. Default `30d`.
    pub keep_failed: HumanDuration,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            payload_max: ByteSize::kib(256),
            timeout: HumanDuration::from_secs(5 * 60),
            keep_completed: HumanDuration::from_days(7),
            keep_failed: HumanDuration::from_days(30),
        }
    }
}

impl Section for JobsConfig {
    const NAME: &'static str = "jobs";

    fn validate(&self, problems: &mut Problems<'_>) {
        problems.require(
            (ByteSize::from_bytes(1)..=ByteSize::mib(8)).contains(&self.payload_max),
            "payload_max",
            "must be from 1 byte to 8MiB",
        );
        problems.require(
            !self.timeout.get().is_zero(),
            "timeout",
            "must be longer than zero, such as `5m`",
        );
    }
}
