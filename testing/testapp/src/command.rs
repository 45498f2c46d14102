//! Runs of the program from start to end, as a shell runs it.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use crate::TIMEOUT;

/// A command line to run.
#[derive(Debug, Clone)]
pub struct Program {
    binary: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(String, OsString)>,
    directory: PathBuf,
    input: Vec<u8>,
}

/// The exit code and the output of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The exit code; `None` if a signal ended the process.
    pub code: Option<i32>,
    /// Standard output, byte for byte.
    pub output: Vec<u8>,
    /// Standard output as text.
    pub stdout: String,
    /// Standard error as text.
    pub stderr: String,
}

impl Program {
    /// Creates a command line for `binary`, to run in `directory` with an environment that contains only `PATH`.
    pub fn new(binary: impl Into<PathBuf>, directory: &Path) -> Self {
        Self {
            binary: binary.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            directory: directory.to_owned(),
            input: Vec::new(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        let arguments = arguments.into_iter().map(|one| one.as_ref().to_owned());
        self.arguments.extend(arguments);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables
            .push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets standard input, which is empty by default.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Returns the command with its environment, without starting it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", search_path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.directory)
            .kill_on_drop(true);
        command
    }

    /// Runs the command to its end.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be started or does not end within [`TIMEOUT`].
    pub async fn run(self) -> Finished {
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let feed = async {
            // A program that does not read its input may end before it is written.
            let _ = stdin.write_all(&self.input).await;
            drop(stdin);
        };
        let both = async { tokio::join!(feed, child.wait_with_output()).1 };
        let output = timeout(TIMEOUT, both)
            .await
            .unwrap_or_else(|_| panic!("{:?} has not ended", self.arguments))
            .expect("the program can be waited for");
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            output: output.stdout,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the search path is the only variable that a test's child inherits"
)]
fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
