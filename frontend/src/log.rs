//! Logs as they come: a buffer in Rust, of which only the rows in the window are rendered, once per
//! frame.

pub mod ansi;
pub mod feed;
pub mod ring;
mod row;
#[cfg(test)]
mod tests;

use icondata_lu::{LuArrowDown, LuEraser, LuPause, LuPlay, LuRotateCw};
use yew::prelude::{
    AttrValue, Callback, Event, Html, InputEvent, Properties, component, html, use_effect,
    use_effect_with, use_force_update, use_mut_ref, use_node_ref, use_state_eq,
};

pub use self::{
    feed::{FeedState, LogFeed},
    row::Row,
};
use crate::{
    component::{Button, ButtonKind, IconButton, Status, StatusMark},
    view::{field, scroll, style},
};

/// The height of a row, as the stylesheet has it.
const ROW: i32 = 20;
/// Rows beyond the window that are rendered all the same.
const SPARE: i32 = 12;
/// Whoever scrolls up by more than this wants to read.
const NEAR_END: i32 = 40;

#[derive(Properties, PartialEq)]
pub struct LogViewProps {
    pub feed: LogFeed,
    /// What would write here, if there is nothing yet.
    #[prop_or(AttrValue::Static("Nothing has been written yet."))]
    pub empty: AttrValue,
    #[prop_or_default]
    pub on_reconnect: Callback<()>,
}

/// Where the view is.
#[derive(Debug)]
struct ScrollState {
    is_following: bool,
    /// The oldest line when the view was last written: what is dropped in front moves the rest up.
    oldest: u64,
}

#[component]
pub fn LogView(props: &LogViewProps) -> Html {
    let feed = &props.feed;
    let (frame, spacer, rows) = (use_node_ref(), use_node_ref(), use_node_ref());
    let place = use_mut_ref(|| ScrollState { is_following: true, oldest: 0 });
    let is_following = use_state_eq(|| true);
    let paused = use_state_eq(|| None::<u64>);
    let filter = use_state_eq(String::new);
    let update = use_force_update();
    let once = scroll::use_once_per_frame(Callback::from(move |()| update.force_update()));

    use_effect_with(feed.clone(), {
        let once = once.clone();
        move |feed| {
            feed.watch(Callback::from(move |()| once.ask()));
            once_feed_gone(feed.clone())
        }
    });

    let ring = feed.ring();
    let count = i32::try_from(ring.count(*paused)).unwrap_or(i32::MAX);
    let oldest = ring.oldest();
    let seen = scroll::read(&frame);
    let window = if seen.window > 0 { seen.window } else { 600 };
    let end = (count * ROW - window).max(0);
    let top = if place.borrow().is_following { end } else { seen.top.min(end) };
    let first = (top / ROW - SPARE).max(0);
    let shown = window / ROW + 2 * SPARE;

    style::use_style(&spacer, "height", format!("{}px", count * ROW).into());
    style::use_style(&rows, "transform", format!("translateY({}px)", first * ROW).into());
    use_effect({
        let (place, frame) = (place.clone(), frame.clone());
        move || {
            let mut place = place.borrow_mut();
            if place.is_following {
                scroll::to(&frame, i32::MAX / 2);
            } else if oldest > place.oldest && place.oldest > 0 {
                let dropped = i32::try_from(oldest - place.oldest).unwrap_or(0);
                scroll::to(&frame, scroll::read(&frame).top - dropped * ROW);
            }
            place.oldest = oldest;
        }
    });

    let onscroll = {
        let (frame, place, following) = (frame.clone(), place.clone(), is_following.setter());
        let once = once.clone();
        Callback::from(move |_: Event| {
            let seen = scroll::read(&frame);
            let is_at_end = seen.height - seen.top - seen.window <= NEAR_END;
            place.borrow_mut().is_following = is_at_end;
            following.set(is_at_end);
            once.ask();
        })
    };
    let jump = {
        let (place, following, paused) = (place.clone(), is_following.setter(), paused.setter());
        let once = once.clone();
        Callback::from(move |_| {
            place.borrow_mut().is_following = true;
            following.set(true);
            paused.set(None);
            once.ask();
        })
    };
    let pause = {
        let (paused, feed) = (paused.clone(), feed.clone());
        Callback::from(move |_| paused.set(paused.is_none().then(|| feed.ring().next())))
    };
    let clear = {
        let (feed, paused) = (feed.clone(), paused.setter());
        Callback::from(move |_| {
            paused.set(None);
            feed.clear();
        })
    };
    let on_filter = {
        let (feed, filter) = (feed.clone(), filter.setter());
        Callback::from(move |event: InputEvent| {
            let text = field::text(&event);
            feed.set_filter(&text);
            filter.set(text);
        })
    };

    let from = usize::try_from(first).unwrap_or_default();
    let most = usize::try_from(shown.min(count - first).max(0)).unwrap_or_default();
    let waiting = paused.map_or(0, |before| ring.next() - before);
    let kept = ring.len();
    html! {
        <section class="log" aria-label="Logs">
            <div class="log-bar">
                { state(&feed.state(), paused.is_some()) }
                <span class="faint log-count">
                    { if filter.is_empty() { format!("{kept} lines") } else { format!("{count} of {kept} lines") } }
                </span>
                <input class="input log-filter" type="search" placeholder="Filter" aria-label="Filter lines"
                    value={(*filter).clone()} oninput={on_filter} spellcheck="false" />
                if matches!(feed.state(), FeedState::Failed(_)) {
                    <Button icon={LuRotateCw} onclick={props.on_reconnect.reform(|_| ())}>{ "Reconnect" }</Button>
                }
                <IconButton icon={if paused.is_some() { LuPlay } else { LuPause }} pressed={paused.is_some()}
                    label={if paused.is_some() { "Resume" } else { "Pause" }} onclick={pause} />
                <IconButton icon={LuEraser} label="Clear" onclick={clear} />
            </div>
            <div ref={frame} class="log-frame" tabindex="0" role="log" aria-live="off" {onscroll}>
                <div ref={spacer} class="log-spacer">
                    <div ref={rows} class="log-rows">
                        { for ring.rows(from, most).map(|(number, row)| row::view(number, row)) }
                    </div>
                </div>
                if count == 0 {
                    <p class="log-empty">{
                        if filter.is_empty() { props.empty.clone() } else { "No line contains this.".into() }
                    }</p>
                }
            </div>
            if !*is_following || paused.is_some() {
                <div class="log-jump">
                    <Button kind={ButtonKind::Primary} icon={LuArrowDown} onclick={jump}>
                        { if waiting > 0 { format!("Jump to latest ({waiting} new)") } else { "Jump to latest".to_owned() } }
                    </Button>
                </div>
            }
        </section>
    }
}

/// When the view goes, the feed tells nobody.
fn once_feed_gone(feed: LogFeed) -> impl FnOnce() {
    move || feed.watch(Callback::noop())
}

fn state(state: &FeedState, is_paused: bool) -> Html {
    let (status, word) = match state {
        _ if is_paused => (Status::Staged, AttrValue::Static("Paused")),
        FeedState::Idle => (Status::Stopped, "Idle".into()),
        FeedState::Connecting => (Status::Progress, "Connecting".into()),
        FeedState::Live => (Status::Live, "Connected".into()),
        FeedState::Ended => (Status::Stopped, "Ended".into()),
        FeedState::Failed(why) => (Status::Failed, why.clone()),
    };
    html! { <StatusMark {status} {word} /> }
}
