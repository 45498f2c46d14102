//! The port between a part of the server and the rest.
//!
//! A capability, the database, the log and the Redis listener are parts. The status, `doctor`, the charts, `/metrics` and the
//! supervisor read the list of parts and contain the name of none. A new capability implements [`Part`] in
//! `wiring/<capability>.rs`, overrides the methods that apply to it, and gets one line in `wiring.rs`.

use async_trait::async_trait;
use outrigger_api_types::status::{DoctorCheck, Store};
use outrigger_history::Report;
use outrigger_supervisor::Supervisor;
pub(crate) use outrigger_telemetry::Sampler;
use prometheus_client::registry::Registry;

/// A part of the server.
#[async_trait]
pub(crate) trait Part: Send + Sync {
    /// Registers its metrics for `/metrics`.
    fn register(&self, _registry: &mut Registry) {}

    /// Adds its handle for the handlers of the HTTP API.
    fn add_handle(&self, _handles: &mut http::Extensions) {}

    /// Adds its background services to the supervisor, each with the phase in which it stops. Not called in a process that
    /// runs one command and no services.
    fn add_services(&self, _supervisor: &mut Supervisor) {}

    /// Returns the sampler of its figures for the charts.
    fn sampler(&self) -> Option<Sampler> {
        None
    }

    /// Returns its stores and their sizes.
    async fn stores(&self) -> Vec<Store> {
        Vec::new()
    }

    /// Returns its current problems. Called every few seconds and with each status, so it must be cheap. A problem that is no
    /// longer reported is resolved; see [`Report::occurrences`] for problems that consist of single occurrences.
    async fn problems(&self) -> Vec<Report> {
        Vec::new()
    }

    /// Runs its checks for `doctor`. They may take seconds.
    async fn checks(&self) -> Vec<DoctorCheck> {
        Vec::new()
    }

    /// Returns why it cannot serve requests now, or `None` if it can. Called with each `/readyz`, which is public, so the reason
    /// must not contain paths or messages of other servers.
    async fn unready(&self) -> Option<String> {
        None
    }
}
