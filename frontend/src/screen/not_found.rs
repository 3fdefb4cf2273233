//! Where an address leads nowhere.

use icondata_lu::LuSearch;
use yew::prelude::{Html, component, html};

use crate::{
    component::Empty,
    route::{Route, link::Link},
    shell::Shell,
    view::page,
};

#[component]
pub fn NotFound() -> Html {
    page::use_title("Nothing here");
    html! {
        <Shell>
            <Empty icon={LuSearch} title="Nothing here"
                text="This address leads nowhere, or to something that you may not see.">
                <Link to={Route::Projects} classes="button button--primary">
                    { "Go to your projects" }
                </Link>
            </Empty>
        </Shell>
    }
}
