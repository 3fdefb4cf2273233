//! The frame of what belongs to oneself or to the instance, not to a project.

use yew::prelude::{Html, Properties, classes, component, html, use_context};

use crate::{
    route::{Route, link::Link},
    session::Session,
    shell::Shell,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountTab {
    ApiKeys,
    Sessions,
    System,
}

#[derive(Properties, PartialEq)]
pub struct AccountPageProps {
    pub tab: AccountTab,
    /// What one can do here, beside the heading.
    #[prop_or_default]
    pub actions: Html,
    pub children: Html,
}

#[component]
pub fn AccountPage(props: &AccountPageProps) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let is_admin = session.user.is_some_and(|user| user.is_admin);
    let mut tabs = vec![
        (AccountTab::ApiKeys, Route::ApiKeys, "API keys"),
        (AccountTab::Sessions, Route::Sessions, "Sessions"),
    ];
    if is_admin || props.tab == AccountTab::System {
        tabs.push((AccountTab::System, Route::System, "System"));
    }
    let place = html! {
        <>
            <span class="bar-slash" aria-hidden="true">{ "/" }</span>
            <b>{ "Settings" }</b>
        </>
    };
    let title = tabs.iter().find(|(tab, ..)| *tab == props.tab).map_or("", |(.., title)| title);
    html! {
        <Shell {place}>
            <nav class="tabs-list account-tabs" aria-label="Settings">
                { for tabs.iter().map(|(tab, route, label)| {
                    let is_here = *tab == props.tab;
                    html! {
                        <span key={*label} class={classes!("account-tab", is_here.then_some("is-here"))}>
                            <Link to={route.clone()} classes="tab">{ *label }</Link>
                        </span>
                    }
                }) }
            </nav>
            <div class="row row--between row--wrap heading">
                <h1>{ title }</h1>
                { props.actions.clone() }
            </div>
            { props.children.clone() }
        </Shell>
    }
}
