//! Fields: a label, the box, a hint, and what is wrong with it.

use yew::prelude::{
    AttrValue, Callback, Event, Html, InputEvent, Properties, SubmitEvent, classes, component,
    html, use_effect, use_mut_ref, use_node_ref,
};

use crate::view::{field, focus};

#[derive(Properties, PartialEq)]
struct FrameProps {
    id: AttrValue,
    label: AttrValue,
    hint: Option<AttrValue>,
    error: Option<AttrValue>,
    #[prop_or_default]
    label_hidden: bool,
    children: Html,
}

#[component]
fn Frame(props: &FrameProps) -> Html {
    let note = note_id(&props.id);
    html! {
        <div class={classes!("field", props.error.is_some().then_some("field--error"))}>
            <label for={&props.id} class={props.label_hidden.then_some("sr-only")}>{ &props.label }</label>
            { props.children.clone() }
            if let Some(error) = &props.error {
                <p id={note} class="field-error" role="alert">{ error }</p>
            } else if let Some(hint) = &props.hint {
                <p id={note} class="field-hint">{ hint }</p>
            }
        </div>
    }
}

fn note_id(id: &str) -> String {
    format!("{id}-note")
}

#[derive(Properties, PartialEq)]
pub struct TextFieldProps {
    /// Unique on the page.
    pub id: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    pub on_input: Callback<String>,
    #[prop_or(AttrValue::Static("text"))]
    pub kind: AttrValue,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    #[prop_or(AttrValue::Static("off"))]
    pub autocomplete: AttrValue,
    /// Machine text: an image, a host, a name of a variable.
    #[prop_or_default]
    pub mono: bool,
    #[prop_or_default]
    pub required: bool,
    #[prop_or_default]
    pub disabled: bool,
    #[prop_or_default]
    pub autofocus: bool,
    #[prop_or_default]
    pub label_hidden: bool,
    /// When the person is done with it: Enter, or leaving.
    #[prop_or_default]
    pub on_change: Callback<String>,
}

#[component]
pub fn TextField(props: &TextFieldProps) -> Html {
    let oninput = props.on_input.reform(|event: InputEvent| field::text(&event));
    let onchange = props.on_change.reform(|event: Event| field::text(&event));
    let has_note = props.error.is_some() || props.hint.is_some();
    html! {
        <Frame id={&props.id} label={&props.label} hint={props.hint.clone()}
            error={props.error.clone()} label_hidden={props.label_hidden}>
            <input id={&props.id} name={&props.id} type={&props.kind} value={&props.value}
                class={classes!("input", props.mono.then_some("mono"))}
                placeholder={props.placeholder.clone()} autocomplete={&props.autocomplete}
                autocapitalize={props.mono.then_some("off")} spellcheck={props.mono.then_some("false")}
                required={props.required} disabled={props.disabled}
                data-autofocus={props.autofocus.then_some("")}
                aria-invalid={props.error.is_some().then_some("true")}
                aria-describedby={has_note.then(|| note_id(&props.id))}
                {oninput} {onchange} />
        </Frame>
    }
}

#[derive(Properties, PartialEq)]
pub struct TextAreaProps {
    pub id: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    pub on_input: Callback<String>,
    #[prop_or(4)]
    pub rows: u8,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    #[prop_or_default]
    pub mono: bool,
    #[prop_or_default]
    pub disabled: bool,
    #[prop_or_default]
    pub autofocus: bool,
    #[prop_or_default]
    pub label_hidden: bool,
}

#[component]
pub fn TextArea(props: &TextAreaProps) -> Html {
    let oninput = props.on_input.reform(|event: InputEvent| field::text(&event));
    let has_note = props.error.is_some() || props.hint.is_some();
    html! {
        <Frame id={&props.id} label={&props.label} hint={props.hint.clone()}
            error={props.error.clone()} label_hidden={props.label_hidden}>
            <textarea id={&props.id} name={&props.id} value={&props.value}
                class={classes!("input", props.mono.then_some("mono"))}
                rows={props.rows.to_string()} placeholder={props.placeholder.clone()}
                spellcheck={props.mono.then_some("false")} disabled={props.disabled}
                data-autofocus={props.autofocus.then_some("")}
                aria-invalid={props.error.is_some().then_some("true")}
                aria-describedby={has_note.then(|| note_id(&props.id))} {oninput} />
        </Frame>
    }
}

/// One of several.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub value: AttrValue,
    pub label: AttrValue,
}

impl Choice {
    pub fn new(value: impl Into<AttrValue>, label: impl Into<AttrValue>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

#[derive(Properties, PartialEq)]
pub struct SelectProps {
    pub id: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    pub choices: Vec<Choice>,
    pub on_change: Callback<String>,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub disabled: bool,
    #[prop_or_default]
    pub label_hidden: bool,
}

#[component]
pub fn Select(props: &SelectProps) -> Html {
    let onchange = props.on_change.reform(|event: Event| field::text(&event));
    let has_note = props.error.is_some() || props.hint.is_some();
    html! {
        <Frame id={&props.id} label={&props.label} hint={props.hint.clone()}
            error={props.error.clone()} label_hidden={props.label_hidden}>
            <select id={&props.id} name={&props.id} class="input input--select" disabled={props.disabled}
                aria-invalid={props.error.is_some().then_some("true")}
                aria-describedby={has_note.then(|| note_id(&props.id))} {onchange}>
                { for props.choices.iter().map(|choice| html! {
                    <option key={choice.value.to_string()} value={&choice.value}
                        selected={choice.value == props.value}>{ &choice.label }</option>
                }) }
            </select>
        </Frame>
    }
}

#[derive(Properties, PartialEq)]
pub struct CheckboxProps {
    pub id: AttrValue,
    pub label: AttrValue,
    pub checked: bool,
    pub on_change: Callback<bool>,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub disabled: bool,
}

#[component]
pub fn Checkbox(props: &CheckboxProps) -> Html {
    let onchange = props.on_change.reform(|event: Event| field::is_ticked(&event));
    html! {
        <div class="field field--check">
            <input id={&props.id} name={&props.id} type="checkbox" checked={props.checked}
                disabled={props.disabled}
                aria-describedby={props.hint.as_ref().map(|_| note_id(&props.id))} {onchange} />
            <label for={&props.id}>{ &props.label }</label>
            if let Some(hint) = &props.hint {
                <p id={note_id(&props.id)} class="field-hint">{ hint }</p>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct FormProps {
    pub children: Html,
    pub on_submit: Callback<()>,
    #[prop_or_default]
    pub label: Option<AttrValue>,
    /// What went wrong with all of it.
    #[prop_or_default]
    pub error: Option<AttrValue>,
}

/// Fields that are saved together. When they are refused, the keyboard goes to the first that is
/// wrong.
#[component]
pub fn Form(props: &FormProps) -> Html {
    let root = use_node_ref();
    let is_sent = use_mut_ref(|| false);
    let onsubmit = {
        let (is_sent, on_submit) = (is_sent.clone(), props.on_submit.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            is_sent.replace(true);
            on_submit.emit(());
        })
    };
    // Who types on is not torn away.
    let oninput = {
        let is_sent = is_sent.clone();
        Callback::from(move |_: InputEvent| {
            is_sent.replace(false);
        })
    };
    use_effect({
        let root = root.clone();
        move || {
            if *is_sent.borrow() && focus::on_wrong(&root) {
                is_sent.replace(false);
            }
        }
    });
    html! {
        <form ref={root} class="form" novalidate=true aria-label={props.label.clone()} {onsubmit} {oninput}>
            if let Some(error) = &props.error {
                <p class="form-error" role="alert">{ error }</p>
            }
            { props.children.clone() }
        </form>
    }
}
