//! One pass over one service: look, plan, do, and again until there is nothing to do.

mod observe;

use crate::{
    action::{Action, Chain, Plan},
    context::Context,
    error::ReconcileError,
    execute::Executor,
    plan::after_failure,
    situation::{ObservedContainer, Situation, WorkerState},
};
use domain::{
    Timestamp,
    deployment::Condition,
    rollout::{DesiredService, RolloutError, ServiceKey, Step},
    runtime::{ObservedReplica, ReplicaHandle, RuntimeError},
};
use futures::{StreamExt, stream};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A pass that has not settled after so many rounds is told as a failure, and slowed down.
const MAX_ROUNDS: usize = 64;

/// What a resync already knows, so that a worker need not ask again.
#[derive(Clone, Debug)]
pub(crate) struct Hint {
    pub(crate) desired: Arc<DesiredService>,
    pub(crate) containers: Vec<ReplicaHandle>,
}

/// How a pass begins.
pub(crate) enum PassStart {
    /// Look at everything.
    Fresh(Option<Box<Hint>>),
    /// What was seen last, with an end that was only heard of: say so, then look at everything.
    Reported(Box<Situation>),
    /// A deadline has come: what was seen last is good enough for asking questions.
    Deadline(Box<Situation>),
}

/// How a pass has ended.
pub(crate) struct Outcome {
    /// What was seen last.
    pub(crate) situation: Option<Situation>,
    pub(crate) requeue_at: Option<Timestamp>,
    pub(crate) error: Option<ReconcileError>,
}

impl Situation {
    /// What a list would say of it now, in a list's order.
    pub(crate) fn as_listed(&self) -> Vec<ObservedReplica> {
        let listed = |observed: &ObservedContainer| ObservedReplica {
            container: observed.container.clone(),
            identity: observed.inspection.identity,
            state: observed.inspection.state,
            address: observed.inspection.address,
        };
        let mut list: Vec<_> = self.observed.iter().map(listed).collect();
        list.sort_by(|one, other| one.container.cmp(&other.container));
        list
    }
}

/// One pass over one service.
pub(crate) async fn pass(
    context: Arc<Context>,
    key: ServiceKey,
    memory: WorkerState,
    start: PassStart,
    interrupt: Arc<Notify>,
    stop: CancellationToken,
) -> Outcome {
    let mut worker = Worker {
        context: &context,
        key,
        memory,
        known: BTreeSet::new(),
        failed: Vec::new(),
        prepared: Vec::new(),
        replaced_in: None,
        round: 0,
        situation: None,
    };
    let result = worker.run(start, &interrupt, &stop).await;
    let (requeue_at, error) = match result {
        Ok(requeue_at) => (requeue_at, None),
        Err(error) => (None, Some(error)),
    };
    if let Some(situation) = &mut worker.situation {
        situation.memory = worker.memory;
    }
    Outcome { situation: worker.situation, requeue_at, error }
}

struct Worker<'a> {
    context: &'a Arc<Context>,
    key: ServiceKey,
    memory: WorkerState,
    /// Containers that may be this service's.
    known: BTreeSet<ReplicaHandle>,
    /// Chains that have failed in this pass: not tried again before the next.
    failed: Vec<Chain>,
    /// What was seen to in this pass, so that it is not done again for what has failed since.
    prepared: Vec<Chain>,
    /// The round in which containers were given up for others.
    replaced_in: Option<usize>,
    round: usize,
    situation: Option<Situation>,
}

impl Worker<'_> {
    async fn run(
        &mut self,
        start: PassStart,
        interrupt: &Notify,
        stop: &CancellationToken,
    ) -> Result<Option<Timestamp>, ReconcileError> {
        let mut hint = match start {
            PassStart::Fresh(hint) => hint,
            PassStart::Reported(situation) => {
                match self.record_unhealthy(&situation).await {
                    // What can be done without a word in the database is done all the same.
                    Ok(()) | Err(ReconcileError::Record(_)) => None,
                    Err(error) => return Err(error),
                }
            }
            PassStart::Deadline(situation) => {
                if let Some(requeue_at) = self.probe_only(*situation, interrupt, stop).await? {
                    return Ok(requeue_at);
                }
                None
            }
        };
        let mut first_error = None;
        for round in 0..MAX_ROUNDS {
            if stop.is_cancelled() {
                return Err(ReconcileError::Stopped);
            }
            self.round = round;
            let situation = self.observe(hint.take(), round).await?;
            self.situation = Some(situation.clone());
            let failures = self.context.pulls.take_failures(self.key);
            if !failures.is_empty() {
                for (chain, action, error) in failures {
                    if let Some(error) = self.handle_error(&chain, &action, error).await? {
                        first_error.get_or_insert(error);
                        self.failed.push(chain);
                    }
                }
                // What is written down about them belongs to what is planned next.
                continue;
            }
            let mut plan = self.plan(&situation);
            let requeue_at = plan.requeue_at;
            for phase in &mut plan.phases {
                phase.retain(|chain| !self.failed.contains(chain));
                phase.retain(|chain| !self.prepared.contains(chain));
            }
            let is_blocked = self.failed.iter().any(|chain| chain.actions.iter().any(is_needed));
            if plan.is_empty() {
                return match first_error {
                    Some(error) if is_blocked => Err(error),
                    _ => {
                        self.memory.blocker = None;
                        Ok(requeue_at)
                    }
                };
            }
            let executed = match self.execute(&plan, interrupt, stop).await {
                Err(error @ ReconcileError::Record(_)) => {
                    self.heal(&plan, interrupt, stop).await;
                    return Err(error);
                }
                executed => executed?,
            };
            if let Some(error) = executed {
                first_error.get_or_insert(error);
            } else if self.failed.is_empty() {
                self.memory.blocker = None;
            }
            if plan.only_probes() {
                return Ok(Some(self.next_pass_at(requeue_at)));
            }
        }
        Err(ReconcileError::NotConverging)
    }

    /// Writes down that the service is not well any more. The engine tells of an end at once, but
    /// keeps the container locked until it has cleaned up: whoever looks waits for that.
    async fn record_unhealthy(&self, situation: &Situation) -> Result<(), ReconcileError> {
        let plan = self.plan(situation);
        let actions = plan.phases.iter().flatten().flat_map(|chain| &chain.actions);
        let news = actions.filter_map(|action| match action {
            Action::Record(steps) => Some(steps),
            _ => None,
        });
        let is_bad = |condition| matches!(condition, Condition::Degraded | Condition::Restarting);
        let news: Vec<_> = news
            .flatten()
            .filter(|step| matches!(step, Step::ConditionChanged { condition, .. } if is_bad(*condition)))
            .cloned()
            .collect();
        if news.is_empty() {
            return Ok(());
        }
        let context = self.context;
        match context.rollouts.record(context.fence, context.clock.now(), &news).await {
            Ok(()) | Err(RolloutError::Stale(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Plans on what was seen last. `Some`: nothing but questions was to do, and they are asked.
    async fn probe_only(
        &mut self,
        situation: Situation,
        interrupt: &Notify,
        stop: &CancellationToken,
    ) -> Result<Option<Option<Timestamp>>, ReconcileError> {
        let plan = self.plan(&situation);
        self.situation = Some(situation);
        if !plan.only_probes() {
            return Ok(None);
        }
        if plan.is_empty() {
            return Ok(Some(plan.requeue_at));
        }
        self.execute(&plan, interrupt, stop).await?;
        Ok(Some(Some(self.next_pass_at(plan.requeue_at))))
    }

    /// After questions: what do the answers mean, and when?
    fn next_pass_at(&self, requeue_at: Option<Timestamp>) -> Timestamp {
        let now = self.context.clock.now();
        let Some(situation) = &self.situation else { return now };
        let plan = self.plan(situation);
        if plan.is_empty() { plan.requeue_at.or(requeue_at).unwrap_or(now) } else { now }
    }

    fn plan(&self, situation: &Situation) -> Plan {
        let now = self.context.clock.now();
        let mut situation = Situation { memory: self.memory.clone(), ..situation.clone() };
        if let Some(service) = &situation.desired.service {
            situation.memory.pulling = self.context.pulls.running(service.key());
        }
        let settings = &self.context.settings;
        (settings.planner)(&situation, now, &settings.rules)
    }

    /// Does what the plan says. `Some`: something failed that only time can mend.
    async fn execute(
        &mut self,
        plan: &Plan,
        interrupt: &Notify,
        stop: &CancellationToken,
    ) -> Result<Option<ReconcileError>, ReconcileError> {
        for phase in &plan.phases {
            let executor = Executor::new(self.context, self.key, interrupt, stop);
            let executor = &executor;
            let run = |chain: &Chain| {
                let chain = chain.clone();
                async move {
                    let failure = executor.run(&chain).await.err();
                    (chain, failure)
                }
            };
            let results: Vec<_> = stream::iter(phase).map(run).buffer_unordered(16).collect().await;
            for (container, answer, thresholds, at) in executor.take_probe_results() {
                self.memory.answer(&container, answer, thresholds, at);
            }
            self.known.extend(executor.take_made());

            let mut worst = None;
            for (chain, failure) in results {
                let Some((action, error)) = failure else {
                    if matches!(chain.actions[..], [Action::EnsureEnvironment { .. }]) {
                        self.prepared.push(chain);
                    }
                    continue;
                };
                if let Some(error) = self.handle_error(&chain, &action, error).await? {
                    worst.get_or_insert(error);
                    self.failed.push(chain);
                }
            }
            if worst.is_some() {
                return Ok(worst);
            }
        }
        Ok(None)
    }

    /// Nothing can be written: what brings back what is wanted already, and needs no word before, is done
    /// all the same.
    async fn heal(&self, plan: &Plan, interrupt: &Notify, stop: &CancellationToken) {
        let service = self.situation.as_ref().and_then(|it| it.desired.service.as_ref());
        let active = service.and_then(|service| service.active);
        let healing = |chain: &&Chain| {
            let mut left = chain.actions.iter().filter(|it| !matches!(it, Action::Record(_)));
            chain.on_behalf.is_none_or(|id| active == Some(id)) && left.all(Action::only_heals)
        };
        let executor = Executor::new(self.context, self.key, interrupt, stop);
        for chain in plan.phases.iter().flatten().filter(healing) {
            let mut chain = chain.clone();
            chain.actions.retain(Action::only_heals);
            if let Err((action, error)) = executor.run(&chain).await {
                tracing::warn!(service.id = %self.key.service, "{action:?} failed too: {error}");
            }
        }
    }

    /// Takes in a failure. `Err`: the pass ends. `Ok(None)`: look again.
    async fn handle_error(
        &mut self,
        chain: &Chain,
        action: &Action,
        error: ReconcileError,
    ) -> Result<Option<ReconcileError>, ReconcileError> {
        let engine_error = match &error {
            ReconcileError::Stopped | ReconcileError::Fenced | ReconcileError::NotConverging => {
                return Err(error);
            }
            // The rows have moved on: what is planned next goes by what they are now.
            ReconcileError::Stale(_) => return Ok(None),
            ReconcileError::Record(_) => return Err(error),
            ReconcileError::Engine(RuntimeError::Storage(_)) => return Err(error),
            ReconcileError::Engine(engine) if engine.is_outage() => return Err(error),
            ReconcileError::Engine(engine) => engine.clone(),
        };
        if matches!(engine_error, RuntimeError::Gone(_)) {
            // Perhaps what was seen to is what has gone.
            self.prepared.clear();
        }
        tracing::warn!(
            service.id = %self.key.service,
            deployment.id = chain.on_behalf.map(tracing::field::display),
            "an action failed: {engine_error}"
        );
        let context = self.context;
        let now = context.clock.now();
        let Some(service) = self.situation.as_ref().and_then(|it| it.desired.service.as_ref())
        else {
            return Ok(Some(error));
        };
        let rules = &context.settings.rules;
        let effect = after_failure(service, chain, action, &engine_error, now, rules);
        if let Some(lost) = effect.lost_image {
            // Its first pull is long done and says nothing about now.
            context.pulls.take_success(lost);
            self.memory.lost_image = Some(lost);
        }
        if effect.blocker.is_some() {
            self.memory.blocker = effect.blocker;
        }
        let is_recorded = !effect.steps.is_empty();
        match context.rollouts.record(context.fence, now, &effect.steps).await {
            Ok(()) | Err(RolloutError::Stale(_)) => (),
            Err(error) => return Err(error.into()),
        }
        if effect.steps.iter().any(|step| matches!(step, Step::ReplicaRetired { .. })) {
            // Another one is made at once. If that one is of no use either, a pause comes first.
            if self.replaced_in.is_some_and(|round| round != self.round) {
                return Err(error);
            }
            self.replaced_in = Some(self.round);
        }
        // What is written down has its own waiting time, unless somebody else must let go first.
        let is_held_up = matches!(engine_error, RuntimeError::Busy(_) | RuntimeError::NoAddress(_));
        Ok(if is_recorded && !is_held_up { None } else { Some(error) })
    }
}

/// Whether its failure leaves something undone. A question may go unanswered.
fn is_needed(action: &Action) -> bool {
    !matches!(action, Action::Probe { .. })
}
