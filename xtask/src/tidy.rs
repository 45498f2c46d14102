//! Checks of the project's structure, which compilers do not make.
//!
//! Each check is a module with a function from facts to findings, so that it can be tested with made-up facts: a check that
//! cannot fail is a defect. The checks need no Node and no network.

mod doors;
mod drift;
mod finding;
mod floors;
mod lengths;
mod licences;
mod module_docs;
mod rooms;
mod source;
mod words;

use std::process::ExitCode;

use crate::workspace::Workspace;
use finding::Finding;
use source::Source;

type Check = fn(&Workspace, &[Source]) -> anyhow::Result<Vec<Finding>>;

const CHECKS: [(&str, Check); 8] = [
    ("floors", floors::check),
    ("doors", doors::check),
    ("rooms", rooms::check),
    ("module docs", module_docs::check),
    ("lengths", lengths::check),
    ("words", words::check),
    ("licences and versions", licences::check),
    ("generated files", drift::check),
];

/// Runs all checks, prints the findings, and fails if there are any.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let sources = source::read(workspace)?;
    let mut count = 0;
    for (name, check) in CHECKS {
        let findings = check(workspace, &sources).unwrap_or_else(|error| {
            // A check that fails to run has not passed.
            vec![Finding::new(
                "Cargo.toml",
                1,
                format!("the check of {name} failed: {error:#}"),
            )]
        });
        for finding in &findings {
            println!("{finding}");
        }
        count += findings.len();
    }
    if count == 0 {
        eprintln!(
            "tidy: {} checks, {} files, nothing found",
            CHECKS.len(),
            sources.len()
        );
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("tidy: {count} found");
    Ok(ExitCode::FAILURE)
}
