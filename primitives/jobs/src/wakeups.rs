//! Wakes workers that wait for jobs.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::QueueName;

/// The number of waiting workers that one change wakes.
const WOKEN_MAX: usize = 64;

/// The workers of this process that wait, by queue. Workers on other nodes find jobs by looking again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wakeups(Arc<Mutex<HashMap<QueueName, Waiting>>>);

#[derive(Debug, Default)]
struct Waiting {
    workers: usize,
    notify: Arc<Notify>,
}

/// A worker that waits for some queues, until it is dropped.
#[derive(Debug)]
pub(crate) struct Waiter {
    queues: Vec<(QueueName, Arc<Notify>)>,
    wakeups: Wakeups,
}

impl Wakeups {
    /// Notes a worker that begins to wait. Register before looking for jobs, so that none is missed in between.
    pub(crate) fn register(&self, queues: &[QueueName]) -> Waiter {
        let mut waiting = self.0.lock();
        let register = |queue: &QueueName| {
            let entry = waiting.entry(queue.clone()).or_default();
            entry.workers += 1;
            (queue.clone(), Arc::clone(&entry.notify))
        };
        Waiter {
            queues: queues.iter().map(register).collect(),
            wakeups: self.clone(),
        }
    }

    /// Wakes as many workers of a queue as there are new jobs.
    pub(crate) fn wake(&self, queue: &QueueName, jobs: usize) {
        let waiting = self.0.lock();
        if let Some(waiting) = waiting.get(queue) {
            for _ in 0..jobs.min(waiting.workers).min(WOKEN_MAX) {
                waiting.notify.notify_one();
            }
        }
    }

    /// Wakes a worker of every queue.
    pub(crate) fn wake_all(&self) {
        for waiting in self.0.lock().values() {
            waiting.notify.notify_one();
        }
    }
}

impl Waiter {
    /// Waits until one of the queues has something new. Cancel safe.
    pub(crate) async fn woken(&self) {
        let waits = self
            .queues
            .iter()
            .map(|(_, notify)| Box::pin(notify.notified()));
        futures_util::future::select_all(waits).await;
    }

    /// Wakes another worker, because this one cannot take what woke it.
    pub(crate) fn pass_on(&self) {
        for (queue, _) in &self.queues {
            self.wakeups.wake(queue, 1);
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiting = self.wakeups.0.lock();
        for (queue, _) in &self.queues {
            if let Some(entry) = waiting.get_mut(queue) {
                entry.workers -= 1;
                if entry.workers == 0 {
                    waiting.remove(queue);
                }
            }
        }
    }
}
