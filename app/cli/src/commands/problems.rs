//! `problems`: lists and acknowledges problems.

use clap::{Subcommand, ValueEnum};
use outrigger_api_types::problems::{ProblemState, ServerProblem, Severity};
use serde_json::json;

use crate::{
    answer::Answer,
    connect::Connector,
    error::CliError,
    human,
    output::{Output, Tone},
    table::Table,
};

/// List and acknowledge problems.
#[derive(Debug, Subcommand)]
pub(crate) enum ProblemsCommand {
    /// List the problems, the newest first
    List {
        /// Only problems in this state [default: open and acknowledged ones]
        #[arg(long, value_enum)]
        state: Option<StateName>,
    },
    /// Acknowledge a problem, so that it stays in the list but no longer affects the server's state
    Acknowledge {
        /// The problem's id, as `outrigger problems list` shows it
        id: String,
    },
    /// Remove the acknowledgement of a problem
    Unacknowledge {
        /// The problem's id, as `outrigger problems list` shows it
        id: String,
    },
}

/// Which problems to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateName {
    /// Not acknowledged
    Open,
    /// Acknowledged
    Acknowledged,
    /// Resolved
    Resolved,
    /// All states
    All,
}

impl ProblemsCommand {
    pub(super) async fn run(
        self,
        connector: &Connector<'_>,
        output: &Output,
    ) -> Result<Answer, CliError> {
        let client = connector.server()?;
        match self {
            Self::List { state } => {
                let wanted = match state {
                    Some(StateName::Open) => Some(ProblemState::Open),
                    Some(StateName::Acknowledged) => Some(ProblemState::Acknowledged),
                    Some(StateName::Resolved) => Some(ProblemState::Resolved),
                    Some(StateName::All) | None => None,
                };
                let mut problems = client.problems(wanted).await?;
                if state.is_none() {
                    problems.retain(|problem| problem.state != ProblemState::Resolved);
                }
                let text = text(&problems, output);
                Ok(Answer::new(
                    &json!({ "items": problems, "next": null }),
                    text,
                ))
            }
            Self::Acknowledge { id } => {
                let problem = client.acknowledge_problem(&id).await?;
                let note = format!("acknowledged: {}", human::visible(&problem.title));
                Ok(Answer::quiet(&problem).with_note(note))
            }
            Self::Unacknowledge { id } => {
                let problem = client.unacknowledge_problem(&id).await?;
                let note = format!("no longer acknowledged: {}", human::visible(&problem.title));
                Ok(Answer::quiet(&problem).with_note(note))
            }
        }
    }
}

fn text(problems: &[ServerProblem], output: &Output) -> String {
    if problems.is_empty() {
        return "no problems".to_owned();
    }
    let mut table = Table::new(&["SEVERITY", "STATE", "TITLE", "LAST SEEN", "COUNT", "ID"]);
    for problem in problems {
        let severity = problem.severity.as_str();
        let tone = match (problem.state, problem.severity) {
            (ProblemState::Acknowledged | ProblemState::Resolved, _) => None,
            (_, Severity::Critical | Severity::Error) => Some(Tone::Bad),
            (_, Severity::Warning) => Some(Tone::Warning),
            (_, Severity::Notice) => None,
        };
        let painted = tone.map_or_else(|| severity.to_owned(), |tone| output.tone(tone, severity));
        table.painted_row(
            severity,
            painted,
            [
                problem.state.as_str().to_owned(),
                problem.title.clone(),
                human::time(&problem.last_seen),
                problem.count.to_string(),
                problem.id.clone(),
            ],
        );
    }
    table.render(0)
}

#[cfg(test)]
mod tests {
    use outrigger_config::Environment;

    use super::*;

    #[test]
    fn problems_are_listed_with_their_state_and_the_id_to_acknowledge_them_by() {
        let problem: ServerProblem = serde_json::from_value(serde_json::json!({
            "id": "store_unreachable.state", "code": "store_unreachable", "capability": "store",
            "severity": "critical", "title": "The store state cannot be used", "detail": "the disk is full",
            "fix": "free some space", "page": "/", "guide": null, "first_seen": "2026-01-01T12:00:00Z",
            "last_seen": "2026-01-01T12:01:00.5Z", "count": 13, "state": "acknowledged",
            "acknowledged_by": "ada@example.org", "acknowledged_at": "2026-01-01T12:00:30Z", "resolved_at": null,
        }))
        .expect("the JSON is a problem");

        let output = Output::new(true, &Environment::default());

        insta::assert_snapshot!(text(&[problem], &output), @r"
        SEVERITY  STATE         TITLE                           LAST SEEN                COUNT  ID
        critical  acknowledged  The store state cannot be used  2026-01-01 12:01:00 UTC  13     store_unreachable.state
        ");
    }
}
