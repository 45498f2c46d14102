//! One name for each capability: it is the same in the crate, the configuration, the API, the command line, the dashboard, the
//! guide, the browser tests and the metrics.
//!
//! The capabilities are the crates of the floors `primitives` and `services`, so a new one is checked from its first file.

use std::collections::BTreeSet;

use super::{Finding, Source};
use crate::workspace::Workspace;

/// A room: something that every capability must have.
struct Room {
    /// Its description.
    what: &'static str,
    place: Place,
}

/// How a room is found; `{noun}` is replaced by the name of the capability.
enum Place {
    /// A file, or a directory with at least one file.
    At(&'static str),
    /// A text in a file of the capability's crate.
    Text(&'static str),
}

const ROOMS: [Room; 8] = [
    Room {
        what: "section of the configuration",
        place: Place::Text("const NAME: &'static str = \"{noun}\""),
    },
    Room {
        what: "shapes",
        place: Place::At("app/api-types/src/{noun}.rs"),
    },
    Room {
        what: "routes",
        place: Place::At("app/http-api/src/routes/{noun}.rs"),
    },
    Room {
        what: "commands",
        place: Place::At("app/cli/src/commands/{noun}.rs"),
    },
    Room {
        what: "page",
        place: Place::At("dashboard/src/routes/{noun}/"),
    },
    Room {
        what: "guide",
        place: Place::At("docs/guide/{noun}.md"),
    },
    Room {
        what: "browser test",
        place: Place::At("e2e/{noun}.spec.ts"),
    },
    Room {
        what: "metrics",
        place: Place::Text("outrigger_{noun}_"),
    },
];

pub(super) fn check(_: &Workspace, sources: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let findings = capabilities(sources)
        .into_iter()
        .flat_map(|folder| missing(folder, sources))
        .collect();
    Ok(findings)
}

/// Returns the directories of the crates on the two floors of capabilities.
fn capabilities(sources: &[Source]) -> BTreeSet<&str> {
    sources
        .iter()
        .filter_map(|source| source.path.strip_suffix("/Cargo.toml"))
        .filter(|folder| folder.starts_with("primitives/") || folder.starts_with("services/"))
        .filter(|folder| folder.matches('/').count() == 1)
        .collect()
}

/// Returns the missing rooms of a capability.
fn missing(folder: &str, sources: &[Source]) -> Vec<Finding> {
    let noun = folder.rsplit('/').next().unwrap_or(folder);
    let inside = format!("{folder}/src/");
    let problem = |room: &Room| {
        let what = room.what;
        match room.place {
            Place::At(path) => {
                let path = path.replace("{noun}", noun);
                let found = sources.iter().any(|source| source.path.starts_with(&path));
                (!found).then(|| format!("`{noun}`: the {what} is missing at `{path}`"))
            }
            Place::Text(text) => {
                let text = text.replace("{noun}", noun);
                let found = sources
                    .iter()
                    .any(|source| source.path.starts_with(&inside) && source.text.contains(&text));
                (!found).then(|| {
                    format!("`{noun}`: the {what} is missing below `{inside}`, as `{text}`")
                })
            }
        }
    };
    ROOMS
        .iter()
        .filter_map(problem)
        .map(|message| Finding::new(format!("{folder}/Cargo.toml"), 1, message))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rooms_are_found() {
        let sources = [
            Source::new(
                "primitives/jobs/src/config.rs",
                "const NAME: &'static str = \"jobs\";",
            ),
            Source::new("app/http-api/src/routes/jobs.rs", ""),
            Source::new("app/cli/src/commands/jobs.rs", ""),
            Source::new("dashboard/src/routes/jobs/page.tsx", ""),
            Source::new("docs/guide/jobs.md", ""),
            Source::new("e2e/jobs.spec.ts", ""),
        ];

        let found: Vec<_> = missing("primitives/jobs", &sources)
            .iter()
            .map(ToString::to_string)
            .collect();

        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("app/api-types/src/jobs.rs"), "{found:?}");
        assert!(found[1].contains("outrigger_jobs_"), "{found:?}");
    }

    #[test]
    fn a_text_in_another_crate_does_not_count() {
        let sources = [Source::new(
            "primitives/cache/src/metrics.rs",
            "outrigger_jobs_",
        )];

        assert_eq!(missing("primitives/jobs", &sources).len(), ROOMS.len());
    }

    #[test]
    fn every_crate_of_the_two_floors_is_a_capability() {
        let sources = [
            Source::new("primitives/cache/Cargo.toml", ""),
            Source::new("services/mail/Cargo.toml", ""),
            Source::new("services/mail/fuzz/Cargo.toml", ""),
            Source::new("foundation/sql/Cargo.toml", ""),
        ];

        let found = capabilities(&sources);

        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["primitives/cache", "services/mail"]
        );
    }
}
