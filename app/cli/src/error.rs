//! The errors of commands, and their exit codes.

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

/// Why a command failed.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Call(ClientError),
    #[error("no server is running on the data directory `{}`", .data_dir.display())]
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
            // The server's advice is for HTTP clients.
            Self::Call(ClientError::Refused(problem)) if problem.code == "unauthenticated" => {
                Some(
                    "set `OUTRIGGER_TOKEN` to a valid token; `outrigger token create` prints one on the machine of the server"
                        .to_owned(),
                )
            }
            Self::Call(error) => error.hint().map(str::to_owned),
            Self::NoLocalServer { .. } => Some(
                "start the server with `outrigger serve`, or name its data directory with `--data-dir` or its address with `--url`"
                    .to_owned(),
            ),
            Self::NotYours { .. } => Some(
                "run the command as the user that runs Outrigger, or use `--url` with a token in `OUTRIGGER_TOKEN`".to_owned(),
            ),
            Self::Start(error) => error.hint(),
            Self::NotFound { hint, .. } | Self::WrongUse { hint, .. } => hint.clone(),
            Self::Config(_) | Self::Io { .. } => None,
        }
    }

    /// The message and its causes, without repetitions.
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

    /// The error as JSON: the server's problem if the server refused the request.
    pub(crate) fn problem(&self) -> Problem {
        if let Self::Call(ClientError::Refused(problem)) = self {
            return Problem {
                fix: self.hint(),
                ..(**problem).clone()
            };
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

/// A problem that did not come from a server. It has no request id.
pub(crate) fn local_problem(code: &str, kind: ErrorKind, detail: String) -> Problem {
    let (status, title) = match kind {
        ErrorKind::Invalid | ErrorKind::TooLarge => (400, "The arguments are invalid"),
        ErrorKind::NotFound => (404, "Not found"),
        ErrorKind::Unauthenticated | ErrorKind::Forbidden => (403, "Not allowed"),
        ErrorKind::Conflict => (409, "Conflict with the current state"),
        ErrorKind::RateLimited | ErrorKind::Unavailable => (503, "Temporarily unavailable"),
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
    fn the_exit_code_depends_on_the_kind_of_error() {
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
