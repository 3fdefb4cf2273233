//! The browser's history, and where in it the page is.

use gloo::events::EventListener;
use wasm_bindgen::JsValue;
use yew::prelude::{Callback, hook, use_effect_with};

/// The address of the page: path, query with its `?`, fragment with its `#`.
#[must_use]
pub fn here() -> Option<[String; 3]> {
    let window = if cfg!(target_family = "wasm") { web_sys::window() } else { None };
    let location = window?.location();
    Some([location.pathname().ok()?, location.search().ok()?, location.hash().ok()?])
}

/// Goes to an address of this app.
pub fn push(address: &str) {
    if let Some(history) = web_sys::window().and_then(|it| it.history().ok()) {
        // A browser that refuses stays where it is.
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(address));
    }
}

/// Goes to an address of this app, with no way back to the one before.
pub fn replace(address: &str) {
    if let Some(history) = web_sys::window().and_then(|it| it.history().ok()) {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(address));
    }
}

/// Hears when somebody goes back or forth.
#[hook]
pub fn use_popstate(on_move: Callback<()>) {
    use_effect_with(on_move, |on_move| {
        let on_move = on_move.clone();
        let listener = web_sys::window()
            .map(|window| EventListener::new(&window, "popstate", move |_| on_move.emit(())));
        move || drop(listener)
    });
}
