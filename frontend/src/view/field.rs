//! What a person has typed.

use web_sys::{Event, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::TargetCast;

/// The text of the field that an event comes from.
#[must_use]
pub fn text(event: &impl AsRef<Event>) -> String {
    let event = event.as_ref();
    if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
        input.value()
    } else if let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() {
        area.value()
    } else if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
        select.value()
    } else {
        String::new()
    }
}

/// Whether the box that an event comes from is ticked.
#[must_use]
pub fn is_ticked(event: &impl AsRef<Event>) -> bool {
    event.as_ref().target_dyn_into::<HtmlInputElement>().is_some_and(|input| input.checked())
}
