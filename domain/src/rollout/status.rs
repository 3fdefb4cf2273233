//! How the reconciler is doing: for `/api/ready`, the banner and the list of unknown objects.

use super::key::ServiceKey;
use crate::{
    Timestamp,
    runtime::{ReplicaHandle, ReplicaIdentity},
};
use serde::{Deserialize, Serialize};

/// The reconciler, as the rest of Easel sees it.
pub trait Reconciler: Send + Sync {
    /// Asks it to look at one service soon, or at everything. Never waits; many ask as one.
    fn trigger(&self, service: Option<ServiceKey>);

    /// How it is doing.
    fn status(&self) -> ReconcilerStatus;
}

/// How the reconciler is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconcilerStatus {
    /// Whether the engine answers.
    pub engine: EngineHealth,
    /// Why nothing is changed, if so: another engine, a copied database, a newer Easel.
    pub observe_only: Option<String>,
    /// When everything was last reconciled.
    pub reconciled_at: Option<Timestamp>,
    /// How long that took, in milliseconds.
    pub reconcile_ms: u64,
    /// Services that are being reconciled.
    pub in_progress: u64,
    /// The lag: how overdue the next full resync is, in milliseconds.
    pub lag_ms: u64,
    /// Services that are backing off: their last pass failed and will be retried.
    pub backing_off: u64,
    /// Containers with this instance's label that no row names: shown, never touched.
    pub orphans: Vec<Orphan>,
}

/// Whether the engine answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EngineHealth {
    /// It has not been asked yet.
    #[default]
    Unknown,
    /// It answers.
    Reachable {
        /// Since when.
        since: Timestamp,
    },
    /// It does not. What runs goes on running; nothing can be changed.
    Unreachable {
        /// Since when.
        since: Timestamp,
        /// Why, as far as known.
        why: String,
    },
}

/// A container with this instance's label that no row names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Orphan {
    /// The engine's name for it.
    pub container: ReplicaHandle,
    /// What its labels say.
    pub identity: ReplicaIdentity,
}
