//! The supervisor's list of services, with their status and stop signals.

use std::fmt;

use outrigger_stdx::Monotonic;
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{Phase, Service, ServiceState, ServiceStatus, Stop};

/// Identifies a service of a supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceId(u64);

/// The error for adding a service while the process is shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the process is stopping")]
pub struct Stopping;

#[derive(Debug, Default)]
pub(super) struct List {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    added: u64,
    is_closed: bool,
    entries: Vec<Entry>,
}

struct Entry {
    id: ServiceId,
    phase: Phase,
    status: ServiceStatus,
    stop: Stop,
    /// When the service is dropped; set when the service is stopped.
    abort_at: Option<Monotonic>,
    /// Cancelled when the service has been dropped.
    end: CancellationToken,
    /// Whether to delete the entry once the service has ended.
    is_removed: bool,
    /// The service, until it starts.
    new: Option<Box<dyn Service>>,
}

/// A service that is about to start.
pub(super) struct PendingService {
    pub(super) id: ServiceId,
    pub(super) service: Box<dyn Service>,
    pub(super) stop: Stop,
}

impl List {
    pub(super) fn add(
        &self,
        phase: Phase,
        service: Box<dyn Service>,
    ) -> Result<ServiceId, Stopping> {
        let status = ServiceStatus {
            name: service.name(),
            state: ServiceState::Waiting,
            restarts: 0,
            last_error: None,
        };
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Stopping);
        }
        state.added += 1;
        let id = ServiceId(state.added);
        state.entries.push(Entry {
            id,
            phase,
            status,
            stop: Stop::new(),
            abort_at: None,
            end: CancellationToken::new(),
            is_removed: false,
            new: Some(service),
        });
        self.changed.notify_one();
        Ok(id)
    }

    /// Returns the services added since the last call.
    pub(super) fn take_new(&self) -> Vec<PendingService> {
        let mut state = self.state.lock();
        let starts = state.entries.iter_mut().filter_map(|entry| {
            Some(PendingService {
                id: entry.id,
                service: entry.new.take()?,
                stop: entry.stop.clone(),
            })
        });
        starts.collect()
    }

    /// Waits until a service is added.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Rejects further services.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    /// Stops the services of `phase`. Returns one token per service, which is cancelled when that service has ended.
    pub(super) fn stop_phase(
        &self,
        phase: Phase,
        deadline: Monotonic,
        abort_at: Monotonic,
    ) -> Vec<CancellationToken> {
        let mut state = self.state.lock();
        let stopping = state
            .entries
            .iter_mut()
            .filter(|entry| entry.phase == phase);
        stopping
            .map(|entry| entry.stop(deadline, abort_at))
            .collect()
    }

    /// Marks the services of `phase` that are still running as not stoppable: they block their threads.
    pub(super) fn give_up(&self, phase: Phase) {
        let mut state = self.state.lock();
        for entry in &mut state.entries {
            if entry.phase == phase && !entry.end.is_cancelled() {
                tracing::error!(service = %entry.status.name, "a service blocks its thread and could not be stopped");
                entry.status.state = ServiceState::Stopped;
                entry.status.last_error = Some("did not stop in time".to_owned());
            }
        }
    }

    /// Stops a service and deletes its entry when it has ended. Returns a token that is cancelled at that point.
    pub(super) fn remove(
        &self,
        id: ServiceId,
        deadline: Monotonic,
        abort_at: Monotonic,
    ) -> Option<CancellationToken> {
        let mut state = self.state.lock();
        let place = state.entries.iter().position(|entry| entry.id == id)?;
        let entry = &mut state.entries[place];
        entry.is_removed = true;
        let end = entry.stop(deadline, abort_at);
        if entry.new.is_some() {
            end.cancel();
        }
        if end.is_cancelled() {
            // Dropped after the lock is released: the service's `Drop` may call this list.
            let entry = state.entries.remove(place);
            drop(state);
            drop(entry);
        }
        Some(end)
    }

    /// Records that a service has been dropped.
    pub(super) fn ended(&self, id: ServiceId) {
        let mut state = self.state.lock();
        if let Some(place) = state.entries.iter().position(|entry| entry.id == id) {
            let entry = &state.entries[place];
            entry.end.cancel();
            if entry.is_removed {
                state.entries.remove(place);
            }
        }
    }

    pub(super) fn abort_at(&self, id: ServiceId) -> Option<Monotonic> {
        let state = self.state.lock();
        let entry = state.entries.iter().find(|entry| entry.id == id)?;
        entry.abort_at
    }

    pub(super) fn update(&self, id: ServiceId, change: impl FnOnce(&mut ServiceStatus)) {
        let mut state = self.state.lock();
        if let Some(entry) = state.entries.iter_mut().find(|entry| entry.id == id) {
            change(&mut entry.status);
        }
    }

    pub(super) fn statuses(&self) -> Vec<ServiceStatus> {
        let state = self.state.lock();
        state
            .entries
            .iter()
            .map(|entry| entry.status.clone())
            .collect()
    }
}

impl Entry {
    fn stop(&mut self, deadline: Monotonic, abort_at: Monotonic) -> CancellationToken {
        self.abort_at = Some(
            self.abort_at
                .map_or(abort_at, |earlier| earlier.min(abort_at)),
        );
        self.stop.cancel(deadline);
        self.end.clone()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Entry")
            .field("id", &self.id)
            .field("phase", &self.phase)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
