//! The connections that read.

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
    interrupt::{Stop, StopOnDrop},
};
use crate::{SqlError, SqliteFigures};

/// Read-only connections to one file, opened when they are needed.
pub(super) struct Readers {
    /// One permit per connection that may be in use. Closed with the database.
    places: Arc<Semaphore>,
    limit: u32,
    /// One permit for long work on a connection of its own. Closed with the database.
    aside: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    options: SqliteOptions,
    idle: Mutex<Vec<Connection>>,
    /// Set when closing begins: no further read starts.
    refusing: Stop,
    /// Set when closing has waited long enough: running reads are interrupted.
    closing: Stop,
    figures: SqliteFigures,
}

impl Readers {
    pub(super) fn new(
        path: PathBuf,
        options: SqliteOptions,
        clock: Arc<dyn Clock>,
        figures: SqliteFigures,
    ) -> Self {
        let limit = u32::try_from(options.readers.max(1)).unwrap_or(u32::MAX);
        Self {
            places: Arc::new(Semaphore::new(limit as usize)),
            limit,
            aside: Arc::new(Semaphore::new(1)),
            clock,
            shared: Arc::new(Shared {
                path,
                options,
                idle: Mutex::default(),
                refusing: Stop::default(),
                closing: Stop::default(),
                figures,
            }),
        }
    }

    /// Runs `work` in a read transaction, for `read_timeout` at most. A read whose caller goes away is interrupted, too.
    pub(super) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqlError> + Send + 'static,
    {
        let place = self.place().await?;
        let guard = StopOnDrop::new(self.shared.figures.interrupted_reads.clone());
        let (shared, stop) = (Arc::clone(&self.shared), guard.stop.clone());
        let reading = blocking(move || {
            let result = shared.read(&stop, work);
            drop(place);
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

    /// Runs `work` on a connection of its own, for as long as it takes; one at a time. It stops when the caller goes away or
    /// the database is closed; between statements `work` must look at the flag itself.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &dyn Fn() -> bool) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, SqlError> {
        let permit = Arc::clone(&self.aside).acquire_owned().await;
        let permit = permit.map_err(|_| SqlError::Closed)?;
        self.refuse_closed()?;
        let guard = StopOnDrop::new(self.shared.figures.interrupted_reads.clone());
        let (shared, stop) = (Arc::clone(&self.shared), guard.stop.clone());
        let result = blocking(move || {
            let result = shared.aside(&stop, work);
            drop(permit);
            result
        })
        .await;
        guard.finished();
        result
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, SqlError> {
        self.refuse_closed()?;
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let (readers, waited) = (self.limit, self.shared.options.wait_timeout);
        let place = tokio::select! {
            place = Arc::clone(&self.places).acquire_owned() => place.map_err(|_| SqlError::Closed)?,
            () = self.clock.sleep(waited) => return Err(SqlError::ReadersBusy { readers, waited }),
        };
        self.refuse_closed()?;
        Ok(place)
    }

    fn refuse_closed(&self) -> Result<(), SqlError> {
        if self.shared.refusing.is_set() {
            return Err(SqlError::Closed);
        }
        Ok(())
    }

    /// Refuses further reads, waits for those that run, interrupts them when they take longer than `grace`, and waits as
    /// long again. Returns whether all have ended.
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
        self.places.close();
        self.aside.close();
        self.shared.idle.lock().clear();
        ended
    }

    async fn ended_within(&self, grace: Duration) -> bool {
        let all = async {
            // Errors mean that the semaphores were closed by an earlier call, so nothing runs.
            let _places = self.places.acquire_many(self.limit).await;
            let _aside = self.aside.acquire().await;
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
        stop: &Stop,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        if stop.is_set() {
            return Err(SqlError::Interrupted.into());
        }
        let idle = self.idle.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path, &self.options)?,
        };
        stop.watch(&mut connection, &self.closing)?;
        let result = {
            // A transaction, so that several statements see the same data; it ends when it is dropped, panic or not.
            let snapshot = connection.unchecked_transaction().map_err(SqlError::from)?;
            catch_unwind(AssertUnwindSafe(|| work(&snapshot)))
                .unwrap_or_else(|_| Err(SqlError::Panicked.into()))
        };
        let is_closing = self.closing.is_set();
        // A connection whose transaction did not end would keep the log from being merged.
        if connection.is_autocommit() && !is_closing {
            self.idle.lock().push(connection);
        }
        if is_closing && result.is_err() {
            return Err(SqlError::Closed.into());
        }
        result
    }

    fn aside<T>(
        &self,
        stop: &Stop,
        work: impl FnOnce(&mut Connection, &dyn Fn() -> bool) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let mut connection = open_reader(&self.path, &self.options)?;
        stop.watch(&mut connection, &self.closing)?;
        let stops = || stop.is_set() || self.closing.is_set();
        let result = catch_unwind(AssertUnwindSafe(|| work(&mut connection, &stops)))
            .unwrap_or(Err(SqlError::Panicked));
        if self.closing.is_set() && result.is_err() {
            return Err(SqlError::Closed);
        }
        result
    }
}
