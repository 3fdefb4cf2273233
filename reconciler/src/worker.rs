//! One pass over one service: look, plan, do, and again until there is nothing to do.

mod look;

use crate::{
    action::{Action, Chain, Plan},
    execute::Executor,
    plan::consequence,
    situation::{Memory, Seen, Situation},
    tools::Tools,
    trouble::Trouble,
};
use domain::{
    Timestamp,
    deployment::Condition,
    rollout::{Aim, RolloutError, ServiceKey, Step},
    runtime::{ObservedReplica, ReplicaHandle, RuntimeError},
};
use futures::{StreamExt, stream};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A pass that has not settled after so many rounds is told as a failure, and slowed down.
const MOST_ROUNDS: usize = 64;

/// What a resync already knows, so that a worker need not ask again.
#[derive(Clone, Debug)]
pub(crate) struct Hint {
    pub(crate) aim: Arc<Aim>,
    pub(crate) containers: Vec<ReplicaHandle>,
}

/// How a pass begins.
pub(crate) enum Begin {
    /// Look at everything.
    Fresh(Option<Box<Hint>>),
    /// What was seen last, with an end that was only heard of: say so, then look at everything.
    Heard(Box<Situation>),
    /// A deadline has come: what was seen last is good enough for asking questions.
    Deadline(Box<Situation>),
}

/// How a pass has ended.
pub(crate) struct Outcome {
    /// What was seen last.
    pub(crate) situation: Option<Situation>,
    pub(crate) again_at: Option<Timestamp>,
    pub(crate) trouble: Option<Trouble>,
}

impl Situation {
    /// What a list would say of it now, in a list's order.
    pub(crate) fn as_listed(&self) -> Vec<ObservedReplica> {
        let listed = |seen: &Seen| ObservedReplica {
            container: seen.container.clone(),
            identity: seen.inspection.identity,
            state: seen.inspection.state,
            address: seen.inspection.address,
        };
        let mut list: Vec<_> = self.seen.iter().map(listed).collect();
        list.sort_by(|one, other| one.container.cmp(&other.container));
        list
    }
}

/// One pass over one service.
pub(crate) async fn pass(
    tools: Arc<Tools>,
    key: ServiceKey,
    memory: Memory,
    begin: Begin,
    interrupt: Arc<Notify>,
    stop: CancellationToken,
) -> Outcome {
    let mut worker = Worker {
        tools: &tools,
        key,
        memory,
        known: BTreeSet::new(),
        failed: Vec::new(),
        prepared: Vec::new(),
        situation: None,
    };
    let result = worker.run(begin, &interrupt, &stop).await;
    let (again_at, trouble) = match result {
        Ok(again_at) => (again_at, None),
        Err(trouble) => (None, Some(trouble)),
    };
    if let Some(situation) = &mut worker.situation {
        situation.memory = worker.memory;
    }
    Outcome { situation: worker.situation, again_at, trouble }
}

struct Worker<'a> {
    tools: &'a Arc<Tools>,
    key: ServiceKey,
    memory: Memory,
    /// Containers that may be this service's.
    known: BTreeSet<ReplicaHandle>,
    /// Chains that have failed in this pass: not tried again before the next.
    failed: Vec<Chain>,
    /// What was seen to in this pass, so that it is not done again for what has failed since.
    prepared: Vec<Chain>,
    situation: Option<Situation>,
}

impl Worker<'_> {
    async fn run(
        &mut self,
        begin: Begin,
        interrupt: &Notify,
        stop: &CancellationToken,
    ) -> Result<Option<Timestamp>, Trouble> {
        let mut hint = match begin {
            Begin::Fresh(hint) => hint,
            Begin::Heard(situation) => {
                self.tell(&situation).await?;
                None
            }
            Begin::Deadline(situation) => {
                if let Some(again_at) = self.ask_only(*situation, interrupt, stop).await? {
                    return Ok(again_at);
                }
                None
            }
        };
        let mut first_trouble = None;
        for round in 0..MOST_ROUNDS {
            if stop.is_cancelled() {
                return Err(Trouble::Stopped);
            }
            let situation = self.look(hint.take(), round).await?;
            self.situation = Some(situation.clone());
            let failures = self.tools.pulls.take_failures(self.key);
            if !failures.is_empty() {
                for (chain, action, trouble) in failures {
                    if let Some(trouble) = self.suffer(&chain, &action, trouble).await? {
                        first_trouble.get_or_insert(trouble);
                        self.failed.push(chain);
                    }
                }
                // What is written down about them belongs to what is planned next.
                continue;
            }
            let mut plan = self.plan(&situation);
            let again_at = plan.again_at;
            for phase in &mut plan.phases {
                phase.retain(|chain| !self.failed.contains(chain));
                phase.retain(|chain| !self.prepared.contains(chain));
            }
            let is_blocked = self.failed.iter().any(|chain| chain.actions.iter().any(is_needed));
            if plan.is_quiet() {
                return match first_trouble {
                    Some(trouble) if is_blocked => Err(trouble),
                    _ => {
                        self.memory.obstacle = None;
                        Ok(again_at)
                    }
                };
            }
            if let Some(trouble) = self.carry_out(&plan, interrupt, stop).await? {
                first_trouble.get_or_insert(trouble);
            } else if self.failed.is_empty() {
                self.memory.obstacle = None;
            }
            if plan.only_asks() {
                return Ok(Some(self.next_look(again_at)));
            }
        }
        Err(Trouble::Restless)
    }

    /// Writes down that the service is not well any more. The engine tells of an end at once, but
    /// keeps the container locked until it has cleaned up: whoever looks waits for that.
    async fn tell(&self, situation: &Situation) -> Result<(), Trouble> {
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
        let tools = self.tools;
        match tools.rollouts.record(tools.fence, tools.clock.now(), &news).await {
            Ok(()) | Err(RolloutError::Stale(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Plans on what was seen last. `Some`: nothing but questions was to do, and they are asked.
    async fn ask_only(
        &mut self,
        situation: Situation,
        interrupt: &Notify,
        stop: &CancellationToken,
    ) -> Result<Option<Option<Timestamp>>, Trouble> {
        let plan = self.plan(&situation);
        self.situation = Some(situation);
        if !plan.only_asks() {
            return Ok(None);
        }
        if plan.is_quiet() {
            return Ok(Some(plan.again_at));
        }
        self.carry_out(&plan, interrupt, stop).await?;
        Ok(Some(Some(self.next_look(plan.again_at))))
    }

    /// After questions: what do the answers mean, and when?
    fn next_look(&self, again_at: Option<Timestamp>) -> Timestamp {
        let now = self.tools.clock.now();
        let Some(situation) = &self.situation else { return now };
        let plan = self.plan(situation);
        if plan.is_quiet() { plan.again_at.or(again_at).unwrap_or(now) } else { now }
    }

    fn plan(&self, situation: &Situation) -> Plan {
        let now = self.tools.clock.now();
        let mut situation = Situation { memory: self.memory.clone(), ..situation.clone() };
        if let Some(service) = &situation.aim.service {
            situation.memory.pulling = self.tools.pulls.running(service.key());
        }
        let settings = &self.tools.settings;
        (settings.planner)(&situation, now, &settings.rules)
    }

    /// Does what the plan says. `Some`: something failed that only time can mend.
    async fn carry_out(
        &mut self,
        plan: &Plan,
        interrupt: &Notify,
        stop: &CancellationToken,
    ) -> Result<Option<Trouble>, Trouble> {
        for phase in &plan.phases {
            let executor = Executor::new(self.tools, self.key, interrupt, stop);
            let executor = &executor;
            let run = |chain: &Chain| {
                let chain = chain.clone();
                async move {
                    let failure = executor.run(&chain).await.err();
                    (chain, failure)
                }
            };
            let results: Vec<_> = stream::iter(phase).map(run).buffer_unordered(16).collect().await;
            for (container, answer, thresholds, at) in executor.take_answers() {
                self.memory.answer(&container, answer, thresholds, at);
            }
            self.known.extend(executor.take_made());

            let mut worst = None;
            for (chain, failure) in results {
                let Some((action, trouble)) = failure else {
                    if matches!(chain.actions[..], [Action::EnsureEnvironment { .. }]) {
                        self.prepared.push(chain);
                    }
                    continue;
                };
                if let Some(trouble) = self.suffer(&chain, &action, trouble).await? {
                    worst.get_or_insert(trouble);
                    self.failed.push(chain);
                }
            }
            if worst.is_some() {
                return Ok(worst);
            }
        }
        Ok(None)
    }

    /// Takes in a failure. `Err`: the pass ends. `Ok(None)`: look again.
    async fn suffer(
        &mut self,
        chain: &Chain,
        action: &Action,
        trouble: Trouble,
    ) -> Result<Option<Trouble>, Trouble> {
        let error = match &trouble {
            Trouble::Stopped | Trouble::Overtaken | Trouble::Restless => return Err(trouble),
            // The rows have moved on: what is planned next goes by what they are now.
            Trouble::Stale(_) => return Ok(None),
            Trouble::Record(_) => return Err(trouble),
            Trouble::Engine(RuntimeError::Storage(_)) => return Err(trouble),
            Trouble::Engine(error) if error.is_outage() => return Err(trouble),
            Trouble::Engine(error) => error.clone(),
        };
        if matches!(error, RuntimeError::Gone(_)) {
            // Perhaps what was seen to is what has gone.
            self.prepared.clear();
        }
        tracing::warn!(
            service.id = %self.key.service,
            deployment.id = chain.on_behalf.map(tracing::field::display),
            "an action failed: {error}"
        );
        let tools = self.tools;
        let now = tools.clock.now();
        let Some(service) = self.situation.as_ref().and_then(|it| it.aim.service.as_ref()) else {
            return Ok(Some(trouble));
        };
        let rules = &tools.settings.rules;
        let consequence = consequence(service, chain, action, &error, now, rules);
        if let Some(lost) = consequence.lost_image {
            // Its first pull is long done and says nothing about now.
            tools.pulls.take_success(lost);
            self.memory.lost_image = Some(lost);
        }
        if consequence.obstacle.is_some() {
            self.memory.obstacle = consequence.obstacle;
        }
        let is_settled = !consequence.steps.is_empty();
        match tools.rollouts.record(tools.fence, now, &consequence.steps).await {
            Ok(()) | Err(RolloutError::Stale(_)) => (),
            Err(error) => return Err(error.into()),
        }
        // What is written down has its own waiting time, unless somebody else must let go first.
        let is_held_up = matches!(error, RuntimeError::Busy(_) | RuntimeError::NoAddress(_));
        Ok(if is_settled && !is_held_up { None } else { Some(trouble) })
    }
}

/// Whether its failure leaves something undone. A question may go unanswered.
fn is_needed(action: &Action) -> bool {
    !matches!(action, Action::Probe { .. })
}
