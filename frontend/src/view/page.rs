//! The document as a whole.

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CustomEvent, CustomEventInit};
use yew::prelude::{Callback, KeyboardEvent, hook, use_effect_with, use_state_eq};

/// Marks the whole document, or takes the mark away.
pub fn mark(attribute: &str, value: Option<&str>) {
    let root = web_sys::window().and_then(|it| it.document()).and_then(|it| it.document_element());
    if let Some(root) = root {
        let _ = match value {
            Some(value) => root.set_attribute(attribute, value),
            None => root.remove_attribute(attribute),
        };
    }
}

/// Names the page in the browser's title, while the component lives.
#[hook]
pub fn use_title(title: &str) {
    use_effect_with(title.to_owned(), |title| {
        if let Some(document) = web_sys::window().and_then(|it| it.document()) {
            document.set_title(&format!("{title} · Easel"));
        }
    });
}

/// Whether the browser believes that it has a network.
#[hook]
pub fn use_online() -> bool {
    let is_online = use_state_eq(|| true);
    use_effect_with((), {
        let is_online = is_online.setter();
        move |()| {
            let listeners = web_sys::window().map(|window| {
                is_online.set(window.navigator().on_line());
                let (on, off) = (is_online.clone(), is_online);
                [
                    EventListener::new(&window, "online", move |_| on.set(true)),
                    EventListener::new(&window, "offline", move |_| off.set(false)),
                ]
            });
            move || drop(listeners)
        }
    });
    *is_online
}

/// Hears keys that nothing else has taken, wherever the keyboard is.
#[hook]
pub fn use_keys(on_key: Callback<KeyboardEvent>) {
    use_effect_with(on_key, |on_key| {
        let on_key = on_key.clone();
        let options = gloo::events::EventListenerOptions::enable_prevent_default();
        let listener = web_sys::window().map(|window| {
            EventListener::new_with_options(&window, "keydown", options, move |event| {
                if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
                    on_key.emit(event.clone());
                }
            })
        });
        move || drop(listener)
    });
}

/// What the browser calls itself.
#[must_use]
pub fn agent() -> String {
    let window = if cfg!(target_family = "wasm") { web_sys::window() } else { None };
    window.and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default()
}

/// The hash of the web app that this page is.
#[must_use]
pub fn app_hash() -> Option<String> {
    meta("easel-app").filter(|hash| !hash.is_empty() && !hash.contains('{'))
}

/// What the page says about itself under a name.
#[must_use]
pub fn meta(name: &str) -> Option<String> {
    let window = if cfg!(target_family = "wasm") { web_sys::window() } else { None };
    let meta = window?.document()?.query_selector(&format!("meta[name='{name}']")).ok()??;
    meta.get_attribute("content")
}

/// Whether an address lies on this very server.
#[must_use]
pub fn is_ours(address: &str) -> bool {
    let window = if cfg!(target_family = "wasm") { web_sys::window() } else { None };
    let origin = window.and_then(|window| window.location().origin().ok()).unwrap_or_default();
    let rest = address.strip_prefix(&origin).filter(|_| !origin.is_empty());
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Whether somebody has pressed anything since the page was loaded.
#[must_use]
pub fn is_touched() -> bool {
    let window = if cfg!(target_family = "wasm") { web_sys::window() } else { None };
    // By name: browsers of before 2024 do not have it, and a typed call on nothing would end the app.
    let of = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &name.into()).ok();
    window
        .and_then(|window| of(&window.navigator(), "userActivation"))
        .and_then(|activation| of(&activation, "hasBeenActive"))
        .is_some_and(|is_active| is_active.is_truthy())
}

/// The element of this id.
#[must_use]
pub fn element(id: &str) -> Option<web_sys::Element> {
    web_sys::window()?.document()?.get_element_by_id(id)
}

/// Says why the app ends: in the console, and to `boot.js`, which outlives the app and shows it.
pub fn report_panic(message: &str) {
    gloo::console::error!(message);
    let event = CustomEventInit::new();
    event.set_detail(&message.into());
    if let Some(window) = web_sys::window()
        && let Ok(event) = CustomEvent::new_with_event_init_dict("easel-panic", &event)
    {
        let _ = window.dispatch_event(&event);
    }
}

/// Loads the page anew.
pub fn reload() {
    if let Some(window) = web_sys::window() {
        // A browser that refuses leaves the page as it is.
        let _ = window.location().reload();
    }
}

/// Whether a key is meant for a field that somebody types in.
#[must_use]
pub fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
    target
        .is_some_and(|it| it.matches("input, textarea, select, [contenteditable]").unwrap_or(false))
}

/// The window's width in pixels.
#[must_use]
pub fn width() -> f64 {
    let window = if cfg!(target_family = "wasm") { web_sys::window() } else { None };
    window.and_then(|it| it.inner_width().ok()?.as_f64()).unwrap_or(1_440.0)
}

/// Whether nobody can see the page: another tab is in front of it.
#[must_use]
pub fn is_hidden() -> bool {
    web_sys::window().and_then(|it| it.document()).is_some_and(|document| document.hidden())
}

/// Lets the element that hears an event hear all further ones of that pointer.
pub fn capture(event: &web_sys::PointerEvent) {
    let target = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
    if let Some(target) = target {
        // A pointer that has gone already cannot be captured.
        let _ = target.set_pointer_capture(event.pointer_id());
    }
}
