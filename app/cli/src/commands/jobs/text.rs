//! Jobs as text.

use outrigger_api_types::jobs::{Job, JobDetails, JobState, JobStats};

use crate::{
    human,
    output::{Output, Tone},
    table::Table,
};

pub(super) fn list(jobs: &[Job], output: &Output) -> String {
    if jobs.is_empty() {
        return "no jobs".to_owned();
    }
    let mut table = Table::new(&["STATE", "CLASS", "QUEUE", "ATTEMPT", "ADDED", "ID"]);
    for job in jobs {
        let state = job.state.as_str();
        let painted = match job.state {
            JobState::Failed => output.tone(Tone::Bad, state),
            _ => state.to_owned(),
        };
        table.painted_row(
            state,
            painted,
            [
                job.class.clone(),
                job.queue.clone(),
                attempts(job),
                human::time(&job.created_at),
                job.id.clone(),
            ],
        );
    }
    table.render(0)
}

pub(super) fn details(details: &JobDetails) -> String {
    let job = &details.job;
    let mut facts = Table::facts();
    facts.fact("id", job.id.clone());
    facts.fact("class", job.class.clone());
    facts.fact("queue", job.queue.clone());
    facts.fact("state", state(job));
    facts.fact("attempt", attempts(job));
    facts.fact("priority", job.priority.to_string());
    facts.fact("backoff", job.backoff.clone());
    facts.fact("timeout", human::duration(job.timeout_ms));
    let tags = (!job.tags.is_empty()).then(|| job.tags.join(" "));
    let time = |at: &Option<String>| at.as_deref().map(human::time);
    for (name, value) in [
        ("tags", tags),
        ("unique key", job.unique_key.clone()),
        ("added", Some(human::time(&job.created_at))),
        (
            "runs from",
            (job.state == JobState::Scheduled).then(|| human::time(&job.run_at)),
        ),
        ("started", time(&job.started_at)),
        ("ended", time(&job.finished_at)),
        ("worker", job.session.clone()),
        (
            "crashes",
            (job.crashes > 0).then(|| job.crashes.to_string()),
        ),
        ("progress", progress(job)),
        ("error", job.error.clone()),
        ("payload", Some(details.payload.get().to_owned())),
        (
            "result",
            details.result.as_ref().map(|it| it.get().to_owned()),
        ),
    ] {
        if let Some(value) = value {
            facts.fact(name, value);
        }
    }
    let mut text = facts.render(0);
    if !details.attempts.is_empty() {
        text.push('\n');
        text.push_str(&attempts_text(details));
    }
    if !details.log.is_empty() {
        text.push('\n');
        text.push_str(&log_text(details));
    }
    text
}

fn attempts_text(details: &JobDetails) -> String {
    let mut table = Table::new(&["ATTEMPT", "OUTCOME", "STARTED", "ENDED", "WORKER", "ERROR"]);
    for attempt in &details.attempts {
        table.row([
            attempt.number.to_string(),
            attempt.outcome.clone(),
            human::time(&attempt.started_at),
            human::time(&attempt.ended_at),
            attempt.session.clone(),
            attempt.error.clone().unwrap_or_default(),
        ]);
    }
    table.render(0)
}

fn log_text(details: &JobDetails) -> String {
    let mut table = Table::new(&["TIME", "ATTEMPT", "LOG"]);
    for line in &details.log {
        table.row([
            human::time(&line.at),
            line.attempt.to_string(),
            line.text.clone(),
        ]);
    }
    table.render(0)
}

pub(super) fn stats(stats: &JobStats) -> String {
    if stats.queues.is_empty() {
        return "no jobs".to_owned();
    }
    let mut table = Table::new(&[
        "QUEUE",
        "PAUSED",
        "SCHEDULED",
        "PENDING",
        "PROCESSING",
        "COMPLETED",
        "FAILED",
        "CANCELLED",
        "OLDEST WAITS",
    ]);
    for queue in &stats.queues {
        let oldest = queue.oldest_ready_ms;
        table.row([
            queue.name.clone(),
            if queue.paused { "yes" } else { "no" }.to_owned(),
            queue.scheduled.to_string(),
            queue.pending.to_string(),
            queue.processing.to_string(),
            queue.completed.to_string(),
            queue.failed.to_string(),
            queue.cancelled.to_string(),
            oldest.map_or("-".to_owned(), human::duration),
        ]);
    }
    table.render(0)
}

fn state(job: &Job) -> String {
    match job.is_cancelling {
        true => format!("{}, to be cancelled", job.state.as_str()),
        false => job.state.as_str().to_owned(),
    }
}

fn attempts(job: &Job) -> String {
    format!("{} of {}", job.attempt, job.max_attempts)
}

fn progress(job: &Job) -> Option<String> {
    let percent = job.percent.map(|percent| format!("{percent}%"));
    let parts: Vec<_> = percent.into_iter().chain(job.message.clone()).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use outrigger_config::Environment;
    use serde_json::json;

    use super::*;

    fn failed() -> JobDetails {
        let text = json!({
            "job": {
                "id": "0190a5c2-7d3e-7cc1-a5a1-111111111111", "class": "report.build", "queue": "default", "state": "failed",
                "priority": 50, "tags": ["november"], "unique_key": null, "created_at": "2026-01-01T12:00:00.25Z",
                "run_at": "2026-01-01T12:00:00.25Z", "attempt": 1, "max_attempts": 1, "crashes": 0,
                "backoff": "linear(60s)", "timeout_ms": 300_000, "session": "worker-1",
                "started_at": "2026-01-01T12:00:01Z", "finished_at": "2026-01-01T12:00:02Z", "is_cancelling": false,
                "percent": 50, "message": "half", "error": "no\nspace",
            },
            "payload": {"month": "2026-11"}, "result": null,
            "attempts": [{
                "number": 1, "session": "worker-1", "started_at": "2026-01-01T12:00:01Z",
                "ended_at": "2026-01-01T12:00:02Z", "outcome": "failed", "error": "no\nspace",
            }],
            "log": [{"at": "2026-01-01T12:00:01Z", "attempt": 1, "text": "begins"}],
        });
        serde_json::from_str(&text.to_string()).expect("the JSON is a job")
    }

    #[test]
    fn jobs_are_listed_with_the_id_to_show_them_by() {
        let output = Output::new(true, &Environment::default());

        insta::assert_snapshot!(list(&[failed().job], &output), @r"
        STATE   CLASS         QUEUE    ATTEMPT  ADDED                    ID
        failed  report.build  default  1 of 1   2026-01-01 12:00:00 UTC  0190a5c2-7d3e-7cc1-a5a1-111111111111
        ");
    }

    #[test]
    fn a_job_is_shown_with_its_payload_attempts_and_log() {
        insta::assert_snapshot!(details(&failed()), @r#"
        id        0190a5c2-7d3e-7cc1-a5a1-111111111111
        class     report.build
        queue     default
        state     failed
        attempt   1 of 1
        priority  50
        backoff   linear(60s)
        timeout   5m
        tags      november
        added     2026-01-01 12:00:00 UTC
        started   2026-01-01 12:00:01 UTC
        ended     2026-01-01 12:00:02 UTC
        worker    worker-1
        progress  50% half
        error     no\nspace
        payload   {"month":"2026-11"}

        ATTEMPT  OUTCOME  STARTED                  ENDED                    WORKER    ERROR
        1        failed   2026-01-01 12:00:01 UTC  2026-01-01 12:00:02 UTC  worker-1  no\nspace

        TIME                     ATTEMPT  LOG
        2026-01-01 12:00:01 UTC  1        begins
        "#);
    }

    #[test]
    fn stats_have_a_line_for_each_queue() {
        let two = json!({"queues": [
            {"name": "default", "paused": false, "scheduled": 1, "pending": 12, "processing": 3, "completed": 4,
             "failed": 5, "cancelled": 6, "oldest_ready_ms": 125_400},
            {"name": "mail", "paused": true, "scheduled": 0, "pending": 0, "processing": 0, "completed": 0,
             "failed": 0, "cancelled": 0, "oldest_ready_ms": null},
        ]});
        let two = serde_json::from_value(two).expect("the JSON is the state of queues");

        insta::assert_snapshot!(stats(&two), @r"
        QUEUE    PAUSED  SCHEDULED  PENDING  PROCESSING  COMPLETED  FAILED  CANCELLED  OLDEST WAITS
        default  no      1          12       3           4          5       6          2m 5s
        mail     yes     0          0        0           0          0       0          -
        ");
    }
}
