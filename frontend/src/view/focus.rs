//! Where the keyboard is, and keeping it within a dialog.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement, KeyboardEvent};
use yew::prelude::{NodeRef, hook, use_effect_with};

const FOCUSABLE: &str = "a[href], button:not([disabled]), input:not([disabled]), \
     select:not([disabled]), textarea:not([disabled]), [tabindex]:not([tabindex='-1'])";

/// Puts the keyboard on the element, now.
pub fn on(node: &NodeRef) {
    if let Some(element) = node.cast::<HtmlElement>() {
        let _ = element.focus();
    }
}

/// Puts the keyboard on what a page is about: its heading, or all of it while it has none, so that
/// a screen reader says where one is. A keyboard that is somewhere already stays there. Whether there
/// is nothing left to be done.
pub fn on_content(node: &NodeRef) -> bool {
    let Some(root) = node.cast::<HtmlElement>() else { return false };
    let here = document().and_then(|it| it.active_element());
    if here.is_some_and(|here| here.tag_name() != "BODY" && &here != root.as_ref() as &Element) {
        return true;
    }
    let heading = root.query_selector("h1").ok().flatten();
    let heading = heading.and_then(|it| it.dyn_into::<HtmlElement>().ok());
    if let Some(heading) = &heading {
        heading.set_tab_index(-1);
    }
    let _ = heading.as_ref().unwrap_or(&root).focus();
    heading.is_some()
}

/// While the component lives, the keyboard is within the element; afterwards it goes back to where
/// it was.
#[hook]
pub fn use_focus_trap(node: &NodeRef) {
    use_effect_with(node.clone(), |node| {
        let before = document().and_then(|it| it.active_element());
        if let Some(root) = node.cast::<Element>() {
            let first = root.query_selector("[data-autofocus]:not([disabled])").ok().flatten();
            let first = first.or_else(|| focusable(&root).into_iter().next());
            if let Some(element) = first.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
                let _ = element.focus();
            }
        }
        move || {
            if let Some(before) = before.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
                let _ = before.focus();
            }
        }
    });
}

/// Puts the keyboard on the first field within the element that is wrong, in sight. When all of it
/// was refused, it stays where it is, or goes to what sends the form again. Whether anything is wrong.
pub fn on_wrong(node: &NodeRef) -> bool {
    let Some(root) = node.cast::<Element>() else { return false };
    let find = |selector: &str| root.query_selector(selector).ok().flatten();
    let here = document().and_then(|it| it.active_element());
    let is_within = here.is_some_and(|here| root.contains(Some(&here)));
    let target = match (find("[aria-invalid]"), find(".form-error")) {
        (None, None) => return false,
        (Some(field), _) => Some(field),
        (None, Some(_)) if is_within => None,
        (None, Some(_)) => find("[type=submit]"),
    };
    if let Some(target) = target {
        if let Ok(Some(folded)) = target.closest("details") {
            let _ = folded.set_attribute("open", "");
        }
        if let Ok(element) = target.dyn_into::<HtmlElement>() {
            let _ = element.focus();
        }
    }
    true
}

/// Lets Tab go round within the element.
pub fn trap_focus(node: &NodeRef, event: &KeyboardEvent) {
    let Some(root) = node.cast::<Element>() else { return };
    if event.key() != "Tab" {
        return;
    }
    let stops = focusable(&root);
    let (Some(first), Some(last)) = (stops.first(), stops.last()) else { return };
    let here = document().and_then(|it| it.active_element());
    let (edge, other) = if event.shift_key() { (first, last) } else { (last, first) };
    let is_outside = here.as_ref().is_none_or(|here| !root.contains(Some(here)));
    if (is_outside || here.as_ref() == Some(edge))
        && let Some(element) = other.dyn_ref::<HtmlElement>()
    {
        event.prevent_default();
        let _ = element.focus();
    }
}

/// Moves the keyboard among the elements that match, by arrow keys, Home and End.
pub fn rove(node: &NodeRef, selector: &str, event: &KeyboardEvent) {
    let Some(root) = node.cast::<Element>() else { return };
    let stops = matching(&root, selector);
    let here = document().and_then(|it| it.active_element());
    let at = stops.iter().position(|it| Some(it) == here.as_ref());
    let count = stops.len();
    let next = match (event.key().as_str(), at) {
        (_, _) if count == 0 => return,
        ("ArrowDown" | "ArrowRight", Some(at)) => (at + 1) % count,
        ("ArrowUp" | "ArrowLeft", Some(at)) => (at + count - 1) % count,
        ("ArrowDown" | "ArrowRight", None) | ("Home", _) => 0,
        ("ArrowUp" | "ArrowLeft", None) | ("End", _) => count - 1,
        _ => return,
    };
    event.prevent_default();
    if let Some(element) = stops[next].dyn_ref::<HtmlElement>() {
        let _ = element.focus();
    }
}

fn focusable(root: &Element) -> Vec<Element> {
    matching(root, FOCUSABLE)
}

fn matching(root: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = root.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|n| found.item(n)?.dyn_into().ok()).collect()
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}
