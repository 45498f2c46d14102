//! `doctor`: checks the environment of Outrigger.

use outrigger_api_types::status::{DoctorReport, DoctorResult};

use crate::{
    answer::Answer,
    connect::Connector,
    error::{CliError, Exit},
    output::{Output, Tone},
    table::Table,
};

pub(super) async fn run(connector: &Connector<'_>, output: &Output) -> Result<Answer, CliError> {
    connector
        .with_server_or_here(async |client, _| Ok(answer(&client.doctor().await?, output)))
        .await
}

fn answer(report: &DoctorReport, output: &Output) -> Answer {
    let mut answer = Answer::new(report, text(report, output));
    if failures(report) > 0 {
        answer.exit = Exit::Failed;
    }
    answer
}

fn failures(report: &DoctorReport) -> usize {
    let results = report.checks.iter().map(|check| check.result);
    results
        .filter(|result| *result == DoctorResult::Fail)
        .count()
}

fn text(report: &DoctorReport, output: &Output) -> String {
    let mut table = Table::facts();
    for check in &report.checks {
        let (word, tone) = match check.result {
            DoctorResult::Ok => ("ok", Tone::Good),
            DoctorResult::Advice => ("advice", Tone::Warning),
            DoctorResult::Fail => ("fail", Tone::Bad),
        };
        let cells = [check.name.clone(), check.detail.clone()];
        table.painted_row(word, output.tone(tone, word), cells);
        if let Some(fix) = &check.fix {
            table.row([String::new(), String::new(), format!("fix: {fix}")]);
        }
    }
    let summary = match failures(report) {
        0 => "all checks passed".to_owned(),
        1 => "one check failed".to_owned(),
        count => format!("{count} checks failed"),
    };
    format!("{}\n{summary}", table.render(0))
}

#[cfg(test)]
mod tests {
    use outrigger_api_types::status::DoctorCheck;
    use outrigger_config::Environment;

    use super::*;

    #[test]
    fn a_failed_check_is_printed_with_its_fix() {
        let check = |name: &str, result, fix: Option<&str>| DoctorCheck {
            name: name.into(),
            result,
            detail: "as seen".into(),
            fix: fix.map(Into::into),
        };
        let report = DoctorReport {
            checks: vec![
                check("data directory", DoctorResult::Ok, None),
                check("disk", DoctorResult::Fail, Some("free some space")),
            ],
        };

        let output = Output::new(true, &Environment::default());
        insta::assert_snapshot!(text(&report, &output), @r"
        ok    data directory  as seen
        fail  disk            as seen
                              fix: free some space

        one check failed
        ");
    }
}
