//! Addresses that somebody else has changed since: both values, and which of them shall stand.

use domain::{Content, changes::Keep, conflict::Conflict};
use yew::prelude::{Callback, Html, Properties, component, html};

use crate::{
    api::use_async_action,
    component::{Button, ButtonKind},
    live::{CanvasModel, watch::use_live_canvas},
};

#[derive(Properties, PartialEq)]
pub(super) struct ConflictProps {
    pub model: CanvasModel,
    pub conflict: Conflict,
    pub may_edit: bool,
}

#[component]
pub(super) fn ConflictRow(props: &ConflictProps) -> Html {
    let ConflictProps { model, conflict, may_edit } = props;
    let live = use_live_canvas();
    let action = use_async_action();
    let settle = |keep: Keep| {
        let (live, action, change) = (live.clone(), action.clone(), conflict.change);
        Callback::from(move |_| {
            let Some(place) = live.place() else { return };
            let api = live.api().clone();
            action.start(async move { api.settle(place, change, keep).await }, |()| ());
        })
    };
    let text = |content: &Option<Content>| match content {
        None => "nothing".to_owned(),
        Some(Content::Variable(_)) => "another secret value".to_owned(),
        Some(content) => content.text(&model.whole).unwrap_or_else(|| "another version".to_owned()),
    };
    let staged = model.changes.iter().find(|change| change.id == conflict.change);
    let canvas = live.canvas();
    let authors: Vec<String> = (staged.iter())
        .flat_map(|change| &change.contributors)
        .map(|one| canvas.person(one.author).name.to_string())
        .collect();
    html! {
        <li class="conflict" data-test="conflict">
            <b>{ model.whole.describe(&conflict.address) }</b>
            <dl class="conflict-sides">
                <div><dt>{ format!("Staged by {}", authors.join(", ")) }</dt><dd class="mono">{ text(&conflict.mine) }</dd></div>
                <div><dt>{ "Applied meanwhile" }</dt><dd class="mono">{ text(&conflict.theirs) }</dd></div>
            </dl>
            if *may_edit {
                <div class="row">
                    <Button busy={action.is_busy()} onclick={settle(Keep::Mine)}>{ "Keep the staged one" }</Button>
                    <Button kind={ButtonKind::Bare} disabled={action.is_busy()} onclick={settle(Keep::Theirs)}>{ "Keep the applied one" }</Button>
                </div>
            }
            if let Some(error) = action.error() {
                <p class="field-error" role="alert">{ error.to_string() }</p>
            }
        </li>
    }
}
