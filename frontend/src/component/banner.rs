//! Something that holds for the whole page, for as long as it does.

use yew::prelude::{Html, Properties, classes, component, html};

use super::{
    Colour,
    icon::{Icon, IconData},
};

#[derive(Properties, PartialEq)]
pub struct BannerProps {
    pub colour: Colour,
    pub icon: IconData,
    pub children: Html,
}

#[component]
pub fn Banner(props: &BannerProps) -> Html {
    html! {
        <div class={classes!("banner", format!("banner--{}", props.colour.name()))} role="status">
            <Icon icon={props.icon} />
            <div class="grow row row--wrap">{ props.children.clone() }</div>
        </div>
    }
}
