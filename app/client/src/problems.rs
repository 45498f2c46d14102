//! The problems of the server.

use outrigger_api_types::problems::{ProblemState, ServerProblem};

use crate::{Client, ClientError, key};

const PROBLEMS: &str = "/api/v1/problems";

impl Client {
    /// Returns the problems in `state`, or all problems, most recently opened first.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn problems(
        &self,
        state: Option<ProblemState>,
    ) -> Result<Vec<ServerProblem>, ClientError> {
        let state = state.map(ProblemState::as_str);
        self.all(&key::with_query(PROBLEMS, &[("state", state)]))
            .await
    }

    /// Acknowledges the problem with this id. It stays listed but no longer affects the state of the server.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Refused`] with the status 404 if there is no such problem, and 409 if it is resolved.
    pub async fn acknowledge_problem(&self, id: &str) -> Result<ServerProblem, ClientError> {
        self.post(&verb(id, "acknowledge"), &()).await
    }

    /// Withdraws the acknowledgement of the problem with this id.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Refused`] with the status 404 if there is no such problem.
    pub async fn unacknowledge_problem(&self, id: &str) -> Result<ServerProblem, ClientError> {
        self.post(&verb(id, "unacknowledge"), &()).await
    }
}

fn verb(id: &str, verb: &str) -> String {
    format!("{PROBLEMS}/{}/{verb}", key::encode(id.as_bytes()))
}
