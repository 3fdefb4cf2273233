//! The state machine of deployments.

use domain::{
    HealthCheck, Timestamp,
    deployment::{Condition, DeploymentState, Failure, Transition, service_status},
    runtime::PullProgress,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn all() -> Vec<DeploymentState> {
    let since = at(1);
    vec![
        DeploymentState::Queued { since },
        DeploymentState::Pulling { since, progress: PullProgress::default() },
        DeploymentState::Starting { since, waiting: None },
        DeploymentState::Checking { since, waiting: None },
        DeploymentState::Switching { since },
        DeploymentState::Draining { since },
        DeploymentState::Live { since },
        DeploymentState::Failed { at: since, failure: Failure::default() },
        DeploymentState::Cancelled { at: since },
        DeploymentState::Superseded { at: since },
    ]
}

fn transitions() -> Vec<Transition> {
    vec![
        Transition::PullStarted,
        Transition::Pulled(PullProgress::default()),
        Transition::StartRequested,
        Transition::Started,
        Transition::Ready,
        Transition::Waiting("no address".to_owned()),
        Transition::Resumed,
        Transition::Switched,
        Transition::Drained,
        Transition::Failed(Failure::default()),
        Transition::Cancelled,
        Transition::Superseded,
    ]
}

/// All steps there are: from, by, to.
fn steps() -> Vec<(&'static str, Transition, DeploymentState)> {
    let mut steps = Vec::new();
    for state in all() {
        for transition in transitions() {
            if let Ok(next) = state.clone().transition(transition.clone(), at(2)) {
                steps.push((state.as_str(), transition, next));
            }
        }
    }
    steps
}

/// DK-49.
#[test]
fn a_deployment_goes_one_way_to_live() {
    let mut state = DeploymentState::Queued { since: at(0) };
    let mut words = vec![state.as_str()];
    for transition in [
        Transition::PullStarted,
        Transition::StartRequested,
        Transition::Started,
        Transition::Ready,
        Transition::Switched,
        Transition::Drained,
    ] {
        state = state.transition(transition, at(1)).unwrap();
        words.push(state.as_str());
    }
    assert_eq!(
        words,
        ["queued", "pulling", "starting", "checking", "switching", "draining", "live"]
    );
}

/// DK-49.
#[test]
fn every_state_has_deploykits_word() {
    let words: Vec<_> = all().iter().map(DeploymentState::deploykit_status).collect();
    assert_eq!(
        words,
        [
            "pending",
            "pending",
            "starting",
            "starting",
            "starting",
            "healthy",
            "healthy",
            "failed",
            "cancelled",
            "superseded"
        ]
    );
}

/// W30.
#[test]
fn an_ended_deployment_never_moves() {
    for state in all().into_iter().filter(DeploymentState::is_terminal) {
        for transition in transitions() {
            assert!(state.clone().transition(transition, at(9)).is_err());
        }
    }
}

/// I10.
#[test]
fn a_state_that_may_not_stay_has_a_deadline() {
    for state in all() {
        let may_stay = state.is_terminal() || matches!(state, DeploymentState::Live { .. });
        let deadline = state.deadline(&HealthCheck::default());
        assert_eq!(deadline.is_none(), may_stay, "{}", state.as_str());
        assert!(deadline.is_none_or(|deadline| deadline > state.since()));
    }
}

#[test]
fn every_state_is_one_of_candidate_serving_or_over() {
    for state in all() {
        let claims = [state.is_candidate(), state.is_serving(), state.is_terminal()];
        assert_eq!(claims.iter().filter(|claim| **claim).count(), 1, "{}", state.as_str());
    }
}

/// A state never leads back: so nothing can go on for ever.
#[test]
fn no_step_leads_back() {
    let rank = |word: &str| all().iter().position(|state| state.as_str() == word);
    for (from, transition, to) in steps() {
        let stays = matches!(
            transition,
            Transition::Pulled(_) | Transition::Waiting(_) | Transition::Resumed
        );
        assert!(rank(from) < rank(to.as_str()) || stays, "{from} → {}", to.as_str());
    }
}

#[test]
fn only_candidates_fail_or_are_cancelled() {
    for (from, _, to) in steps() {
        if matches!(to, DeploymentState::Failed { .. } | DeploymentState::Cancelled { .. }) {
            let from = all().into_iter().find(|state| state.as_str() == from).unwrap();
            assert!(from.is_candidate());
        }
    }
}

#[test]
fn progress_of_a_pull_does_not_prolong_it() {
    let pulling = DeploymentState::Pulling { since: at(1), progress: PullProgress::default() };
    let next = pulling.transition(Transition::Pulled(PullProgress::default()), at(50)).unwrap();
    assert_eq!(next.since(), at(1));
}

/// Design §4: no free address is nobody's failure. What was waited is not held against it.
#[test]
fn while_it_waits_no_deadline_runs_and_then_one_begins_anew() {
    let why = "no address is free".to_owned();
    let check = HealthCheck::default();
    for state in all() {
        let resumed = state.clone().transition(Transition::Resumed, at(900));
        assert!(resumed.is_err(), "{} has not waited", state.as_str());
        let Ok(waiting) = state.clone().transition(Transition::Waiting(why.clone()), at(5)) else {
            continue;
        };

        let resumed = waiting.clone().transition(Transition::Resumed, at(900)).unwrap();

        assert_eq!((waiting.waiting(), waiting.since()), (Some(why.as_str()), state.since()));
        assert_eq!(waiting.deadline(&check), None);
        assert_eq!((resumed.as_str(), resumed.waiting()), (state.as_str(), None));
        assert!(resumed.deadline(&check).is_some_and(|deadline| deadline > at(900)));
    }
    let waits =
        |state: &DeploymentState| state.clone().transition(Transition::Waiting(why.clone()), at(5));
    let words: Vec<_> =
        all().iter().filter(|state| waits(state).is_ok()).map(DeploymentState::as_str).collect();
    assert_eq!(words, ["starting", "checking"]);
}

/// DK-42, DK-51, DK-52: what serves decides, whatever became of the newest deployment.
#[test]
fn one_word_for_a_service() {
    let queued = DeploymentState::Queued { since: at(0) };
    let failed = DeploymentState::Failed { at: at(0), failure: Failure::default() };

    assert_eq!(service_status(None, None), "created");
    assert_eq!(service_status(None, Some(&queued)), "deploying");
    assert_eq!(service_status(None, Some(&failed)), "failed");
    assert_eq!(service_status(Some(Condition::Running), Some(&queued)), "running");
    assert_eq!(service_status(Some(Condition::Running), Some(&failed)), "running");
    assert_eq!(service_status(Some(Condition::Degraded), None), "degraded");
    assert_eq!(service_status(Some(Condition::Stopped), Some(&failed)), "stopped");
    assert_eq!(service_status(Some(Condition::Restarting), Some(&queued)), "deploying");
    assert_eq!(service_status(Some(Condition::Restarting), Some(&failed)), "deploying");
    assert_eq!(service_status(Some(Condition::Missing), None), "failed");
    assert_eq!(service_status(Some(Condition::Crashed), None), "failed");
}
