//! Why a command did not do what it should, and the exit code that says so.

use std::{io, path::PathBuf};

use outrigger_api_types::problem::{FieldProblem, Problem};
use outrigger_client::ClientError;
use outrigger_config::ConfigErrors;
use outrigger_server::StartError;
use outrigger_stdx::ErrorKind;
use thiserror::Error;

/// The exit codes that programs may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    WrongUse = 2,
    NotFound = 3,
    Refused = 4,
    NoServer = 5,
}

/// Why a command did not do what it should.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Call(ClientError),
    #[error("no Outrigger runs on the data directory `{}`", .data_dir.display())]
    NoLocalServer { data_dir: PathBuf },
    #[error("the control socket `{}` belongs to another user", .socket.display())]
    NotYours { socket: PathBuf },
    #[error(transparent)]
    Config(ConfigErrors),
    #[error(transparent)]
    Start(StartError),
    #[error("there is no {what} `{name}`")]
    NotFound {
        what: &'static str,
        name: String,
        hint: Option<String>,
    },
    #[error("{message}")]
    WrongUse {
        message: String,
        hint: Option<String>,
    },
    #[error("{what}: {source}")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        Self::Call(error)
    }
}

impl CliError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Call(error) => error.kind(),
            Self::NoLocalServer { .. } => ErrorKind::Unavailable,
            Self::NotYours { .. } => ErrorKind::Forbidden,
            Self::Config(_) | Self::WrongUse { .. } => ErrorKind::Invalid,
            Self::Start(error) => error.kind(),
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Io { .. } => ErrorKind::Internal,
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NoLocalServer { .. }
            | Self::Start(StartError::NoData { .. })
            | Self::Call(ClientError::NoServer { .. }) => Exit::NoServer,
            _ => exit_of_kind(self.kind()),
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Call(error) => error.hint().map(str::to_owned),
            Self::NoLocalServer { .. } => Some(
                "start it with `outrigger serve`, name its directory with `--data-dir`, or another host with `--url`"
                    .to_owned(),
            ),
            Self::NotYours { .. } => Some(
                "run this as the user that Outrigger runs as, or use `--url` with a token".to_owned(),
            ),
            Self::Start(error) => error.hint(),
            Self::NotFound { hint, .. } | Self::WrongUse { hint, .. } => hint.clone(),
            Self::Config(_) | Self::Io { .. } => None,
        }
    }

    /// The message with its causes, each once, for people.
    pub(crate) fn message(&self) -> String {
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        message
    }

    /// The same for programs: the server's own words when it was the server that refused.
    pub(crate) fn problem(&self) -> Problem {
        if let Self::Call(ClientError::Refused(problem)) = self {
            return (**problem).clone();
        }
        let code = match (self, self.exit()) {
            (Self::Config(_), _) => "invalid_configuration",
            (Self::Start(StartError::NoData { .. }), _) => "no_data_dir",
            (Self::Start(_), Exit::Refused) => "data_dir_in_use",
            (_, Exit::NoServer) => "no_server",
            (_, Exit::WrongUse) => "wrong_use",
            (_, Exit::NotFound) => "not_found",
            (_, Exit::Refused) => "refused",
            _ => "failed",
        };
        Problem {
            fix: self.hint(),
            fields: self.fields(),
            ..local_problem(code, self.kind(), self.message())
        }
    }

    fn fields(&self) -> Vec<FieldProblem> {
        let Self::Config(errors) = self else {
            return Vec::new();
        };
        let fields = errors.problems.iter().map(|problem| FieldProblem {
            field: problem.key.clone(),
            code: "invalid".to_owned(),
            limit: None,
        });
        fields.collect()
    }
}

/// A problem that never crossed the network: same shape, no request.
pub(crate) fn local_problem(code: &str, kind: ErrorKind, detail: String) -> Problem {
    let (status, title) = match kind {
        ErrorKind::Invalid | ErrorKind::TooLarge => {
            (400, "The command cannot be carried out as given")
        }
        ErrorKind::NotFound => (404, "There is no such thing"),
        ErrorKind::Unauthenticated | ErrorKind::Forbidden => (403, "The command is not allowed"),
        ErrorKind::Conflict => (409, "Something else stands in the way"),
        ErrorKind::RateLimited | ErrorKind::Unavailable => (503, "Not available now"),
        _ => (500, "The command failed"),
    };
    Problem {
        type_uri: format!("about:blank#{code}"),
        title: title.to_owned(),
        status,
        code: code.to_owned(),
        detail,
        fields: Vec::new(),
        fix: None,
        request_id: String::new(),
    }
}

fn exit_of_kind(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Invalid | ErrorKind::TooLarge => Exit::WrongUse,
        ErrorKind::NotFound => Exit::NotFound,
        ErrorKind::Unauthenticated
        | ErrorKind::Forbidden
        | ErrorKind::Conflict
        | ErrorKind::RateLimited => Exit::Refused,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_what_kind_of_error_it_was() {
        for (kind, exit) in [
            (ErrorKind::Invalid, Exit::WrongUse),
            (ErrorKind::TooLarge, Exit::WrongUse),
            (ErrorKind::NotFound, Exit::NotFound),
            (ErrorKind::Unauthenticated, Exit::Refused),
            (ErrorKind::Forbidden, Exit::Refused),
            (ErrorKind::Conflict, Exit::Refused),
            (ErrorKind::RateLimited, Exit::Refused),
            (ErrorKind::Unavailable, Exit::Failed),
            (ErrorKind::Internal, Exit::Failed),
        ] {
            assert_eq!(exit_of_kind(kind), exit, "{kind:?}");
        }
    }
}
