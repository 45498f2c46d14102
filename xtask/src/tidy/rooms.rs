//! One noun, every room: a capability has the same name in the crate, the configuration, the API, the command line, the
//! dashboard, the guide, the browser tests and the metrics. This is the table; a new capability begins with its row.

use std::collections::HashSet;

use super::{Finding, Source};
use crate::workspace::Workspace;

const TABLE: &str = "xtask/src/tidy/rooms.rs";

/// A noun and its rooms.
struct Noun {
    name: &'static str,
    /// The folder of its crate.
    house: &'static str,
    section: Room,
    shapes: Room,
    routes: Room,
    commands: Room,
    page: Room,
    guide: Room,
    browser_test: Room,
    metrics: Room,
}

/// Where a noun is in a room.
enum Room {
    /// A file, or a folder with at least one file in it.
    At(&'static str),
    /// A text that stands in some file below the second.
    Named(&'static str, &'static str),
}

const NOUNS: [Noun; 2] = [
    Noun {
        name: "cache",
        house: "primitives/cache",
        section: Room::Named(
            "const NAME: &'static str = \"cache\"",
            "primitives/cache/src/",
        ),
        shapes: Room::At("app/api-types/src/cache.rs"),
        routes: Room::At("app/http-api/src/routes/cache.rs"),
        commands: Room::At("app/cli/src/commands/cache.rs"),
        page: Room::At("dashboard/src/routes/cache/"),
        guide: Room::At("docs/guide/cache.md"),
        browser_test: Room::At("e2e/cache.spec.ts"),
        metrics: Room::Named("outrigger_cache_", "primitives/cache/src/"),
    },
    Noun {
        name: "access",
        house: "primitives/access",
        section: Room::Named(
            "const NAME: &'static str = \"access\"",
            "primitives/access/src/",
        ),
        shapes: Room::At("app/api-types/src/access.rs"),
        routes: Room::At("app/http-api/src/routes/access.rs"),
        commands: Room::At("app/cli/src/commands/access.rs"),
        page: Room::At("dashboard/src/routes/access/"),
        guide: Room::At("docs/guide/access.md"),
        browser_test: Room::At("e2e/access.spec.ts"),
        metrics: Room::Named("outrigger_access_", "primitives/access/src/"),
    },
];

pub(super) fn check(_: &Workspace, sources: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let mut findings: Vec<_> = NOUNS
        .iter()
        .flat_map(|noun| missing(noun, sources))
        .collect();
    findings.extend(homeless(sources));
    Ok(findings)
}

fn missing(noun: &Noun, sources: &[Source]) -> Vec<Finding> {
    let rooms = [
        ("crate", &Room::At(noun.house)),
        ("section of the configuration", &noun.section),
        ("shapes", &noun.shapes),
        ("routes", &noun.routes),
        ("commands", &noun.commands),
        ("page", &noun.page),
        ("guide", &noun.guide),
        ("browser test", &noun.browser_test),
        ("metrics", &noun.metrics),
    ];
    let mut findings = Vec::new();
    for (room, place) in rooms {
        let problem = match place {
            Room::At(path) if sources.iter().any(|source| source.path.starts_with(path)) => {
                continue;
            }
            Room::Named(text, folder) if is_named(text, folder, sources) => continue,
            Room::At(path) => format!("its {room} should be at `{path}`"),
            Room::Named(text, folder) => {
                format!("its {room} should be below `{folder}`, as `{text}`")
            }
        };
        findings.push(Finding::new(
            TABLE,
            1,
            format!("`{}`: {problem}", noun.name),
        ));
    }
    findings
}

fn is_named(text: &str, folder: &str, sources: &[Source]) -> bool {
    sources
        .iter()
        .any(|source| source.path.starts_with(folder) && source.text.contains(text))
}

/// Capabilities that have a crate and no row.
fn homeless(sources: &[Source]) -> Vec<Finding> {
    let houses: HashSet<_> = sources
        .iter()
        .filter_map(|source| source.path.strip_suffix("/Cargo.toml"))
        .filter(|folder| folder.starts_with("primitives/") || folder.starts_with("services/"))
        .filter(|folder| folder.matches('/').count() == 1)
        .filter(|folder| !NOUNS.iter().any(|noun| noun.house == *folder))
        .collect();
    houses
        .into_iter()
        .map(|folder| {
            Finding::new(
                format!("{folder}/Cargo.toml"),
                1,
                format!("the capability has no row in {TABLE}"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOUN: Noun = Noun {
        name: "jobs",
        house: "primitives/jobs",
        section: Room::Named("\"jobs\"", "primitives/jobs/src/"),
        shapes: Room::At("shapes/jobs.rs"),
        routes: Room::At("routes/jobs.rs"),
        commands: Room::At("commands/jobs.rs"),
        page: Room::At("pages/jobs/"),
        guide: Room::At("guide/jobs.md"),
        browser_test: Room::At("e2e/jobs.spec.ts"),
        metrics: Room::Named("outrigger_jobs_", "primitives/jobs/src/"),
    };

    #[test]
    fn rooms_without_their_noun_are_found() {
        let sources = [
            Source::new("primitives/jobs/src/config.rs", "\"jobs\""),
            Source::new("pages/jobs/page.tsx", ""),
            Source::new("routes/jobs.rs", ""),
            Source::new("commands/jobs.rs", ""),
            Source::new("guide/jobs.md", ""),
            Source::new("e2e/jobs.spec.ts", ""),
        ];

        let found: Vec<_> = missing(&NOUN, &sources)
            .iter()
            .map(ToString::to_string)
            .collect();

        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("shapes/jobs.rs"), "{found:?}");
        assert!(found[1].contains("outrigger_jobs_"), "{found:?}");
    }

    #[test]
    fn a_name_in_another_room_does_not_count() {
        let sources = [Source::new("primitives/cache/src/config.rs", "\"jobs\"")];

        assert!(!is_named("\"jobs\"", "primitives/jobs/src/", &sources));
    }

    #[test]
    fn a_capability_without_a_row_is_found() {
        let sources = [
            Source::new("primitives/cache/Cargo.toml", ""),
            Source::new("services/mail/Cargo.toml", ""),
            Source::new("services/mail/fuzz/Cargo.toml", ""),
        ];

        let found = homeless(&sources);

        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .to_string()
                .starts_with("services/mail/Cargo.toml:1:")
        );
    }
}
