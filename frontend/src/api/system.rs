//! How Easel itself is doing.

use domain::api::system::{Readiness, SystemStatus};

use super::{Api, ApiError, Request, Transport};
use crate::view::fetch::Browser;

impl Api {
    /// Why nothing can be deployed at the moment; nothing when all is well, or nobody answers.
    pub async fn outage_reason(&self) -> Option<&'static str> {
        // What is not ready answers 503, and says in its body what is amiss.
        let answer = Browser.send(&Request::get("/ready")).await.ok()?;
        let ready: Readiness = serde_json::from_str(&answer.body).ok()?;
        match ready {
            Readiness { observe_only: true, .. } => Some(
                "Observe-only: Easel changes nothing in the container engine. An admin finds out \
                    why under System.",
            ),
            Readiness { engine: false, .. } => Some(
                "The container engine does not answer. What runs goes on running; what you apply waits until it is back.",
            ),
            Readiness { .. } => None,
        }
    }

    pub async fn system_status(&self) -> Result<SystemStatus, ApiError> {
        self.send(Request::get("/system/status")).await
    }
}
