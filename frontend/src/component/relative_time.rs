//! How long ago, with the exact moment on hover.

use yew::prelude::{Html, Properties, component, html, use_context};

use crate::view::clock;

/// The time that the whole page agrees on, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now(pub i64);

#[derive(Properties, PartialEq)]
pub struct RelativeTimeProps {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
}

#[component]
pub fn RelativeTime(props: &RelativeTimeProps) -> Html {
    let now = use_context::<Now>().map_or_else(clock::now, |Now(now)| now);
    let exact = clock::exact(props.at);
    html! {
        <time datetime={clock::stamp(props.at)} title={exact}>{ relative(now, props.at) }</time>
    }
}

/// For how long something has been so, with its exact beginning on hover.
#[component]
pub fn Lasting(props: &LastingProps) -> Html {
    let now = use_context::<Now>().map_or_else(clock::now, |Now(now)| now);
    html! {
        <time datetime={clock::stamp(props.since)} title={clock::exact(props.since)}>
            { lasting(now, props.since) }
        </time>
    }
}

#[derive(Properties, PartialEq)]
pub struct LastingProps {
    /// Milliseconds since the Unix epoch.
    pub since: i64,
}

/// How long something has been under way, second by second.
#[component]
pub fn Elapsed(props: &ElapsedProps) -> Html {
    let now = clock::use_now(1_000);
    html! { <time class="elapsed" title={clock::exact(props.since)}>{ duration(now - props.since) }</time> }
}

#[derive(Properties, PartialEq)]
pub struct ElapsedProps {
    /// Milliseconds since the Unix epoch.
    pub since: i64,
}

/// So many milliseconds, in words.
#[must_use]
pub fn duration(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// How far `at` lies from `now`, in words.
#[must_use]
pub fn relative(now: i64, at: i64) -> String {
    let seconds = (now - at) / 1_000;
    match length(seconds.abs()) {
        None => "just now".into(),
        Some(length) if seconds > 0 => format!("{length} ago"),
        Some(length) => format!("in {length}"),
    }
}

/// For how long something that began at `since` has lasted, in words.
#[must_use]
pub fn lasting(now: i64, since: i64) -> String {
    let length = length(((now - since) / 1_000).max(0));
    format!("for {}", length.unwrap_or_else(|| "less than 10 s".into()))
}

/// So many seconds in one unit; `None` for a moment.
fn length(seconds: i64) -> Option<String> {
    let (count, unit) = match seconds {
        ..10 => return None,
        s @ 10..60 => (s, "s"),
        s @ 60..3_600 => (s / 60, "min"),
        s @ 3_600..86_400 => (s / 3_600, "h"),
        s @ 86_400..172_800 => (s / 86_400, "day"),
        s @ 172_800..5_184_000 => (s / 86_400, "days"),
        s @ 5_184_000..63_072_000 => (s / 2_592_000, "months"),
        s => (s / 31_536_000, "years"),
    };
    Some(format!("{count} {unit}"))
}
