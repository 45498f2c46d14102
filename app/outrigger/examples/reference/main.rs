//! Writes the generated references into a folder: `cargo x gen` keeps them, `cargo x tidy` compares them.
//!
//! An example and not a command, because users have no use for it, and not a part of the tools, because those must start
//! before the program is compiled.

mod command_line;

use std::{env, fs, path::PathBuf};

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let folder = env::args_os().nth(1).context("say into which folder")?;
    let folder = PathBuf::from(folder);
    let mut openapi = serde_json::to_string_pretty(&outrigger_http_api::openapi())?;
    openapi.push('\n');
    for (name, text) in [
        (
            "configuration.md",
            outrigger_server::configuration_reference(),
        ),
        ("cli.md", command_line::reference(outrigger_cli::command())),
        ("openapi.json", openapi),
        ("problems.md", outrigger_http_api::codes::reference()),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}
