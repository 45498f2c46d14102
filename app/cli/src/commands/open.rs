//! `open`: opens the dashboard in a browser.

use std::process::{Command, Stdio};

use outrigger_api_types::access::NewLoginLink;

use crate::{answer::Answer, connect::Connector, error::CliError};

#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

pub(super) async fn run(connector: &Connector<'_>) -> Result<Answer, CliError> {
    let client = connector.server()?;
    let link = client.create_login_link(&NewLoginLink::default()).await?;
    // A server has no browser. The link is printed in any case, so a failure here is not an error.
    let opened = Command::new(OPENER)
        .arg(&link.url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .is_ok();
    let note = if opened {
        "opening the link in the browser; it works once"
    } else {
        "open the link in a browser; it works once"
    };
    let text = link.url.clone();
    Ok(Answer::new(&link, text).with_note(note))
}
