//! What follows when an action has failed.

use crate::{
    action::{Action, Chain},
    rules::Rules,
};
use domain::{
    DeploymentId, Timestamp,
    deployment::{Failure, Milestone},
    rollout::{ServiceView, Step},
    runtime::RuntimeError,
};
use std::time::Duration;

/// What follows when an action has failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consequence {
    /// What to write down.
    pub steps: Vec<Step>,
    /// The deployment whose image has to be fetched again.
    pub lost_image: Option<DeploymentId>,
    /// What to say of the service until it is mended.
    pub obstacle: Option<String>,
}

/// What follows when an action of this chain has failed.
///
/// An engine that is away is nobody's fault. A deployment on its way gets a few tries; one that
/// serves is tried for ever, ever more slowly.
#[must_use]
pub fn consequence(
    service: &ServiceView,
    chain: &Chain,
    action: &Action,
    error: &RuntimeError,
    now: Timestamp,
    rules: &Rules,
) -> Consequence {
    let mut consequence = Consequence::default();
    let deployment = chain.on_behalf.and_then(|id| service.deployment(id));
    let is_candidate = deployment.is_some_and(|it| it.state.is_candidate());
    let spec = match action {
        Action::Launch(spec) | Action::Create(spec) => Some(spec),
        _ => None,
    };
    match error {
        RuntimeError::Unreachable(_) | RuntimeError::Timeout(_) | RuntimeError::Storage(_) => {
            return consequence;
        }
        RuntimeError::Busy(_) => {
            // The name may be blocked for long: the next try has another one.
            if let Some(spec) = spec {
                let replica = spec.identity.replica;
                consequence.steps.push(Step::ReplicaRetired { replica });
            }
            return consequence;
        }
        RuntimeError::Gone(_) => return consequence,
        RuntimeError::NoAddress(why) => {
            // Nobody's failure: it waits, and says for what, each thing once.
            match deployment.filter(|_| is_candidate) {
                Some(waiting) if waiting.state.waiting() == Some(why) => (),
                Some(waiting) => {
                    let milestone = Milestone::Waiting(why.clone());
                    consequence.steps.push(Step::Reached { deployment: waiting.id, milestone });
                }
                None => consequence.obstacle = Some(why.clone()),
            }
            return consequence;
        }
        RuntimeError::Image(_) if spec.is_some() => {
            consequence.lost_image = chain.on_behalf;
        }
        RuntimeError::Image(_)
        | RuntimeError::NameTaken { .. }
        | RuntimeError::NoRoom(_)
        | RuntimeError::Refused(_) => (),
    }
    let Some(deployment) = deployment.filter(|_| is_candidate) else {
        consequence.obstacle = Some(error.to_string());
        return consequence;
    };

    let attempts = deployment.attempts + 1;
    let is_hopeless = matches!(error, RuntimeError::NameTaken { .. } | RuntimeError::NoRoom(_));
    let is_last = attempts >= rules.attempts || is_hopeless;
    let wait = Duration::from_secs(3 * 4_u64.pow(attempts.saturating_sub(1).min(3)));
    let retry_at = (!is_last).then(|| now.plus(wait));
    let (deployment, reason) = (deployment.id, error.to_string());
    consequence.steps.push(Step::Attempted { deployment, attempts, retry_at, why: reason.clone() });
    if is_last {
        let failure = Failure { reason, exit_code: None, log_tail: None };
        let milestone = Milestone::Failed(failure);
        consequence.steps.push(Step::Reached { deployment, milestone });
    }
    consequence
}
