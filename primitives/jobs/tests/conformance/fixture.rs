//! The initial state of every case: no jobs, and a manual clock.

use std::{sync::Arc, time::Duration};

use outrigger_jobs::{
    ClassName, Enqueued, Job, JobId, JobState, Jobs, JobsConfig, Lease, LeaseRequest, NewJob,
    Outcome, QueueName, SessionName, Settle, SettleStatus,
    store::{JobStore, SqliteJobStore},
};
use outrigger_sql::{BrokenStatement, SqliteDatabase, SqliteOptions};
use outrigger_stdx::{ManualClock, SystemClock};
use outrigger_testkit::TempDir;

pub(crate) struct Fixture {
    pub(crate) jobs: Jobs,
    pub(crate) clock: ManualClock,
    pub(crate) broken_statements: Vec<BrokenStatement>,
    database: Database,
    /// The folder of the SQLite file.
    _dir: Option<TempDir>,
}

enum Database {
    Sqlite(SqliteDatabase),
}

/// Jobs use the manual clock, the database the system clock.
pub(crate) async fn on_sqlite() -> Fixture {
    let (dir, clock) = (TempDir::new(), ManualClock::new());
    let path = dir.join("jobs.db");
    let opened = SqliteDatabase::open(&path, SqliteOptions::default(), SystemClock::shared());
    let database = opened.await.expect("it opens");
    let store = sqlite_store(&database, &clock).await;
    let broken_statements = store.broken_statements().await.expect("it is readable");
    Fixture {
        jobs: handle(Arc::new(store), &clock),
        clock,
        broken_statements,
        database: Database::Sqlite(database),
        _dir: Some(dir),
    }
}

async fn sqlite_store(database: &SqliteDatabase, clock: &ManualClock) -> SqliteJobStore {
    let store = SqliteJobStore::open(database.clone(), Arc::new(clock.clone())).await;
    store.expect("it migrates")
}

fn handle(store: Arc<dyn JobStore>, clock: &ManualClock) -> Jobs {
    Jobs::new(store, JobsConfig::default(), Arc::new(clock.clone()))
}

impl Fixture {
    /// Returns the handle of a process that starts with the data of this one.
    pub(crate) async fn restarted(&self) -> Jobs {
        match &self.database {
            Database::Sqlite(database) => handle(
                Arc::new(sqlite_store(database, &self.clock).await),
                &self.clock,
            ),
        }
    }

    /// Adds a job.
    pub(crate) async fn enqueue(&self, job: NewJob) -> Enqueued {
        self.jobs.enqueue(job).await.expect("it is valid")
    }

    /// Adds a job of `class` with every default.
    pub(crate) async fn add(&self, class: &str) -> JobId {
        self.enqueue(job(class)).await.id
    }

    /// Leases at most `max` jobs of the queue `default` for `worker`.
    pub(crate) async fn lease(&self, worker: &str, max: u32) -> Vec<Lease> {
        let leased = self.jobs.lease(request(worker, max), Duration::ZERO).await;
        leased.expect("it is valid")
    }

    /// Leases the only job that is ready.
    pub(crate) async fn lease_one(&self, worker: &str) -> Lease {
        let mut leases = self.lease(worker, 2).await;
        assert_eq!(leases.len(), 1, "one job is ready");
        leases.remove(0)
    }

    pub(crate) async fn settle(&self, lease: &Lease, outcome: Outcome) -> SettleStatus {
        let settle = Settle {
            id: lease.id,
            token: lease.token,
            outcome,
        };
        let statuses = self.jobs.settle(vec![settle]).await.expect("it is valid");
        assert_eq!(statuses.len(), 1);
        statuses[0]
    }

    pub(crate) async fn job(&self, id: JobId) -> Job {
        self.jobs.job(id).await.expect("it exists")
    }

    pub(crate) async fn state(&self, id: JobId) -> JobState {
        self.job(id).await.state
    }

    /// Lets time pass, and does what is due then.
    pub(crate) async fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.jobs.sweep().await.expect("the store works");
    }

    /// Returns the number of jobs in each state, from the statistics and from the list, which must agree.
    pub(crate) async fn counts(&self) -> [u64; 6] {
        let stats = self.jobs.stats().await.expect("the store works");
        let mut counted = [0; 6];
        for queue in &stats {
            for (all, jobs) in counted.iter_mut().zip(queue.jobs) {
                *all += jobs;
            }
        }
        let listed = self.jobs.list(Default::default(), None, 400).await;
        let mut found = [0; 6];
        for job in listed.expect("the store works").items {
            found[job.state as usize] += 1;
        }
        assert_eq!(counted, found, "the counts are those of the jobs");
        counted
    }
}

pub(crate) fn class(name: &str) -> ClassName {
    ClassName::parse(name).expect("it is a name")
}

pub(crate) fn queue(name: &str) -> QueueName {
    QueueName::parse(name).expect("it is a name")
}

pub(crate) fn session(name: &str) -> SessionName {
    SessionName::parse(name).expect("it is a name")
}

pub(crate) fn job(class_name: &str) -> NewJob {
    NewJob::new(class(class_name), "{}".to_owned())
}

pub(crate) fn request(worker: &str, max: u32) -> LeaseRequest {
    LeaseRequest {
        session: session(worker),
        queues: vec![QueueName::default()],
        classes: None,
        max,
        holding: None,
    }
}

pub(crate) const COMPLETE: Outcome = Outcome::Complete { result: None };

pub(crate) fn fail() -> Outcome {
    Outcome::Fail {
        error: "the printer is on fire".to_owned(),
        is_permanent: false,
        delay: None,
    }
}
