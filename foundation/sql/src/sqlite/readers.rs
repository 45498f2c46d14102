//! The reading connections.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use outrigger_stdx::Clock;
use outrigger_supervisor::blocking;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    SqliteOptions,
    connection::open_reader,
    interrupt::{InterruptFlag, InterruptOnDrop},
};
use crate::{SqlError, SqliteCounters};

/// Read-only connections to one file, opened on demand.
pub(super) struct Readers {
    /// One permit per connection in use. Closed with the database.
    permits: Arc<Semaphore>,
    limit: u32,
    /// One permit for long work on a separate connection. Closed with the database.
    long_work: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    options: SqliteOptions,
    idle: Mutex<Vec<Connection>>,
    /// Set when closing begins: no further read starts.
    refusing: InterruptFlag,
    /// Set when the grace period of closing is over: running reads are interrupted.
    closing: InterruptFlag,
    counters: SqliteCounters,
}

impl Readers {
    pub(super) fn new(
        path: PathBuf,
        options: SqliteOptions,
        clock: Arc<dyn Clock>,
        counters: SqliteCounters,
    ) -> Self {
        let limit = u32::try_from(options.readers.max(1)).unwrap_or(u32::MAX);
        Self {
            permits: Arc::new(Semaphore::new(limit as usize)),
            limit,
            long_work: Arc::new(Semaphore::new(1)),
            clock,
            shared: Arc::new(Shared {
                path,
                options,
                idle: Mutex::default(),
                refusing: InterruptFlag::default(),
                closing: InterruptFlag::default(),
                counters,
            }),
        }
    }

    /// Runs `work` in a read transaction, for at most `read_timeout`. A read whose future is dropped is interrupted too.
    pub(super) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqlError> + Send + 'static,
    {
        let permit = self.permit().await?;
        let guard = InterruptOnDrop::new(self.shared.counters.interrupted_reads.clone());
        let (shared, flag) = (Arc::clone(&self.shared), guard.flag.clone());
        let reading = blocking(move || {
            let result = shared.read(&flag, work);
            drop(permit);
            result
        });
        tokio::select! {
            biased;
            result = reading => {
                guard.finished();
                result
            }
            () = self.clock.sleep(self.shared.options.read_timeout) => Err(SqlError::ReadTimeout.into()),
        }
    }

    /// Runs `work` on a separate connection, without a time limit, one at a time. It stops if the future is dropped or the
    /// database is closed. Between statements, `work` must check the flag itself.
    pub(super) async fn run_long<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &dyn Fn() -> bool) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, SqlError> {
        let permit = Arc::clone(&self.long_work).acquire_owned().await;
        let permit = permit.map_err(|_| SqlError::Closed)?;
        self.refuse_closed()?;
        let guard = InterruptOnDrop::new(self.shared.counters.interrupted_reads.clone());
        let (shared, flag) = (Arc::clone(&self.shared), guard.flag.clone());
        let result = blocking(move || {
            let result = shared.run_long(&flag, work);
            drop(permit);
            result
        })
        .await;
        guard.finished();
        result
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, SqlError> {
        self.refuse_closed()?;
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let (readers, waited) = (self.limit, self.shared.options.wait_timeout);
        let permit = tokio::select! {
            permit = Arc::clone(&self.permits).acquire_owned() => permit.map_err(|_| SqlError::Closed)?,
            () = self.clock.sleep(waited) => return Err(SqlError::ReadersBusy { readers, waited }),
        };
        self.refuse_closed()?;
        Ok(permit)
    }

    fn refuse_closed(&self) -> Result<(), SqlError> {
        if self.shared.refusing.is_set() {
            return Err(SqlError::Closed);
        }
        Ok(())
    }

    /// Rejects further reads, waits `grace` for the running ones, interrupts the rest, and waits for `grace` again. Returns
    /// whether all have ended.
    pub(super) async fn close(&self, grace: Duration) -> bool {
        self.shared.refusing.set();
        let mut ended = self.ended_within(grace).await;
        if !ended {
            tracing::warn!(file = %self.shared.path.display(), "interrupting reads that still run while the file is being closed");
        }
        self.shared.closing.set();
        if !ended {
            ended = self.ended_within(grace).await;
        }
        self.permits.close();
        self.long_work.close();
        self.shared.idle.lock().clear();
        ended
    }

    async fn ended_within(&self, grace: Duration) -> bool {
        let all = async {
            // An error means that an earlier call closed the semaphores, so nothing is running.
            let _permits = self.permits.acquire_many(self.limit).await;
            let _long_work = self.long_work.acquire().await;
        };
        tokio::select! {
            biased;
            () = all => true,
            () = self.clock.sleep(grace) => false,
        }
    }
}

impl Shared {
    fn read<T, E: From<SqlError>>(
        &self,
        flag: &InterruptFlag,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        if flag.is_set() {
            return Err(SqlError::Interrupted.into());
        }
        let idle = self.idle.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path, &self.options)?,
        };
        flag.watch(&mut connection, &self.closing)?;
        let result = {
            // A transaction, so that several statements see the same data. It ends on drop, even after a panic.
            let snapshot = connection.unchecked_transaction().map_err(SqlError::from)?;
            catch_unwind(AssertUnwindSafe(|| work(&snapshot)))
                .unwrap_or_else(|_| Err(SqlError::Panicked.into()))
        };
        let is_closing = self.closing.is_set();
        // A connection whose transaction did not end would prevent the log from being merged.
        if connection.is_autocommit() && !is_closing {
            self.idle.lock().push(connection);
        }
        if is_closing && result.is_err() {
            return Err(SqlError::Closed.into());
        }
        result
    }

    fn run_long<T>(
        &self,
        flag: &InterruptFlag,
        work: impl FnOnce(&mut Connection, &dyn Fn() -> bool) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let mut connection = open_reader(&self.path, &self.options)?;
        flag.watch(&mut connection, &self.closing)?;
        let is_interrupted = || flag.is_set() || self.closing.is_set();
        let result = catch_unwind(AssertUnwindSafe(|| work(&mut connection, &is_interrupted)))
            .unwrap_or(Err(SqlError::Panicked));
        if self.closing.is_set() && result.is_err() {
            return Err(SqlError::Closed);
        }
        result
    }
}
