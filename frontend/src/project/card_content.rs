//! What a service's card says: the truth about what serves, and what is on its way.

use domain::{
    ServiceId,
    deployment::{Condition, DeploymentState},
    deployments::{DeploymentSummary, ServiceState},
};
use yew::AttrValue;

use crate::{
    card::{CardChange, CardContent, CardIcon, Rollout, brand},
    component::Status,
    live::{CanvasState, Model},
    view::page,
};

/// How a service stands: the shape, the word, since when, and a newer rollout beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceStatus {
    pub status: Status,
    pub word: AttrValue,
    pub since: Option<i64>,
    pub reason: Option<AttrValue>,
    pub rollout: Option<Rollout>,
}

impl ServiceStatus {
    fn new(status: Status, word: &'static str) -> Self {
        Self { status, word: word.into(), since: None, reason: None, rollout: None }
    }
}

/// How a service stands. What serves decides; a newer rollout is appended. With nothing serving,
/// what is under way; with nothing under way, how the last try ended.
#[must_use]
pub fn service_status(state: Option<&ServiceState>) -> ServiceStatus {
    let Some(state) = state else { return ServiceStatus::new(Status::Stopped, "Offline") };
    let newer = state
        .newest
        .as_ref()
        .filter(|newest| state.active.as_ref().is_none_or(|active| active.id != newest.id));
    match (&state.active, newer) {
        (None, Some(newest)) => alone(newest, state),
        (None, None) => match state.condition {
            Some(condition) => serving(condition, state),
            None => ServiceStatus::new(Status::Stopped, "Offline"),
        },
        (Some(active), newer) => {
            let mut service_status = match state.condition {
                Some(condition) => serving(condition, state),
                None => ServiceStatus::new(Status::Live, "Running"),
            };
            service_status.since = service_status.since.or(active.live_at.map(|at| at.as_millis()));
            service_status.rollout = newer.and_then(appended);
            service_status
        }
    }
}

/// The shape and the word of a condition.
pub fn condition(condition: Condition) -> (Status, &'static str) {
    match condition {
        Condition::Running => (Status::Live, "Running"),
        Condition::Degraded => (Status::Failed, "Degraded"),
        Condition::Restarting => (Status::Progress, "Restarting"),
        Condition::Crashed => (Status::Failed, "Crashed"),
        Condition::Completed => (Status::Live, "Completed"),
        Condition::Sleeping => (Status::Sleeping, "Sleeping"),
        Condition::Stopped => (Status::Stopped, "Stopped"),
        Condition::Missing => (Status::Failed, "Missing"),
    }
}

fn serving(seen: Condition, state: &ServiceState) -> ServiceStatus {
    let (status, word) = condition(seen);
    ServiceStatus {
        since: state.since.map(|at| at.as_millis()),
        reason: state.why.clone().map(Into::into),
        ..ServiceStatus::new(status, word)
    }
}

/// The only deployment there is: nothing serves.
fn alone(newest: &DeploymentSummary, state: &ServiceState) -> ServiceStatus {
    match &newest.state {
        DeploymentState::Failed { at, failure } => ServiceStatus {
            since: Some(at.as_millis()),
            reason: Some(failure.reason.clone().into()),
            ..ServiceStatus::new(Status::Failed, "Failed")
        },
        DeploymentState::Cancelled { at } => ServiceStatus {
            since: Some(at.as_millis()),
            ..ServiceStatus::new(Status::Stopped, "Cancelled")
        },
        DeploymentState::Superseded { .. } => match state.condition {
            Some(condition) => serving(condition, state),
            None => ServiceStatus::new(Status::Stopped, "Offline"),
        },
        going => ServiceStatus {
            status: Status::Progress,
            word: step(going),
            since: None,
            reason: going.waiting().map(|what| what.to_owned().into()),
            rollout: Some(Rollout {
                word: AttrValue::Static(""),
                since: newest.created_at.as_millis(),
                is_failed: false,
            }),
        },
    }
}

/// What is appended to the word of what serves.
fn appended(newest: &DeploymentSummary) -> Option<Rollout> {
    match &newest.state {
        DeploymentState::Failed { at, .. } => {
            Some(Rollout { word: "Deploy failed".into(), since: at.as_millis(), is_failed: true })
        }
        state if state.is_candidate() => Some(Rollout {
            word: step(state),
            since: newest.created_at.as_millis(),
            is_failed: false,
        }),
        _ => None,
    }
}

/// The word of a state, with how far it has come where that is known.
#[must_use]
pub fn step(state: &DeploymentState) -> AttrValue {
    match state {
        DeploymentState::Queued { .. } => "Queued".into(),
        DeploymentState::Pulling { progress, .. } if progress.total > 0 => {
            let percent = progress.received.saturating_mul(100) / progress.total;
            format!("Pulling {} %", percent.min(100)).into()
        }
        DeploymentState::Pulling { .. } => "Pulling".into(),
        state if state.waiting().is_some() => "Waiting".into(),
        DeploymentState::Starting { .. } => "Starting".into(),
        DeploymentState::Checking { .. } => "Checking".into(),
        DeploymentState::Switching { .. } => "Switching".into(),
        DeploymentState::Draining { .. } => "Draining".into(),
        DeploymentState::Live { .. } => "Live".into(),
        DeploymentState::Failed { .. } => "Failed".into(),
        DeploymentState::Cancelled { .. } => "Cancelled".into(),
        DeploymentState::Superseded { .. } => "Superseded".into(),
    }
}

/// The shape that goes with a deployment's state.
#[must_use]
pub fn shape(state: &DeploymentState) -> Status {
    match state {
        DeploymentState::Live { .. } | DeploymentState::Draining { .. } => Status::Live,
        DeploymentState::Failed { .. } => Status::Failed,
        DeploymentState::Cancelled { .. } | DeploymentState::Superseded { .. } => Status::Stopped,
        _ => Status::Progress,
    }
}

/// What a service's card says.
#[must_use]
pub fn card_content(canvas: &CanvasState, id: ServiceId) -> Option<CardContent> {
    let model = canvas.model()?;
    let service = model.service(id)?;
    let staged = model.mark(id);
    let source = service.source.image();
    // What runs, unless another image is staged.
    let is_staged = model.base.services.get(&id).is_none_or(|base| base.source != service.source);
    let running = canvas.state(id).and_then(|state| state.active.as_ref()).map(|it| &it.image);
    let shown = if is_staged { source } else { running.or(source) };
    let service_status = match (staged, source) {
        (_, None) => ServiceStatus::new(Status::Stopped, "No image yet"),
        (CardChange::New, _) => ServiceStatus::new(Status::Staged, "Not deployed yet"),
        _ => service_status(canvas.state(id)),
    };
    let wanted = usize::from(service.replicas.count());
    let applied = model.base.services.get(&id).map_or(wanted, |it| it.replicas.count().into());
    let replicas = match service_status.status {
        // Which of them are down is not known here; the reason says how many, the panel which.
        Status::Failed | Status::Progress | Status::Staged => Vec::new(),
        status => {
            let staged = std::iter::repeat_n(Status::Staged, wanted.saturating_sub(applied));
            std::iter::repeat_n(status, applied).chain(staged).collect()
        }
    };
    let volumes = (service.mounts.keys())
        .filter_map(|id| model.whole.volumes.get(id).or_else(|| model.base.volumes.get(id)))
        .map(|volume| volume.name.to_string().into())
        .collect();
    let port = service.ports.first().map(|port| format!(":{}", port.number)).unwrap_or_default();
    Some(CardContent {
        name: service.name.to_string().into(),
        // A picture of another host would tell that host who looks.
        icon: match service.icon.as_ref().filter(|icon| page::is_ours(icon.as_str())) {
            Some(icon) => CardIcon::Picture(icon.to_string().into()),
            None => CardIcon::Mark(brand(shown.map_or("", |image| image.as_str()))),
        },
        source: shown.map_or("Choose an image", |image| image.as_str()).to_owned().into(),
        source_icon: None,
        status: service_status.status,
        word: service_status.word,
        reason: service_status.reason.map(|reason| named(&model, id, reason)),
        since: service_status.since,
        rollout: service_status.rollout,
        replicas,
        volumes,
        address: None,
        host: format!("{}{port}", service.slug).into(),
        staged,
    })
}

/// A reason with the names of volumes in place of their ids.
fn named(model: &Model, service: ServiceId, reason: AttrValue) -> AttrValue {
    let mounts = model.service(service).map(|service| &service.mounts);
    let found = mounts.into_iter().flatten().find_map(|(id, _)| {
        let id_text = id.to_string();
        let known = model.whole.volumes.get(id).or_else(|| model.base.volumes.get(id))?;
        reason.contains(&id_text).then(|| reason.replace(&id_text, known.name.as_str()))
    });
    found.map_or(reason, Into::into)
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    const ID: &str = "0193a1f0-0000-7000-8000-000000000001";

    fn deployment(n: u8, state: DeploymentState) -> DeploymentSummary {
        let at = Timestamp::from_millis(1_000);
        DeploymentSummary {
            id: format!("0193a1f0-0000-7000-8000-0000000000{n:02x}").parse().unwrap(),
            service: ID.parse().unwrap(),
            generation: u64::from(n),
            revision: domain::RevisionNumber(1),
            cause: domain::deployment::Cause::Apply,
            author: None,
            message: domain::Message::default(),
            image: "nginx:1".parse().unwrap(),
            pinned: None,
            status: state.deploykit_status().to_owned(),
            state,
            attempts: 0,
            created_at: at,
            started_at: None,
            live_at: None,
            ended_at: None,
        }
    }

    fn state(
        condition: Option<Condition>,
        active: Option<DeploymentSummary>,
        newest: Option<DeploymentSummary>,
    ) -> ServiceState {
        ServiceState { condition, active, newest, ..ServiceState::unknown(ID.parse().unwrap()) }
    }

    fn at() -> Timestamp {
        Timestamp::from_millis(2_000)
    }

    // DK-42, RW-4
    #[test]
    fn what_serves_gives_the_word_and_a_newer_rollout_is_appended() {
        let live = deployment(1, DeploymentState::Live { since: at() });
        let next = deployment(2, DeploymentState::Starting { since: at(), waiting: None });

        let service_status =
            service_status(Some(&state(Some(Condition::Running), Some(live), Some(next))));

        assert_eq!(
            (service_status.status, service_status.word.as_str()),
            (Status::Live, "Running")
        );
        assert_eq!(service_status.rollout.unwrap().word, "Starting");
    }

    // DK-42, RW-4
    #[test]
    fn a_failed_rollout_does_not_make_what_serves_failed() {
        let live = deployment(1, DeploymentState::Live { since: at() });
        let failure = domain::deployment::Failure::default();
        let next = deployment(2, DeploymentState::Failed { at: at(), failure });

        let service_status =
            service_status(Some(&state(Some(Condition::Running), Some(live), Some(next))));

        assert_eq!(service_status.status, Status::Live);
        assert!(service_status.rollout.unwrap().is_failed);
    }

    // DK-42, RW-4
    #[test]
    fn with_nothing_serving_the_rollout_is_the_word() {
        let progress = domain::runtime::PullProgress { received: 42, total: 100 };
        let next = deployment(1, DeploymentState::Pulling { since: at(), progress });

        let pulling = service_status(Some(&state(None, None, Some(next))));
        let nothing = service_status(Some(&state(None, None, None)));

        assert_eq!((pulling.status, pulling.word.as_str()), (Status::Progress, "Pulling 42 %"));
        assert_eq!((nothing.status, nothing.word.as_str()), (Status::Stopped, "Offline"));
    }

    // Design §4: no free address.
    #[test]
    fn what_a_rollout_waits_for_is_said() {
        let waiting = Some("no address is free".to_owned());
        let next = deployment(1, DeploymentState::Starting { since: at(), waiting });

        let service_status = service_status(Some(&state(None, None, Some(next))));

        assert_eq!(
            (service_status.status, service_status.word.as_str()),
            (Status::Progress, "Waiting")
        );
        assert_eq!(service_status.reason.as_deref(), Some("no address is free"));
    }

    // DK-42
    #[test]
    fn every_condition_has_its_shape_and_word_whether_or_not_a_deployment_is_known() {
        let live = || Some(deployment(1, DeploymentState::Live { since: at() }));
        let table = [
            (Condition::Running, Status::Live, "Running"),
            (Condition::Degraded, Status::Failed, "Degraded"),
            (Condition::Restarting, Status::Progress, "Restarting"),
            (Condition::Crashed, Status::Failed, "Crashed"),
            (Condition::Completed, Status::Live, "Completed"),
            (Condition::Sleeping, Status::Sleeping, "Sleeping"),
            (Condition::Stopped, Status::Stopped, "Stopped"),
            (Condition::Missing, Status::Failed, "Missing"),
        ];

        for (condition, status, word) in table {
            for (active, newest) in [(live(), live()), (None, None)] {
                let why = Some("a reason".to_owned());
                let state = ServiceState { why, ..state(Some(condition), active, newest) };

                let service_status = service_status(Some(&state));

                assert_eq!((service_status.status, service_status.word.as_str()), (status, word));
                assert_eq!(service_status.reason.as_deref(), Some("a reason"), "{word}");
                assert_eq!(service_status.rollout, None, "{word}");
            }
        }
    }

    // DK-42: the first deployment is all that there is to say; a later one stands beside what serves.
    #[test]
    fn every_state_of_a_rollout_has_its_word_alone_and_beside_what_serves() {
        let failure =
            domain::deployment::Failure { reason: "it exited".to_owned(), ..Default::default() };
        let progress = domain::runtime::PullProgress::default();
        let since = at();
        let table = [
            (DeploymentState::Queued { since }, Status::Progress, "Queued", Some("Queued")),
            (
                DeploymentState::Pulling { since, progress },
                Status::Progress,
                "Pulling",
                Some("Pulling"),
            ),
            (
                DeploymentState::Starting { since, waiting: None },
                Status::Progress,
                "Starting",
                Some("Starting"),
            ),
            (
                DeploymentState::Checking { since, waiting: None },
                Status::Progress,
                "Checking",
                Some("Checking"),
            ),
            (
                DeploymentState::Switching { since },
                Status::Progress,
                "Switching",
                Some("Switching"),
            ),
            (
                DeploymentState::Failed { at: since, failure },
                Status::Failed,
                "Failed",
                Some("Deploy failed"),
            ),
            (DeploymentState::Cancelled { at: since }, Status::Stopped, "Cancelled", None),
            (DeploymentState::Superseded { at: since }, Status::Stopped, "Offline", None),
        ];

        for (newest, status, word, other_errors) in table {
            let is_failed = matches!(newest, DeploymentState::Failed { .. });
            let alone =
                service_status(Some(&state(None, None, Some(deployment(2, newest.clone())))));
            let live = deployment(1, DeploymentState::Live { since });
            let serving = state(Some(Condition::Running), Some(live), Some(deployment(2, newest)));
            let serving = service_status(Some(&serving));

            assert_eq!((alone.status, alone.word.as_str()), (status, word));
            assert_eq!(alone.reason.as_deref(), is_failed.then_some("it exited"), "{word}");
            assert_eq!(alone.rollout.is_some(), status == Status::Progress, "{word}");
            assert_eq!((serving.status, serving.word.as_str()), (Status::Live, "Running"));
            let rollout = serving.rollout;
            assert_eq!(rollout.as_ref().map(|it| it.word.as_str()), other_errors, "{word}");
            assert_eq!(rollout.is_some_and(|it| it.is_failed), is_failed, "{word}");
        }
    }
}
