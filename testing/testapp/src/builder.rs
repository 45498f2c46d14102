//! The configuration of a test server.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use outrigger_testkit::TempDir;

use crate::{Finished, Outrigger, Program};

/// Describes a server; [`start`](Self::start) starts it.
#[derive(Debug)]
pub struct Builder {
    pub(crate) binary: PathBuf,
    /// Contains the data directory `d` and the output of the process.
    pub(crate) directory: TempDir,
    data_dir: PathBuf,
    sets: Vec<(String, String)>,
    variables: Vec<(String, OsString)>,
    arguments: Vec<OsString>,
}

impl Builder {
    pub(crate) fn new(binary: PathBuf) -> Self {
        let directory = TempDir::new();
        Self {
            binary,
            data_dir: directory.join("d"),
            directory,
            sets: Vec::new(),
            variables: Vec::new(),
            arguments: Vec::new(),
        }
        .set("http.listen", "127.0.0.1:0")
        .set("redis.listen", "127.0.0.1:0")
    }

    /// Sets a configuration key, as `--set` does. A later value replaces an earlier one.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        self.replace(key, value.into());
        self
    }

    /// Sets an environment variable of the process.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Uses another data directory.
    #[must_use]
    pub fn data_dir(mut self, data_dir: impl Into<PathBuf>) -> Self {
        self.data_dir = data_dir.into();
        self
    }

    /// Returns a directory for certificates and other files of the test. It is deleted when the server is dropped.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts the server and waits until it responds.
    ///
    /// # Panics
    ///
    /// Panics with the output of the process if it does not respond.
    pub async fn start(self) -> Outrigger {
        Outrigger::start(self).await
    }

    /// Runs a server that is expected to fail at its start, and waits for its end.
    ///
    /// # Panics
    ///
    /// Panics if the process does not end within [`TIMEOUT`](crate::TIMEOUT).
    pub async fn run_to_end(&self) -> Finished {
        self.server().run().await
    }

    pub(crate) fn replace(&mut self, key: &str, value: String) {
        match self.sets.iter_mut().find(|(known, _)| known == key) {
            Some(set) => set.1 = value,
            None => self.sets.push((key.to_owned(), value)),
        }
    }

    pub(crate) fn data_directory(&self) -> &Path {
        &self.data_dir
    }

    /// Returns the program with the data directory, without a command.
    pub(crate) fn program(&self) -> Program {
        Program::new(&self.binary, self.directory.path())
            .args([OsString::from("--data-dir"), self.data_dir.clone().into()])
    }

    /// Returns the program with the command that runs the server.
    pub(crate) fn server(&self) -> Program {
        let sets = self
            .sets
            .iter()
            .flat_map(|(key, value)| [OsString::from("--set"), format!("{key}={value}").into()]);
        let program = self
            .program()
            .args(["serve"])
            .args(sets)
            .args(&self.arguments);
        self.variables
            .iter()
            .fold(program, |program, (name, value)| program.env(name, value))
    }
}
