//! What `boot.js` has asked of the server while the app was on its way here.

use js_sys::{Map, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Window;

/// The name of the table in `boot.js`: by path, the promise of an answer.
const TABLE: &str = "easelEarly";

/// Whether this was asked for, and nobody has taken the answer.
#[must_use]
pub fn is_asked(path: &str) -> bool {
    web_sys::window().and_then(|window| table(&window)).is_some_and(|it| it.has(&path.into()))
}

/// The promise of an answer, for the first who wants it: later ones ask anew.
#[must_use]
pub fn take(window: &Window, path: &str) -> Option<Promise> {
    let (table, path) = (table(window)?, JsValue::from_str(path));
    let answer = table.get(&path);
    table.delete(&path);
    answer.dyn_into().ok()
}

fn table(window: &Window) -> Option<Map> {
    Reflect::get(window, &TABLE.into()).ok()?.dyn_into().ok()
}
