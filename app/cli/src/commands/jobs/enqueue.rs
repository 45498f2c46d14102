//! `jobs enqueue`: adds a job.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Args;
use outrigger_api_types::jobs::{NamedPriority, NewJob, Priority};
use outrigger_client::Client;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{answer::Answer, error::CliError, human, input};

/// The largest payload that is read, in bytes: the largest possible `[jobs] payload_max`.
const PAYLOAD_MAX: u64 = 8 << 20;

/// A job to add.
#[derive(Debug, Args)]
pub(crate) struct Enqueue {
    /// The class, which decides who runs the job, such as `report.build`
    class: String,
    /// The input of the job, any JSON value [default: {}]
    #[arg(
        long,
        value_name = "JSON",
        conflicts_with = "payload_file",
        allow_hyphen_values = true
    )]
    payload: Option<String>,
    /// File with the input of the job, `-` for standard input
    #[arg(long, value_name = "FILE")]
    payload_file: Option<PathBuf>,
    /// The queue [default: default]
    #[arg(long)]
    queue: Option<String>,
    /// The priority: 0, the first, to 99, or `high` (10), `normal` (50) or `low` (90) [default: normal]
    #[arg(long, value_parser = priority)]
    priority: Option<Priority>,
    /// The time until the job may start, such as `90s`
    #[arg(long, value_name = "DURATION", conflicts_with = "run_at")]
    delay: Option<String>,
    /// When the job may start, such as `2026-01-31T12:00:00Z`
    #[arg(long, value_name = "TIME")]
    run_at: Option<String>,
    /// The maximum number of attempts, 1 to 100 [default: 3]
    #[arg(long, value_name = "NUMBER")]
    max_attempts: Option<u32>,
    /// The delay between attempts: `linear(60s)`, `exp(10s,2,1h)` or `fixed(300s)` [default: linear(60s)]
    #[arg(long, value_name = "POLICY")]
    backoff: Option<String>,
    /// The maximum time of an attempt, such as `10m` [default: `[jobs] timeout`]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
    /// While another job with this key has not ended, print its id and add nothing
    #[arg(long, value_name = "KEY")]
    unique_key: Option<String>,
    /// A word to find the job by; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// The id of the job; a second job with the same id is refused [default: a new id]
    #[arg(long)]
    id: Option<Uuid>,
}

impl Enqueue {
    pub(super) async fn run(self, client: &Client) -> Result<Answer, CliError> {
        let text = match (&self.payload, &self.payload_file) {
            (Some(payload), _) => Some(payload.clone()),
            (None, Some(path)) => Some(read(path)?),
            (None, None) => None,
        };
        let job = NewJob {
            class: self.class,
            payload: text.map(payload).transpose()?,
            queue: self.queue,
            priority: self.priority,
            delay: self.delay,
            run_at: self.run_at,
            max_attempts: self.max_attempts,
            backoff: self.backoff,
            timeout: self.timeout,
            unique_key: self.unique_key,
            tags: self.tags,
            id: self.id.map(|id| id.to_string()),
        };
        let enqueued = client.enqueue(&job).await?;
        let (class, state) = (human::visible(&job.class), enqueued.job.state.as_str());
        let note = match enqueued.is_new {
            true => format!("added {class} ({state})"),
            false => format!("not added: this job, which is {state}, holds the unique key"),
        };
        let text = enqueued.job.id.clone();
        Ok(Answer::new(&enqueued.job, text).with_note(note))
    }
}

/// Reads the payload from a file, or from standard input.
fn read(path: &Path) -> Result<String, CliError> {
    let bytes = match path.as_os_str() == "-" {
        true => input::whole("payload", PAYLOAD_MAX)?,
        false => read_file(path)?,
    };
    String::from_utf8(bytes).map_err(|_| CliError::WrongUse {
        message: "the payload is not UTF-8".to_owned(),
        hint: None,
    })
}

fn read_file(path: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(PAYLOAD_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|source| CliError::Io {
        what: format!("the payload cannot be read from `{}`", path.display()),
        source,
    })?;
    if bytes.len() as u64 > PAYLOAD_MAX {
        return Err(CliError::WrongUse {
            message: format!(
                "the payload in `{}` is longer than {PAYLOAD_MAX} bytes",
                path.display()
            ),
            hint: None,
        });
    }
    Ok(bytes)
}

/// Checks that the payload is JSON. It is sent as it is written.
fn payload(text: String) -> Result<Box<RawValue>, CliError> {
    RawValue::from_string(text).map_err(|error| CliError::WrongUse {
        message: format!("the payload is not JSON: {error}"),
        hint: Some("a text needs its quotation marks too: `--payload '\"text\"'`".to_owned()),
    })
}

fn priority(text: &str) -> Result<Priority, String> {
    match text {
        "high" => Ok(Priority::Named(NamedPriority::High)),
        "normal" => Ok(Priority::Named(NamedPriority::Normal)),
        "low" => Ok(Priority::Named(NamedPriority::Low)),
        number => match number.parse() {
            Ok(number @ 0..=99) => Ok(Priority::Number(number)),
            _ => Err("use a number from 0 to 99, or `high`, `normal` or `low`".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_a_number_up_to_99_or_one_of_three_names() {
        assert_eq!(priority("0"), Ok(Priority::Number(0)));
        assert_eq!(priority("99"), Ok(Priority::Number(99)));
        assert_eq!(priority("low"), Ok(Priority::Named(NamedPriority::Low)));
        for text in ["100", "-1", "urgent", ""] {
            assert!(priority(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_payload_keeps_its_text_and_must_be_json() {
        let text = r#"{"z": 1e400, "a": "\u00fc"}"#;

        let kept = payload(text.to_owned()).expect("it is JSON");

        assert_eq!(kept.get(), text);
        assert!(payload("text".to_owned()).is_err());
    }
}
