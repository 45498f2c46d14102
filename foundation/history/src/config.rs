//! The section `[history]`.

use outrigger_config::{Problems, Section};
use outrigger_stdx::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The history of the process in `history.db`: problems, events and the figures of the charts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryConfig {
    /// The maximum size of the stored chart figures in `history.db`, 1MiB to 1GiB. 90 days usually need a few MiB. At the
    /// limit, the oldest coarse figures are deleted first. Default 32MiB.
    pub series_max: ByteSize,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self {
            series_max: ByteSize::mib(32),
        }
    }
}

impl Section for HistoryConfig {
    const NAME: &'static str = "history";

    fn validate(&self, problems: &mut Problems<'_>) {
        problems.require(
            (1 << 20..=1 << 30).contains(&self.series_max.as_u64()),
            "series_max",
            "must be 1MiB to 1GiB",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_the_limit_is_checked() {
        let problems = |series_max| {
            let mut found = Vec::new();
            let config = HistoryConfig { series_max };
            config.validate(&mut Problems::new(HistoryConfig::NAME, &mut found));
            found.len()
        };

        assert_eq!(problems(HistoryConfig::default().series_max), 0);
        assert_eq!(problems(ByteSize::kib(1023)), 1);
        assert_eq!(problems(ByteSize::mib(1025)), 1);
    }
}
