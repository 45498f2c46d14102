//! Pictures of every page, taken from the real program with made-up activity.
//!
//! What is on them is decided in `e2e/`: `pages.ts` lists the pages, `activity.ts` makes something to see, and
//! `dashboard.shots.ts` takes the pictures.

use std::{fs, process::Command};

use anyhow::{Context, bail};

use crate::{node, process, test, workspace::Workspace};

/// Whether the two pictures in the README are taken as well. Those need a quarter of an hour of activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readme {
    Leave,
    Renew,
}

/// Builds the dashboard and the program, and writes the pictures into `target/shots`.
pub(crate) fn take(workspace: &Workspace, readme: Readme) -> anyhow::Result<()> {
    super::build(workspace)?;
    let Some(chromium) = test::chromium() else {
        bail!("the pictures need Chromium: install it, or name it in CHROMIUM");
    };
    let folder = workspace.path("e2e");
    node::install(&folder)?;
    process::run(
        workspace
            .cargo()
            .args(["build", "--locked", "--package", "outrigger"]),
    )?;
    let target = workspace.target()?;
    let shots = target.join("shots");
    fs::create_dir_all(&shots).with_context(|| format!("{} cannot be made", shots.display()))?;
    let mut playwright = Command::new("node_modules/.bin/playwright");
    playwright
        .args(["test", "--config", "shots.config.ts"])
        .env("OUTRIGGER_BIN", target.join("debug/outrigger"))
        .env("CHROMIUM", chromium)
        .env("SHOTS_DIR", &shots)
        .current_dir(&folder);
    if readme == Readme::Renew {
        playwright.env("README_SHOTS_DIR", workspace.path("docs/images"));
    }
    process::run(&mut playwright)?;
    println!("The pictures are in {}", shots.display());
    Ok(())
}
