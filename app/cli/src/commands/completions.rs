//! `completions`: prints completion scripts for shells.

use clap::Args;
use clap_complete::Shell;

use crate::answer::Answer;

/// Print a completion script.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, mut whole: clap::Command) -> Answer {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut whole, "outrigger", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        let facts = serde_json::json!({ "shell": self.shell.to_string(), "script": script });
        Answer::new(&facts, script)
    }
}
