//! The deployment that serves: its replicas are kept as they should be.

use super::{
    builder::PlanBuilder,
    creation::{Blocker, StartMode},
    readiness::{Readiness, how_it_ended, is_job, probe_target},
    replica::{Replica, incident, is_handing_over},
};
use crate::action::Action;
use domain::{
    Strategy,
    deployment::Deployment,
    readiness::Probe,
    rollout::{
        CRASH_LIMIT, CRASH_WINDOW, FinalState, IncidentKind, RestartHistory, ServiceView, Step,
    },
    runtime::{ContainerState, RestartPolicy, Serving},
};
use std::time::Duration;

impl PlanBuilder<'_> {
    /// Sees to it that the deployment that serves has its replicas, and that they are in order.
    pub(super) fn maintain(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        let Some(active) = service.active() else { return };
        if service.desired_count == 0 || is_handing_over(service, replicas) {
            return;
        }
        // One writer at a time: what is left of others goes first.
        let has_other_writer = active.config.strategy == Strategy::StopFirst
            && self.others_alive(service, active, replicas).next().is_some();
        let start_mode = if has_other_writer { StartMode::Later } else { StartMode::Now };
        if let Err(Blocker(reason)) = self.create_replicas(service, active, replicas, start_mode) {
            self.why = Some(reason);
        }
        for replica in replicas {
            if replica.is_desired
                && replica.row.deployment == active.id
                && replica.observed.is_some()
            {
                self.maintain_one(service, active, replica, start_mode);
            }
        }
    }

    fn maintain_one(
        &mut self,
        service: &ServiceView,
        active: &Deployment,
        replica: &Replica<'_>,
        start_mode: StartMode,
    ) {
        if start_mode == StartMode::Later && !replica.is_alive() {
            self.requeue_at(self.now.plus(self.rules.in_flight));
            return;
        }
        if replica.restarts.final_state.is_some() {
            if replica.is_alive() {
                // Somebody has started it by hand: it gets another chance.
                let restarts = RestartHistory {
                    final_state: None,
                    crashes: Vec::new(),
                    ..replica.restarts.clone()
                };
                self.facts.push(Step::RestartsRecorded { replica: replica.row.id, restarts });
            }
            return;
        }
        if replica.is_in_service() {
            self.maintain_in_service(service, active, replica);
            return;
        }
        match self.await_readiness(service, active, replica, CRASH_LIMIT) {
            // On probation: it runs, and its next end is judged.
            Readiness::Ready if replica.restarts.recent_crashes(self.now) >= CRASH_LIMIT => {
                if let Some(first) = replica.restarts.crashes.first() {
                    let second = Duration::from_secs(1);
                    self.requeue_at(first.plus(CRASH_WINDOW + second).max(self.now.plus(second)));
                }
            }
            Readiness::Ready => self.put_into_service(active, replica),
            Readiness::Waiting => (),
            Readiness::Done => self.record_final_state(service, replica, FinalState::Completed),
            Readiness::Broken { .. } => {
                self.record_final_state(service, replica, FinalState::Crashed)
            }
        }
    }

    /// It has proved itself: the engine restarts it from now on, and its name leads to it.
    fn put_into_service(&mut self, active: &Deployment, replica: &Replica<'_>) {
        let Some(observed) = replica.observed else { return };
        let container = observed.container.clone();
        let serve = Action::SetServing { container: container.clone(), serving: Serving::Yes };
        let restart = Action::SetRestartPolicy { container, restart: RestartPolicy::UnlessStopped };
        self.act(Some(active.id), vec![serve, restart]);
    }

    /// Keeps an admitted one as it should be.
    fn maintain_in_service(
        &mut self,
        service: &ServiceView,
        active: &Deployment,
        replica: &Replica<'_>,
    ) {
        let Some(observed) = replica.observed else { return };
        let container = observed.container.clone();
        let crashes = replica.restarts.recent_crashes(self.now);
        match observed.inspection.state {
            // The engine may start it once more; its next end is final then, and judged.
            ContainerState::Restarting
                if crashes >= CRASH_LIMIT
                    || (observed.inspection.exit_code == Some(0) && is_job(active)) =>
            {
                let restart = RestartPolicy::No;
                self.act(Some(active.id), vec![Action::SetRestartPolicy { container, restart }]);
            }
            ContainerState::Restarting => self.requeue_at(self.now.plus(self.rules.in_flight)),
            ContainerState::Running => {
                if replica.is_cut_off() {
                    self.reconnect(service, replica, Serving::Yes);
                } else if !observed.inspection.serves {
                    let serve =
                        Action::SetServing { container: container.clone(), serving: Serving::Yes };
                    self.act(Some(active.id), vec![serve]);
                }
                if observed.inspection.limits != Some(service.limits) {
                    let limits = Action::SetLimits { container, limits: service.limits };
                    self.act(Some(active.id), vec![limits]);
                }
                self.probe_again(active, replica);
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
    fn probe_again(&mut self, active: &Deployment, replica: &Replica<'_>) {
        let (Some(probe_target), Some(health)) = (probe_target(active), replica.health) else {
            return;
        };
        let has_check = active.config.check.probe != Probe::Automatic;
        let is_open = health.is_ready != Some(true) && self.has_crashed_recently(replica);
        let interval = active.config.check.pace.interval();
        if is_open || health.failures > 0 {
            self.probe(replica, probe_target, active, interval);
        } else if has_check {
            self.probe(replica, probe_target, active, interval.max(self.rules.live_probe));
        }
    }

    /// Whether it has crashed lately, so that running alone proves nothing.
    pub(super) fn has_crashed_recently(&self, replica: &Replica<'_>) -> bool {
        replica.restarts.recent_crashes(self.now) > 0
    }

    /// It has ended and will not be started again.
    fn record_final_state(
        &mut self,
        service: &ServiceView,
        replica: &Replica<'_>,
        final_state: FinalState,
    ) {
        let Some(observed) = replica.observed else { return };
        let (kind, text) = match final_state {
            FinalState::Completed => {
                (IncidentKind::Completed, "it has done its work and ended with 0".to_owned())
            }
            FinalState::Crashed => {
                let end = how_it_ended(&observed.inspection);
                (IncidentKind::GaveUp, format!("it kept crashing and is left alone: {end}"))
            }
        };
        let restarts =
            RestartHistory { final_state: Some(final_state), ..replica.restarts.clone() };
        let steps = vec![
            Step::RestartsRecorded { replica: replica.row.id, restarts },
            incident(service, replica, kind, text),
        ];
        self.act(None, vec![Action::Record(steps)]);
    }
}
