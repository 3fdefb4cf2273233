//! The settings of a project.

mod danger;
mod general;
mod members;
mod staged;

use std::rc::Rc;

use domain::{access::ProjectRole, project::ProjectSummary};
use icondata_lu::LuArrowLeft;
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_context};

use crate::{
    api::{use_api, use_fetch},
    component::{Icon, Skeleton, Tab, Tabs},
    route::{Route, link::Link, router::use_navigator},
    screen::failure::{Failure, Stale},
    session::Session,
    shell::Shell,
    variables::{Scope, VariableTable},
    view::page,
};

#[derive(Properties, PartialEq)]
pub struct ProjectSettingsProps {
    /// Slug or id.
    pub project: String,
    pub tab: String,
}

#[component]
pub fn ProjectSettings(props: &ProjectSettingsProps) -> Html {
    let ProjectSettingsProps { project: named, tab } = props;
    let api = use_api();
    let summary = use_fetch(named.clone(), {
        let api = api.clone();
        move |named| async move { api.find_project(named).await }
    });
    let title = summary.value.as_ref().map_or_else(
        || "Project settings".to_owned(),
        |summary| format!("Settings of {}", summary.project.name),
    );
    page::use_title(&title);
    let place = html! {
        if let Some(summary) = &summary.value {
            <span class="bar-slash" aria-hidden="true">{ "/" }</span>
            <Link to={Route::Canvas { project: named.clone() }} classes="place-link">
                <b class="truncate">{ summary.project.name.as_str() }</b>
            </Link>
            <span class="bar-slash" aria-hidden="true">{ "/" }</span>
            <span class="muted">{ "Settings" }</span>
        }
    };
    let content = match (&summary.value, &summary.error) {
        (Some(summary), _) => html! {
            <Pages summary={summary.clone()} named={named.clone()} tab={tab.clone()} />
        },
        (None, Some(error)) => html! {
            <Failure error={error.clone()} on_retry={summary.reload.clone()} />
        },
        (None, None) => html! { <Skeleton label="the project" lines={5} /> },
    };
    html! { <Shell {place}>{ content }</Shell> }
}

#[derive(Properties, PartialEq)]
struct PagesProps {
    summary: Rc<ProjectSummary>,
    named: String,
    tab: String,
}

#[component]
fn Pages(props: &PagesProps) -> Html {
    let PagesProps { summary, named, tab } = props;
    let id = summary.project.id;
    let api = use_api();
    let navigator = use_navigator();
    let session = use_context::<Session>().unwrap_or_default();
    let is_admin = session.user.as_ref().is_some_and(|user| user.is_admin);
    let role = if is_admin { Some(ProjectRole::Owner) } else { summary.role };
    let snapshot = use_fetch(id, move |id| async move { api.canvas(id).await });

    let on_choose = Callback::from({
        let named = named.clone();
        move |tab: AttrValue| {
            let (project, tab) = (named.clone(), tab.to_string());
            navigator.replace(&Route::ProjectSettingsTab { project, tab });
        }
    });
    let chosen = match tab.as_str() {
        "variables" => "variables",
        "members" => "members",
        _ => "general",
    };
    let refusal = (role < Some(ProjectRole::Editor)).then_some(AttrValue::Static(
        "You are a viewer in this project: you see everything but values. Ask an owner to make you an editor.",
    ));
    let may_apply = refusal.is_none();
    let body = match (chosen, &snapshot.value, &snapshot.error) {
        ("members", _, _) => html! { <members::Members project={id} {role} /> },
        (_, None, Some(error)) => html! {
            <Failure error={error.clone()} on_retry={snapshot.reload.clone()} />
        },
        (_, None, None) => html! { <Skeleton label="the configuration" lines={5} /> },
        (chosen, Some(known), error) => html! {
            <>
                if let Some(error) = error {
                    <Stale error={error.clone()} on_retry={snapshot.reload.clone()} />
                }
                if chosen == "variables" {
                    <p class="muted lead">
                        { "Shared variables: every service of this project sees them." }
                    </p>
                    <VariableTable snapshot={known.clone()} scope={Scope::Shared} {refusal}
                        on_changed={snapshot.reload.clone()} />
                    { staged::to_canvas(known, named, may_apply) }
                } else {
                    <general::General snapshot={known.clone()} named={named.clone()} {role}
                        on_changed={snapshot.reload.clone()} />
                }
            </>
        },
    };
    let tabs = vec![
        Tab::new("general", "General"),
        Tab::new("variables", "Variables"),
        Tab::new("members", "Members"),
    ];
    html! {
        <div class="project-settings">
            <Link to={Route::Canvas { project: named.clone() }} classes="back-link">
                <Icon icon={LuArrowLeft} size={14} />{ "Canvas" }
            </Link>
            <h1 class="settings-title">{ "Project settings" }</h1>
            <Tabs label="Project settings" {tabs} chosen={AttrValue::Static(chosen)} {on_choose}>
                { body }
            </Tabs>
        </div>
    }
}
