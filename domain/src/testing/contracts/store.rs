//! A store under test.

use crate::{
    account::Accounts,
    audit::Audit,
    canvas::Snapshots,
    changes::Changes,
    deployments::Deployments,
    event::EventLog,
    layout::Layouts,
    network::Addresses,
    project::Projects,
    rollout::Rollouts,
    runtime::PulledImages,
    testing::{ManualClock, TestBus},
};
use std::{any::Any, sync::Arc};

/// A store under test. Nothing is in it yet.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field names its port")]
pub struct Store {
    pub accounts: Arc<dyn Accounts>,
    pub projects: Arc<dyn Projects>,
    pub changes: Arc<dyn Changes>,
    pub deployments: Arc<dyn Deployments>,
    pub layouts: Arc<dyn Layouts>,
    pub events: Arc<dyn EventLog>,
    pub audit: Arc<dyn Audit>,
    pub snapshots: Arc<dyn Snapshots>,
    pub rollouts: Arc<dyn Rollouts>,
    pub addresses: Arc<dyn Addresses>,
    pub pulled: Arc<dyn PulledImages>,
    /// The clock that the store reads.
    pub clock: Arc<ManualClock>,
    /// Where the store announces.
    pub bus: Arc<TestBus>,
    /// Whatever must live as long as the store: a directory, for example.
    pub keep: Arc<dyn Any + Send + Sync>,
}

impl Store {
    /// One thing that keeps all the ports.
    pub fn over<T>(ports: T, clock: Arc<ManualClock>, bus: Arc<TestBus>) -> Self
    where
        T: Accounts
            + Projects
            + Changes
            + Deployments
            + Layouts
            + EventLog
            + Audit
            + Snapshots
            + Rollouts
            + Addresses
            + PulledImages
            + 'static,
    {
        let ports = Arc::new(ports);
        Self {
            accounts: ports.clone(),
            projects: ports.clone(),
            changes: ports.clone(),
            deployments: ports.clone(),
            layouts: ports.clone(),
            events: ports.clone(),
            audit: ports.clone(),
            snapshots: ports.clone(),
            rollouts: ports.clone(),
            addresses: ports.clone(),
            pulled: ports,
            clock,
            bus,
            keep: Arc::new(()),
        }
    }
}
