//! Components that follow an open canvas: each renders when its own part of it changes.

use yew::prelude::{Callback, hook, use_context, use_effect_with, use_force_update, use_mut_ref};

use super::{LiveCanvas, state::CanvasState};

/// The open canvas, from anywhere below its screen.
///
/// # Panics
/// Outside that screen.
#[hook]
pub fn use_live_canvas() -> LiveCanvas {
    use_context::<LiveCanvas>().expect("the canvas's screen provides it")
}

/// A part of what is known, and a render whenever it changes.
#[hook]
pub fn use_selector<D, T>(
    live: &LiveCanvas,
    deps: D,
    select: fn(&LiveCanvas, &CanvasState, &D) -> T,
) -> T
where
    D: Clone + PartialEq + 'static,
    T: Clone + PartialEq + 'static,
{
    let update = use_force_update();
    let last = use_mut_ref(|| None::<T>);
    let now = select(live, &live.canvas(), &deps);
    last.replace(Some(now.clone()));
    use_effect_with((live.clone(), deps), move |(live, deps)| {
        let look = {
            let (live, deps) = (live.clone(), deps.clone());
            Callback::from(move |()| {
                let next = select(&live, &live.canvas(), &deps);
                let has_changed = last.borrow().as_ref() != Some(&next);
                if has_changed {
                    update.force_update();
                }
            })
        };
        let watch = live.watch(look.clone());
        // Something may have changed between the render and now.
        look.emit(());
        move || drop(watch)
    });
    now
}
