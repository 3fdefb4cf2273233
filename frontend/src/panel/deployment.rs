//! One deployment: how far it has come, why it failed, what one can do.

use domain::{
    deployment::{Cause, DeploymentState},
    deployments::DeploymentSummary,
    runtime::PullProgress,
};
use icondata_lu::{LuCircleX, LuScrollText};
use yew::prelude::{
    AttrValue, Callback, Html, Properties, classes, component, html, use_node_ref, use_state_eq,
};

use super::open::Tab;
use crate::{
    api::{use_async_action, use_fetch},
    component::{
        Avatar, Badge, Button, ButtonKind, Colour, Elapsed, RelativeTime, Skeleton, StatusMark,
        duration,
    },
    live::watch::use_live_canvas,
    project::card_content,
    view::style,
};

#[derive(Properties, PartialEq)]
pub(super) struct DeploymentProps {
    pub(super) deployment: DeploymentSummary,
    pub(super) is_active: bool,
    /// Whether anything of the active one runs.
    pub(super) serves: bool,
    pub(super) may_edit: bool,
    pub(super) on_tab: Callback<Tab>,
}

#[component]
pub(super) fn Deployment(props: &DeploymentProps) -> Html {
    let DeploymentProps { deployment, is_active, serves, may_edit, on_tab } = props;
    let live = use_live_canvas();
    let cancel = use_async_action();
    let shows_tail = use_state_eq(|| false);
    let state = &deployment.state;
    let is_going = state.is_candidate() || matches!(state, DeploymentState::Draining { .. });
    let onclick = {
        let (live, cancel) = (live.clone(), cancel.clone());
        let (service, id) = (deployment.service, deployment.id);
        Callback::from(move |_| {
            let Some(place) = live.place() else { return };
            let api = live.api().clone();
            cancel.start(async move { api.cancel(place, service, id).await }, |_| ());
        })
    };
    let cause = match deployment.cause {
        Cause::Apply => "Applied",
        Cause::Redeploy => "Redeployed",
        Cause::Rollback => "Rolled back to",
    };
    let author = deployment.author.map(|author| live.canvas().person(author));
    html! {
        <li class={classes!("deployment", (*is_active && *serves).then_some("deployment--active"), is_going.then_some("deployment--going"))}
            data-test="deployment" data-state={state.as_str()}>
            <div class="row row--wrap">
                <StatusMark status={card_content::shape(state)} word={card_content::step(state)} />
                if *is_active && *serves {
                    <Badge colour={Colour::Live}>{ "Active" }</Badge>
                } else if *is_active {
                    <Badge>{ "Active, not running" }</Badge>
                }
                <span class="muted">{ format!("#{}", deployment.generation) }</span>
                if is_going {
                    <span class="card-rollout"><Elapsed since={deployment.created_at.as_millis()} /></span>
                }
                if deployment.attempts > 0 && state.is_candidate() {
                    <Badge colour={Colour::Staged}>{ format!("Try {}", deployment.attempts + 1) }</Badge>
                }
                <span class="grow" />
                if state.is_candidate() && *may_edit {
                    <Button kind={ButtonKind::Bare} icon={LuCircleX} busy={cancel.is_busy()} {onclick}>{ "Cancel" }</Button>
                }
            </div>
            if is_going {
                { steps(state) }
                if let DeploymentState::Pulling { progress, .. } = state {
                    <Pull progress={*progress} />
                }
                if let Some(what) = state.waiting() {
                    <p class="small muted" data-test="waiting">{ crate::api::sentence(what) }</p>
                }
            }
            <p class="deployment-image mono truncate" title={deployment.pinned.clone()}>{ deployment.image.as_str() }</p>
            <p class="row row--wrap small muted">
                if let Some(person) = author {
                    <Avatar person={person.clone()} />
                    <span>{ format!("{cause} by {}", person.name) }</span>
                } else {
                    <span>{ cause }</span>
                }
                <RelativeTime at={deployment.created_at.as_millis()} />
                if let Some(live_at) = deployment.live_at {
                    <span>{ format!("live after {}", duration(live_at.as_millis() - deployment.created_at.as_millis())) }</span>
                }
            </p>
            if !deployment.message.as_str().is_empty() {
                <p class="deployment-message">{ deployment.message.as_str() }</p>
            }
            if let DeploymentState::Failed { failure, .. } = state {
                <div class="deployment-failure" data-test="failure">
                    <p>
                        { crate::api::sentence(&failure.reason) }
                        if let Some(code) = failure.exit_code.filter(|code| !failure.reason.contains(&code.to_string())) {
                            { " Exit code " }<code>{ code }</code>{ "." }
                        }
                    </p>
                    <div class="row row--wrap">
                        if *may_edit {
                            <Button onclick={Callback::from({ let tail = shows_tail.clone(); move |_| tail.set(!*tail) })}>
                                { if *shows_tail { "Hide last lines" } else { "Show last lines" } }
                            </Button>
                            <Button kind={ButtonKind::Bare} icon={LuScrollText} onclick={on_tab.reform(|_| Tab::Logs)}>
                                { "View logs" }
                            </Button>
                        }
                    </div>
                    if *shows_tail {
                        <Tail deployment={deployment.clone()} />
                    }
                </div>
            }
            if let Some(error) = cancel.error() {
                <p class="field-error" role="alert">{ error.to_string() }</p>
            }
        </li>
    }
}

/// The way of a deployment, and where on it this one is.
fn steps(state: &DeploymentState) -> Html {
    let at = match state {
        DeploymentState::Queued { .. } => 0,
        DeploymentState::Pulling { .. } => 1,
        DeploymentState::Starting { .. } => 2,
        DeploymentState::Checking { .. } => 3,
        DeploymentState::Switching { .. } => 4,
        _ => 5,
    };
    let words = ["Queued", "Image", "Start", "Check", "Switch", "Live"];
    html! {
        <ol class="steps" aria-label="Progress">
            { for words.into_iter().enumerate().map(|(step, word)| {
                let class = match step.cmp(&at) {
                    std::cmp::Ordering::Less => "step step--done",
                    std::cmp::Ordering::Equal => "step step--now",
                    std::cmp::Ordering::Greater => "step",
                };
                html! { <li key={word} {class} aria-current={(step == at).then_some("step")}>{ word }</li> }
            }) }
        </ol>
    }
}

#[derive(Properties, PartialEq)]
struct PullProps {
    progress: PullProgress,
}

/// How much of an image is here.
#[component]
fn Pull(props: &PullProps) -> Html {
    let PullProgress { received, total } = props.progress;
    let root = use_node_ref();
    let percent = received.saturating_mul(100).checked_div(total).unwrap_or(0).min(100);
    style::use_style(&root, "--done", AttrValue::from(format!("{percent}%")));
    if total == 0 {
        return html! { <p class="small muted">{ "Waiting for the registry" }</p> };
    }
    html! {
        <div class="pull">
            <div ref={root} class="pull-bar" role="progressbar" aria-label="Image received"
                aria-valuenow={percent.to_string()} aria-valuemin="0" aria-valuemax="100" />
            <span class="small muted">{ format!("{} of {}", size(received), size(total)) }</span>
        </div>
    }
}

fn size(bytes: u64) -> String {
    let mega = bytes / 1_000_000;
    if mega > 0 { format!("{mega} MB") } else { format!("{} kB", bytes / 1_000) }
}

#[derive(Properties, PartialEq)]
struct TailProps {
    deployment: DeploymentSummary,
}

/// What the container said last.
#[component]
fn Tail(props: &TailProps) -> Html {
    let live = use_live_canvas();
    let one = &props.deployment;
    let detail = use_fetch((one.service, one.id), {
        let live = live.clone();
        move |(service, id)| async move {
            let place = live.place().ok_or(crate::api::ApiError::Offline)?;
            live.api().deployment(place, service, id).await
        }
    });
    match (&detail.value, &detail.error) {
        (Some(detail), _) => {
            match detail.log_tail.as_ref().filter(|tail| !tail.expose().is_empty()) {
                Some(tail) => html! { <pre class="tail" tabindex="0">{ tail.expose() }</pre> },
                None if detail.exit_code.is_some() => {
                    html! { <p class="muted">{ "Its container said nothing." }</p> }
                }
                None => {
                    html! { <p class="muted">{ "No container of it has ended, so there are no last lines." }</p> }
                }
            }
        }
        (None, Some(error)) => html! { <p class="field-error">{ error.to_string() }</p> },
        (None, None) => html! { <Skeleton label="last lines" lines={3} /> },
    }
}
