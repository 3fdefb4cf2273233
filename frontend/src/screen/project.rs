//! The canvas of a project, with the panel of what is open.

use domain::{ProjectId, layout::Node};
use gloo::timers::callback::Timeout;
use icondata_lu::{LuRefreshCw, LuSettings, LuTriangleAlert, LuWifiOff};
use yew::prelude::{
    AttrValue, Callback, ContextProvider, Html, Properties, component, html, use_context,
    use_effect_with, use_memo, use_state_eq,
};

use super::failure::Failure;
use crate::{
    api::{ApiError, use_api, use_fetch},
    changes::ChangeBar,
    component::{Banner, Button, ButtonKind, Colour, Empty, Icon, Skeleton},
    live::{
        End, LiveCanvas, Phase,
        watch::{use_live_canvas, use_selector},
    },
    panel::{self, Open, Panel, Tab},
    project::map::Map,
    route::{Route, link::Link, router::use_navigator},
    session::Session,
    shell::Shell,
    view::page,
};

#[derive(Properties, PartialEq)]
pub struct ProjectScreenProps {
    /// Its slug, or id.
    pub project: String,
    #[prop_or_default]
    pub open: Open,
}

#[component]
pub fn ProjectScreen(props: &ProjectScreenProps) -> Html {
    let api = use_api();
    let found =
        use_fetch(props.project.clone(), move |named| async move { api.project(named).await });
    match (&found.value, &found.error) {
        (Some(project), _) => html! {
            <Opened key={project.id.to_string()} id={project.id}
                slug={props.project.clone()} open={props.open.clone()} />
        },
        (None, Some(error)) => html! {
            <Shell><Failure error={error.clone()} on_retry={found.reload.clone()} /></Shell>
        },
        (None, None) => html! { <Shell full=true><Opening /></Shell> },
    }
}

/// While nothing is known: cards of what will be there.
#[component]
fn Opening() -> Html {
    html! {
        <div class="map-opening"><div class="map-opening-card"><Skeleton label="the canvas" /></div></div>
    }
}

#[derive(Properties, PartialEq)]
struct OpenedProps {
    id: ProjectId,
    slug: String,
    open: Open,
}

#[component]
fn Opened(props: &OpenedProps) -> Html {
    let api = use_api();
    let live = use_memo(props.id, |id| LiveCanvas::new(*id, api));
    let live = (*live).clone();
    let is_online = page::use_online();
    use_effect_with(live.clone(), {
        let named = props.slug.clone();
        move |live: &LiveCanvas| {
            live.open(&named);
            let live = live.clone();
            move || live.close()
        }
    });
    use_effect_with((live.clone(), is_online), |(live, is_online): &(LiveCanvas, bool)| {
        if *is_online != (live.phase() != Phase::Offline) {
            live.set_online(*is_online);
        }
    });
    html! {
        <ContextProvider<LiveCanvas> context={live}>
            <ProjectCanvas slug={props.slug.clone()} open={props.open.clone()} />
        </ContextProvider<LiveCanvas>>
    }
}

#[derive(Properties, PartialEq)]
struct ProjectCanvasProps {
    slug: String,
    open: Open,
}

/// What the frame around the map says.
#[derive(Clone, PartialEq)]
struct Frame {
    phase: Phase,
    waiting: usize,
    is_outdated: bool,
    is_known: bool,
    is_deleted: bool,
    name: AttrValue,
    environment: AttrValue,
    chosen: Option<Node>,
}

fn frame(live: &LiveCanvas, canvas: &crate::live::CanvasState, open: &Open) -> Frame {
    let snapshot = canvas.snapshot();
    Frame {
        phase: live.phase(),
        waiting: live.waiting(),
        is_outdated: live.is_outdated(),
        is_known: snapshot.is_some(),
        is_deleted: canvas.is_deleted(),
        name: snapshot.map(|it| it.project.name.to_string()).unwrap_or_default().into(),
        environment: snapshot.map(|it| it.environment.name.to_string()).unwrap_or_default().into(),
        chosen: canvas.model().and_then(|model| open.node(&model)),
    }
}

#[component]
fn ProjectCanvas(props: &ProjectCanvasProps) -> Html {
    let live = use_live_canvas();
    let navigator = use_navigator();
    let session = use_context::<Session>().unwrap_or_default();
    let frame = use_selector(&live, props.open.clone(), frame);
    let width = use_state_eq(panel::width);
    page::use_title(if frame.name.is_empty() { "Canvas" } else { &frame.name });

    // The session is looked at again: whoever is signed out is sent to sign in.
    use_effect_with(frame.phase.clone(), {
        let refresh = session.refresh.clone();
        move |phase: &Phase| {
            if *phase == Phase::Over(End::SignedOut) {
                refresh.emit(());
            }
        }
    });

    let go = {
        let (navigator, slug) = (navigator.clone(), props.slug.clone());
        Callback::from(move |route: Option<(Open, bool)>| match route {
            Some((open, _)) => navigator.push(&open.route(&slug)),
            None => navigator.push(&Route::Canvas { project: slug.clone() }),
        })
    };
    let on_open = {
        let (go, live) = (go.clone(), live.clone());
        Callback::from(move |(node, tab): (Node, Tab)| {
            if let Some(model) = live.canvas().model() {
                go.emit(Some((Open::at(node, tab, &model), false)));
            }
        })
    };
    let is_open = props.open != Open::Nothing;
    let on_close = {
        let go = go.clone();
        Callback::from(move |()| {
            if is_open {
                go.emit(None);
            }
        })
    };

    if frame.is_deleted || frame.phase == Phase::Over(End::Gone) {
        let error = ApiError::NotFound(String::new());
        return if frame.is_deleted {
            html! {
                <Shell>
                    <Empty icon={LuTriangleAlert} title="This project has been deleted"
                        text="Somebody deleted it while it was open here. Its containers are being removed.">
                        <Link to={Route::Projects} classes="button button--primary">{ "Go to your projects" }</Link>
                    </Empty>
                </Shell>
            }
        } else {
            html! { <Shell><Failure {error} /></Shell> }
        };
    }

    let place = html! {
        <>
            <span class="bar-slash" aria-hidden="true">{ "/" }</span>
            <Link to={Route::Canvas { project: props.slug.clone() }} classes="bar-project truncate">
                <b>{ frame.name.clone() }</b>
            </Link>
            <span class="bar-environment muted">{ frame.environment.clone() }</span>
            <Link to={Route::ProjectSettings { project: props.slug.clone() }} classes="icon-button">
                <Icon icon={LuSettings} />
                <span class="sr-only">{ "Project settings" }</span>
            </Link>
        </>
    };
    let free = (frame.chosen.is_some()).then(|| panel::free(*width));
    html! {
        <Shell full=true {place} says_offline=true>
            { notice(&frame, &live) }
            if frame.phase == Phase::Live && frame.waiting == 0 && !frame.is_outdated {
                <OutageBanner />
            }
            if frame.is_known {
                <h1 class="sr-only">{ frame.name.clone() }</h1>
                <Map chosen={frame.chosen} {free} {on_open} on_close={on_close.clone()} />
                <ChangeBar {free} />
                if is_open {
                    <Panel open={props.open.clone()} node={frame.chosen} on_close={on_close}
                        on_width={Callback::from({ let width = width.setter(); move |to| width.set(to) })}
                        on_go={go.reform(|open: Open| Some((open, true)))} />
                }
            } else {
                <Opening />
            }
        </Shell>
    }
}

/// How often it is asked whether the engine is there, in milliseconds.
const LOOK_AGAIN: u32 = 15_000;

/// Says so when nothing can be deployed.
#[component]
fn OutageBanner() -> Html {
    let api = use_api();
    let why = use_state_eq(|| None::<&'static str>);
    let round = use_state_eq(|| 0_u32);
    use_effect_with(*round, {
        let (why, round) = (why.setter(), round.clone());
        move |_| {
            wasm_bindgen_futures::spawn_local(async move { why.set(api.outage_reason().await) });
            let next = Timeout::new(LOOK_AGAIN, move || round.set(*round + 1));
            move || drop(next)
        }
    });
    let Some(why) = *why else { return Html::default() };
    html! {
        <div class="map-notice" role="status" data-test="hindrance">
            <Banner colour={Colour::Staged} icon={LuTriangleAlert}><span>{ why }</span></Banner>
        </div>
    }
}

/// How the line is, where that matters to the person.
fn notice(frame: &Frame, live: &LiveCanvas) -> Html {
    let waiting = match frame.waiting {
        0 => String::new(),
        1 => " One edit of yours is queued.".to_owned(),
        count => format!(" {count} edits of yours are queued."),
    };
    let (text, action) = match &frame.phase {
        Phase::Live | Phase::Connecting if frame.is_outdated => (
            "Easel has been updated. Reload to use the new version.".to_owned(),
            Some(("Reload", Callback::from(|_| page::reload()))),
        ),
        Phase::Live if frame.waiting > 0 => (format!("Saving.{waiting}"), None),
        Phase::Live | Phase::Connecting => return Html::default(),
        // The first try again is nobody's business yet.
        Phase::Waiting(0..=1) if frame.waiting == 0 => return Html::default(),
        Phase::Waiting(tries) => {
            let live = live.clone();
            let text = format!("Disconnected. Reconnecting, attempt {tries}.{waiting}");
            (text, Some(("Reconnect now", Callback::from(move |_| live.retry()))))
        }
        Phase::Offline => {
            (format!("You are offline. What you see may be out of date.{waiting}"), None)
        }
        Phase::Over(End::Outdated) => (
            "Easel has been updated and speaks differently now. Reload to go on.".to_owned(),
            Some(("Reload", Callback::from(|_| page::reload()))),
        ),
        Phase::Over(End::SignedOut | End::Gone) => return Html::default(),
    };
    let icon = if frame.is_outdated { LuRefreshCw } else { LuWifiOff };
    html! {
        <div class="map-notice" data-test="connection">
            <Banner colour={Colour::Staged} {icon}>
                <span>{ text }</span>
                if let Some((word, onclick)) = action {
                    <Button kind={ButtonKind::Bare} {onclick}>{ word }</Button>
                }
            </Banner>
        </div>
    }
}
