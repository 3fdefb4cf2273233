//! One of several pages of the same thing.

use yew::prelude::{
    AttrValue, Callback, Html, KeyboardEvent, Properties, component, html, use_node_ref,
};

use crate::view::focus;

#[derive(Clone, Debug, PartialEq)]
pub struct Tab {
    pub id: AttrValue,
    pub label: AttrValue,
    /// A number beside the name.
    pub count: Option<usize>,
}

impl Tab {
    pub fn new(id: impl Into<AttrValue>, label: impl Into<AttrValue>) -> Self {
        Self { id: id.into(), label: label.into(), count: None }
    }

    #[must_use]
    pub fn count(self, count: usize) -> Self {
        Self { count: Some(count), ..self }
    }
}

#[derive(Properties, PartialEq)]
pub struct TabsProps {
    pub label: AttrValue,
    pub tabs: Vec<Tab>,
    pub chosen: AttrValue,
    pub on_choose: Callback<AttrValue>,
    /// The chosen tab's content.
    pub children: Html,
}

/// Arrow keys move between the tabs; the one that has the keyboard is chosen by Enter or Space.
#[component]
pub fn Tabs(props: &TabsProps) -> Html {
    let list = use_node_ref();
    let onkeydown = {
        let list = list.clone();
        Callback::from(move |event: KeyboardEvent| focus::rove(&list, "[role='tab']", &event))
    };
    html! {
        <div class="tabs">
            <div ref={list} class="tabs-list" role="tablist" aria-label={&props.label} {onkeydown}>
                { for props.tabs.iter().map(|tab| {
                    let is_chosen = tab.id == props.chosen;
                    let onclick = props.on_choose.reform({
                        let id = tab.id.clone();
                        move |_| id.clone()
                    });
                    html! {
                        <button key={tab.id.to_string()} type="button" role="tab" class="tab"
                            id={format!("tab-{}", tab.id)} aria-controls="tab-panel"
                            aria-selected={if is_chosen { "true" } else { "false" }}
                            tabindex={if is_chosen { "0" } else { "-1" }} {onclick}>
                            { &tab.label }
                            if let Some(count) = tab.count {
                                <span class="tab-count">{ count }</span>
                            }
                        </button>
                    }
                }) }
            </div>
            <div id="tab-panel" class="tabs-panel" role="tabpanel"
                aria-labelledby={format!("tab-{}", props.chosen)}>
                { props.children.clone() }
            </div>
        </div>
    }
}
