//! All that handlers share: ports, settings, and what is kept in memory.

use crate::{
    app::{App, Config},
    limit::Attempts,
    password::Hasher,
    rights::RightsWatch,
    room::Rooms,
    stream::permit::Streams,
};
use axum::extract::FromRef;
use domain::{
    Clock, account::Accounts, audit::Audit, canvas::Snapshots, changes::Changes,
    deployments::Deployments, host::Host, layout::Layouts, project::Projects, rollout::Reconciler,
    runtime::Runtime,
};
use std::{ops::Deref, sync::Arc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// All that handlers share.
#[derive(Clone)]
pub(crate) struct Server(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) config: Config,
    pub(crate) hasher: Hasher,
    pub(crate) attempts: Attempts,
    pub(crate) rooms: Rooms,
    pub(crate) rights: RightsWatch,
    pub(crate) streams: Streams,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Server {
    pub(crate) fn new(app: App, config: Config, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            hasher: Hasher::new(config.password_cost),
            attempts: Attempts::default(),
            rooms: Rooms::new(app.clone()),
            rights: RightsWatch::default(),
            streams: Streams::default(),
            stop,
            tasks: TaskTracker::new(),
            app,
            config,
        }))
    }
}

impl Deref for Server {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

macro_rules! ports {
    ($($field:ident: $port:ident),* $(,)?) => {$(
        impl FromRef<Server> for Arc<dyn $port> {
            fn from_ref(server: &Server) -> Self {
                Arc::clone(&server.app.$field)
            }
        }
    )*};
}

ports! {
    accounts: Accounts,
    projects: Projects,
    changes: Changes,
    deployments: Deployments,
    layouts: Layouts,
    snapshots: Snapshots,
    audit: Audit,
    runtime: Runtime,
    reconciler: Reconciler,
    host: Host,
    clock: Clock,
}
