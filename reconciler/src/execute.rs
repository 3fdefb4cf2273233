//! Carrying out actions, one call each. Nothing is decided here.

use crate::{
    action::{Action, Chain},
    context::Context,
    error::ReconcileError,
    pull,
    situation::{ProbeResult, Thresholds},
};
use domain::{
    ReplicaId, Secret, Timestamp,
    deployment::{Failure, Transition},
    rollout::{ServiceKey, Step},
    runtime::{Follow, LogsFrom, ReplicaHandle, ReplicaSpec, RuntimeError},
};
use futures::StreamExt;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many of a failed container's last lines are kept, and how much of them.
const LOG_LINES: u32 = 100;
const LOG_BYTES: usize = 10 * 1024;

type Result<T> = std::result::Result<T, ReconcileError>;
type Probed = (ReplicaHandle, ProbeResult, Thresholds, Timestamp);

/// Carries out the chains of one phase.
pub(crate) struct Executor<'a> {
    context: &'a Arc<Context>,
    key: ServiceKey,
    interrupt: &'a Notify,
    stop: &'a CancellationToken,
    collected: Mutex<Collected>,
}

/// What was learned on the way.
#[derive(Default)]
struct Collected {
    probe_results: Vec<Probed>,
    made: Vec<ReplicaHandle>,
}

impl<'a> Executor<'a> {
    pub(crate) fn new(
        context: &'a Arc<Context>,
        key: ServiceKey,
        interrupt: &'a Notify,
        stop: &'a CancellationToken,
    ) -> Self {
        Self { context, key, interrupt, stop, collected: Mutex::default() }
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take_probe_results(&self) -> Vec<Probed> {
        std::mem::take(&mut self.collected().probe_results)
    }

    pub(crate) fn take_made(&self) -> Vec<ReplicaHandle> {
        std::mem::take(&mut self.collected().made)
    }

    /// Does one action after the other. The first failure ends it, and says which it was.
    pub(crate) async fn run(
        &self,
        chain: &Chain,
    ) -> std::result::Result<(), (Action, ReconcileError)> {
        for action in &chain.actions {
            if self.stop.is_cancelled() {
                return Err((action.clone(), ReconcileError::Stopped));
            }
            self.act(action).await.map_err(|error| (action.clone(), error))?;
        }
        Ok(())
    }

    async fn act(&self, action: &Action) -> Result<()> {
        let context = self.context;
        let runtime = &context.runtime;
        match action {
            Action::Pull(pull) => {
                pull::begin(self.context, self.key, pull.clone());
                return Ok(());
            }
            Action::Stop { container, grace } => {
                let _permit = context.permit(&context.slow_permits).await;
                return self.unless_stopped(runtime.stop(container, *grace)).await;
            }
            Action::Probe { container, address, probe_target, timeout, thresholds } => {
                let _permit = context.permit(&context.slow_permits).await;
                let probe = runtime.probe(container, *address, probe_target, *timeout);
                let answer = tokio::select! {
                    biased;
                    answer = self.unless_stopped(probe) => answer,
                    // Something has happened: looking at it is worth more than this answer.
                    () = self.interrupt.notified() => return Ok(()),
                };
                let answer = match answer {
                    Ok(true) => ProbeResult::Good,
                    Ok(false) | Err(ReconcileError::Engine(RuntimeError::Gone(_))) => {
                        ProbeResult::Bad
                    }
                    Err(error) => return Err(error),
                };
                let probed = (container.clone(), answer, *thresholds, context.clock.now());
                self.collected().probe_results.push(probed);
                return Ok(());
            }
            Action::Record(steps) => return self.record(steps).await,
            Action::AddReplicas { deployment, indexes } => {
                let added = |index: &u16| Step::ReplicaAdded {
                    replica: ReplicaId::new(context.ids.mint()),
                    deployment: *deployment,
                    index: *index,
                };
                return self.record(&indexes.iter().map(added).collect::<Vec<_>>()).await;
            }
            _ => (),
        }
        let _start = matches!(action, Action::Create(_) | Action::Launch(_) | Action::Start(_))
            .then(|| context.start_gate.begin());
        let _name = match action {
            Action::SetServing { .. } => context.start_gate.serving_permit(&*context.clock).await,
            _ => None,
        };
        let _permit = context.permit(&context.call_permits).await;
        match action {
            Action::EnsureEnvironment { project, environment } => {
                runtime.ensure_environment(*project, *environment).await?;
            }
            Action::EnsureVolume(volume) => {
                runtime.ensure_volume(volume).await?;
                let step = Step::VolumeMade { service: self.key, volume: volume.volume };
                self.record(&[step]).await?;
            }
            Action::Create(spec) => {
                self.create(spec).await?;
            }
            Action::Launch(spec) => {
                let container = self.create(spec).await?;
                runtime.start(&container).await?;
            }
            Action::Start(container) => runtime.start(container).await?,
            Action::Unpause(container) => runtime.unpause(container).await?,
            Action::Remove(container) => runtime.remove(container).await?,
            Action::SetServing { container, serving } => {
                runtime.set_serving(container, *serving).await?;
            }
            Action::SetLimits { container, limits } => {
                runtime.set_limits(container, *limits).await?;
            }
            Action::SetRestartPolicy { container, restart } => {
                runtime.set_restart_policy(container, *restart).await?;
            }
            Action::Fail { deployment, reason, exit_code, logs } => {
                let log_tail = match logs {
                    Some(container) => self.log_tail(container).await,
                    None => None,
                };
                let failure = Failure { reason: reason.clone(), exit_code: *exit_code, log_tail };
                let transition = Transition::Failed(failure);
                self.record(&[Step::Reached { deployment: *deployment, transition }]).await?;
            }
            Action::Pull(_)
            | Action::Stop { .. }
            | Action::Probe { .. }
            | Action::Record(_)
            | Action::AddReplicas { .. } => (),
        }
        Ok(())
    }

    async fn record(&self, steps: &[Step]) -> Result<()> {
        let context = self.context;
        Ok(context.rollouts.record(context.fence, context.clock.now(), steps).await?)
    }

    async fn create(&self, spec: &ReplicaSpec) -> Result<ReplicaHandle> {
        let container = self.context.runtime.create(spec).await?;
        self.collected().made.push(container.clone());
        let replica = spec.identity.replica;
        self.record(&[Step::ContainerMade { replica, container: container.clone() }]).await?;
        Ok(container)
    }

    async fn unless_stopped<T>(
        &self,
        call: impl Future<Output = std::result::Result<T, RuntimeError>>,
    ) -> Result<T> {
        tokio::select! {
            biased;
            result = call => Ok(result?),
            () = self.stop.cancelled() => Err(ReconcileError::Stopped),
        }
    }

    /// A container's last lines, as far as they can be had within five seconds.
    async fn log_tail(&self, container: &ReplicaHandle) -> Option<Secret> {
        let context = self.context;
        let read = async {
            let from = LogsFrom::Tail(LOG_LINES);
            let mut lines = context.runtime.logs(container, from, Follow::No).await.ok()?;
            let mut text = String::new();
            while let Some(Ok(line)) = lines.next().await {
                text.push_str(&line.line);
                text.push('\n');
            }
            Some(text)
        };
        let text = tokio::select! {
            biased;
            text = read => text?,
            () = context.clock.sleep(Duration::from_secs(5)) => return None,
        };
        let mut start = text.len().saturating_sub(LOG_BYTES);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        Some(Secret::new(text[start..].to_owned()))
    }
}
