//! The identity of the server: its name, environment and colour.
//!
//! People with several servers must be able to distinguish them, also before they log in. This module reads the configuration
//! and the host name. Other modules decide where the identity is shown.

use outrigger_api_types::status::{ServerColour as ApiColour, ServerIdentity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ServerConfig;

/// The maximum length of a name or an environment, in characters.
pub(crate) const LENGTH_MAX: usize = 64;

/// A colour with enough contrast on the dashboard's light and dark pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServerColour {
    /// Teal.
    Teal,
    /// Orange.
    Orange,
    /// Red.
    Red,
    /// Blue.
    Blue,
    /// Purple.
    Purple,
    /// Green.
    Green,
    /// Grey.
    Grey,
}

impl ServerConfig {
    /// The configured identity. Without a name, the host name is used.
    #[must_use]
    pub fn identity(&self) -> ServerIdentity {
        ServerIdentity {
            name: self.name.clone().unwrap_or_else(host_name),
            environment: self.environment.clone(),
            colour: self.colour.map(to_api),
        }
    }
}

fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

fn to_api(colour: ServerColour) -> ApiColour {
    match colour {
        ServerColour::Teal => ApiColour::Teal,
        ServerColour::Orange => ApiColour::Orange,
        ServerColour::Red => ApiColour::Red,
        ServerColour::Blue => ApiColour::Blue,
        ServerColour::Purple => ApiColour::Purple,
        ServerColour::Green => ApiColour::Green,
        ServerColour::Grey => ApiColour::Grey,
    }
}

/// Returns why a text is not a valid name or environment, or `None` if it is valid.
pub(crate) fn refusal(text: &str) -> Option<&'static str> {
    if text.trim() != text || text.is_empty() {
        Some("it cannot be empty, or begin or end with a space")
    } else if text.chars().count() > LENGTH_MAX {
        Some("it can have at most 64 characters")
    } else if text.chars().any(outrigger_stdx::is_deceptive) {
        Some("it cannot contain control characters or invisible ones")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_name_is_called_by_its_host_name() {
        let identity = ServerConfig::default().identity();

        assert_eq!(identity.name, host_name());
        assert!(!identity.name.is_empty());
        assert_eq!((identity.environment, identity.colour), (None, None));
    }

    #[test]
    fn a_name_is_at_most_64_characters_that_can_be_seen() {
        for good in ["ops-1", "Shop, Zürich", "\"a\" <b>", &"é".repeat(64)] {
            assert_eq!(refusal(good), None, "{good}");
        }
        for bad in [
            "",
            " ",
            " a",
            "a\n",
            "a\u{1b}[31m",
            "a\u{200b}b",
            "\u{202e}a",
            &"a".repeat(65),
        ] {
            assert!(refusal(bad).is_some(), "{bad:?}");
        }
    }
}
