//! What follows when an action has failed.

use crate::{
    action::{Action, Chain},
    rules::Rules,
};
use domain::{
    DeploymentId, ReplicaId, Timestamp,
    deployment::{Failure, Transition},
    rollout::{Incident, IncidentKind, ServiceView, Step},
    runtime::RuntimeError,
};
use std::time::Duration;

/// What follows when an action has failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FailureEffect {
    /// What to write down.
    pub steps: Vec<Step>,
    /// The deployment whose image has to be fetched again.
    pub lost_image: Option<DeploymentId>,
    /// What to say of the service until it is mended.
    pub blocker: Option<String>,
}

/// What follows when an action of this chain has failed.
///
/// An engine that is away is nobody's fault. A deployment on its way gets a few tries; one that
/// serves is tried for ever, ever more slowly.
#[must_use]
pub fn after_failure(
    service: &ServiceView,
    chain: &Chain,
    action: &Action,
    error: &RuntimeError,
    now: Timestamp,
    rules: &Rules,
) -> FailureEffect {
    let mut after_failure = FailureEffect::default();
    let deployment = chain.on_behalf.and_then(|id| service.deployment(id));
    let is_candidate = deployment.is_some_and(|it| it.state.is_candidate());
    let spec = match action {
        Action::Launch(spec) | Action::Create(spec) => Some(spec),
        _ => None,
    };
    if let Some(replica) = outworn(service, action, error) {
        // Nobody's failure but its own: another container takes its place.
        if deployment.is_some_and(|it| it.state.is_serving()) {
            after_failure.steps.push(replaced(service, replica));
        }
        after_failure.steps.push(Step::ReplicaRetired { replica });
        return after_failure;
    }
    match error {
        RuntimeError::Unreachable(_) | RuntimeError::Timeout(_) | RuntimeError::Storage(_) => {
            return after_failure;
        }
        RuntimeError::Busy(_) => {
            // The name may be blocked for long: the next try has another one.
            if let Some(spec) = spec {
                let replica = spec.identity.replica;
                after_failure.steps.push(Step::ReplicaRetired { replica });
            }
            return after_failure;
        }
        RuntimeError::Gone(_) => return after_failure,
        RuntimeError::NoAddress(why) => {
            // Nobody's failure: it waits, and says for what, each thing once.
            match deployment.filter(|_| is_candidate) {
                Some(waiting) if waiting.state.waiting() == Some(why) => (),
                Some(waiting) => {
                    let transition = Transition::Waiting(why.clone());
                    after_failure.steps.push(Step::Reached { deployment: waiting.id, transition });
                }
                None => after_failure.blocker = Some(why.clone()),
            }
            return after_failure;
        }
        RuntimeError::Image(_) if spec.is_some() => {
            after_failure.lost_image = chain.on_behalf;
        }
        RuntimeError::Image(_)
        | RuntimeError::NameTaken { .. }
        | RuntimeError::NoRoom(_)
        | RuntimeError::Unstartable(_)
        | RuntimeError::Refused(_) => (),
    }
    let Some(deployment) = deployment.filter(|_| is_candidate) else {
        after_failure.blocker = Some(error.to_string());
        return after_failure;
    };

    let attempts = deployment.attempts + 1;
    let is_hopeless = matches!(error, RuntimeError::NameTaken { .. } | RuntimeError::NoRoom(_));
    let is_last = attempts >= rules.attempts || is_hopeless;
    let wait = Duration::from_secs(3 * 4_u64.pow(attempts.saturating_sub(1).min(3)));
    let retry_at = (!is_last).then(|| now.plus(wait));
    let (deployment, reason) = (deployment.id, error.to_string());
    after_failure.steps.push(Step::Attempted {
        deployment,
        attempts,
        retry_at,
        why: reason.clone(),
    });
    if is_last {
        let failure = Failure { reason, exit_code: None, log_tail: None };
        let transition = Transition::Failed(failure);
        after_failure.steps.push(Step::Reached { deployment, transition });
    }
    after_failure
}

/// The replica whose container is of no use any more, since it is its own past for which it is not
/// started: the engine says so, or it has run before and is refused now.
fn outworn(service: &ServiceView, action: &Action, error: &RuntimeError) -> Option<ReplicaId> {
    let row =
        |container| service.replicas.iter().find(|it| it.container.as_ref() == Some(container));
    match (action, error) {
        (Action::Launch(spec), RuntimeError::Unstartable(_)) => Some(spec.identity.replica),
        (Action::Start(container), RuntimeError::Unstartable(_)) => row(container).map(|it| it.id),
        (Action::Start(container), RuntimeError::Refused(_)) => {
            row(container).filter(|it| it.restarts.started_at.is_some()).map(|it| it.id)
        }
        _ => None,
    }
}

fn replaced(service: &ServiceView, replica: ReplicaId) -> Step {
    let text = "the engine could not start its container any more; another one takes its place";
    let incident =
        Incident { kind: IncidentKind::Replaced, exit_code: None, text: text.to_owned() };
    Step::Incident { service: service.key(), replica, incident }
}
