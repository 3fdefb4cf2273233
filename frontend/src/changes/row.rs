//! One staged change: what it does, whose it is, and what it means.

use domain::{change::StagedChange, dependency::dependents, effect::Effect};
use icondata_lu::LuX;
use yew::prelude::{AttrValue, Callback, Event, Html, Properties, component, html, use_state_eq};

use super::diff::Diff;
use crate::{
    component::{AvatarStack, Badge, Colour, Confirm, IconButton, Person, RelativeTime},
    live::CanvasModel,
    project::{labels, staging::use_staging},
    view::field,
};

#[derive(Properties, PartialEq)]
pub(super) struct RowProps {
    pub model: CanvasModel,
    pub change: StagedChange,
    pub effect: Effect,
    pub people: Vec<Person>,
    pub is_chosen: bool,
    /// It was not chosen, but others need it.
    pub is_along: bool,
    pub may_edit: bool,
    pub on_choose: Callback<bool>,
}

#[component]
pub(super) fn Row(props: &RowProps) -> Html {
    let RowProps { model, change, effect, people, is_chosen, is_along, may_edit, on_choose } =
        props;
    let actions = use_staging();
    let asks = use_state_eq(|| false);
    let title = labels::title(model, change);
    let (does, colour) = labels::effect(change, *effect);
    let at = change.contributors.iter().map(|one| one.at.as_millis()).max();
    let gone = dependents(&model.base, &model.changes, &[change.id]);
    let discard = {
        let (actions, gone, subject) = (actions, gone.clone(), title.clone());
        Callback::from(move |()| {
            let said = match gone.len() {
                1 => format!("Discarded: {subject}"),
                more => format!("Discarded {}", labels::count(more, "change")),
            };
            actions.discard(gone.clone(), Some(said.into()));
        })
    };
    let ask = {
        let (discard, asks) = (discard.clone(), asks.setter());
        let is_alone = gone.len() <= 1;
        Callback::from(move |_| if is_alone { discard.emit(()) } else { asks.set(true) })
    };
    let id = format!("change-{}", change.id);
    let label = format!("Apply: {title}");
    html! {
        <li class="change" data-test="change" data-address={change.address.to_string()}>
            if *may_edit {
                <input type="checkbox" {id} aria-label={label} checked={*is_chosen || *is_along}
                    disabled={*is_along} onchange={on_choose.reform(|event: Event| field::is_ticked(&event))} />
            }
            <div class="change-body grow">
                <div class="row row--wrap">
                    <b class={change.address.variable_key().map(|_| "mono")}>{ &title }</b>
                    <Badge {colour}>{ does }</Badge>
                    if change.destroys_data() {
                        <Badge colour={Colour::Fail}>{ "▲ Its data is left in the engine" }</Badge>
                    }
                    if *is_along {
                        <Badge colour={Colour::Staged}>{ "Required by the others" }</Badge>
                    }
                </div>
                <Diff model={model.clone()} change={change.clone()} may_reveal={*may_edit} />
            </div>
            <span class="change-who">
                <AvatarStack people={people.clone()} most={2} />
                if let Some(at) = at {
                    <span class="muted small"><RelativeTime {at} /></span>
                }
            </span>
            if *may_edit {
                <IconButton icon={LuX} label={format!("Discard: {title}")} onclick={ask} />
            }
            if *asks {
                <Confirm title={AttrValue::from(format!("Discard {}", labels::count(gone.len(), "change")))}
                    action={format!("Discard {}", labels::count(gone.len(), "change"))} on_confirm={Callback::from({
                        let (discard, asks) = (discard.clone(), asks.setter());
                        move |()| { asks.set(false); discard.emit(()); }
                    })} on_close={Callback::from({ let asks = asks.setter(); move |()| asks.set(false) })}>
                    <p>{ "These need it, and go with it. You can undo that." }</p>
                    <ul class="bullets">
                        { for model.changes.iter().filter(|other| gone.contains(&other.id)).map(|other| html! {
                            <li key={other.id.to_string()}>
                                { labels::subject(model, &other.address) }{ ": " }{ labels::title(model, other) }
                            </li>
                        }) }
                    </ul>
                </Confirm>
            }
        </li>
    }
}
