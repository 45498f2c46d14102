//! `serve`: runs the server.

use outrigger_server::BannerFor;

use crate::{answer::Answer, connect::Connector, error::CliError, output::Output};

pub(super) fn run(connector: &Connector<'_>, output: &Output) -> Result<Answer, CliError> {
    let loaded = connector.load()?;
    let banner = match output.is_for_programs() {
        true => BannerFor::Programs,
        false => BannerFor::People,
    };
    outrigger_server::serve(&loaded, banner).map_err(CliError::Start)?;
    Ok(Answer::quiet_line(&serde_json::json!({ "stopped": true })))
}
