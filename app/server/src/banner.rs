//! The banner that is printed at the start: at most twelve lines with URLs to copy.

use std::fmt::Write;

use outrigger_api_types::status::{Listener, ServerIdentity};
use serde::Serialize;

use crate::own_command::OwnCommand;

/// The format of the banner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BannerFor {
    /// Text.
    People,
    /// One line of JSON.
    Programs,
}

/// The contents of the banner.
#[derive(Serialize)]
pub(crate) struct Banner<'a> {
    pub(crate) server: &'a ServerIdentity,
    pub(crate) version: &'a str,
    pub(crate) data_dir: &'a str,
    pub(crate) listeners: &'a [Listener],
    pub(crate) dashboard: &'a str,
    /// Only until the owner account is set up.
    pub(crate) login_link: Option<&'a str>,
    /// Why there is no link before the owner account is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) without_link: Option<&'a str>,
    /// Formats the commands in the banner.
    #[serde(skip)]
    pub(crate) command: &'a OwnCommand,
}

/// Renders the banner as one line of JSON.
pub(crate) fn render_json(banner: &Banner<'_>) -> String {
    let mut text =
        serde_json::to_string(banner).expect("a banner contains only strings and booleans");
    text.push('\n');
    text
}

/// Renders the banner as text.
pub(crate) fn render(banner: &Banner<'_>) -> String {
    let mut text = format!(
        "Outrigger {} · {} · data in {}\n\n",
        banner.version, banner.server, banner.data_dir
    );
    // Writing to a string cannot fail.
    let _ = match (banner.login_link, banner.without_link) {
        (Some(link), _) => writeln!(
            text,
            "  Dashboard     {link}\n                (logs you in once, within 30 minutes)"
        ),
        (None, Some(reason)) => writeln!(
            text,
            "  Dashboard     {}\n                (no login link: {reason}; `{}` creates one later)",
            banner.dashboard,
            banner.command.line("admin link")
        ),
        (None, None) => writeln!(text, "  Dashboard     {}", banner.dashboard),
    };
    let has_redis_port = banner.listeners.iter().any(|one| one.name == "redis");
    for listener in banner.listeners {
        let label = match listener.name.as_str() {
            "http" => "HTTP API",
            "redis-socket" if has_redis_port => "  or",
            "redis" | "redis-socket" => "REDIS_URL",
            _ => continue,
        };
        let _ = writeln!(text, "  {label:<13} {}", listener.url);
    }
    let _ = writeln!(
        text,
        "\n  Run `{}` to see the status. Press Ctrl-C to stop the server.",
        banner.command.line("status")
    );
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ServerConfig;

    #[test]
    fn the_banner_for_programs_is_one_line_of_json() {
        let listeners = [Listener {
            name: "http".to_owned(),
            address: "127.0.0.1:7300".to_owned(),
            url: "http://127.0.0.1:7300".to_owned(),
            tls: false,
        }];

        let text = render_json(&Banner {
            command: &command(),
            server: &server(),
            version: "0.1.0",
            data_dir: "/srv/data",
            listeners: &listeners,
            dashboard: "http://127.0.0.1:7300/admin/production/",
            login_link: None,
            without_link: None,
        });

        assert_eq!(
            text,
            concat!(
                r#"{"server":{"name":"ops-1","environment":"production","colour":null},"#,
                r#""version":"0.1.0","data_dir":"/srv/data","listeners":[{"name":"http","address":"127.0.0.1:7300","#,
                r#""url":"http://127.0.0.1:7300","tls":false}],"dashboard":"http://127.0.0.1:7300/admin/production/","#,
                r#""login_link":null}"#,
                "\n"
            )
        );
    }

    fn command() -> OwnCommand {
        OwnCommand::new(&ServerConfig::default(), Path::new("/srv/data"))
    }

    fn server() -> ServerIdentity {
        ServerIdentity {
            name: "ops-1".to_owned(),
            environment: Some("production".to_owned()),
            colour: None,
        }
    }

    fn listener(name: &str, url: &str) -> Listener {
        Listener {
            name: name.to_owned(),
            address: String::new(),
            url: url.to_owned(),
            tls: false,
        }
    }

    fn rendered(listeners: &[Listener]) -> String {
        render(&Banner {
            command: &command(),
            server: &server(),
            version: "0.1.0",
            data_dir: "/srv/data",
            listeners,
            dashboard: "http://127.0.0.1:7300/admin/production/",
            login_link: Some("http://127.0.0.1:7300/admin/production/login/link#abc"),
            without_link: None,
        })
    }

    #[test]
    fn the_banner_contains_the_reason_why_there_is_no_login_link() {
        let text = render(&Banner {
            command: &command(),
            server: &server(),
            version: "0.1.0",
            data_dir: "/srv/data",
            listeners: &[],
            dashboard: "http://127.0.0.1:7300/admin/production/",
            login_link: None,
            without_link: Some("the disk that holds the database is full"),
        });

        assert!(
            text.contains("the disk that holds the database is full"),
            "{text}"
        );
        assert!(text.contains("`outrigger admin link`"), "{text}");
    }

    #[test]
    fn the_redis_socket_is_the_redis_url_if_there_is_no_port() {
        let text = rendered(&[
            listener("http", "http://127.0.0.1:7300"),
            listener("redis-socket", "unix:///srv/data/redis.sock"),
        ]);

        assert!(text.contains("  REDIS_URL     unix:///srv/data/redis.sock"));
    }

    #[test]
    fn the_banner_has_at_most_twelve_lines() {
        let text = rendered(&[
            listener("http", "http://127.0.0.1:7300"),
            listener("redis", "redis://127.0.0.1:7379"),
            listener("redis-socket", "unix:///srv/data/redis.sock"),
            listener("control", "unix:///srv/data/control.sock"),
        ]);

        assert!(text.lines().count() <= 12, "{text}");
        assert!(text.starts_with("Outrigger 0.1.0 · ops-1 (production) · data in /srv/data\n"));
        assert!(text.contains("  or          unix:///srv/data/redis.sock"));
        assert!(!text.contains("control.sock"));
    }
}
