//! What somebody was let in by, for as long as they stay: looked up when it changes or runs out, and
//! not every few seconds.

use crate::{
    authorization::{EnvironmentAccess, authorize},
    caller::{self, Caller, Credential},
    error::{ErrorResponse, Result},
    server::Server,
};
use domain::{ProjectId, UserId, access::Permission};
use futures::future::BoxFuture;
use std::time::Duration;
use tokio::{sync::watch, time::sleep};

/// How long nobody looks again, at most. A browser's session also counts as used by that.
const RECHECK_INTERVAL: Duration = Duration::from_secs(3600);
/// How often a database that hiccups is asked again, a second apart: until it answers nothing is sent.
const TRIES: u32 = 10;

/// Somebody's right to be here.
pub(crate) struct Admission {
    server: Server,
    credential: Credential,
    permission: Permission,
    project: ProjectId,
    environment: String,
    turns: watch::Receiver<u64>,
    checked: watch::Sender<Option<u64>>,
    is_due: bool,
    end: BoxFuture<'static, ()>,
}

/// What came of looking again.
pub(crate) enum Standing {
    /// They may stay, as what they are now.
    Allowed(Box<Caller>, EnvironmentAccess),
    /// There is no such project any more; they were in it to the last.
    Deleted,
    /// They may not stay.
    Refused(ErrorResponse),
}

impl Admission {
    /// Begins with doubt: rights may have changed since they were looked up.
    pub(crate) fn new(
        server: &Server,
        (user, credential): (UserId, Credential),
        place: &EnvironmentAccess,
        permission: Permission,
    ) -> Self {
        Self {
            server: server.clone(),
            credential,
            permission,
            project: place.project,
            environment: place.environment.id.to_string(),
            turns: server.rights.watch(user),
            checked: watch::Sender::new(None),
            is_due: true,
            end: Box::pin(std::future::pending()),
        }
    }

    /// Whether rights may have changed since the last look: nothing may be sent before the next one.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.is_due || self.turns.has_changed().unwrap_or(true)
    }

    /// Returns as soon as they may have. Nothing is lost when it is given up.
    pub(crate) async fn in_doubt(&mut self) {
        if self.is_in_doubt() {
            return;
        }
        tokio::select! {
            _ = self.turns.changed() => (),
            () = &mut self.end => (),
        }
        self.is_due = true;
    }

    /// Looks again.
    pub(crate) async fn check(&mut self) -> Standing {
        let turn = *self.turns.borrow_and_update();
        let mut tries = 0;
        let asked = loop {
            match self.ask().await {
                Err(answer) if answer.is_server_error() && tries < TRIES => {
                    tries += 1;
                    sleep(Duration::from_secs(1)).await;
                }
                asked => break asked,
            }
        };
        match asked {
            Ok((caller, place, end)) => {
                self.end = end;
                self.is_due = false;
                self.checked.send_replace(Some(turn));
                Standing::Allowed(Box::new(caller), place)
            }
            Err(answer) if answer.is_server_error() => Standing::Refused(answer),
            Err(answer) => match self.server.app.projects.exists(self.project).await {
                Ok(false) => Standing::Deleted,
                Ok(true) | Err(_) => Standing::Refused(answer),
            },
        }
    }

    async fn ask(&mut self) -> Result<(Caller, EnvironmentAccess, BoxFuture<'static, ()>)> {
        let caller = caller::verify(&self.server, self.credential).await?;
        let (actor, environment) = (&caller.actor, Some(self.environment.as_str()));
        let place =
            authorize(&self.server, actor, self.permission, self.project, environment).await?;
        let until = caller::until(&self.server, &caller).await?;
        let clock = self.server.app.clock.clone();
        let latest = clock.now().plus(RECHECK_INTERVAL);
        let end = until.map_or(latest, |until| until.min(latest));
        let end = async move {
            while clock.now() < end {
                clock.sleep(end.since(clock.now())).await;
            }
        };
        Ok((caller, place, Box::pin(end)))
    }

    /// What holds back what is in doubt, for whoever hands things over beside the one who looks.
    pub(crate) fn gate(&self) -> Gate {
        Gate { turns: self.turns.clone(), checked: self.checked.subscribe() }
    }
}

/// Lets through what may be sent.
pub(crate) struct Gate {
    turns: watch::Receiver<u64>,
    checked: watch::Receiver<Option<u64>>,
}

impl Gate {
    /// Waits out a doubt. `false`: whoever looks has ended in doubt, so nothing more may be sent.
    pub(crate) async fn passes(&mut self) -> bool {
        let turns = &self.turns;
        let is_checked = |checked: &Option<u64>| *checked == Some(*turns.borrow());
        self.checked.wait_for(is_checked).await.is_ok()
    }
}
