//! The bar at the bottom: how many changes wait, whose they are, and what to do with them.

use domain::{Set, changes::Selection};
use icondata_lu::{LuRocket, LuTriangleAlert};
use yew::prelude::{
    Callback, Html, KeyboardEvent, Properties, component, html, use_effect, use_node_ref,
    use_state_eq,
};

use super::{details::Details, review::Review};
use crate::{
    api::{ApiError, use_async_action},
    component::{AvatarStack, Button, ButtonKind, Icon, Person, use_toasts},
    live::{
        CanvasModel, CanvasState, LiveCanvas, Phase,
        watch::{use_live_canvas, use_selector},
    },
    project::labels::count,
    view::{page, style},
};

#[derive(Properties, PartialEq)]
pub struct ChangeBarProps {
    /// The width that a panel leaves, if one is open.
    #[prop_or_default]
    pub free: Option<i32>,
}

#[derive(Clone, PartialEq)]
struct Selected {
    model: Option<CanvasModel>,
    authors: Vec<Person>,
    may_edit: bool,
    is_live: bool,
}

fn selected(live: &LiveCanvas, canvas: &CanvasState, (): &()) -> Selected {
    let model = canvas.model();
    let mut authors: Vec<Person> = Vec::new();
    for change in model.iter().flat_map(|model| &model.changes) {
        for contribution in &change.contributors {
            let person = canvas.person(contribution.author);
            if !authors.contains(&person) {
                authors.push(person);
            }
        }
    }
    Selected { authors, may_edit: canvas.may_edit(), is_live: live.phase() == Phase::Live, model }
}

#[component]
pub fn ChangeBar(props: &ChangeBarProps) -> Html {
    let live = use_live_canvas();
    let selected = use_selector(&live, (), selected);
    let is_open = use_state_eq(|| false);
    let toasts = use_toasts();
    let action = use_async_action();
    let root = use_node_ref();
    let free = props.free.filter(|free| *free > 320);
    // Told from the right edge, so that it holds when the window is resized.
    let middle = free.map_or_else(
        || "50%".to_owned(),
        |free| format!("calc(50% - {:.1}px)", (page::width() - f64::from(free)) / 2.0),
    );
    // The bar comes and goes: its place is written whenever it is there.
    use_effect({
        let root = root.clone();
        move || style::set(&root, "--middle", &middle)
    });

    let open = {
        let is_open = is_open.setter();
        Callback::from(move |()| is_open.set(true))
    };
    let apply = {
        let (live, action, open) = (live.clone(), action.clone(), open.clone());
        let (toasts, model) = (toasts.clone(), selected.model.clone());
        Callback::from(move |()| {
            let (Some(place), Some(model)) = (live.place(), &model) else { return };
            let review = Review::without(model, &Set::new());
            // What destroys data, or cannot be applied, is looked at first.
            if !review.can_apply() || !review.consequences.destroyed.is_empty() {
                open.emit(());
                return;
            }
            let (api, toasts, open) = (live.api().clone(), toasts.clone(), open.clone());
            let number = review.applied.len();
            let selection = Selection::Changes { changes: review.applied };
            action.start(
                async move {
                    let answer = api.apply(place, selection, domain::Message::default()).await;
                    if let Err(
                        ApiError::Conflict { .. }
                        | ApiError::Incomplete { .. }
                        | ApiError::Blocked { .. },
                    ) = &answer
                    {
                        open.emit(());
                    }
                    answer
                },
                move |applied| toasts.done(super::details::result(number, &applied)),
            );
        })
    };
    let changes = selected.model.as_ref().map_or(0, |model| model.changes.len());
    let on_key = {
        let (apply, is_open) = (apply.clone(), is_open.clone());
        let may = selected.may_edit && changes > 0;
        Callback::from(move |event: KeyboardEvent| {
            if may
                && !*is_open
                && event.shift_key()
                && event.key() == "Enter"
                && !page::is_typing(&event)
            {
                event.prevent_default();
                apply.emit(());
            }
        })
    };
    page::use_keys(on_key);
    let close = {
        let is_open = is_open.setter();
        Callback::from(move |()| is_open.set(false))
    };
    let Some(model) = selected.model.clone().filter(|_| changes > 0) else {
        return Html::default();
    };
    let problems = model.problems.len();
    html! {
        <>
            <section ref={root} class="change-bar" aria-label="Staged changes" data-test="change-bar">
                <span class="change-bar-mark" aria-hidden="true">{ "◇" }</span>
                <b class="change-bar-count" role="status" data-test="change-count">{ count(changes, "change") }</b>
                <AvatarStack people={selected.authors.clone()} />
                if problems > 0 {
                    <button type="button" class="change-bar-problem" title="What to fix" onclick={open.reform(|_| ())}>
                        <Icon icon={LuTriangleAlert} size={14} />{ count(problems, "problem") }
                    </button>
                }
                <span class="grow" />
                <span data-test="details">
                    <Button onclick={open.reform(|_| ())}>{ "Details" }</Button>
                </span>
                if selected.may_edit {
                    <span data-test="apply">
                        <Button kind={ButtonKind::Primary} icon={LuRocket} busy={action.is_busy()}
                            title="Shift Enter" onclick={apply.reform(|_| ())}
                            disabled={!selected.is_live}>
                            { format!("Apply {}", count(changes, "change")) }
                        </Button>
                    </span>
                }
                if let Some(error) = action.error() {
                    <p class="change-bar-error" role="alert">{ error.to_string() }</p>
                }
            </section>
            if *is_open {
                <Details {model} may_edit={selected.may_edit} on_close={close} />
            }
        </>
    }
}
