//! The port through which a part of the server joins the rest.
//!
//! A capability, the database, the log and the Redis listener are parts. The status, `doctor`, the charts, `/metrics` and the
//! supervisor read the list of parts and know none of them by name. A new capability implements [`Part`] in
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

    /// Adds its handle to those that the handlers of the HTTP API can take.
    fn add_handle(&self, _handles: &mut http::Extensions) {}

    /// Adds its background services to the supervisor, each with the phase in which it stops. Not called in a process that
    /// runs one command and no services.
    fn add_services(&self, _supervisor: &mut Supervisor) {}

    /// The figures that the dashboard draws.
    fn sampler(&self) -> Option<Sampler> {
        None
    }

    /// The places where it keeps data, with their sizes.
    async fn stores(&self) -> Vec<Store> {
        Vec::new()
    }

    /// The problems that it has now. Called every few seconds and with each status, so it looks only at what is cheap to look
    /// at. What is no longer reported counts as resolved; see [`Report::occurrences`] for what happens at moments.
    async fn problems(&self) -> Vec<Report> {
        Vec::new()
    }

    /// The checks of `doctor`. They may take seconds.
    async fn checks(&self) -> Vec<DoctorCheck> {
        Vec::new()
    }

    /// Why it cannot serve requests now; `None` when it can. Called with each `/readyz`, which anybody may read: no paths, no
    /// words of another server.
    async fn unready(&self) -> Option<String> {
        None
    }
}
