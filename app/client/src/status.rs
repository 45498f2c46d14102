//! How the process is doing, and what it was configured with.

use outrigger_api_types::{
    config::ConfigKeys,
    status::{DoctorReport, Status},
};

use crate::{Client, ClientError};

impl Client {
    /// How the process is doing.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get("/api/v1/status").await
    }

    /// What the server finds when it checks its own surroundings.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn doctor(&self) -> Result<DoctorReport, ClientError> {
        self.get("/api/v1/doctor").await
    }

    /// The configuration in force, key by key; secrets are not shown.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn config(&self) -> Result<ConfigKeys, ClientError> {
        self.get("/api/v1/config").await
    }

    /// Whether the process is alive.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn healthz(&self) -> Result<(), ClientError> {
        self.get_bytes("/healthz").await.map(drop)
    }

    /// Whether the process can do its work.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`] with the status 503 while it cannot.
    pub async fn readyz(&self) -> Result<(), ClientError> {
        self.get_bytes("/readyz").await.map(drop)
    }
}
