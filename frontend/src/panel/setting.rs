//! One setting, saved by itself: saving stages it, and what is staged can be taken back here.

use domain::{Address, Content, edit::Edit};
use icondata_lu::LuUndo2;
use yew::prelude::{
    AttrValue, Callback, Html, KeyboardEvent, Properties, component, html, use_effect_with,
    use_state, use_state_eq,
};

use crate::{
    api::use_async_action,
    component::{Badge, Button, ButtonKind, Choice, Colour, Select, TextField},
    live::{
        CanvasState, LiveCanvas,
        watch::{use_live_canvas, use_selector},
    },
    project::{labels, staging::use_staging},
};

/// What is staged at an address: the change, and what stands there without it.
#[derive(Clone, PartialEq)]
struct Waiting {
    change: Option<(domain::ChangeId, Option<String>)>,
    may_edit: bool,
}

fn waiting(_: &LiveCanvas, canvas: &CanvasState, address: &Address) -> Waiting {
    let change = canvas.model().and_then(|model| {
        let change = model.change(address)?;
        let old = change.old.as_ref().and_then(|old| old.text(&model.base));
        Some((change.id, old))
    });
    Waiting { change, may_edit: canvas.may_edit() }
}

#[derive(Properties, PartialEq)]
pub(super) struct StagedBadgeProps {
    pub(super) address: Address,
}

/// Says that a setting is staged, what it was, and takes it back.
#[component]
pub(super) fn StagedBadge(props: &StagedBadgeProps) -> Html {
    let live = use_live_canvas();
    let actions = use_staging();
    let waiting = use_selector(&live, props.address.clone(), waiting);
    let Some((change, old)) = waiting.change else { return Html::default() };
    let undo = Callback::from(move |_| actions.discard(vec![change], None));
    html! {
        <p class="setting-mark" data-test="setting-staged">
            <Badge colour={Colour::Staged}>{ "◇ Staged" }</Badge>
            <span class="muted small truncate">
                { "was " }<span class="mono">{ old.unwrap_or_else(|| "empty".to_owned()) }</span>
            </span>
            if waiting.may_edit {
                <Button kind={ButtonKind::Bare} icon={LuUndo2} onclick={undo}>{ "Discard" }</Button>
            }
        </p>
    }
}

/// What typed text means: a value to put there, nothing (`None`), or why it means nothing.
pub(super) type Read = Callback<String, Result<Option<Content>, String>>;

#[derive(Properties, PartialEq)]
pub(super) struct TextSettingProps {
    pub(super) id: AttrValue,
    pub(super) label: AttrValue,
    pub(super) address: Address,
    /// What stands there, with what is staged.
    pub(super) value: String,
    pub(super) read: Read,
    #[prop_or_default]
    pub(super) hint: Option<AttrValue>,
    #[prop_or_default]
    pub(super) placeholder: Option<AttrValue>,
    #[prop_or_default]
    pub(super) mono: bool,
    #[prop_or(AttrValue::Static("text"))]
    pub(super) kind: AttrValue,
    /// Another setting of the same address says what is staged.
    #[prop_or_default]
    pub(super) unmarked: bool,
}

#[component]
pub(super) fn TextSetting(props: &TextSettingProps) -> Html {
    let live = use_live_canvas();
    let action = use_async_action();
    let typed = use_state(|| props.value.clone());
    let wrong = use_state_eq(|| None::<String>);
    let may_edit = use_selector(&live, (), |_, canvas, ()| canvas.may_edit());
    // Somebody else, or an undo, has put another value there.
    use_effect_with(props.value.clone(), {
        let (typed, wrong) = (typed.setter(), wrong.setter());
        move |value| {
            typed.set(value.clone());
            wrong.set(None);
        }
    });
    let is_dirty = *typed != props.value;
    let save = {
        let (live, action, wrong) = (live.clone(), action.clone(), wrong.setter());
        let (read, address, text) = (props.read.clone(), props.address.clone(), (*typed).clone());
        Callback::from(move |()| {
            if !is_dirty {
                return;
            }
            match read.emit(text.clone()) {
                Err(rule) => wrong.set(Some(labels::rule(&rule))),
                Ok(content) => {
                    wrong.set(None);
                    let (live, address) = (live.clone(), address.clone());
                    let edit = match content {
                        Some(content) => Edit::Set { address, content },
                        None => Edit::Clear { address },
                    };
                    action.start(async move { live.stage(vec![edit]).await }, |_| ());
                }
            }
        })
    };
    let reset = {
        let (typed, wrong, value) = (typed.setter(), wrong.setter(), props.value.clone());
        Callback::from(move |()| {
            typed.set(value.clone());
            wrong.set(None);
        })
    };
    let onkeydown = {
        let (save, reset) = (save.clone(), reset.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" if !event.shift_key() => save.emit(()),
            "Escape" if is_dirty => {
                event.stop_propagation();
                reset.emit(());
            }
            _ => (),
        })
    };
    let error = wrong
        .as_ref()
        .map(|wrong| AttrValue::from(wrong.clone()))
        .or_else(|| action.error().map(|error| error.to_string().into()));
    html! {
        <div class="setting" {onkeydown} data-test={format!("setting-{}", props.id)}>
            <TextField id={&props.id} label={&props.label} value={(*typed).clone()} mono={props.mono}
                hint={props.hint.clone()} placeholder={props.placeholder.clone()} {error} kind={&props.kind}
                disabled={!may_edit}
                on_input={Callback::from({ let typed = typed.setter(); move |text| typed.set(text) })} />
            if is_dirty {
                <div class="row">
                    <Button kind={ButtonKind::Primary} busy={action.is_busy()} onclick={save.reform(|_| ())}>{ "Stage" }</Button>
                    <Button kind={ButtonKind::Bare} onclick={reset.reform(|_| ())}>{ "Cancel" }</Button>
                </div>
            } else if !props.unmarked {
                <StagedBadge address={props.address.clone()} />
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct ChoiceSettingProps {
    pub(super) id: AttrValue,
    pub(super) label: AttrValue,
    pub(super) address: Address,
    pub(super) value: AttrValue,
    pub(super) choices: Vec<Choice>,
    pub(super) read: Read,
    #[prop_or_default]
    pub(super) hint: Option<AttrValue>,
    /// Another setting of the same address says what is staged.
    #[prop_or_default]
    pub(super) unmarked: bool,
}

/// One of several, staged as soon as it is chosen.
#[component]
pub(super) fn ChoiceSetting(props: &ChoiceSettingProps) -> Html {
    let live = use_live_canvas();
    let action = use_async_action();
    let may_edit = use_selector(&live, (), |_, canvas, ()| canvas.may_edit());
    let on_change = {
        let (live, action) = (live.clone(), action.clone());
        let (read, address) = (props.read.clone(), props.address.clone());
        Callback::from(move |text: String| {
            let (live, address) = (live.clone(), address.clone());
            let edit = match read.emit(text) {
                Ok(Some(content)) => Edit::Set { address, content },
                Ok(None) => Edit::Clear { address },
                Err(_) => return,
            };
            action.start(async move { live.stage(vec![edit]).await }, |_| ());
        })
    };
    html! {
        <div class="setting">
            <Select id={&props.id} label={&props.label} value={&props.value} choices={props.choices.clone()}
                {on_change} hint={props.hint.clone()} disabled={!may_edit}
                error={action.error().map(|error| AttrValue::from(error.to_string()))} />
            if !props.unmarked {
                <StagedBadge address={props.address.clone()} />
            }
        </div>
    }
}
