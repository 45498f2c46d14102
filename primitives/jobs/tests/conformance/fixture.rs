//! The initial state of every case: no jobs, and a manual clock.

use std::{sync::Arc, time::Duration};

use outrigger_jobs::{
    ClassName, Enqueued, Job, JobId, JobState, Jobs, JobsConfig, Lease, LeaseRequest, NewJob,
    Outcome, QueueName, SessionName, Settle, SettleStatus,
    store::{JobStore, PostgresJobStore, SqliteJobStore},
};
use outrigger_sql::{
    BrokenStatement, PostgresDatabase, PostgresOptions, PostgresUrl, SqliteDatabase, SqliteOptions,
    StoreConfig,
};
use outrigger_stdx::{Clock, ManualClock, SystemClock};
use outrigger_testkit::{LazyPostgres, TempDir};

pub(crate) struct Fixture {
    pub(crate) jobs: Jobs,
    /// The clock of every node. Time that matters to sessions and timeouts passes with [`Fixture::advance`].
    pub(crate) clock: ManualClock,
    pub(crate) broken_statements: Vec<BrokenStatement>,
    /// How many random sequences of operations run, depending on how fast the store is.
    pub(crate) random_sequences: usize,
    store: Arc<dyn JobStore>,
    database: Database,
    /// The folder of the SQLite file.
    _dir: Option<TempDir>,
}

enum Database {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

/// Jobs use the manual clock, the database the system clock.
pub(crate) async fn on_sqlite() -> Fixture {
    let (dir, clock) = (TempDir::new(), ManualClock::new());
    let path = dir.join("jobs.db");
    let opened = SqliteDatabase::open(&path, SqliteOptions::default(), SystemClock::shared());
    let database = opened.await.expect("it opens");
    let store = sqlite_store(&database, &clock).await;
    let broken_statements = store.broken_statements().await.expect("it is readable");
    let store: Arc<dyn JobStore> = Arc::new(store);
    Fixture {
        jobs: handle(Arc::clone(&store), &clock),
        clock,
        broken_statements,
        random_sequences: 20,
        store,
        database: Database::Sqlite(database),
        _dir: Some(dir),
    }
}

async fn sqlite_store(database: &SqliteDatabase, clock: &ManualClock) -> SqliteJobStore {
    let store = SqliteJobStore::open(database.clone(), Arc::new(clock.clone())).await;
    store.expect("it migrates")
}

/// Jobs use the manual clock, also in the database: its function `jobs_now` returns a time that the fixture stores.
pub(crate) async fn on_postgres(postgres: LazyPostgres) -> Fixture {
    let (url, clock) = (postgres.create_database(), ManualClock::new());
    let url = PostgresUrl::parse(&url).expect("the address is right");
    let config = StoreConfig {
        pool_max: 4,
        ..StoreConfig::default()
    };
    let options = PostgresOptions::new(url, &config);
    let opened = PostgresDatabase::open(options, SystemClock::shared());
    let database = opened.await.expect("it opens");
    let store = postgres_store(&database).await;
    let broken_statements = store.broken_statements().await.expect("it is readable");
    let client = database.client().await.expect("there is a connection");
    for sql in [
        "create table test_time as select clock_timestamp() as began, interval '0' as passed",
        "create or replace function jobs_now() returns timestamptz language sql volatile
            as 'select began + passed from test_time'",
        "update jobs_swept set at = jobs_now()",
    ] {
        client.execute(sql, &[]).await.expect("it is valid");
    }
    drop(client);
    let store: Arc<dyn JobStore> = Arc::new(store);
    Fixture {
        jobs: handle(Arc::clone(&store), &clock),
        clock,
        broken_statements,
        random_sequences: 6,
        store,
        database: Database::Postgres(database),
        _dir: None,
    }
}

async fn postgres_store(database: &PostgresDatabase) -> PostgresJobStore {
    let store = PostgresJobStore::open(database.clone()).await;
    store.expect("it migrates")
}

fn handle(store: Arc<dyn JobStore>, clock: &ManualClock) -> Jobs {
    Jobs::new(store, JobsConfig::default(), Arc::new(clock.clone()))
}

impl Fixture {
    /// Returns the handle of a process that starts with the data of this one, after no process has run for a time.
    pub(crate) async fn restarted_after(&self, down: Duration) -> Jobs {
        self.clock.advance(down);
        let store: Arc<dyn JobStore> = match &self.database {
            Database::Sqlite(database) => Arc::new(sqlite_store(database, &self.clock).await),
            Database::Postgres(database) => {
                self.set_time_of_database(database).await;
                Arc::new(postgres_store(database).await)
            }
        };
        handle(store, &self.clock)
    }

    /// Returns a second handle on the same data. PostgreSQL has a second store too, as on another node.
    pub(crate) async fn another_node(&self) -> Jobs {
        let store: Arc<dyn JobStore> = match &self.database {
            Database::Sqlite(_) => Arc::clone(&self.store),
            Database::Postgres(database) => Arc::new(postgres_store(database).await),
        };
        handle(store, &self.clock)
    }

    /// Lets time pass, while a node sweeps that finds nothing.
    pub(crate) async fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
        if let Database::Postgres(database) = &self.database {
            self.set_time_of_database(database).await;
            let client = database.client().await.expect("there is a connection");
            let mark = "update jobs_swept set at = jobs_now()";
            client.execute(mark, &[]).await.expect("it is valid");
        }
    }

    async fn set_time_of_database(&self, database: &PostgresDatabase) {
        let passed = self.clock.monotonic().since_start().as_micros();
        let passed = i64::try_from(passed).expect("it is a short time");
        let set = "update test_time set passed = $1::bigint * interval '1 microsecond'";
        let client = database.client().await.expect("there is a connection");
        client.execute(set, &[&passed]).await.expect("it is valid");
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
        self.advance(Duration::from_secs(seconds)).await;
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
