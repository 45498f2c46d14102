//! The dashboard's build, embedded.
//!
//! The page is written in TypeScript in the same folder, with the entry point `src/main.tsx`. `cargo x dashboard` builds it into
//! `dist/`. This crate only returns the built files. It depends on no other crate of the workspace and knows nothing about HTTP: the
//! server chooses the headers, the access checks and the path of the dashboard.
//!
//! - **Release builds** embed the files that `dist/` contained when the crate was compiled.
//! - **Debug builds** read `dist/` from the checkout on each call, so that a new build of the page needs no new binary.
//!
//! Without a build, all functions return `None`, and the server shows how to create one.
//!
//! ```
//! let facts = outrigger_dashboard::PageFacts {
//!     base: "/admin/production/",
//!     nonce: "c2VjcmV0",
//!     server_name: "ops-1",
//!     environment: None,
//!     colour: None,
//! };
//! match outrigger_dashboard::page(&facts) {
//!     Some(html) => assert!(html.contains("nonce=\"c2VjcmV0\"")),
//!     None => println!("no build: run `cargo x dashboard`"),
//! }
//! ```

use std::borrow::Cow;

use rust_embed::RustEmbed;

/// The template's placeholder for the nonce of the response.
pub const NONCE_PLACEHOLDER: &str = "__NONCE__";

/// The template's placeholder for the path of the dashboard.
pub const BASE_PLACEHOLDER: &str = "__BASE__";

/// The template's placeholder for the server's name.
pub const SERVER_NAME_PLACEHOLDER: &str = "__SERVER_NAME__";

/// The template's placeholder for the server's environment.
pub const ENVIRONMENT_PLACEHOLDER: &str = "__SERVER_ENVIRONMENT__";

/// The template's placeholder for the server's colour.
pub const COLOUR_PLACEHOLDER: &str = "__SERVER_COLOUR__";

#[derive(RustEmbed)]
#[folder = "dist"]
struct Dist;

/// A file of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The content of the file.
    pub bytes: Cow<'static, [u8]>,
    /// The media type, for `Content-Type`.
    pub content_type: &'static str,
    /// Whether the name contains a hash of the content, so that browsers can cache the file forever.
    pub immutable: bool,
}

/// Returns the file at a path below the dashboard, such as `assets/index-D6O8XQhP.js`, or `None` if the file does not exist.
///
/// Returns `None` for `index.html`, which is a template (see [`page`]), and for paths that contain `.`, `..` or empty segments.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let climbs = path
        .split(['/', '\\'])
        .any(|segment| matches!(segment, "" | "." | ".."));
    if climbs || path.contains('\0') || path == "index.html" {
        return None;
    }
    let file = Dist::get(path)?;
    Some(Asset {
        bytes: file.data,
        content_type: content_type(path),
        immutable: path.starts_with("assets/"),
    })
}

/// Returns the template of the page with its placeholders, or `None` if the page has not been built.
#[must_use]
pub fn index() -> Option<Cow<'static, str>> {
    match Dist::get("index.html")?.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The values for the placeholders of one response. The login page has no session, so it cannot get the server's name from the API.
#[derive(Debug, Clone, Copy)]
pub struct PageFacts<'a> {
    /// The path of the dashboard as the browser sees it, with a slash at both ends: `/admin/production/`, or the same behind a
    /// proxy's prefix.
    pub base: &'a str,
    /// The nonce in the response's content security policy, in base64.
    pub nonce: &'a str,
    /// The server's name.
    pub server_name: &'a str,
    /// The server's environment. The page has an empty attribute for `None`.
    pub environment: Option<&'a str>,
    /// The name of the server's colour. The page has an empty attribute for `None`.
    pub colour: Option<&'a str>,
}

/// Returns the page for one response, or `None` if the page has not been built.
#[must_use]
pub fn page(facts: &PageFacts<'_>) -> Option<String> {
    Some(filled(&index()?, facts))
}

/// Replaces the placeholders in the template by the facts. A fact that looks like a placeholder is not replaced again.
fn filled(template: &str, facts: &PageFacts<'_>) -> String {
    let values = [
        (BASE_PLACEHOLDER, facts.base),
        (NONCE_PLACEHOLDER, facts.nonce),
        (SERVER_NAME_PLACEHOLDER, facts.server_name),
        (
            ENVIRONMENT_PLACEHOLDER,
            facts.environment.unwrap_or_default(),
        ),
        (COLOUR_PLACEHOLDER, facts.colour.unwrap_or_default()),
    ];
    let mut html = String::with_capacity(template.len());
    let mut rest = template;
    loop {
        let found = values.iter().filter_map(|(placeholder, value)| {
            let (before, after) = rest.split_once(placeholder)?;
            Some((before, *value, after))
        });
        let Some((before, value, after)) = found.min_by_key(|(before, ..)| before.len()) else {
            html.push_str(rest);
            return html;
        };
        html.push_str(before);
        html.push_str(&escaped(value));
        rest = after;
    }
}

/// Escapes text for an attribute value. The prefix comes from a proxy's header and is not trusted.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_climbs_out_of_the_build_finds_nothing() {
        for path in [
            "../Cargo.toml",
            "assets/../../Cargo.toml",
            "/etc/passwd",
            "assets\\..\\..\\Cargo.toml",
            "",
            "assets//x.js",
            "assets/\0.js",
        ] {
            assert_eq!(asset(path), None, "{path:?}");
        }
    }

    #[test]
    fn the_template_is_not_handed_out_as_a_file() {
        assert_eq!(asset("index.html"), None);
    }

    #[test]
    fn a_built_page_has_its_placeholders_filled_and_its_files_found() {
        let facts = PageFacts {
            base: "/a\"b/",
            nonce: "n0nce",
            server_name: "ops-1",
            environment: None,
            colour: None,
        };
        let Some(html) = page(&facts) else {
            // The page has not been built.
            assert_eq!(index(), None);
            return;
        };

        assert!(!html.contains(NONCE_PLACEHOLDER) && !html.contains(BASE_PLACEHOLDER));
        assert!(html.contains("<base href=\"/a&quot;b/\""));
        let script = html
            .split("src=\"./")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a built page has a script");
        let file = asset(script).expect("the page's script is in the build");
        assert!(file.immutable);
        assert_eq!(file.content_type, "text/javascript; charset=utf-8");
    }

    #[test]
    fn the_page_says_which_server_it_is_as_text_that_cannot_become_markup() {
        let template = include_str!("../index.html");
        let facts = PageFacts {
            base: "/",
            nonce: "n0nce",
            server_name: "\"><script>__NONCE__",
            environment: Some("production"),
            colour: None,
        };

        let html = filled(template, &facts);

        let meta = "<meta name=\"outrigger-server\" content=\"&quot;&gt;&lt;script&gt;__NONCE__\" \
                    data-environment=\"production\" data-colour=\"\" />";
        assert!(html.contains(meta), "{html}");
        assert!(html.contains("<script nonce=\"n0nce\">"), "{html}");
        assert!(!html.contains("__SERVER_"), "{html}");
    }

    #[test]
    fn every_kind_of_file_in_a_build_has_a_media_type() {
        for path in Dist::iter() {
            assert_ne!(content_type(&path), "application/octet-stream", "{path}");
        }
    }
}
