//! What a service writes, as it comes.

use domain::{ServiceId, Timestamp, api::log::LogEvent};
use icondata_lu::LuLock;
use yew::prelude::{
    Callback, Html, Properties, component, html, use_effect_with, use_memo, use_mut_ref,
    use_state_eq,
};

use crate::{
    api::{ApiError, EnvironmentPath},
    component::Empty,
    live::{
        CanvasState, LiveCanvas,
        watch::{use_live_canvas, use_selector},
    },
    log::{FeedState, LogFeed, LogView, Row},
    view::stream::{Heard, Stream},
};

/// Lines of each container to begin with.
const TAIL: u32 = 500;

#[derive(Properties, PartialEq)]
pub(super) struct LogsProps {
    pub(super) id: ServiceId,
}

#[derive(Clone, PartialEq)]
struct Selected {
    place: Option<EnvironmentPath>,
    /// Another deployment that has begun to run is worth another look.
    newest: Option<(domain::DeploymentId, bool)>,
    /// The newest deployment failed, and no other serves.
    is_down: bool,
    may_edit: bool,
}

fn selected(_: &LiveCanvas, canvas: &CanvasState, id: &ServiceId) -> Selected {
    let newest = canvas.state(*id).and_then(|state| state.newest.as_ref());
    Selected {
        place: canvas.snapshot().map(EnvironmentPath::of),
        newest: newest.map(|newest| (newest.id, newest.started_at.is_some())),
        is_down: newest.is_some_and(|newest| newest.state.is_terminal())
            && canvas.state(*id).is_some_and(|state| state.active.is_none()),
        may_edit: canvas.may_edit(),
    }
}

#[component]
pub(super) fn Logs(props: &LogsProps) -> Html {
    let live = use_live_canvas();
    let selected = use_selector(&live, props.id, selected);
    let round = use_state_eq(|| 0_u32);
    let feed = use_memo(props.id, |_| LogFeed::default());
    let feed = (*feed).clone();
    let is_open = use_mut_ref(|| false);
    let stream = use_mut_ref(|| None::<(ServiceId, Stream)>);
    let place = selected.place.filter(|_| selected.may_edit);
    // Only a stream that has ended, or never began, is opened again for a new deployment.
    use_effect_with((props.id, place, selected.newest, *round), {
        let (feed, is_open) = (feed.clone(), is_open.clone());
        move |(id, place, newest, _): &(
            ServiceId,
            Option<EnvironmentPath>,
            Option<(domain::DeploymentId, bool)>,
            u32,
        )| {
            let is_same = stream.borrow().as_ref().is_some_and(|(of, _)| of == id);
            if let Some(place) = place
                && newest.is_some()
                && !(is_same && *is_open.borrow())
            {
                feed.clear();
                feed.set_state(FeedState::Connecting);
                let path =
                    format!("/api{}", place.path(&format!("/services/{id}/logs?tail={TAIL}")));
                let on = listener(feed, is_open.clone());
                stream.replace(
                    Stream::open(&path, &LogEvent::NAMES, &on).map(|opened| (*id, opened)),
                );
            }
        }
    });
    if !selected.may_edit {
        return html! {
            <Empty icon={LuLock} title="Only editors read logs"
                text="They may hold secrets. Ask an owner of this project to make you an editor." />
        };
    }
    let empty = if selected.newest.is_none() {
        "Nothing of this service has run yet."
    } else if selected.is_down {
        "No container of it runs. What a failed deployment wrote last is kept with it, under Deployments."
    } else {
        "Nothing has been written yet."
    };
    let on_reconnect = {
        let (round, is_open) = (round.clone(), is_open.clone());
        Callback::from(move |()| {
            is_open.replace(false);
            round.set(*round + 1);
        })
    };
    html! {
        <div class="drawer-log" data-test="logs">
            <LogView feed={feed} {empty} {on_reconnect} />
        </div>
    }
}

/// Puts what is heard into the feed.
fn listener(feed: LogFeed, is_open: std::rc::Rc<std::cell::RefCell<bool>>) -> Callback<Heard> {
    Callback::from(move |heard: Heard| match heard {
        Heard::Opened => {
            is_open.replace(true);
            feed.set_state(FeedState::Live);
        }
        Heard::Event(name, data) => match LogEvent::read(name, &data) {
            Some(LogEvent::Line(entry)) => feed.push(Row::Line(entry)),
            Some(LogEvent::Exited(origin)) => {
                let now = Timestamp::from_millis(crate::view::clock::now());
                feed.push(Row::Exited(origin, now));
            }
            Some(LogEvent::End) => {
                is_open.replace(false);
                feed.set_state(FeedState::Ended);
            }
            Some(LogEvent::Failed(error)) => {
                is_open.replace(false);
                feed.set_state(FeedState::Failed(ApiError::said(error, None).to_string().into()));
            }
            // A later server's, which this page does not know.
            None => (),
        },
        Heard::Broken if feed.state() != FeedState::Ended => feed.set_state(FeedState::Connecting),
        Heard::Broken => (),
        // Nothing has a container yet; the stream is opened again when something has.
        Heard::Refused => {
            let was_open = is_open.replace(false);
            feed.set_state(if was_open {
                FeedState::Failed("Disconnected".into())
            } else {
                FeedState::Idle
            });
        }
    })
}
