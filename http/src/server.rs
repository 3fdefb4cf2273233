//! All that handlers share: ports, settings, and what is kept in memory.

use crate::{
    app::{App, Config},
    limit::Attempts,
    password::Hasher,
    permit::Permits,
    refusal::{Due, Refusals},
    rights::RightsWatch,
    room::Rooms,
    snapshot::SharedSnapshots,
    token::Succession,
};
use axum::extract::FromRef;
use domain::{
    Clock, Error,
    account::Accounts,
    audit::{Audit, Refusal},
    changes::Changes,
    deployments::Deployments,
    host::Host,
    layout::Layouts,
    project::Projects,
    rollout::Reconciler,
    runtime::Runtime,
};
use std::{
    ops::Deref,
    sync::{Arc, Once, OnceLock},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Canvases that one person may have open: tabs, devices and scripts together.
const MAX_CANVASES: usize = 256;
/// Log streams that one person may have open.
const MAX_STREAMS: usize = 20;

/// All that handlers share.
#[derive(Clone)]
pub(crate) struct Server(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) config: Config,
    pub(crate) hasher: Hasher,
    pub(crate) attempts: Attempts,
    pub(crate) refusals: Refusals,
    succession: OnceLock<Succession>,
    /// Whether it was said that a proxy seems to stand before us.
    pub(crate) unnamed_proxy: Once,
    pub(crate) rooms: Rooms,
    pub(crate) snapshots: SharedSnapshots,
    pub(crate) rights: RightsWatch,
    pub(crate) canvases: Permits,
    pub(crate) streams: Permits,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Server {
    pub(crate) fn new(app: App, config: Config, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            hasher: Hasher::new(config.password_cost),
            attempts: Attempts::default(),
            refusals: Refusals::new(app.clock.now()),
            succession: OnceLock::new(),
            unnamed_proxy: Once::new(),
            rooms: Rooms::new(app.clone()),
            snapshots: SharedSnapshots::new(app.clone()),
            rights: RightsWatch::default(),
            canvases: Permits::new(MAX_CANVASES),
            streams: Permits::new(MAX_STREAMS),
            stop,
            tasks: TaskTracker::new(),
            app,
            config,
        }))
    }

    /// What the tokens of this process are derived from.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub(crate) fn succession(&self) -> Result<&Succession, Error> {
        if let Some(known) = self.succession.get() {
            return Ok(known);
        }
        let fresh = Succession::random()?;
        Ok(self.succession.get_or_init(|| fresh))
    }

    /// Notes for the audit that something was refused. Nobody waits until it is written: how long an
    /// answer takes shall not tell what was written.
    pub(crate) fn note_refused(&self, refusal: Refusal) {
        if self.refusals.note(refusal, self.app.clock.now()) {
            let server = self.clone();
            self.tasks.spawn(async move { server.write_refused(Due::Ripe).await });
        }
    }

    /// Writes what was refused.
    pub(crate) async fn write_refused(&self, what: Due) {
        self.refusals.flush(&self.app.audit, self.app.clock.now(), what).await;
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
    audit: Audit,
    runtime: Runtime,
    reconciler: Reconciler,
    host: Host,
    clock: Clock,
}
