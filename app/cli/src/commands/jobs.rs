//! `jobs`: adds, lists, retries and cancels background jobs, and pauses queues.

mod enqueue;
mod text;

use clap::{Subcommand, ValueEnum};
use outrigger_api_types::jobs::{JobQuery, JobState};
use outrigger_client::ClientError;
use serde_json::json;
use uuid::Uuid;

use self::enqueue::Enqueue;
use crate::{answer::Answer, connect::Connector, error::CliError, human, output::Output};

/// Add, list, retry and cancel background jobs, and pause queues.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Add a job and print its id
    ///
    /// The job is stored on disk when the command ends.
    Enqueue(Box<Enqueue>),
    /// List the jobs, the newest first
    List {
        /// Only jobs in this state
        #[arg(long, value_enum)]
        state: Option<StateName>,
        /// Only jobs in this queue
        #[arg(long)]
        queue: Option<String>,
        /// Only jobs of this class
        #[arg(long)]
        class: Option<String>,
        /// Only jobs with this tag
        #[arg(long)]
        tag: Option<String>,
        /// The maximum number of jobs, 1 to 500
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        limit: u32,
    },
    /// Show a job with its payload, its result, its attempts and its log
    Show {
        /// The job's id
        id: Uuid,
    },
    /// Run a failed or cancelled job again, with all its attempts
    Retry {
        /// The job's id
        id: Uuid,
    },
    /// Cancel a job that has not ended
    ///
    /// A running job is cancelled when its attempt ends, unless it completes.
    Cancel {
        /// The job's id
        id: Uuid,
    },
    /// Show the number of jobs in each queue and state
    Stats,
    /// Pause a queue: workers get no more jobs of it, and running attempts continue
    Pause {
        /// The queue
        queue: String,
    },
    /// Resume a paused queue
    Resume {
        /// The queue
        queue: String,
    },
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateName {
    /// Waits for its time, the first one or that of a retry
    Scheduled,
    /// Waits for a worker
    Pending,
    /// Is run by a worker
    Processing,
    /// Succeeded
    Completed,
    /// Failed, and is not repeated
    Failed,
    /// Was cancelled
    Cancelled,
}

impl JobsCommand {
    pub(super) async fn run(
        self,
        connector: &Connector<'_>,
        output: &Output,
    ) -> Result<Answer, CliError> {
        let client = connector.server()?;
        match self {
            Self::Enqueue(command) => command.run(&client).await,
            Self::List {
                state,
                queue,
                class,
                tag,
                limit,
            } => {
                let query = JobQuery {
                    state: state.map(JobState::from),
                    queue,
                    class,
                    tag,
                    limit: Some(limit),
                    cursor: None,
                };
                let page = client.jobs(&query).await?;
                let answer = Answer::new(&page, text::list(&page.items, output));
                Ok(match page.next {
                    None => answer,
                    Some(_) => answer.with_note(
                        "there are more jobs; use the filters or `--limit` to see others",
                    ),
                })
            }
            Self::Show { id } => {
                let details = client.job(&id.to_string()).await;
                let details = details.map_err(|error| named(error, id))?;
                Ok(Answer::new(&details, text::details(&details)))
            }
            Self::Retry { id } => {
                let job = client.retry_job(&id.to_string()).await;
                let job = job.map_err(|error| named(error, id))?;
                let note = format!("{} runs again ({id})", job.class);
                Ok(Answer::quiet(&job).with_note(note))
            }
            Self::Cancel { id } => {
                let job = client.cancel_job(&id.to_string()).await;
                let job = job.map_err(|error| named(error, id))?;
                let note = match job.state {
                    JobState::Cancelled => format!("cancelled {} ({id})", job.class),
                    _ => format!("{} ({id}) is cancelled when its attempt ends", job.class),
                };
                Ok(Answer::quiet(&job).with_note(note))
            }
            Self::Stats => {
                let stats = client.job_stats().await?;
                Ok(Answer::new(&stats, text::stats(&stats)))
            }
            Self::Pause { queue } => {
                client.pause_queue(&queue).await?;
                Ok(paused(&queue, true))
            }
            Self::Resume { queue } => {
                client.resume_queue(&queue).await?;
                Ok(paused(&queue, false))
            }
        }
    }
}

fn paused(queue: &str, is_paused: bool) -> Answer {
    let done = if is_paused { "paused" } else { "resumed" };
    let note = format!("{done} the queue {}", human::visible(queue));
    Answer::quiet(&json!({ "queue": queue, "paused": is_paused })).with_note(note)
}

/// Names the job that does not exist.
fn named(error: ClientError, id: Uuid) -> CliError {
    match error {
        ClientError::Refused(problem) if problem.status == 404 => CliError::NotFound {
            what: "job",
            name: id.to_string(),
            hint: Some("`outrigger jobs list` lists the jobs".to_owned()),
        },
        error => error.into(),
    }
}

impl From<StateName> for JobState {
    fn from(state: StateName) -> Self {
        match state {
            StateName::Scheduled => Self::Scheduled,
            StateName::Pending => Self::Pending,
            StateName::Processing => Self::Processing,
            StateName::Completed => Self::Completed,
            StateName::Failed => Self::Failed,
            StateName::Cancelled => Self::Cancelled,
        }
    }
}
