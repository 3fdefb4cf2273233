//! Styles that depend on values. The policy forbids `style=` in the document, so they are set on
//! the element itself.

use web_sys::HtmlElement;
use yew::prelude::{AttrValue, NodeRef, hook, use_effect_with};

/// Sets one property on the element once it is there, and whenever the value changes.
#[hook]
pub fn use_style(node: &NodeRef, property: &'static str, value: AttrValue) {
    use_effect_with((node.clone(), value), move |(node, value)| set(node, property, value));
}

/// Sets one property now.
pub fn set(node: &NodeRef, property: &str, value: &str) {
    if let Some(element) = node.cast::<HtmlElement>() {
        let _ = element.style().set_property(property, value);
    }
}
