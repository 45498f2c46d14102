//! Paths and files of the project.

use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use cargo_metadata::{Metadata, MetadataCommand};

use crate::{environment, process};

/// The checkout.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    metadata: OnceCell<Metadata>,
}

impl Workspace {
    /// Returns the checkout that this program was built in.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let manifest = environment::variable("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .context("the manifest is in a directory of the checkout")?;
        Ok(Self::at(root))
    }

    /// Returns a checkout at another path.
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            metadata: OnceCell::new(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Returns Cargo's metadata of all packages, targets and dependencies.
    pub(crate) fn metadata(&self) -> anyhow::Result<&Metadata> {
        if let Some(metadata) = self.metadata.get() {
            return Ok(metadata);
        }
        let metadata = MetadataCommand::new()
            .manifest_path(self.path("Cargo.toml"))
            .other_options(vec!["--locked".to_owned()])
            .exec()
            .context("`cargo metadata --locked` failed; is Cargo.lock up to date?")?;
        Ok(self.metadata.get_or_init(|| metadata))
    }

    /// Returns the target directory of Cargo.
    pub(crate) fn target(&self) -> anyhow::Result<PathBuf> {
        Ok(self
            .metadata()?
            .target_directory
            .clone()
            .into_std_path_buf())
    }

    /// Returns a `cargo` command that runs at the root.
    pub(crate) fn cargo(&self) -> Command {
        let cargo = environment::variable("CARGO").unwrap_or_else(|| "cargo".to_owned());
        let mut command = Command::new(cargo);
        command.current_dir(&self.root);
        command
    }

    /// Returns all files that are committed or could be, relative to the root, sorted.
    pub(crate) fn files(&self) -> anyhow::Result<Vec<String>> {
        let listed = process::output(
            Command::new("git")
                .args([
                    "ls-files",
                    "--cached",
                    "--others",
                    "--exclude-standard",
                    "-z",
                ])
                .current_dir(&self.root),
        )?;
        let mut files: Vec<_> = listed
            .split('\0')
            .filter(|path| !path.is_empty() && self.root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }
}
