//! What waits to be applied, where it can only be seen.

use domain::canvas::Snapshot;
use yew::prelude::{Html, html};

use crate::route::{Route, link::Link};

/// What is staged is applied on the canvas.
pub(super) fn to_canvas(snapshot: &Snapshot, named: &str, may_apply: bool) -> Html {
    let count = snapshot.changes().len();
    if count == 0 {
        return Html::default();
    }
    let (noun, waits) = if count == 1 { ("change", "waits") } else { ("changes", "wait") };
    html! {
        <p class="note note--staged row row--wrap">
            <span class="grow">
                { format!("{count} staged {noun} {waits} in this project. Nothing runs differently until somebody applies.") }
            </span>
            <Link to={Route::Canvas { project: named.to_owned() }} classes="button button--quiet">
                { if may_apply { "Look and apply on the canvas" } else { "Look on the canvas" } }
            </Link>
        </p>
    }
}
