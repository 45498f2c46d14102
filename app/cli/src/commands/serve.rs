//! `serve`: the server itself.

use crate::{answer::Answer, connect::Connector, error::CliError};

pub(super) fn run(connector: &Connector<'_>) -> Result<Answer, CliError> {
    let loaded = connector.load()?;
    outrigger_server::serve(&loaded).map_err(CliError::Start)?;
    Ok(Answer::quiet(&serde_json::json!({ "stopped": true })))
}
