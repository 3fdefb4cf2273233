//! What happened to a service: conditions and incidents, with their reasons.

use domain::{
    ServiceId, Timestamp,
    event::{Event, LoggedEvent},
    rollout::IncidentKind,
};
use yew::prelude::{Html, Properties, component, html, use_state_eq};

use crate::{
    api::use_fetch,
    component::{RelativeTime, Skeleton, Status, StatusMark},
    live::watch::use_live_canvas,
    project::card_content,
};

#[derive(Properties, PartialEq)]
pub(super) struct HistoryProps {
    pub(super) id: ServiceId,
    /// Since when the service is as it is: what happened is read anew then.
    pub(super) since: Option<Timestamp>,
}

#[component]
pub(super) fn History(props: &HistoryProps) -> Html {
    let is_open = use_state_eq(|| false);
    html! {
        <details class="more" open={*is_open}>
            <summary onclick={yew::Callback::from({
                let is_open = is_open.clone();
                move |event: yew::MouseEvent| {
                    event.prevent_default();
                    is_open.set(!*is_open);
                }
            })}>{ "History" }</summary>
            if *is_open {
                <Events id={props.id} since={props.since} />
            }
        </details>
    }
}

#[component]
fn Events(props: &HistoryProps) -> Html {
    let live = use_live_canvas();
    let events = use_fetch((props.id, props.since), {
        let live = live.clone();
        move |(id, _)| async move {
            let place = live.place().ok_or(crate::api::ApiError::Offline)?;
            live.api().history(place, id).await
        }
    });
    match (&events.value, &events.error) {
        (Some(events), _) => {
            let entries: Vec<_> = events.iter().filter_map(entry).take(50).collect();
            if entries.is_empty() {
                return html! { <p class="muted">{ "Nothing out of the ordinary." }</p> };
            }
            html! {
                <ol class="events">
                    { for entries.into_iter().map(|(event, status, word, why)| html! {
                        <li key={event.number} class="event">
                            <StatusMark {status} {word} />
                            if let Some(why) = why {
                                <span class="muted grow">{ crate::api::sentence(&why) }</span>
                            } else {
                                <span class="grow" />
                            }
                            <span class="muted small"><RelativeTime at={event.at.as_millis()} /></span>
                        </li>
                    }) }
                </ol>
            }
        }
        (None, Some(error)) => html! { <p class="field-error">{ error.to_string() }</p> },
        (None, None) => html! { <Skeleton label="history" lines={3} /> },
    }
}

type Entry<'a> = (&'a LoggedEvent, Status, String, Option<String>);

fn entry(event: &LoggedEvent) -> Option<Entry<'_>> {
    let (status, word, why) = match &event.event {
        Event::Condition { condition, why, .. } => {
            let (status, word) = card_content::condition(*condition);
            (status, word.to_owned(), why.clone())
        }
        Event::Incident { incident, .. } => {
            let (status, word) = match incident.kind {
                IncidentKind::Removed => (Status::Failed, "Container removed outside Easel"),
                IncidentKind::Stopped => (Status::Stopped, "Container stopped outside Easel"),
                IncidentKind::Paused => (Status::Stopped, "Container paused outside Easel"),
                IncidentKind::Disconnected => (
                    Status::Failed,
                    "Container disconnected outside \
                    Easel",
                ),
                IncidentKind::Crashed => (Status::Failed, "Crashed and restarted"),
                IncidentKind::OutOfMemory => (Status::Failed, "Out of memory"),
                IncidentKind::GaveUp => (Status::Failed, "Crash loop: no further restarts"),
                IncidentKind::Completed => (Status::Live, "Completed"),
                IncidentKind::Replaced => (Status::Progress, "Container replaced"),
            };
            (status, word.to_owned(), Some(incident.text.clone()).filter(|text| !text.is_empty()))
        }
        Event::Attempted { why, .. } => {
            (Status::Failed, "Attempt failed".to_owned(), Some(why.clone()))
        }
        _ => return None,
    };
    Some((event, status, word, why))
}
