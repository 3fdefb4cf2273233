//! One row of a log.

use domain::{
    Timestamp,
    api::log::{LogEntry, LogOrigin},
    runtime::{LogStream, MAX_LOG_LINE},
};
use yew::prelude::{Html, classes, html};

use super::ansi::{Span, spans};
use crate::{component::Person, view::clock};

/// What stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A line, as the stream brought it.
    Line(LogEntry),
    /// A container has ended, and when this was heard.
    Exited(LogOrigin, Timestamp),
}

impl Row {
    /// When it was written, or heard.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Line(entry) => entry.line.at,
            Self::Exited(_, at) => *at,
        }
    }

    /// The replica's short name: the first letters of its container's.
    #[must_use]
    pub fn replica(&self) -> &str {
        let (Self::Line(LogEntry { from, .. }) | Self::Exited(from, _)) = self;
        from.container_id.get(..6).unwrap_or(&from.container_id)
    }

    /// The text, in stretches of one colour.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        let raw = match self {
            Self::Line(entry) => &entry.line.line,
            Self::Exited(..) => "container exited",
        };
        spans(raw[..raw.floor_char_boundary(MAX_LOG_LINE)].trim_end_matches('\n'))
    }

    /// The text, without colours.
    #[must_use]
    pub fn text(&self) -> String {
        self.spans().into_iter().map(|span| span.text).collect()
    }

    fn class(&self) -> Option<&'static str> {
        match self {
            Self::Line(entry) => match entry.line.stream {
                LogStream::Stdout => None,
                LogStream::Stderr => Some("log-row--error"),
            },
            Self::Exited(..) => Some("log-row--event"),
        }
    }
}

pub(super) fn view(number: u64, row: &Row) -> Html {
    let (at, replica) = (row.at().as_millis(), row.replica());
    html! {
        <div key={number} class={classes!("log-row", row.class())}>
            <time class="log-time" title={clock::exact(at)}>{ clock::time_of_day(at) }</time>
            if !replica.is_empty() {
                <span class="log-replica" data-colour={Person::new(replica.to_owned(), "").colour().to_string()}>
                    { replica }
                </span>
            }
            <span class="log-text">
                { for row.spans().into_iter().map(|span| match span.colour {
                    Some(colour) => html! {
                        <span class={classes!(format!("ansi-{}", colour.0))}>{ span.text }</span>
                    },
                    None => html! { { span.text } },
                }) }
            </span>
        </div>
    }
}
