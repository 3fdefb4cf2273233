//! Old and new of a change. A secret is shown only when somebody who may asks for it.

use domain::{Content, change::StagedChange};
use icondata_lu::{LuArrowRight, LuEye, LuEyeOff, LuLock};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state_eq};

use crate::{
    api::use_async_action,
    component::{Icon, IconButton},
    live::{CanvasModel, watch::use_live_canvas},
};

#[derive(Properties, PartialEq)]
pub(super) struct DiffProps {
    pub model: CanvasModel,
    pub change: StagedChange,
    pub may_reveal: bool,
}

#[component]
pub(super) fn Diff(props: &DiffProps) -> Html {
    let DiffProps { model, change, may_reveal } = props;
    if change.address.variable_key().is_some() {
        return html! { <Secrets change={change.clone()} may_reveal={*may_reveal} /> };
    }
    if let (None, Some(Content::Service(service))) = (&change.old, &change.new) {
        let keys: Vec<&str> = service.variables.keys().map(domain::VariableKey::as_str).collect();
        return html! {
            <span class="diff">
                <ins class="mono">{ service.source.to_string() }</ins>
                if !service.ports.is_empty() {
                    <span class="muted">{ "ports " }<span class="mono">{ service.ports.to_string() }</span></span>
                }
                if !keys.is_empty() {
                    <span class="muted">{ "variables " }<span class="mono">{ keys.join(", ") }</span></span>
                }
            </span>
        };
    }
    let old = change.old.as_ref().and_then(|content| content.text(&model.base));
    let new = change.new.as_ref().and_then(|content| content.text(&model.whole));
    values(old.map(Into::into), new.map(Into::into))
}

/// Both values, or the one that there is.
pub(super) fn values(old: Option<AttrValue>, new: Option<AttrValue>) -> Html {
    html! {
        <span class="diff">
            if let Some(old) = &old {
                <del class="mono">{ old }</del>
            }
            if old.is_some() && new.is_some() {
                <Icon icon={LuArrowRight} size={12} />
            }
            if let Some(new) = &new {
                <ins class="mono">{ new }</ins>
            }
        </span>
    }
}

#[derive(Properties, PartialEq)]
struct SecretsProps {
    change: StagedChange,
    may_reveal: bool,
}

#[component]
fn Secrets(props: &SecretsProps) -> Html {
    let live = use_live_canvas();
    let action = use_async_action();
    let shown = use_state_eq(|| None::<(Option<AttrValue>, Option<AttrValue>)>);
    let SecretsProps { change, may_reveal } = props;
    let sealed = |content: &Option<Content>| matches!(content, Some(Content::Variable(variable)) if variable.sealed);
    let is_sealed = sealed(&change.old) || sealed(&change.new);
    let toggle = {
        let (live, action, shown) = (live.clone(), action.clone(), shown.clone());
        let address = change.address.clone();
        Callback::from(move |_| {
            if shown.is_some() {
                return shown.set(None);
            }
            let Some(place) = live.place() else { return };
            let (api, address, shown) = (live.api().clone(), address.clone(), shown.clone());
            action.start(async move { api.reveal(place, address).await }, move |both| {
                let text = |secret: Option<domain::Secret>| {
                    secret.map(|secret| AttrValue::from(secret.expose().to_owned()))
                };
                shown.set(Some((text(both.applied), text(both.staged))));
            });
        })
    };
    let dots = |content: &Option<Content>| content.as_ref().map(|_| AttrValue::Static("••••••"));
    let (old, new) = match &*shown {
        Some((old, new)) => (old.clone(), new.clone()),
        None => (dots(&change.old), dots(&change.new)),
    };
    html! {
        <span class="row diff-secret">
            { values(old, new) }
            if is_sealed {
                <span class="muted row small"><Icon icon={LuLock} size={12} />{ "sealed" }</span>
            } else if *may_reveal {
                // It stays where it is, and never disabled: the keyboard is on it.
                <IconButton icon={if shown.is_some() { LuEyeOff } else { LuEye }} pressed={shown.is_some()}
                    label={if shown.is_some() { "Hide the values" } else { "Show the values" }} onclick={toggle} />
            }
            if let Some(error) = action.error() {
                <span class="field-error">{ error.to_string() }</span>
            }
        </span>
    }
}
