//! All that is staged, resource by resource, and applying some or all of it.

use std::rc::Rc;

use domain::{
    Address, Map, Message, Set,
    changes::{Applied, Selection},
    consequence::effects,
    effect::Effect,
};
use icondata_lu::{LuRocket, LuTriangleAlert};
use yew::prelude::{
    AttrValue, Callback, Html, KeyboardEvent, Properties, component, html, use_memo, use_mut_ref,
    use_state, use_state_eq,
};

use super::{
    conflicts::ConflictRow,
    problems,
    review::{Review, by_subject},
    row::Row,
};
use crate::{
    api::use_async_action,
    component::{Button, ButtonKind, Confirm, Dialog, Icon, Person, TextField, use_toasts},
    live::{CanvasModel, watch::use_live_canvas},
    project::{labels::count, staging::use_staging},
    route::{
        Route,
        router::{use_navigator, use_route},
    },
};

#[derive(Properties, PartialEq)]
pub(super) struct DetailsProps {
    pub model: CanvasModel,
    pub may_edit: bool,
    pub on_close: Callback<()>,
}

#[component]
pub(super) fn Details(props: &DetailsProps) -> Html {
    let DetailsProps { model, may_edit, on_close } = props;
    let live = use_live_canvas();
    let actions = use_staging();
    let toasts = use_toasts();
    let action = use_async_action();
    let navigator = use_navigator();
    let route = use_route();
    // What came after these were opened waits to be ticked by whoever has read it.
    let opened_with = use_mut_ref(|| addresses(model));
    let left_out = use_state_eq(Set::<Address>::new);
    let ticked = use_state_eq(Set::<Address>::new);
    let message = use_state(String::new);
    let asks = use_state_eq(|| false);
    let effective: Set<Address> = {
        let known = opened_with.borrow();
        let late = addresses(model).into_iter().filter(|address| !known.contains(address));
        let late = late.filter(|address| !ticked.contains(address));
        left_out.iter().cloned().chain(late).collect()
    };
    let review: Rc<Review> = use_memo((model.clone(), effective.clone()), |(model, left_out)| {
        Review::without(model, left_out)
    });
    // All of them at once: one by one, each would lay all changes upon the configuration anew.
    let effects = use_memo(model.clone(), |model| {
        let each = effects(&model.base, &model.changes);
        model.changes.iter().map(|change| change.id).zip(each).collect::<Map<_, _>>()
    });
    let destroyed = review.destroyed(model);
    let choose = {
        let (left_out, ticked) = (left_out.clone(), ticked.clone());
        Callback::from(move |(address, is_chosen): (Address, bool)| {
            let mut out = (*left_out).clone();
            let mut selected = (*ticked).clone();
            if is_chosen {
                out.remove(&address);
                selected.insert(address);
            } else {
                out.insert(address);
            }
            left_out.set(out);
            ticked.set(selected);
        })
    };
    let apply = {
        let (live, action, review) = (live.clone(), action.clone(), review.clone());
        let (message, toasts, on_close) = (message.clone(), toasts.clone(), on_close.clone());
        let may_edit = *may_edit;
        Callback::from(move |()| {
            let Some(place) = live.place().filter(|_| may_edit && review.can_apply()) else {
                return;
            };
            let message = match Message::try_from(message.as_str()) {
                Ok(message) => message,
                Err(rule) => {
                    action.refuse(crate::project::add::wrong("message", &rule.to_string()));
                    return;
                }
            };
            let api = live.api().clone();
            let (toasts, on_close) = (toasts.clone(), on_close.clone());
            let number = review.applied.len();
            let selection = Selection::Changes { changes: review.applied.clone() };
            action.start(
                async move { api.apply(place, selection, message).await },
                move |applied| {
                    toasts.done(result(number, &applied));
                    on_close.emit(());
                },
            );
        })
    };
    let on_key = {
        let apply = apply.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Enter" && (event.shift_key() || event.ctrl_key() || event.meta_key())
            {
                event.prevent_default();
                apply.emit(());
            }
        })
    };
    let discard_all = {
        let (actions, model, on_close) = (actions.clone(), model.clone(), on_close.clone());
        Callback::from(move |()| {
            let all: Vec<_> = model.changes.iter().map(|change| change.id).collect();
            let said = format!("Discarded {}", count(all.len(), "change"));
            actions.discard(all, Some(said.into()));
            on_close.emit(());
        })
    };
    let project = route.project().unwrap_or_default().to_owned();
    let on_go = {
        let on_close = on_close.clone();
        Callback::from(move |route: Route| {
            on_close.emit(());
            navigator.push(&route);
        })
    };
    let total = model.changes.len();
    let chosen = review.applied.len();
    let canvas = live.canvas();
    html! {
        <Dialog title={AttrValue::from(count(total, "staged change"))} {on_close} wide=true>
            <div class="details" data-test="change-details" onkeydown={on_key}>
                if !review.conflicts.is_empty() {
                    <section class="details-alert" role="alert">
                        <h3>{ "Conflict: somebody else has changed this meanwhile" }</h3>
                        <ul class="stack stack--tight">
                            { for review.conflicts.iter().map(|conflict| html! {
                                <ConflictRow key={conflict.change.to_string()} model={model.clone()}
                                    conflict={conflict.clone()} may_edit={*may_edit} />
                            }) }
                        </ul>
                    </section>
                }
                if !review.problems.is_empty() {
                    <section class="details-alert" role="alert" data-test="problems">
                        <h3>{ "Fix this first" }</h3>
                        { problems::list(model, &review.problems, &project, &on_go) }
                    </section>
                }
                <p class="details-summary" data-test="consequences">{ review.summary() }{ "." }</p>
                if !destroyed.is_empty() {
                    <p class="details-destroys" role="alert">
                        <Icon icon={LuTriangleAlert} />
                        { format!("Easel forgets {} and cannot restore it. Its data stays in the \
                            engine until somebody removes it there.", destroyed.join(", ")) }
                    </p>
                }
                { for by_subject(model).into_iter().map(|(name, _, changes)| html! {
                    <section key={name.clone()} class="details-group">
                        <h3>{ name }</h3>
                        <ul>
                            { for changes.into_iter().map(|change| {
                                let people: Vec<Person> =
                                    change.contributors.iter().map(|one| canvas.person(one.author)).collect();
                                let address = change.address.clone();
                                html! {
                                    <Row key={change.address.to_string()} model={model.clone()} change={change.clone()}
                                        effect={effects.get(&change.id).copied().unwrap_or(Effect::None)}
                                        {people} may_edit={*may_edit}
                                        is_chosen={!effective.contains(&change.address)}
                                        is_along={review.along.contains(&change.id)}
                                        on_choose={choose.reform(move |is_chosen| (address.clone(), is_chosen))} />
                                }
                            }) }
                        </ul>
                    </section>
                }) }
                if *may_edit {
                    <div class="details-foot">
                        <TextField id="apply-message" label="Message" value={(*message).clone()}
                            placeholder="Why, for the history" error={action.field("message")}
                            on_input={Callback::from({ let message = message.setter(); move |text| message.set(text) })} />
                        if let Some(error) = action.other_errors(&["message"]) {
                            <p class="form-error" role="alert">{ error }</p>
                        }
                        <div class="row row--wrap">
                            <Button kind={ButtonKind::Bare} onclick={Callback::from({ let asks = asks.setter(); move |_| asks.set(true) })}>
                                { "Discard all" }
                            </Button>
                            <span class="grow" />
                            if chosen < total {
                                <span class="muted small">{ format!("{} left for later", count(total - chosen, "change")) }</span>
                            }
                            <kbd>{ "Shift Enter" }</kbd>
                            <span data-test="apply-chosen">
                                <Button kind={if destroyed.is_empty() { ButtonKind::Primary } else { ButtonKind::Danger }}
                                    icon={LuRocket} busy={action.is_busy()} disabled={!review.can_apply()} autofocus=true
                                    onclick={apply.reform(|_| ())}>
                                    { if destroyed.is_empty() {
                                        format!("Apply {}", count(chosen, "change"))
                                    } else {
                                        format!("Apply {}, delete {}", count(chosen, "change"), destroyed.join(", "))
                                    } }
                                </Button>
                            </span>
                        </div>
                    </div>
                }
                if *asks {
                    <Confirm title="Discard all changes" action={format!("Discard {}", count(total, "change"))}
                        on_confirm={discard_all}
                        on_close={Callback::from({ let asks = asks.setter(); move |()| asks.set(false) })}>
                        <p>{ "Also those that others have staged. What runs stays as it is, and you can undo this." }</p>
                    </Confirm>
                }
            </div>
        </Dialog>
    }
}

fn addresses(model: &CanvasModel) -> Set<Address> {
    model.changes.iter().map(|change| change.address.clone()).collect()
}

/// What came of applying.
pub(super) fn result(number: usize, applied: &Applied) -> String {
    let deployments = match applied.deployments.len() {
        0 => String::new(),
        1 => ", 1 deployment is under way".to_owned(),
        more => format!(", {more} deployments are under way"),
    };
    let revision = applied
        .revision
        .as_ref()
        .map(|it| format!(" as revision {}", it.number))
        .unwrap_or_default();
    format!("Applied {}{revision}{deployments}", count(number, "change"))
}
