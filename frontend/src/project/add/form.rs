//! What all forms that add something have in common.

use domain::{Address, edit::Edit};
use yew::prelude::{Callback, Html, html};

use crate::{
    api::AsyncAction,
    component::{Button, ButtonKind},
    live::StageOutcome,
    project::staging::StagingActions,
};

/// The way out of a form, and the way on.
pub(super) fn foot(action: &'static str, is_busy: bool, on_close: &Callback<()>) -> Html {
    html! {
        <div class="row row--end">
            <span class="muted small grow">{ "Nothing runs before you apply." }</span>
            <Button onclick={on_close.reform(|_| ())}>{ "Cancel" }</Button>
            <Button kind={ButtonKind::Primary} submits=true busy={is_busy}>{ action }</Button>
        </div>
    }
}

/// Stages what a form has made, and closes it.
pub(super) fn send(
    actions: &StagingActions,
    action: &AsyncAction,
    edit: Edit,
    on_close: &Callback<()>,
    on_made: &Callback<Address>,
) {
    let (live, actions) = (actions.live.clone(), actions.clone());
    let (on_close, on_made) = (on_close.clone(), on_made.clone());
    action.start(async move { live.stage(vec![edit]).await }, move |staged| {
        on_close.emit(());
        match staged {
            StageOutcome::Stored(staging) => {
                if let Some(made) = staging.addresses.first() {
                    on_made.emit(made.clone());
                }
            }
            StageOutcome::Queued => {
                actions.say("You are offline. It will be staged when the network is back.")
            }
        }
    });
}
