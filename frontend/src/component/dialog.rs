//! A question or a form above everything else.

use icondata_lu::LuX;
use yew::prelude::{
    AttrValue, Callback, Html, KeyboardEvent, MouseEvent, Properties, classes, component, html,
    use_node_ref, use_state,
};

use super::{Button, ButtonKind, Form, IconButton, TextField};
use crate::view::focus;

#[derive(Properties, PartialEq)]
pub struct DialogProps {
    pub title: AttrValue,
    pub children: Html,
    pub on_close: Callback<()>,
    /// For tables and grids.
    #[prop_or_default]
    pub wide: bool,
    /// What it shows is lost when it closes: only its own buttons close it.
    #[prop_or_default]
    pub persistent: bool,
}

/// Keeps the keyboard within it; Escape or a press beside it closes.
#[component]
pub fn Dialog(props: &DialogProps) -> Html {
    let root = use_node_ref();
    focus::use_focus_trap(&root);
    let onkeydown = {
        let (root, on_close) = (root.clone(), props.on_close.clone());
        let persistent = props.persistent;
        Callback::from(move |event: KeyboardEvent| {
            event.stop_propagation();
            if event.key() == "Escape" && !persistent {
                on_close.emit(());
            } else {
                focus::trap_focus(&root, &event);
            }
        })
    };
    let close = props.on_close.reform(|_: MouseEvent| ());
    html! {
        <div class="dialog-frame">
            <div class="dialog-scrim" onclick={if props.persistent { Callback::noop() } else { close.clone() }} />
            <section ref={root} class={classes!("dialog", props.wide.then_some("dialog--wide"))}
                role="dialog" aria-modal="true" aria-labelledby="dialog-title" {onkeydown}>
                <header class="dialog-head">
                    <h2 id="dialog-title">{ &props.title }</h2>
                    <IconButton icon={LuX} label="Close" onclick={close} />
                </header>
                <div class="dialog-body">{ props.children.clone() }</div>
            </section>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct ConfirmProps {
    pub title: AttrValue,
    /// What will happen, and what it destroys.
    pub children: Html,
    /// What the button says: the deed itself.
    pub action: AttrValue,
    /// A name to be typed first, for what cannot be undone.
    #[prop_or_default]
    pub name: Option<AttrValue>,
    #[prop_or_default]
    pub busy: bool,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    pub on_confirm: Callback<()>,
    pub on_close: Callback<()>,
}

/// Asks before something is destroyed.
#[component]
pub fn Confirm(props: &ConfirmProps) -> Html {
    let typed = use_state(String::new);
    let is_named = props.name.as_ref().is_none_or(|name| name.as_str() == typed.as_str());
    let on_input = Callback::from({
        let typed = typed.setter();
        move |text| typed.set(text)
    });
    let on_submit = {
        let on_confirm = props.on_confirm.clone();
        Callback::from(move |()| {
            if is_named {
                on_confirm.emit(());
            }
        })
    };
    html! {
        <Dialog title={&props.title} on_close={&props.on_close}>
            <Form {on_submit} error={props.error.clone()}>
                <div class="stack stack--tight">{ props.children.clone() }</div>
                if let Some(name) = &props.name {
                    <TextField id="confirm-name" label={format!("Type {name} to confirm")}
                        value={(*typed).clone()} {on_input} mono=true autofocus=true />
                }
                <div class="row row--end">
                    <Button onclick={props.on_close.reform(|_| ())} autofocus={props.name.is_none()}>
                        { "Cancel" }
                    </Button>
                    <Button kind={ButtonKind::Danger} submits=true busy={props.busy} disabled={!is_named}>
                        { &props.action }
                    </Button>
                </div>
            </Form>
        </Dialog>
    }
}
