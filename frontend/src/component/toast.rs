//! Short notices at the edge of the screen.

use std::rc::Rc;

use icondata_lu::LuX;
use yew::prelude::{
    AttrValue, Callback, ContextProvider, Html, Properties, Reducible, UseReducerHandle, classes,
    component, hook, html, use_context, use_effect_with, use_reducer,
};

use super::IconButton;
use crate::view::clock::Timer;

/// How long a notice of success stays, in milliseconds. One of failure stays until closed.
const STAY: u32 = 5_000;
/// No more than this many at once.
const MOST: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToastKind {
    Done,
    Failed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub kind: ToastKind,
    pub text: AttrValue,
    /// A button that does what comes next: its word, and the deed.
    pub action: Option<(AttrValue, Callback<()>)>,
}

impl Toast {
    pub fn done(text: impl Into<AttrValue>) -> Self {
        Self { kind: ToastKind::Done, text: text.into(), action: None }
    }

    pub fn failed(text: impl Into<AttrValue>) -> Self {
        Self { kind: ToastKind::Failed, text: text.into(), action: None }
    }

    #[must_use]
    pub fn action(self, word: impl Into<AttrValue>, action: Callback<()>) -> Self {
        Self { action: Some((word.into(), action)), ..self }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct ToastStack {
    next: u32,
    toasts: Vec<(u32, Toast)>,
}

enum Action {
    Show(Toast),
    Close(u32),
}

impl Reducible for ToastStack {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut stack = (*self).clone();
        match action {
            Action::Show(toast) => {
                stack.toasts.retain(|(_, other)| other.text != toast.text);
                stack.toasts.push((stack.next, toast));
                stack.next += 1;
                let surplus = stack.toasts.len().saturating_sub(MOST);
                stack.toasts.drain(..surplus);
            }
            Action::Close(id) => stack.toasts.retain(|(other, _)| *other != id),
        }
        Rc::new(stack)
    }
}

/// A way to show a notice from anywhere below the provider.
#[derive(Clone, PartialEq)]
pub struct Toasts(Callback<Toast>);

impl Toasts {
    pub fn show(&self, toast: Toast) {
        self.0.emit(toast);
    }

    pub fn done(&self, text: impl Into<AttrValue>) {
        self.show(Toast::done(text));
    }

    pub fn failed(&self, text: impl Into<AttrValue>) {
        self.show(Toast::failed(text));
    }
}

/// Where notices go. Outside a provider they are dropped.
#[hook]
pub fn use_toasts() -> Toasts {
    use_context::<Toasts>().unwrap_or_else(|| Toasts(Callback::noop()))
}

#[derive(Properties, PartialEq)]
pub struct ToastProviderProps {
    pub children: Html,
}

#[component]
pub fn ToastProvider(props: &ToastProviderProps) -> Html {
    let stack = use_reducer(ToastStack::default);
    let toasts = Toasts(yew::use_callback(stack.dispatcher(), |toast, dispatcher| {
        dispatcher.dispatch(Action::Show(toast));
    }));
    html! {
        <ContextProvider<Toasts> context={toasts}>
            { props.children.clone() }
            <div class="toasts" role="region" aria-label="Notices" aria-live="polite">
                { for stack.toasts.iter().map(|(id, toast)| html! {
                    <Note key={*id} id={*id} toast={toast.clone()} stack={stack.clone()} />
                }) }
            </div>
        </ContextProvider<Toasts>>
    }
}

#[derive(Properties, PartialEq)]
struct NoteProps {
    id: u32,
    toast: Toast,
    stack: UseReducerHandle<ToastStack>,
}

#[component]
fn Note(props: &NoteProps) -> Html {
    let NoteProps { id, toast, stack } = props;
    let on_close = Callback::from({
        let (id, dispatcher) = (*id, stack.dispatcher());
        move |()| dispatcher.dispatch(Action::Close(id))
    });
    use_effect_with(*id, {
        let (kind, on_close) = (toast.kind, on_close.clone());
        move |_| {
            let timer = (kind == ToastKind::Done).then(|| Timer::set(STAY, on_close));
            move || drop(timer)
        }
    });
    let (class, role) = match toast.kind {
        ToastKind::Done => ("toast--done", "status"),
        ToastKind::Failed => ("toast--failed", "alert"),
    };
    html! {
        <div class={classes!("toast", class)} {role}>
            <span class="grow">{ &toast.text }</span>
            if let Some((word, action)) = &toast.action {
                <button type="button" class="toast-action" onclick={action.reform(|_| ())}>{ word }</button>
            }
            <IconButton icon={LuX} label="Close notice" onclick={on_close.reform(|_| ())} />
        </div>
    }
}
