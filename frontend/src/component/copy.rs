//! Copies a text, and says that it did.

use icondata_lu::{LuCheck, LuCopy};
use yew::prelude::{
    AttrValue, Callback, Html, Properties, component, html, use_mut_ref, use_state_eq,
};

use super::{IconButton, use_toasts};
use crate::view::{clipboard, clock::Timer};

#[derive(Properties, PartialEq)]
pub struct CopyButtonProps {
    pub text: AttrValue,
    /// What is copied: "address", "image".
    #[prop_or(AttrValue::Static("text"))]
    pub what: AttrValue,
}

#[component]
pub fn CopyButton(props: &CopyButtonProps) -> Html {
    let is_copied = use_state_eq(|| false);
    let timer = use_mut_ref(|| None::<Timer>);
    let toasts = use_toasts();
    let onclick = {
        let (text, is_copied) = (props.text.clone(), is_copied.setter());
        Callback::from(move |_| {
            let (text, is_copied) = (text.clone(), is_copied.clone());
            let (timer, toasts) = (timer.clone(), toasts.clone());
            wasm_bindgen_futures::spawn_local(async move {
                if clipboard::copy(&text).await {
                    is_copied.set(true);
                    let done = Callback::from(move |()| is_copied.set(false));
                    timer.replace(Some(Timer::set(1_500, done)));
                } else {
                    toasts.failed(
                        "The browser did not allow copying. It does on HTTPS and on localhost.",
                    );
                }
            });
        })
    };
    let label = if *is_copied { "Copied".to_owned() } else { format!("Copy {}", props.what) };
    html! { <IconButton icon={if *is_copied { LuCheck } else { LuCopy }} {label} {onclick} /> }
}
