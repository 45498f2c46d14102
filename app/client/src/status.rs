//! The state and the configuration of the process.

use outrigger_api_types::{
    config::ConfigKeys,
    status::{DoctorReport, Status},
};

use crate::{Client, ClientError};

impl Client {
    /// Returns the state of the process.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get("/api/v1/status").await
    }

    /// Returns the results of the server's checks of its environment.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn doctor(&self) -> Result<DoctorReport, ClientError> {
        self.get("/api/v1/doctor").await
    }

    /// Returns the effective configuration by key, without secrets.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn config(&self) -> Result<ConfigKeys, ClientError> {
        self.get("/api/v1/config").await
    }

    /// Checks that the process is alive.
    ///
    /// # Errors
    ///
    /// Returns an error if it is unreachable.
    pub async fn healthz(&self) -> Result<(), ClientError> {
        self.get_bytes("/healthz").await.map(drop)
    }

    /// Checks that the process is ready.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Refused`] with the status 503 if it is not.
    pub async fn readyz(&self) -> Result<(), ClientError> {
        self.get_bytes("/readyz").await.map(drop)
    }
}
