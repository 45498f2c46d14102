//! Random sequences of operations, which must have the same effects in a store and in the [model](crate::model).

use std::time::Duration;

use jiff::Timestamp;
use outrigger_jobs::{
    Beat, ClassName, JobFilter, JobId, LeaseRequest, LeaseToken, NewJob, Outcome, Priority,
    QueueName, SessionName, Settle, SettleStatus, Start,
};
use outrigger_stdx::Clock;
use outrigger_testkit::{Case, cases};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use crate::{
    fixture::{Fixture, class, queue, session},
    model::{self, Model},
};

/// The maximum number of operations of a sequence.
const STEPS_MAX: usize = 100;
const WORKERS: usize = 3;
/// How many smaller sequences are tried after a difference was found.
const SHRINKS_MAX: usize = 80;

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![random_operations_have_the_effects_of_the_model].to_vec()
}

#[derive(Debug, Clone)]
enum Step {
    Enqueue(Vec<model::NewJob>),
    Lease {
        worker: usize,
        queues: Vec<usize>,
        class: Option<usize>,
        max: usize,
        /// Every how many held jobs the worker has forgotten one.
        forgets: Option<usize>,
    },
    Settle(Vec<SettleStep>),
    Heartbeat(usize),
    EndSession(usize),
    Cancel(usize),
    Retry(usize),
    Pause(usize, bool),
    Pass(u64),
    Sweep,
}

#[derive(Debug, Clone)]
struct SettleStep {
    /// Which lease, counted from the last one.
    lease: usize,
    outcome: model::Outcome,
    is_forged: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let held = prop_oneof![Just(None), (1..4_usize).prop_map(Some)];
    let lease = (
        0..WORKERS,
        prop_oneof![Just(vec![0]), Just(vec![1, 0]), Just(vec![0, 1])],
        proptest::option::weighted(0.2, 0..2_usize),
        1..5_usize,
        held,
    );
    prop_oneof![
        4 => proptest::collection::vec(new_job(), 1..4).prop_map(Step::Enqueue),
        5 => lease.prop_map(|(worker, queues, class, max, forgets)| {
            Step::Lease { worker, queues, class, max, forgets }
        }),
        6 => proptest::collection::vec(settle(), 1..4).prop_map(Step::Settle),
        2 => (0..WORKERS).prop_map(Step::Heartbeat),
        1 => (0..WORKERS).prop_map(Step::EndSession),
        2 => (0..30_usize).prop_map(Step::Cancel),
        2 => (0..30_usize).prop_map(Step::Retry),
        1 => (0..2_usize, any::<bool>()).prop_map(|(queue, is_paused)| Step::Pause(queue, is_paused)),
        3 => (1..17_u64).prop_map(Step::Pass),
        4 => Just(Step::Sweep),
    ]
}

fn new_job() -> impl Strategy<Value = model::NewJob> {
    let delay = proptest::option::weighted(0.3, 0..20_u64);
    let key = proptest::option::weighted(0.4, 0..4_usize);
    let timeout = prop_oneof![Just(5_u64), Just(20), Just(100)];
    let values = (
        0..2_usize,
        0..2_usize,
        40..43_u8,
        key,
        delay,
        1..4_u32,
        timeout,
    );
    values.prop_map(
        |(queue, class, priority, key, delay, attempts_max, timeout)| model::NewJob {
            queue,
            class,
            priority,
            key,
            delay,
            attempts_max,
            timeout,
        },
    )
}

fn settle() -> impl Strategy<Value = SettleStep> {
    let outcome = prop_oneof![
        3 => Just(model::Outcome::Complete),
        3 => (any::<bool>(), 0..20_u64)
            .prop_map(|(is_permanent, delay)| model::Outcome::Fail { is_permanent, delay }),
        1 => (0..20_u64).prop_map(|delay| model::Outcome::Snooze { delay }),
        2 => Just(model::Outcome::Release),
    ];
    (0..8_usize, outcome, prop::bool::weighted(0.1)).prop_map(|(lease, outcome, is_forged)| {
        SettleStep {
            lease,
            outcome,
            is_forged,
        }
    })
}

async fn random_operations_have_the_effects_of_the_model(fixture: Fixture) {
    let mut runner = TestRunner::new(Config::default());
    let steps = proptest::collection::vec(step(), 1..=STEPS_MAX);
    let mut run = 0;
    for _ in 0..fixture.random_sequences {
        let mut tree = steps
            .new_tree(&mut runner)
            .expect("the strategy has values");
        run += 1;
        let Err(mut difference) = compare(&fixture, run, tree.current()).await else {
            continue;
        };
        let mut smallest = tree.current();
        let mut can_shrink = tree.simplify();
        for _ in 0..SHRINKS_MAX {
            if !can_shrink {
                break;
            }
            run += 1;
            can_shrink = match compare(&fixture, run, tree.current()).await {
                Err(smaller) => {
                    (difference, smallest) = (smaller, tree.current());
                    tree.simplify()
                }
                Ok(()) => tree.complicate(),
            };
        }
        panic!("{difference}\nafter {smallest:?}");
    }
}

/// The objects of one run, which differ from those of all other runs in the same store.
struct Run<'a> {
    fixture: &'a Fixture,
    number: usize,
    began: Timestamp,
    model: Model,
    ids: Vec<JobId>,
    tokens: Vec<LeaseToken>,
}

/// Runs the steps on both sides. Returns the first difference.
async fn compare(fixture: &Fixture, number: usize, steps: Vec<Step>) -> Result<(), String> {
    let mut run = Run {
        fixture,
        number,
        began: fixture.clock.now(),
        model: Model::default(),
        ids: Vec::new(),
        tokens: Vec::new(),
    };
    for (at, step) in steps.into_iter().enumerate() {
        let difference = |text| format!("step {at}: {text}");
        run.step(step).await.map_err(difference)?;
        run.check().await.map_err(difference)?;
    }
    run.check_attempts().await
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "most calls compare temporary values"
)]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, store: T, model: T) -> Result<(), String> {
    match store == model {
        true => Ok(()),
        false => Err(format!(
            "{what}: {store:?} in the store, {model:?} in the model"
        )),
    }
}

impl Run<'_> {
    fn queue(&self, queue_number: usize) -> QueueName {
        queue(&format!("q{}.{queue_number}", self.number))
    }

    fn session(&self, worker: usize) -> SessionName {
        session(&format!("w{}.{worker}", self.number))
    }

    fn class(class_number: usize) -> ClassName {
        class(&format!("c{class_number}"))
    }

    fn ids(&self, jobs: &[usize]) -> Vec<JobId> {
        jobs.iter().map(|job| self.ids[*job]).collect()
    }

    async fn step(&mut self, step: Step) -> Result<(), String> {
        let jobs = &self.fixture.jobs;
        match step {
            Step::Enqueue(batch) => return self.enqueue(batch).await,
            Step::Lease {
                worker,
                queues,
                class,
                max,
                forgets,
            } => return self.lease(worker, queues, class, max, forgets).await,
            Step::Settle(steps) => return self.settle(steps).await,
            Step::Heartbeat(worker) => {
                let holding = self.ids(&self.model.held(worker));
                let beat = jobs.heartbeat(&self.session(worker), Some(holding)).await;
                let cancelled = self.model.heartbeat(worker);
                let mut beat = beat.expect("the store works");
                let mut expected = Beat {
                    cancelled: self.ids(&cancelled),
                    lost: Vec::new(),
                };
                beat.cancelled.sort_unstable();
                expected.cancelled.sort_unstable();
                return same("heartbeat", beat, expected);
            }
            Step::EndSession(worker) => {
                let ended = jobs.end_session(&self.session(worker)).await;
                return same("lost jobs", ended, Ok(self.model.end_session(worker)));
            }
            Step::Cancel(number) if !self.ids.is_empty() => {
                let number = number % self.ids.len();
                let is_done = jobs.cancel(self.ids[number]).await.is_ok();
                return same("cancelled", is_done, self.model.cancel(number));
            }
            Step::Retry(number) if !self.ids.is_empty() => {
                let number = number % self.ids.len();
                let is_done = jobs.retry(self.ids[number]).await.is_ok();
                return same("retried", is_done, self.model.retry(number));
            }
            Step::Cancel(_) | Step::Retry(_) => {}
            Step::Pause(queue, is_paused) => {
                let set = jobs.set_paused(&self.queue(queue), is_paused).await;
                set.expect("the store works");
                self.model.is_paused[queue] = is_paused;
            }
            Step::Pass(seconds) => {
                self.fixture.advance(Duration::from_secs(seconds)).await;
                self.model.now += seconds;
            }
            Step::Sweep => {
                while jobs.sweep().await.expect("the store works").has_more {}
                self.model.sweep();
            }
        }
        Ok(())
    }

    async fn enqueue(&mut self, batch: Vec<model::NewJob>) -> Result<(), String> {
        let new = |job: &model::NewJob| NewJob {
            queue: self.queue(job.queue),
            priority: Priority::new(job.priority).expect("it is below 100"),
            unique_key: job.key.map(|key| format!("k{}.{key}", self.number)),
            start: match job.delay {
                Some(delay) => Start::After(Duration::from_secs(delay)),
                None => Start::Now,
            },
            attempts_max: job.attempts_max,
            timeout: Duration::from_secs(job.timeout),
            retry: "fixed(0s)".parse().expect("it is a policy"),
            ..NewJob::new(Self::class(job.class), "{}".to_owned())
        };
        let new = batch.iter().map(new).collect();
        let added = self.fixture.jobs.enqueue_all(new).await;
        for (added, job) in added.expect("it is valid").into_iter().zip(batch) {
            let (number, is_new) = self.model.enqueue(job);
            if is_new {
                self.ids.push(added.id);
            }
            let state = self.model.jobs[number].state;
            let found = (added.id, added.state, added.is_new);
            same("added", found, (self.ids[number], state, is_new))?;
        }
        Ok(())
    }

    async fn lease(
        &mut self,
        worker: usize,
        queues: Vec<usize>,
        class: Option<usize>,
        max: usize,
        forgets: Option<usize>,
    ) -> Result<(), String> {
        let holding = forgets.map(|every| {
            let held = self.model.held(worker).into_iter().enumerate();
            let kept = held.filter(|(at, _)| at % every != 0);
            kept.map(|(_, job)| job).collect::<Vec<_>>()
        });
        let request = LeaseRequest {
            session: self.session(worker),
            queues: queues.iter().map(|queue| self.queue(*queue)).collect(),
            classes: class.map(|class| vec![Self::class(class)]),
            max: max as u32,
            holding: holding.as_deref().map(|jobs| self.ids(jobs)),
        };
        let leases = self.fixture.jobs.lease(request, Duration::ZERO).await;
        let leases = leases.expect("it is valid");
        let expected = self
            .model
            .lease(worker, &queues, class, max, holding.as_deref());
        self.tokens.extend(leases.iter().map(|lease| lease.token));
        let leased: Vec<_> = leases
            .iter()
            .map(|lease| (lease.id, lease.attempt))
            .collect();
        let attempt = |job: &usize| (self.ids[*job], self.model.jobs[*job].attempt);
        same("leased", leased, expected.iter().map(attempt).collect())
    }

    async fn settle(&mut self, steps: Vec<SettleStep>) -> Result<(), String> {
        let (mut settles, mut expected) = (Vec::new(), Vec::new());
        for step in steps {
            let Some(lease) = self.tokens.len().checked_sub(1 + step.lease) else {
                continue;
            };
            let outcome = match step.outcome {
                model::Outcome::Complete => Outcome::Complete { result: None },
                model::Outcome::Fail {
                    is_permanent,
                    delay,
                } => Outcome::Fail {
                    error: "no".to_owned(),
                    is_permanent,
                    delay: Some(Duration::from_secs(delay)),
                },
                model::Outcome::Snooze { delay } => Outcome::Snooze {
                    delay: Duration::from_secs(delay),
                },
                model::Outcome::Release => Outcome::Release,
            };
            let token = match step.is_forged {
                true => LeaseToken::random(),
                false => self.tokens[lease],
            };
            let id = self.ids[self.model.leases[lease]];
            settles.push(Settle { id, token, outcome });
            expected.push(match step.is_forged {
                true => SettleStatus::LeaseLost,
                false => self.model.settle(lease, step.outcome),
            });
        }
        let statuses = self.fixture.jobs.settle(settles).await;
        same("settled", statuses, Ok(expected))
    }

    /// Compares the jobs and the statistics.
    async fn check(&self) -> Result<(), String> {
        let jobs = &self.fixture.jobs;
        let mut counts = [[0; 6]; 2];
        let mut found = 0;
        for (queue, counts) in counts.iter_mut().enumerate() {
            let filter = JobFilter {
                queue: Some(self.queue(queue)),
                ..JobFilter::default()
            };
            let page = jobs.list(filter, None, 500).await.expect("the store works");
            found += page.items.len();
            for job in page.items {
                let number = self.ids.iter().position(|id| *id == job.id);
                let model = &self.model.jobs[number.ok_or("an unknown job")?];
                counts[model.state as usize] += 1;
                let seconds = |at: Timestamp| at.duration_since(self.began).as_secs() as u64;
                same(
                    "state, attempt, crashes, run_at, finished_at and is_cancelling",
                    (
                        job.state,
                        job.attempt,
                        job.crashes,
                        seconds(job.run_at),
                        job.finished_at.map(seconds),
                        job.is_cancelling,
                    ),
                    (
                        model.state,
                        model.attempt,
                        model.crashes,
                        model.run_at,
                        model.finished_at,
                        model.is_cancelling,
                    ),
                )?;
            }
        }
        same("number of jobs", found, self.model.jobs.len())?;
        let stats = jobs.stats().await.expect("the store works");
        for (queue, counts) in counts.into_iter().enumerate() {
            let name = self.queue(queue);
            let stats = stats.iter().find(|stats| stats.queue == name);
            let found = stats.map_or(([0; 6], false), |stats| (stats.jobs, stats.is_paused));
            let expected = (counts, self.model.is_paused[queue]);
            same("counts", found, expected)?;
        }
        Ok(())
    }

    async fn check_attempts(&self) -> Result<(), String> {
        let jobs = &self.fixture.jobs;
        for (id, model) in self.ids.iter().zip(&self.model.jobs) {
            let job = jobs.job(*id).await.expect("it exists");
            let attempts = jobs.attempts(&job).await.expect("the store works");
            let kind = |(number, outcome): &(u32, _)| (*number, format!("{outcome:?}"));
            let found = attempts.iter().map(|it| (it.number, it.outcome));
            let mut found: Vec<_> = found.map(|it| kind(&it)).collect();
            let mut expected: Vec<_> = model.attempts.iter().map(kind).collect();
            // Several may have ended at the same time.
            found.sort_unstable();
            expected.sort_unstable();
            same("attempts", found, expected)?;
        }
        Ok(())
    }
}
