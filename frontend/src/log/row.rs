//! One line of a log.

use yew::prelude::{Html, classes, html};

use super::ring::{Line, Source};
use crate::{component::Person, view::clock};

pub(super) fn row(number: u64, line: &Line) -> Html {
    let class = match line.source {
        Source::Output => None,
        Source::Error => Some("log-row--error"),
        Source::Event => Some("log-row--event"),
    };
    html! {
        <div key={number} class={classes!("log-row", class)}>
            <time class="log-time" title={clock::exact(line.at)}>{ clock::time_of_day(line.at) }</time>
            if let Some(replica) = &line.replica {
                <span class="log-replica" data-pigment={Person::new(replica.clone(), "").pigment().to_string()}>
                    { replica }
                </span>
            }
            <span class="log-text">
                { for line.spans.iter().map(|span| match span.colour {
                    Some(colour) => html! {
                        <span class={classes!(format!("ansi-{}", colour.0))}>{ &span.text }</span>
                    },
                    None => html! { { &span.text } },
                }) }
            </span>
        </div>
    }
}
