//! The replicas of what serves, one by one: shown where there is more than one, or where they differ.

use domain::{DeploymentId, ServiceId, runtime::ContainerState};
use yew::prelude::{Html, Properties, component, html};

use crate::{
    api::{ApiError, use_fetch},
    component::{Status, StatusMark},
    live::watch::use_live_canvas,
};

#[derive(Properties, PartialEq)]
pub(super) struct ReplicasProps {
    pub(super) id: ServiceId,
    pub(super) deployment: DeploymentId,
    /// They are looked at anew when this changes: how the service stands, and since when.
    pub(super) round: (Option<domain::deployment::Condition>, Option<domain::Timestamp>, u16),
}

#[component]
pub(super) fn Replicas(props: &ReplicasProps) -> Html {
    let live = use_live_canvas();
    let all = use_fetch(
        (props.id, props.deployment, props.round),
        move |(id, deployment, _)| async move {
            let place = live.place().ok_or(ApiError::Offline)?;
            live.api().replicas(place, id, deployment).await
        },
    );
    let Some(known) = all.value.as_ref().filter(|known| known.len() > 1) else {
        return Html::default();
    };
    html! {
        <ul class="replicas" aria-label="Replicas" data-test="replicas">
            { for known.iter().map(|one| {
                let (status, word) = state(one.status);
                let container = one.docker_container_id.iter().flat_map(|id| id.0.chars());
                let container: String = container.take(6).collect();
                html! {
                    <li key={one.replica.index} class="row small">
                        <StatusMark {status} {word} />
                        <span class="mono muted">{ container }</span>
                    </li>
                }
            }) }
        </ul>
    }
}

fn state(state: Option<ContainerState>) -> (Status, &'static str) {
    match state {
        Some(ContainerState::Running) => (Status::Live, "Running"),
        Some(ContainerState::Created) => (Status::Progress, "Creating"),
        Some(ContainerState::Restarting) => (Status::Progress, "Restarting"),
        Some(ContainerState::Paused) => (Status::Sleeping, "Paused"),
        Some(ContainerState::Removing) => (Status::Stopped, "Removing"),
        Some(ContainerState::Exited | ContainerState::Dead) => (Status::Failed, "Exited"),
        None => (Status::Stopped, "Unknown"),
    }
}
