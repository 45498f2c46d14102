//! Commands in messages of this server.
//!
//! The command line finds a server by its data directory. Without `--data-dir`, a command from a message could reach another
//! server, or none.

use std::path::{Path, PathBuf};

use crate::ServerConfig;

/// Formats commands that reach this server. They work in any working directory, or in that of the server if it uses the default
/// data directory.
#[derive(Debug, Clone)]
pub(crate) struct OwnCommand {
    data_dir: Option<PathBuf>,
}

impl OwnCommand {
    /// For the server on `data_dir`, which is absolute.
    pub(crate) fn new(config: &ServerConfig, data_dir: &Path) -> Self {
        let is_default = config.data_dir == ServerConfig::default().data_dir;
        Self {
            data_dir: (!is_default).then(|| data_dir.to_owned()),
        }
    }

    /// Returns the whole command line, such as `outrigger --data-dir /srv/data admin link`.
    pub(crate) fn line(&self, command: &str) -> String {
        match &self.data_dir {
            Some(path) => format!("outrigger --data-dir {} {command}", quoted(path)),
            None => format!("outrigger {command}"),
        }
    }
}

/// Quotes a path for a shell.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+,@%:=".contains(letter);
    if text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(configured: &str, data_dir: &str) -> String {
        let config = ServerConfig {
            data_dir: configured.into(),
            ..ServerConfig::default()
        };
        OwnCommand::new(&config, Path::new(data_dir)).line("admin link")
    }

    #[test]
    fn a_command_names_the_data_directory_when_that_is_not_the_default() {
        assert_eq!(
            line("outrigger-data", "/home/ida/outrigger-data"),
            "outrigger admin link"
        );
        assert_eq!(
            line("data", "/srv/data"),
            "outrigger --data-dir /srv/data admin link"
        );
    }

    #[test]
    fn a_shell_reads_the_path_as_it_is() {
        assert_eq!(
            line("x", "/srv/it's here"),
            r"outrigger --data-dir '/srv/it'\''s here' admin link"
        );
    }
}
