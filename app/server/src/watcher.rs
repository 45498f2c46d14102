//! Collects the problems of every part, so that they are tracked even if nobody requests the status.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_history::Problems;
use outrigger_stdx::Clock;
use outrigger_supervisor::{Service, ServiceError, Stop};

use crate::part::Part;

/// The interval between evaluations.
const EVERY: Duration = Duration::from_secs(5);

/// Evaluates the problems every five seconds.
pub(crate) struct Watcher {
    pub(crate) parts: Vec<Arc<dyn Part>>,
    pub(crate) problems: Problems,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Collects the reports of every part once and passes them to `problems`.
pub(crate) async fn evaluate(parts: &[Arc<dyn Part>], problems: &Problems) {
    let evaluation = problems.begin();
    let mut reports = Vec::new();
    for part in parts {
        reports.extend(part.problems().await);
    }
    problems.apply(evaluation, reports);
}

#[async_trait]
impl Service for Watcher {
    fn name(&self) -> Cow<'static, str> {
        "problem watcher".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        loop {
            tokio::select! {
                // `stop` has priority, because a stopping part is no problem.
                biased;
                () = stop.cancelled() => return Ok(()),
                () = evaluate(&self.parts, &self.problems) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.sleep(EVERY) => {}
            }
        }
    }
}
