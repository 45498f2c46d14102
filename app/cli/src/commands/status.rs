//! `status`: shows the state of the running server.

use outrigger_api_types::{
    problems::ProblemState,
    status::{State, Status},
};

use crate::{
    answer::Answer,
    connect::Connector,
    error::CliError,
    human,
    output::{Output, Tone},
    table::Table,
};

pub(super) async fn run(connector: &Connector<'_>, output: &Output) -> Result<Answer, CliError> {
    let status = connector.server()?.status().await?;
    let text = text(&status, output);
    Ok(Answer::new(&status, text))
}

fn text(status: &Status, output: &Output) -> String {
    let tone = match status.state {
        State::Ok => Tone::Good,
        State::Degraded => Tone::Warning,
        State::Failing => Tone::Bad,
    };
    let server = human::visible(&status.server.to_string());
    let mut parts = vec![format!(
        "{server}\n{}\n",
        output.tone(tone, &status.sentence)
    )];
    if !status.problems.is_empty() {
        parts.push(problems(status));
    }
    parts.push(process(status));
    parts.push(section("listeners", &listeners(status)));
    parts.push(section("stores", &stores(status)));
    parts.push(section("services", &services(status)));
    parts.join("\n")
}

fn section(title: &str, table: &Table) -> String {
    format!("{title}\n{}", table.render(2))
}

fn problems(status: &Status) -> String {
    let lines = status.problems.iter().map(|problem| {
        let state = match problem.state {
            ProblemState::Acknowledged => ", acknowledged",
            ProblemState::Open | ProblemState::Resolved => "",
        };
        format!(
            "{}{state}: {}\n  {}\n  fix: {}\n",
            problem.severity.as_str(),
            human::visible(&problem.title),
            human::visible(&problem.detail),
            human::visible(&problem.fix)
        )
    });
    lines.collect()
}

fn process(status: &Status) -> String {
    let figure =
        |value: Option<u64>, show: &dyn Fn(u64) -> String| value.map_or("unknown".to_owned(), show);
    let used = &status.process;
    let files = figure(used.open_files, &|count| count.to_string());
    let files_max = figure(used.open_files_max, &|count| count.to_string());
    let mut facts = Table::facts();
    facts.fact("version", status.version.clone());
    facts.fact("pid", status.pid.to_string());
    facts.fact(
        "uptime",
        format!(
            "{}, since {}",
            human::duration(status.uptime_ms),
            human::time(&status.started_at)
        ),
    );
    facts.fact("data", status.data_dir.clone());
    facts.fact("memory", figure(used.resident_bytes, &human::size));
    facts.fact("cpu time", figure(used.cpu_ms, &human::duration));
    facts.fact("files", format!("{files} of {files_max}"));
    facts.render(0)
}

fn listeners(status: &Status) -> Table {
    let mut table = Table::facts();
    for listener in &status.listeners {
        let tls = if listener.tls { "TLS" } else { "" };
        table.row([listener.name.clone(), listener.url.clone(), tls.to_owned()]);
    }
    table
}

fn stores(status: &Status) -> Table {
    let mut table = Table::facts();
    for store in &status.stores {
        let size = match (store.reachable, store.size_bytes) {
            (false, _) => "unreachable".to_owned(),
            (true, Some(bytes)) => human::size(bytes),
            (true, None) => "unknown".to_owned(),
        };
        let location = store.location.clone().unwrap_or_default();
        table.row([store.name.clone(), store.backend.clone(), size, location]);
    }
    table
}

fn services(status: &Status) -> Table {
    use outrigger_api_types::status::ServiceState;

    let mut table = Table::facts();
    for service in &status.services {
        let state = match service.state {
            ServiceState::Running => "running",
            ServiceState::Waiting => "waiting to restart",
            ServiceState::Stopped => "stopped",
        };
        let history = match (service.restarts, &service.last_error) {
            (0, None) => String::new(),
            (restarts, error) => format!(
                "{}: {}",
                human::count(restarts, "restart", "restarts"),
                error.as_deref().unwrap_or("no error")
            ),
        };
        table.row([service.name.clone(), state.to_owned(), history]);
    }
    table
}

#[cfg(test)]
mod tests {
    use outrigger_config::Environment;

    use super::*;

    #[test]
    fn status_shows_which_server_it_is_and_the_sentence_then_problems_then_figures_and_the_size_of_every_store()
     {
        let status: Status = serde_json::from_value(serde_json::json!({
            "server": {"name": "ops-1", "environment": "production", "colour": null},
            "version": "0.1.0", "state": "degraded", "sentence": "1 open problem: The disk is nearly full.",
            "problems": [{"id": "disk", "code": "disk", "capability": "server", "severity": "warning",
                "title": "The disk is nearly full", "detail": "/d has 1 GiB left", "fix": "free some space",
                "page": "/", "guide": null, "first_seen": "2026-01-01T12:00:00Z", "last_seen": "2026-01-01T12:01:00Z",
                "count": 1, "state": "open", "acknowledged_by": null, "acknowledged_at": null, "resolved_at": null}],
            "started_at": "2026-01-01T12:00:00Z", "uptime_ms": 125_400, "pid": 42, "data_dir": "/d",
            "process": {"resident_bytes": 31_457_280, "cpu_ms": 900, "open_files": 20, "open_files_max": 1024, "threads": 8},
            "stores": [
                {"name": "state", "backend": "sqlite", "location": "/d/state.db", "size_bytes": 118_784, "reachable": true},
                {"name": "cache", "backend": "memory", "location": null, "size_bytes": 0, "reachable": true}],
            "listeners": [{"name": "http", "address": "127.0.0.1:7300", "url": "http://127.0.0.1:7300", "tls": false}],
            "services": [{"name": "session pruner", "state": "waiting", "restarts": 2, "last_error": "disk full"}],
        }))
        .expect("the JSON is a status");

        let output = Output::new(true, &Environment::default());
        insta::assert_snapshot!(text(&status, &output), @r"
        ops-1 (production)
        1 open problem: The disk is nearly full.

        warning: The disk is nearly full
          /d has 1 GiB left
          fix: free some space

        version   0.1.0
        pid       42
        uptime    2m 5s, since 2026-01-01 12:00:00 UTC
        data      /d
        memory    30 MiB
        cpu time  900ms
        files     20 of 1024

        listeners
          http  http://127.0.0.1:7300

        stores
          state  sqlite  116 KiB  /d/state.db
          cache  memory  0 B

        services
          session pruner  waiting to restart  2 restarts: disk full
        ");
    }
}
