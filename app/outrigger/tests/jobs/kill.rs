//! Acknowledged changes and running attempts survive SIGKILL.

use std::{collections::HashMap, time::Duration};

use anyhow::Result;
use outrigger_api_types::jobs::{JobQuery, JobState, SettleStatus};
use outrigger_testapp::Outrigger;

use crate::{app, enqueue, lease_one, settle, state, wants};

/// Adds jobs until the server is gone. Returns the ids of the acknowledged ones.
async fn enqueue_until_killed(app: &Outrigger) -> Vec<String> {
    let mut acknowledged = Vec::new();
    while let Ok(id) = enqueue(app, "a", "default").await {
        acknowledged.push(id);
    }
    acknowledged
}

/// Completes jobs until the server is gone. Returns the ids of those whose completion was acknowledged.
async fn settle_until_killed(app: &Outrigger, session: &str) -> Vec<String> {
    let mut acknowledged = Vec::new();
    while let Ok(leased) = app.client().lease(&wants(session, "default")).await {
        for lease in leased.leases {
            if let Ok(SettleStatus::Ok) = settle(app, &lease.id, &lease.lease).await {
                acknowledged.push(lease.id);
            }
        }
    }
    acknowledged
}

async fn states(app: &Outrigger) -> Result<HashMap<String, JobState>> {
    let (mut states, mut cursor) = (HashMap::new(), None);
    loop {
        let query = JobQuery {
            limit: Some(500),
            cursor,
            ..JobQuery::default()
        };
        let page = app.client().jobs(&query).await?;
        states.extend(page.items.into_iter().map(|job| (job.id, job.state)));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(states);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_no_acknowledged_job_no_settle_and_no_running_attempt()
-> Result<()> {
    let mut app = app().start().await;
    let (mut added, mut completed) = (Vec::new(), Vec::new());

    for round in 0..4_u64 {
        let (running, session) = (format!("running-{round}"), format!("runs-{round}"));
        let id = enqueue(&app, "a", &running).await?;
        let lease = lease_one(&app, &session, &running).await?;
        // The moment differs in each round, because the test must hold for any moment.
        let killer = async {
            tokio::time::sleep(Duration::from_millis(50 + 110 * round)).await;
            app.signal(rustix::process::Signal::KILL);
        };
        let (first, second, third, ()) = tokio::join!(
            enqueue_until_killed(&app),
            enqueue_until_killed(&app),
            settle_until_killed(&app, "settles"),
            killer
        );
        added.extend([first, second].concat());
        completed.extend(third);
        app.wait().await;
        app.restart().await;

        let states = states(&app).await?;
        for id in &added {
            assert!(states.contains_key(id), "round {round}: {id} is lost");
        }
        for id in &completed {
            assert_eq!(states.get(id), Some(&JobState::Completed), "round {round}");
        }
        assert_eq!(
            states.get(&id),
            Some(&JobState::Processing),
            "round {round}"
        );
        assert_eq!(settle(&app, &id, &lease.lease).await?, SettleStatus::Ok);
        assert_eq!(state(&app, &id).await?, JobState::Completed);
    }

    // On a busy machine, an early kill may come before the first response.
    assert!(
        !added.is_empty() && !completed.is_empty(),
        "nothing was acknowledged"
    );
    Ok(())
}
