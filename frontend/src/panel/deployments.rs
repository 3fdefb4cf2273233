//! The deployments of a service: what serves, what is on its way, and what was.

use domain::{
    ServiceId,
    deployment::Condition,
    deployments::{DeploymentSummary, ServiceState},
};
use icondata_lu::{LuRocket, LuRotateCw};
use yew::prelude::{Callback, Html, Properties, component, html, use_state_eq};

use super::{deployment::Deployment, history::History, open::Tab, replicas::Replicas};
use crate::{
    api::{EnvironmentPath, use_async_action, use_pages},
    card::CardChange,
    component::{Button, Empty, Skeleton, use_toasts},
    live::{
        CanvasState, LiveCanvas,
        watch::{use_live_canvas, use_selector},
    },
};

/// So many of the past are shown at first.
const FEW: usize = 8;

#[derive(Properties, PartialEq)]
pub(super) struct DeploymentsProps {
    pub(super) id: ServiceId,
    pub(super) on_tab: Callback<Tab>,
}

#[derive(Clone, PartialEq)]
struct Selected {
    place: Option<EnvironmentPath>,
    state: Option<ServiceState>,
    staged: CardChange,
    /// How many are applied.
    replicas: u16,
    may_edit: bool,
}

fn selected(_: &LiveCanvas, canvas: &CanvasState, id: &ServiceId) -> Selected {
    Selected {
        place: canvas.snapshot().map(EnvironmentPath::of),
        state: canvas.state(*id).cloned(),
        staged: canvas.model().map(|model| model.mark(*id)).unwrap_or_default(),
        replicas: canvas
            .snapshot()
            .and_then(|snapshot| snapshot.spec.services.get(id))
            .map_or(0, |service| service.replicas.count()),
        may_edit: canvas.may_edit(),
    }
}

#[component]
pub(super) fn Deployments(props: &DeploymentsProps) -> Html {
    let DeploymentsProps { id, on_tab } = props;
    let live = use_live_canvas();
    let toasts = use_toasts();
    let redeploy = use_async_action();
    let shows_all = use_state_eq(|| false);
    let selected = use_selector(&live, *id, selected);
    let newest = selected.state.as_ref().and_then(|state| state.newest.clone());
    let active = selected.state.as_ref().and_then(|state| state.active.clone());
    // Read anew when one is made, comes to serve, or ends; progress in between comes by itself.
    let stage = newest.as_ref().map(|it| (it.id, it.state.is_candidate()));
    let pages = use_pages((*id, stage, active.as_ref().map(|it| it.id)), {
        let (api, place) = (live.api().clone(), selected.place);
        move |(id, ..), offset| async move {
            let place = place.ok_or(crate::api::ApiError::Offline)?;
            api.deployments(place, id, offset).await
        }
    });

    let mut all: Vec<DeploymentSummary> = pages.rows.as_deref().cloned().unwrap_or_default();
    for fresh in [&newest, &active].into_iter().flatten() {
        match all.iter_mut().find(|known| known.id == fresh.id) {
            Some(known) => *known = fresh.clone(),
            None if pages.rows.is_some() || fresh.state.is_candidate() => all.push(fresh.clone()),
            None => (),
        }
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.generation));
    let is_active = |one: &DeploymentSummary| active.as_ref().is_some_and(|it| it.id == one.id);
    let newest_generation = all.first().map(|one| one.generation);
    let (now, past): (Vec<_>, Vec<_>) = all.iter().partition(|one| {
        is_active(one)
            || one.state.is_candidate()
            || (Some(one.generation) == newest_generation
                && matches!(one.state, domain::deployment::DeploymentState::Failed { .. }))
    });

    let onclick = {
        let (live, redeploy, id) = (live.clone(), redeploy.clone(), *id);
        Callback::from(move |_| {
            let Some(place) = live.place() else { return };
            let (api, toasts) = (live.api().clone(), toasts.clone());
            redeploy.start(async move { api.redeploy(place, id).await }, move |made| {
                toasts.done(format!("Deployment {} is under way", made.generation));
            });
        })
    };
    let condition = selected.state.as_ref().and_then(|state| state.condition);
    let serves = !matches!(
        condition,
        Some(Condition::Missing | Condition::Crashed | Condition::Stopped | Condition::Sleeping)
    );
    let row = |one: &&DeploymentSummary| {
        html! {
            <Deployment key={one.id.to_string()} deployment={(*one).clone()} is_active={is_active(one)} {serves}
                may_edit={selected.may_edit} {on_tab} />
        }
    };
    let can_redeploy = selected.may_edit
        && selected.staged != CardChange::New
        && selected.staged != CardChange::Removed;
    let shown = if *shows_all { past.len() } else { past.len().min(FEW) };
    html! {
        <div class="stack" data-test="deployments">
            if can_redeploy && !all.is_empty() {
                <div class="row">
                    <span class="grow muted small">{ "A redeploy looks the image up again." }</span>
                    <span data-test="redeploy">
                        <Button icon={LuRotateCw} busy={redeploy.is_busy()} {onclick}>{ "Redeploy" }</Button>
                    </span>
                </div>
            }
            if let Some(error) = redeploy.error() {
                <p class="form-error" role="alert">{ error.to_string() }</p>
            }
            if selected.staged == CardChange::New {
                <Empty icon={LuRocket} title="Not deployed yet"
                    text="It waits on the canvas. Apply the changes at the bottom to deploy it." />
            } else if all.is_empty() {
                if let Some(error) = &pages.error {
                    <p class="form-error" role="alert">{ error.to_string() }</p>
                } else if pages.rows.is_none() {
                    <Skeleton label="deployments" lines={5} />
                } else {
                    <Empty icon={LuRocket} title="No deployments"
                        text="Nothing of this service has run. Choose an image in its settings, then apply." />
                }
            }
            <ul class="stack stack--tight">{ for now.iter().map(row) }</ul>
            if let Some((active, state)) = active.as_ref().zip(selected.state.as_ref()) {
                <Replicas id={*id} deployment={active.id} round={(state.condition, state.since, selected.replicas)} />
            }
            if !past.is_empty() {
                <section class="stack stack--tight">
                    <h3>{ "History" }</h3>
                    <ul class="stack stack--tight">{ for past.iter().take(shown).map(row) }</ul>
                    if shown < past.len() {
                        <Button onclick={Callback::from({ let all = shows_all.setter(); move |_| all.set(true) })}>
                            { format!("Show {} more", past.len() - shown) }
                        </Button>
                    } else if pages.missing() > 0 {
                        <Button busy={pages.is_busy} onclick={pages.more.reform(|_| ())}>
                            { format!("Load more of {}", pages.total) }
                        </Button>
                    }
                </section>
            }
            if selected.staged != CardChange::New {
                <History id={*id} since={selected.state.as_ref().and_then(|state| state.since)} />
            }
        </div>
    }
}
