//! What one does on the canvas, each as staged edits.

use domain::{Address, ChangeId, edit::Edit};
use yew::prelude::{AttrValue, Callback, hook};

use crate::{
    component::{Toast, Toasts, use_toasts},
    live::{LiveCanvas, StageOutcome, watch::use_live_canvas},
};

/// Stages, and says what came of it.
#[derive(Clone, PartialEq)]
pub struct StagingActions {
    pub live: LiveCanvas,
    toasts: Toasts,
}

/// What one may do on the open canvas.
#[hook]
pub fn use_staging() -> StagingActions {
    StagingActions { live: use_live_canvas(), toasts: use_toasts() }
}

impl StagingActions {
    /// Stages edits; failure is shown as a notice, success by what is drawn.
    pub fn stage(&self, edits: Vec<Edit>) {
        self.stage_then(edits, |_| ());
    }

    /// Stages edits, and goes on when that has worked.
    pub fn stage_then(&self, edits: Vec<Edit>, done: impl FnOnce(StageOutcome) + 'static) {
        let (live, toasts) = (self.live.clone(), self.toasts.clone());
        wasm_bindgen_futures::spawn_local(async move {
            match live.stage(edits).await {
                Ok(staged) => done(staged),
                Err(error) => toasts.failed(error.to_string()),
            }
        });
    }

    /// Stages that something goes. It can be taken back at once.
    pub fn remove(&self, address: Address, name: &str) {
        let (actions, text) = (self.clone(), format!("{name} will be deleted when you apply"));
        let was_staged =
            self.live.canvas().model().is_some_and(|model| model.base.get(&address).is_none());
        let text = if was_staged { format!("{name} is discarded") } else { text };
        self.stage_then(vec![Edit::Clear { address }], move |staged| {
            if let StageOutcome::Stored(staging) = staged {
                let undo = actions.undo(staging.edits);
                actions.toasts.show(Toast::done(text).action("Undo", undo));
            }
        });
    }

    /// Takes back the edits that were just staged.
    fn undo(&self, edits: Vec<ChangeId>) -> Callback<()> {
        let actions = self.clone();
        Callback::from(move |()| actions.discard(edits.clone(), None))
    }

    /// Discards changes; with `said`, that can be undone from the notice.
    pub fn discard(&self, changes: Vec<ChangeId>, said: Option<AttrValue>) {
        let (live, toasts, actions) = (self.live.clone(), self.toasts.clone(), self.clone());
        wasm_bindgen_futures::spawn_local(async move {
            match live.discard(changes).await {
                Ok(discarded) => {
                    if let Some(said) = said {
                        let undo = actions.restore(discarded.edits);
                        toasts.show(Toast::done(said).action("Undo", undo));
                    }
                }
                Err(error) => toasts.failed(error.to_string()),
            }
        });
    }

    fn restore(&self, edits: Vec<ChangeId>) -> Callback<()> {
        let (live, toasts) = (self.live.clone(), self.toasts.clone());
        Callback::from(move |()| {
            let (live, toasts, edits) = (live.clone(), toasts.clone(), edits.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let Some(place) = live.place() else { return };
                if let Err(error) = live.api().restore(place, edits).await {
                    toasts.failed(error.to_string());
                }
            });
        })
    }

    pub fn say(&self, text: impl Into<AttrValue>) {
        self.toasts.done(text);
    }
}
