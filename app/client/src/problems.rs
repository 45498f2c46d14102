//! The problems of the server.

use outrigger_api_types::problems::{ProblemState, ServerProblem};

use crate::{Client, ClientError, key};

const PROBLEMS: &str = "/api/v1/problems";

impl Client {
    /// All problems in `state`, or all there are; the one that was opened last comes first.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn problems(
        &self,
        state: Option<ProblemState>,
    ) -> Result<Vec<ServerProblem>, ClientError> {
        let state = state.map(ProblemState::as_str);
        self.all(&key::with_query(PROBLEMS, &[("state", state)]))
            .await
    }

    /// Acknowledges the problem with this id: it stays listed, but no longer changes the state of the server.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`] with the status 404 when there is no such problem, and 409 when it is resolved.
    pub async fn acknowledge_problem(&self, id: &str) -> Result<ServerProblem, ClientError> {
        self.post(&verb(id, "acknowledge"), &()).await
    }

    /// Takes the acknowledgement of the problem with this id back.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`] with the status 404 when there is no such problem.
    pub async fn unacknowledge_problem(&self, id: &str) -> Result<ServerProblem, ClientError> {
        self.post(&verb(id, "unacknowledge"), &()).await
    }
}

fn verb(id: &str, verb: &str) -> String {
    format!("{PROBLEMS}/{}/{verb}", key::encode(id.as_bytes()))
}
