//! The deployment that serves: its replicas are kept as they should be.

use super::{
    draft::Draft,
    making::{Begin, Obstacle},
    newcomer::{Standing, how_it_ended, is_job, question},
    replica::{Replica, incident, is_handing_over},
};
use crate::action::Action;
use domain::{
    Strategy,
    deployment::Deployment,
    readiness::Probe,
    rollout::{CRASH_LIMIT, CRASH_WINDOW, IncidentKind, Ledger, ServiceView, Step, Verdict},
    runtime::{ContainerState, Restart, Serving},
};
use std::time::Duration;

impl Draft<'_> {
    /// Sees to it that the deployment that serves has its replicas, and that they are in order.
    pub(super) fn look_after(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        let Some(active) = service.active() else { return };
        if service.wanted == 0 || is_handing_over(service, replicas) {
            return;
        }
        // One writer at a time: what is left of another deployment goes first.
        let is_contested = active.config.strategy == Strategy::StopFirst
            && self
                .situation
                .seen
                .iter()
                .filter(|seen| seen.is_alive() && self.is_known(service, seen))
                .any(|seen| seen.inspection.identity.deployment != active.id);
        let begin = if is_contested { Begin::Later } else { Begin::Now };
        if let Err(Obstacle(reason)) = self.make(service, active, replicas, begin) {
            self.why = Some(reason);
        }
        for replica in replicas {
            if replica.is_wanted && replica.row.deployment == active.id && replica.seen.is_some() {
                self.look_after_one(service, active, replica, begin);
            }
        }
    }

    fn look_after_one(
        &mut self,
        service: &ServiceView,
        active: &Deployment,
        replica: &Replica<'_>,
        begin: Begin,
    ) {
        if begin == Begin::Later && !replica.is_alive() {
            self.wake(self.now.plus(self.rules.in_flight));
            return;
        }
        if replica.ledger.verdict.is_some() {
            if replica.is_alive() {
                // Somebody has started it by hand: it gets another chance.
                let ledger =
                    Ledger { verdict: None, crashes: Vec::new(), ..replica.ledger.clone() };
                self.facts.push(Step::LedgerChanged { replica: replica.row.id, ledger });
            }
            return;
        }
        if replica.is_admitted() {
            self.keep(service, active, replica);
            return;
        }
        match self.tend(service, active, replica, CRASH_LIMIT) {
            // On probation: it runs, and its next end is judged.
            Standing::Ready if replica.ledger.recent_crashes(self.now) >= CRASH_LIMIT => {
                if let Some(first) = replica.ledger.crashes.first() {
                    let second = Duration::from_secs(1);
                    self.wake(first.plus(CRASH_WINDOW + second).max(self.now.plus(second)));
                }
            }
            Standing::Ready => self.admit(active, replica),
            Standing::Waiting => (),
            Standing::Done => self.conclude_one(service, replica, Verdict::Completed),
            Standing::Broken { .. } => self.conclude_one(service, replica, Verdict::Crashed),
        }
    }

    /// It has proved itself: the engine restarts it from now on, and its name leads to it.
    fn admit(&mut self, active: &Deployment, replica: &Replica<'_>) {
        let Some(seen) = replica.seen else { return };
        let container = seen.container.clone();
        let serve = Action::SetServing { container: container.clone(), serving: Serving::Yes };
        let restart = Action::SetRestart { container, restart: Restart::UnlessStopped };
        self.act(Some(active.id), vec![serve, restart]);
    }

    /// Keeps an admitted one as it should be.
    fn keep(&mut self, service: &ServiceView, active: &Deployment, replica: &Replica<'_>) {
        let Some(seen) = replica.seen else { return };
        let container = seen.container.clone();
        let crashes = replica.ledger.recent_crashes(self.now);
        match seen.inspection.state {
            // The engine may start it once more; its next end is final then, and judged.
            ContainerState::Restarting
                if crashes >= CRASH_LIMIT
                    || (seen.inspection.exit_code == Some(0) && is_job(active)) =>
            {
                let restart = Restart::No;
                self.act(Some(active.id), vec![Action::SetRestart { container, restart }]);
            }
            ContainerState::Restarting => self.wake(self.now.plus(self.rules.in_flight)),
            ContainerState::Running => {
                if replica.is_cut_off() {
                    self.reconnect(service, replica, Serving::Yes);
                } else if !seen.inspection.serves {
                    let serve =
                        Action::SetServing { container: container.clone(), serving: Serving::Yes };
                    self.act(Some(active.id), vec![serve]);
                }
                if seen.inspection.limits != service.limits {
                    let limits = Action::SetLimits { container, limits: service.limits };
                    self.act(Some(active.id), vec![limits]);
                }
                self.ask_again(active, replica);
            }
            ContainerState::Exited | ContainerState::Created => {
                self.act(Some(active.id), vec![Action::Start(container)]);
            }
            ContainerState::Paused => self.unpause(service, replica),
            ContainerState::Removing | ContainerState::Dead => self.replace(service, replica),
        }
    }

    /// A live one with a check is asked again from time to time; what has crashed or fails is asked
    /// until it answers, also without a check.
    fn ask_again(&mut self, active: &Deployment, replica: &Replica<'_>) {
        let (Some(question), Some(health)) = (question(active), replica.health) else { return };
        let has_check = active.config.check.probe != Probe::Automatic;
        let is_open = health.is_ready != Some(true) && self.is_shaken(replica);
        let interval = active.config.check.pace.interval();
        if is_open || health.failures > 0 {
            self.ask(replica, question, active, interval);
        } else if has_check {
            self.ask(replica, question, active, interval.max(self.rules.live_probe));
        }
    }

    /// Whether it has crashed lately, so that running alone proves nothing.
    pub(super) fn is_shaken(&self, replica: &Replica<'_>) -> bool {
        replica.ledger.recent_crashes(self.now) > 0
    }

    /// It has ended and will not be started again.
    fn conclude_one(&mut self, service: &ServiceView, replica: &Replica<'_>, verdict: Verdict) {
        let Some(seen) = replica.seen else { return };
        let (kind, text) = match verdict {
            Verdict::Completed => {
                (IncidentKind::Completed, "it has done its work and ended with 0".to_owned())
            }
            Verdict::Crashed => {
                let end = how_it_ended(&seen.inspection);
                (IncidentKind::GaveUp, format!("it kept crashing and is left alone: {end}"))
            }
        };
        let ledger = Ledger { verdict: Some(verdict), ..replica.ledger.clone() };
        let steps = vec![
            Step::LedgerChanged { replica: replica.row.id, ledger },
            incident(service, replica, kind, text),
        ];
        self.act(None, vec![Action::Record(steps)]);
    }
}
