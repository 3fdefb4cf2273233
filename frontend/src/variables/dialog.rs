//! Adding a variable, or giving one another value.

use std::rc::Rc;

use domain::{Address, EnvironmentSpec, Secret, VariableKey, edit::Edit, variable::check_value};
use icondata_lu::{LuCornerDownRight, LuTriangleAlert};
use yew::prelude::{
    AttrValue, Callback, Html, Properties, component, html, use_effect_with, use_state_eq,
};

use super::{LineEnds, Remark, Scope, Text, remarks, suggestions};
use crate::{
    api::{ApiError, EnvironmentPath, sentence, use_api, use_async_action, use_fetch},
    component::{
        Banner, Button, ButtonKind, Checkbox, Choice, Colour, Dialog, Form, Icon, Select, Skeleton,
        TextArea, TextField,
    },
};

/// Which variable is edited.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    New,
    /// A new one, for a key that is known.
    Override(VariableKey),
    /// One that exists, or is staged. Of a sealed one the value cannot be read.
    Existing {
        key: VariableKey,
        is_sealed: bool,
    },
}

#[derive(Properties, PartialEq)]
pub(super) struct VariableDialogProps {
    pub(super) place: EnvironmentPath,
    pub(super) scope: Scope,
    /// With all that is staged.
    pub(super) spec: Rc<EnvironmentSpec>,
    pub(super) subject: Subject,
    pub(super) on_close: Callback<()>,
    pub(super) on_staged: Callback<()>,
}

#[component]
pub(super) fn VariableDialog(props: &VariableDialogProps) -> Html {
    let VariableDialogProps { place, scope, spec, subject, on_close, on_staged } = props;
    let (place, scope) = (*place, *scope);
    let (known_key, was_sealed) = match subject {
        Subject::New => (None, false),
        Subject::Override(key) => (Some(key), false),
        Subject::Existing { key, is_sealed } => (Some(key), *is_sealed),
    };
    let api = use_api();
    let action = use_async_action();
    let key = use_state_eq(|| known_key.map(ToString::to_string).unwrap_or_default());
    let text = use_state_eq(Text::default);
    let is_sealed = use_state_eq(|| was_sealed);

    // The present value, where there is one that can be read.
    let readable = match subject {
        Subject::Existing { key, is_sealed: false } => Some(scope.address(key.clone())),
        _ => None,
    };
    let present = use_fetch(readable.clone(), {
        let api = api.clone();
        move |address: Option<Address>| async move {
            match address {
                Some(address) => {
                    let revealed = api.reveal(place, address).await?;
                    let value = revealed.staged.or(revealed.applied).unwrap_or_default();
                    Ok(Text::of(value.expose()))
                }
                None => Ok(Text::default()),
            }
        }
    });
    use_effect_with(present.value.clone(), {
        let text = text.setter();
        move |present| {
            if let Some(present) = present {
                text.set((**present).clone());
            }
        }
    });

    let is_waiting = readable.is_some() && present.value.is_none() && present.error.is_none();
    let found = remarks(spec, scope, &key, text.shown());
    let on_submit = {
        let (api, action, key, text) = (api.clone(), action.clone(), key.clone(), text.clone());
        let (on_close, on_staged, is_sealed) = (on_close.clone(), on_staged.clone(), *is_sealed);
        let is_new = !matches!(subject, Subject::Existing { .. });
        Callback::from(move |()| {
            let edit = match edit(scope, &key, &text.value(), is_sealed, is_new) {
                Ok(edit) => edit,
                Err(error) => return action.refuse(error),
            };
            let (api, on_close, on_staged) = (api.clone(), on_close.clone(), on_staged.clone());
            action.start(async move { api.stage(place, vec![edit]).await }, move |_| {
                on_close.emit(());
                on_staged.emit(());
            });
        })
    };

    let title = match subject {
        Subject::New => "Add a variable".to_owned(),
        Subject::Override(key) => format!("Override {key}"),
        Subject::Existing { key, .. } => format!("Edit {key}"),
    };
    // A key that is taken is told beside the key.
    let taken = match action.error() {
        Some(ApiError::Conflict { message, conflicts }) if conflicts.is_empty() => {
            Some(AttrValue::from(sentence(message)))
        }
        _ => action.field("key"),
    };
    let error = if taken.is_some() { None } else { action.other_errors(&["key", "value"]) };
    html! {
        <Dialog title={title} on_close={on_close.clone()} wide=true>
            <Form {on_submit} {error}>
                if known_key.is_none() {
                    <TextField id="variable-key" label="Key" value={(*key).clone()} mono=true
                        autofocus=true error={taken} placeholder="DATABASE_URL"
                        hint="Letters, digits and _; programs read it under this name"
                        on_input={setting(&key)} />
                }
                if is_waiting {
                    <Skeleton label="the value" lines={2} />
                } else {
                    { value_field(&text, was_sealed, known_key.is_some(), action.field("value")) }
                    { line_ends(&text) }
                    { references(&text, spec, scope, &found) }
                }
                if let Some(error) = &present.error {
                    <Banner colour={Colour::Staged} icon={LuTriangleAlert}>
                        { format!("The present value could not be read. {error} You can write a new one.") }
                    </Banner>
                }
                <Checkbox id="variable-sealed" label="Seal it for ever" checked={*is_sealed}
                    disabled={was_sealed} on_change={setting(&is_sealed)}
                    hint={if was_sealed {
                        "It is sealed: it can be replaced, but nobody can read it, not even here."
                    } else {
                        "Nobody can read a sealed value again; it can only be replaced. Use it for keys that are kept elsewhere."
                    }} />
                <div class="row row--end">
                    <Button onclick={on_close.reform(|_| ())}>{ "Cancel" }</Button>
                    <Button kind={ButtonKind::Primary} submits=true busy={action.is_busy()}
                        disabled={is_waiting}>
                        { match subject {
                            Subject::New | Subject::Override(_) => "Stage variable",
                            Subject::Existing { .. } => "Stage value",
                        } }
                    </Button>
                </div>
            </Form>
        </Dialog>
    }
}

fn setting<T: PartialEq + 'static>(state: &yew::UseStateHandle<T>) -> Callback<T> {
    let setter = state.setter();
    Callback::from(move |value| setter.set(value))
}

/// What to stage, if what was typed is sound.
fn edit(
    scope: Scope,
    key: &str,
    value: &str,
    sealed: bool,
    only_new: bool,
) -> Result<Edit, ApiError> {
    let wrong = |field: &str, rule: String| ApiError::Invalid {
        message: String::new(),
        fields: [(field.to_owned(), vec![rule])].into(),
    };
    let key = VariableKey::try_from(key.trim()).map_err(|rule| wrong("key", rule.to_string()))?;
    let value = Secret::from(value);
    check_value(&value).map_err(|rule| wrong("value", rule.to_string()))?;
    Ok(Edit::SetVariable { address: scope.address(key), value, sealed, only_new })
}

fn value_field(
    text: &yew::UseStateHandle<Text>,
    was_sealed: bool,
    autofocus: bool,
    error: Option<AttrValue>,
) -> Html {
    let on_input = Callback::from({
        let text = text.clone();
        move |typed: String| text.set(text.typed(&typed))
    });
    let lines = text.shown().split('\n').count().clamp(3, 14);
    let oddities = text.oddities();
    let hint = match (oddities.is_empty(), was_sealed) {
        (false, _) => format!("Kept exactly as typed. {}", oddities.join(" ")),
        (true, true) => "The present value cannot be read. Write the one that replaces it.".into(),
        (true, false) => "Any text, also several lines or none. Kept exactly as typed.".into(),
    };
    html! {
        <TextArea id="variable-value" label="Value" value={text.shown().to_owned()} {on_input}
            rows={u8::try_from(lines).unwrap_or(14)} mono=true {hint} {error} {autofocus} />
    }
}

/// Asked only where it matters.
fn line_ends(text: &yew::UseStateHandle<Text>) -> Html {
    let original = text.ends();
    if original == LineEnds::Lf {
        return Html::default();
    }
    let mut choices =
        vec![Choice::new("lf", "As on Linux (LF)"), Choice::new("crlf", "As on Windows (CR LF)")];
    if original == LineEnds::Mixed {
        choices.insert(0, Choice::new("mixed", "Mixed, as they are"));
    }
    let value = match original {
        LineEnds::Lf => "lf",
        LineEnds::CrLf => "crlf",
        LineEnds::Mixed => "mixed",
    };
    let hint = if text.loses_line_ends() {
        "You have edited it: mixed line ends become LF when you stage it."
    } else {
        "This value holds carriage returns, which an editor does not show."
    };
    let on_change = Callback::from({
        let text = text.clone();
        move |chosen: String| {
            let ends = match chosen.as_str() {
                "crlf" => LineEnds::CrLf,
                "mixed" => LineEnds::Mixed,
                _ => LineEnds::Lf,
            };
            text.set(text.ending(ends));
        }
    });
    html! { <Select id="variable-ends" label="Line ends" {value} {choices} {hint} {on_change} /> }
}

fn references(
    text: &yew::UseStateHandle<Text>,
    spec: &EnvironmentSpec,
    scope: Scope,
    found: &[Remark],
) -> Html {
    let all = suggestions(spec, scope);
    let on_change = Callback::from({
        let text = text.clone();
        move |chosen: String| {
            if !chosen.is_empty() {
                text.set(text.typed(&format!("{}{chosen}", text.shown())));
            }
        }
    });
    let mut choices = vec![Choice::new("", "Insert a reference …")];
    choices.extend(all.iter().map(|one| Choice::new(one.clone(), one.clone())));
    html! {
        <div class="variable-references">
            if all.is_empty() {
                <p class="field-hint">
                    { "A value can refer to others: " }<code>{ "${{service.KEY}}" }</code>{ " or " }
                    <code>{ "${{shared.KEY}}" }</code>{ "." }
                </p>
            } else {
                <Select id="variable-reference" label="Insert a reference" label_hidden=true value=""
                    {choices} {on_change} />
            }
            <ul class="remarks" aria-live="polite">
                { for found.iter().map(remark) }
            </ul>
        </div>
    }
}

fn remark(remark: &Remark) -> Html {
    match remark {
        Remark::Refers(written) => html! {
            <li class="remark"><Icon icon={LuCornerDownRight} size={14} />
                <span>{ "Refers to " }<code>{ written.clone() }</code></span></li>
        },
        Remark::Unknown(written) => html! {
            <li class="remark remark--warning"><Icon icon={LuTriangleAlert} size={14} />
                <span><code>{ written.clone() }</code>
                { " does not exist yet. It can be staged, but not applied." }</span></li>
        },
        Remark::Refused(message) => html! {
            <li class="remark remark--refused"><Icon icon={LuTriangleAlert} size={14} />
                <span>{ sentence(message) }</span></li>
        },
    }
}
