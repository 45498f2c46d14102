//! The states of jobs in plain code, without storage. It is slow and obvious, and shares no code with the stores.
//!
//! Jobs, leases and workers are numbers, and time is in seconds.

use std::collections::BTreeMap;

use outrigger_jobs::{AttemptOutcome, JobState, SettleStatus};

const SESSION_SECONDS: u64 = 15;
const CRASHES_MAX: u32 = 3;

#[derive(Debug, Clone)]
pub(crate) struct NewJob {
    pub(crate) queue: usize,
    pub(crate) class: usize,
    pub(crate) priority: u8,
    pub(crate) key: Option<usize>,
    pub(crate) delay: Option<u64>,
    pub(crate) attempts_max: u32,
    pub(crate) timeout: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Complete,
    Fail { is_permanent: bool, delay: u64 },
    Snooze { delay: u64 },
    Release,
}

impl Outcome {
    fn of_attempt(self) -> AttemptOutcome {
        match self {
            Self::Complete => AttemptOutcome::Completed,
            Self::Fail { .. } => AttemptOutcome::Failed,
            Self::Snooze { .. } => AttemptOutcome::Snoozed,
            Self::Release => AttemptOutcome::Released,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) new: NewJob,
    pub(crate) state: JobState,
    pub(crate) attempt: u32,
    pub(crate) crashes: u32,
    pub(crate) run_at: u64,
    pub(crate) finished_at: Option<u64>,
    pub(crate) is_cancelling: bool,
    /// The attempts that have ended.
    pub(crate) attempts: Vec<(u32, AttemptOutcome)>,
    /// The lease of the running attempt.
    lease: Option<usize>,
    worker: usize,
    deadline: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) now: u64,
    pub(crate) jobs: Vec<Job>,
    pub(crate) is_paused: [bool; 2],
    /// The job of every lease.
    pub(crate) leases: Vec<usize>,
    ended: BTreeMap<usize, AttemptOutcome>,
    sessions: BTreeMap<usize, u64>,
}

impl Model {
    /// Returns the number of the job, or of the holder of its key, and whether it was added.
    pub(crate) fn enqueue(&mut self, new: NewJob) -> (usize, bool) {
        if let Some(holder) = self.holder(new.key) {
            return (holder, false);
        }
        let run_at = self.now + new.delay.unwrap_or(0);
        self.jobs.push(Job {
            state: match run_at <= self.now {
                true => JobState::Pending,
                false => JobState::Scheduled,
            },
            new,
            attempt: 0,
            crashes: 0,
            run_at,
            finished_at: None,
            is_cancelling: false,
            attempts: Vec::new(),
            lease: None,
            worker: 0,
            deadline: 0,
        });
        (self.jobs.len() - 1, true)
    }

    fn holder(&self, key: Option<usize>) -> Option<usize> {
        let holds = |job: &Job| key.is_some() && job.new.key == key && !job.state.is_final();
        self.jobs.iter().position(holds)
    }

    /// Returns the jobs that a worker has.
    pub(crate) fn held(&self, worker: usize) -> Vec<usize> {
        let is_held = |job: &Job| job.lease.is_some() && job.worker == worker;
        let jobs = self.jobs.iter().enumerate();
        jobs.filter(|(_, job)| is_held(job))
            .map(|(number, _)| number)
            .collect()
    }

    /// Returns the leased jobs, whose leases are the last ones.
    pub(crate) fn lease(
        &mut self,
        worker: usize,
        queues: &[usize],
        class: Option<usize>,
        max: usize,
        holding: Option<&[usize]>,
    ) -> Vec<usize> {
        self.touch(worker);
        if let Some(holding) = holding {
            for job in self.held(worker) {
                if !holding.contains(&job) {
                    self.lose(job);
                }
            }
        }
        let mut leased = Vec::new();
        for queue in queues {
            if self.is_paused[*queue] {
                continue;
            }
            let is_wanted = |job: &Job| {
                job.state == JobState::Pending
                    && job.new.queue == *queue
                    && class.is_none_or(|class| job.new.class == class)
            };
            let mut ready: Vec<_> = (0..self.jobs.len())
                .filter(|number| is_wanted(&self.jobs[*number]))
                .collect();
            ready.sort_by_key(|number| (self.jobs[*number].new.priority, *number));
            ready.truncate(max - leased.len());
            for number in ready {
                let job = &mut self.jobs[number];
                job.state = JobState::Processing;
                job.attempt += 1;
                job.lease = Some(self.leases.len());
                job.worker = worker;
                job.deadline = self.now + job.new.timeout;
                self.leases.push(number);
                leased.push(number);
            }
        }
        leased
    }

    pub(crate) fn settle(&mut self, lease: usize, outcome: Outcome) -> SettleStatus {
        let number = self.leases[lease];
        if self.jobs[number].lease != Some(lease) {
            return match self.ended[&lease] == outcome.of_attempt() {
                true => SettleStatus::Settled,
                false => SettleStatus::LeaseLost,
            };
        }
        match outcome {
            Outcome::Complete => {
                self.jobs[number].is_cancelling = false;
                self.end(number, outcome.of_attempt(), JobState::Completed, 0);
            }
            Outcome::Fail {
                is_permanent,
                delay,
            } => self.fail(number, outcome.of_attempt(), is_permanent, delay),
            Outcome::Snooze { delay } => {
                self.end(number, outcome.of_attempt(), JobState::Scheduled, delay);
                self.jobs[number].attempt -= 1;
            }
            Outcome::Release => {
                self.end(number, outcome.of_attempt(), JobState::Pending, 0);
                self.jobs[number].attempt -= 1;
            }
        }
        SettleStatus::Settled
    }

    /// Returns which jobs of the worker are to be cancelled.
    pub(crate) fn heartbeat(&mut self, worker: usize) -> Vec<usize> {
        self.touch(worker);
        let mut held = self.held(worker);
        held.retain(|job| self.jobs[*job].is_cancelling);
        held
    }

    pub(crate) fn end_session(&mut self, worker: usize) -> u64 {
        self.sessions.remove(&worker);
        let held = self.held(worker);
        held.iter().for_each(|job| self.lose(*job));
        held.len() as u64
    }

    /// Returns whether it can be cancelled.
    pub(crate) fn cancel(&mut self, number: usize) -> bool {
        let now = self.now;
        let job = &mut self.jobs[number];
        match job.state {
            JobState::Scheduled | JobState::Pending => {
                job.state = JobState::Cancelled;
                job.finished_at = Some(now);
            }
            JobState::Processing => job.is_cancelling = true,
            JobState::Cancelled => {}
            JobState::Completed | JobState::Failed => return false,
        }
        true
    }

    /// Returns whether it can be retried.
    pub(crate) fn retry(&mut self, number: usize) -> bool {
        let is_held = self.holder(self.jobs[number].new.key).is_some();
        let job = &mut self.jobs[number];
        if is_held || !matches!(job.state, JobState::Failed | JobState::Cancelled) {
            return false;
        }
        job.state = JobState::Pending;
        (job.attempt, job.crashes) = (0, 0);
        (job.run_at, job.finished_at) = (self.now, None);
        true
    }

    pub(crate) fn sweep(&mut self) {
        let now = self.now;
        let ended: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, ends)| **ends <= now)
            .collect();
        let ended: Vec<usize> = ended.into_iter().map(|(worker, _)| *worker).collect();
        for worker in ended {
            self.end_session(worker);
        }
        for number in 0..self.jobs.len() {
            let job = &self.jobs[number];
            if job.lease.is_some() && job.deadline <= now {
                self.fail(number, AttemptOutcome::TimedOut, false, 0);
            }
        }
        for job in &mut self.jobs {
            if job.state == JobState::Scheduled && job.run_at <= now {
                job.state = JobState::Pending;
            }
        }
    }

    fn touch(&mut self, worker: usize) {
        self.sessions.insert(worker, self.now + SESSION_SECONDS);
    }

    fn lose(&mut self, number: usize) {
        let crashes = self.jobs[number].crashes + 1;
        let state = match crashes >= CRASHES_MAX {
            true => JobState::Failed,
            false => JobState::Pending,
        };
        self.end(number, AttemptOutcome::Lost, state, 0);
        self.jobs[number].crashes = crashes;
        self.jobs[number].attempt -= 1;
    }

    fn fail(&mut self, number: usize, outcome: AttemptOutcome, is_permanent: bool, delay: u64) {
        let job = &self.jobs[number];
        match is_permanent || job.attempt >= job.new.attempts_max {
            true => self.end(number, outcome, JobState::Failed, 0),
            false => self.end(number, outcome, JobState::Scheduled, delay),
        }
    }

    fn end(&mut self, number: usize, outcome: AttemptOutcome, state: JobState, delay: u64) {
        let job = &mut self.jobs[number];
        let lease = job.lease.take().expect("it runs");
        self.ended.insert(lease, outcome);
        job.attempts.push((job.attempt, outcome));
        job.state = match job.is_cancelling {
            true => JobState::Cancelled,
            false => state,
        };
        if !job.state.is_final() {
            job.run_at = self.now + delay;
        }
        job.is_cancelling = false;
        job.finished_at = job.state.is_final().then_some(self.now);
    }
}
