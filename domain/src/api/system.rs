//! How Easel itself is doing.

use crate::{
    Timestamp,
    host::HostFacts,
    rollout::ReconcilerStatus,
    runtime::{Engine, EngineCounts},
};
use serde::{Deserialize, Serialize};

/// That the process answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `ok`.
    pub status: String,
}

/// Whether all that Easel needs is there, as everybody may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// Whether nothing below is amiss.
    pub ready: bool,
    /// Whether the database answers.
    pub database: bool,
    /// Whether there is space for what is written.
    pub space: bool,
    /// Whether the container engine answers.
    pub engine: bool,
    /// Whether the reconciler keeps up.
    pub reconciler: bool,
    /// Whether Easel is observe-only: it changes nothing in the engine.
    pub observe_only: bool,
    /// The reconciler's lag, in milliseconds.
    pub lag_ms: u64,
    /// What is not well and what to do next, a sentence each.
    pub advice: Vec<String>,
}

impl Readiness {
    /// This, with the advice that follows from what is not well, and whether there is any.
    #[must_use]
    pub fn with_advice(self) -> Self {
        let parts = [
            (self.database, "The database does not answer; the server's log says why."),
            (
                self.space,
                "The disk that holds Easel's data is full; free some space, until then nothing can \
                 be changed.",
            ),
            (
                self.engine,
                "The container engine does not answer; `easel doctor` on the server says why.",
            ),
            // Without space it cannot keep up: that is said already.
            (
                self.reconciler || !self.space,
                "The reconciler lags behind; the server's log says why.",
            ),
        ];
        let amiss = parts.into_iter().filter(|(is_well, _)| !is_well);
        let advice: Vec<String> = amiss.map(|(_, next)| next.to_owned()).collect();
        Self { ready: advice.is_empty(), advice, ..self }
    }
}

/// How everything is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct SystemStatus {
    pub version: String,
    pub now: Timestamp,
    pub database: bool,
    pub host: HostFacts,
    /// Absent when it does not answer.
    pub engine: Option<Engine>,
    /// Why it does not.
    pub engine_error: Option<String>,
    /// Absent when it does not answer.
    pub counts: Option<EngineCounts>,
    pub reconciler: ReconcilerStatus,
    /// Canvases that are open at the moment.
    pub open_canvases: u64,
}

/// What runs here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct About {
    pub name: String,
    pub version: String,
    /// The web app's hash.
    pub app: String,
}
