//! A value that is shown only when asked for.

use icondata_lu::{LuEye, LuEyeOff, LuLock};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state_eq};

use super::{CopyButton, Icon, IconButton};

/// What is known of the value.
#[derive(Clone, Debug, PartialEq)]
pub enum Secrecy {
    Known(AttrValue),
    /// It has to be fetched; the callback asks for it.
    Fetchable,
    /// Nobody can read it again.
    Sealed,
}

#[derive(Properties, PartialEq)]
pub struct SecretValueProps {
    /// Whose value it is: read out.
    pub name: AttrValue,
    pub value: Secrecy,
    /// The value is wanted: it is not known yet.
    #[prop_or_default]
    pub on_reveal: Callback<()>,
}

#[component]
pub fn SecretValue(props: &SecretValueProps) -> Html {
    let is_shown = use_state_eq(|| false);
    let toggle = {
        let (is_shown, on_reveal) = (is_shown.clone(), props.on_reveal.clone());
        let must_fetch = props.value == Secrecy::Fetchable;
        Callback::from(move |_| {
            if !*is_shown && must_fetch {
                on_reveal.emit(());
            }
            is_shown.set(!*is_shown);
        })
    };
    let dots = html! { <span class="secret-dots" aria-label="hidden">{ "••••••••" }</span> };
    let text = match (&props.value, *is_shown) {
        (Secrecy::Known(value), true) => html! { <span class="mono secret-text">{ value }</span> },
        (Secrecy::Sealed, _) => html! {
            <span class="secret-sealed"><Icon icon={LuLock} size={12} />{ "Sealed" }</span>
        },
        (Secrecy::Known(_) | Secrecy::Fetchable, _) => dots,
    };
    let verb = if *is_shown { "Hide" } else { "Show" };
    html! {
        <span class="secret">
            { text }
            if props.value != Secrecy::Sealed {
                <IconButton icon={if *is_shown { LuEyeOff } else { LuEye }} pressed={*is_shown}
                    label={format!("{verb} {}", props.name)} onclick={toggle} />
            }
            if let (Secrecy::Known(value), true) = (&props.value, *is_shown) {
                <CopyButton text={value} what={&props.name} />
            }
        </span>
    }
}
