//! How Easel itself is doing.

use domain::{
    Timestamp,
    host::HostFacts,
    rollout::ReconcilerStatus,
    runtime::{Census, Engine},
};
use serde::Deserialize;

use super::{Api, ApiError, Request};

/// How everything is doing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SystemStatus {
    pub version: String,
    pub now: Timestamp,
    pub database: bool,
    pub host: HostFacts,
    /// Absent when it does not answer.
    pub engine: Option<Engine>,
    /// Why it does not.
    pub engine_error: Option<String>,
    pub census: Option<Census>,
    pub reconciler: ReconcilerStatus,
    pub open_canvases: u64,
}

impl Api {
    pub async fn system_status(&self) -> Result<SystemStatus, ApiError> {
        self.send(Request::get("/system/status")).await
    }
}
