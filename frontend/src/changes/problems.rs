//! What keeps changes from being applied, each with the way to where it is mended.

use domain::{
    Address,
    check::{Problem, ProblemKind},
    layout::Node,
    template::Reference,
};
use yew::prelude::{Callback, Html, html};

use crate::{
    component::Button,
    live::Model,
    panel::{Open, Tab},
    project::labels,
    route::Route,
};

/// The list. `on_go` leaves for a screen of this project.
pub(super) fn list(
    model: &Model,
    problems: &[Problem],
    project: &str,
    on_go: &Callback<Route>,
) -> Html {
    html! {
        <ul class="problems">
            { for problems.iter().enumerate().map(|(at, problem)| {
                let way = way(model, problem, project);
                html! {
                    <li key={at} class="problem" data-test="problem">
                        <p>{ text(model, problem) }</p>
                        if let Some((word, route)) = way {
                            <Button onclick={on_go.reform(move |_| route.clone())}>{ word }</Button>
                        }
                    </li>
                }
            }) }
        </ul>
    }
}

/// What is wrong, with names that people know.
fn text(model: &Model, problem: &Problem) -> Html {
    let ProblemKind::UnknownReference { at, reference } = &problem.kind else {
        return crate::api::sentence(&problem.message).into();
    };
    let key = at.variable_key().map(ToString::to_string).unwrap_or_default();
    let (written, why) = match reference {
        Reference::Service { service, key } => {
            let (whole, base) = (&model.whole.services, &model.base.services);
            let known = whole.get(service).or_else(|| base.get(service));
            let name = known.map_or("a deleted service", |service| service.name.as_str());
            let why = match (whole.contains_key(service), known) {
                (true, _) => format!("{name} has no {key}."),
                (false, Some(_)) => format!("{name} is to be deleted."),
                (false, None) => "that service is gone.".to_owned(),
            };
            (format!("{name}.{key}"), why)
        }
        Reference::Shared { key } => {
            (format!("shared.{key}"), "there is no such shared variable.".to_owned())
        }
        Reference::Own { key } => (key.to_string(), "there is no such variable here.".to_owned()),
        Reference::Unknown { namespace, key } => {
            (format!("{namespace}.{key}"), format!("there is no service called {namespace}."))
        }
    };
    html! {
        <>
            <b>{ labels::subject(model, at) }</b>{ ": " }<code>{ key }</code>{ " refers to " }
            <code>{ written }</code>{ ", but " }{ why }
        </>
    }
}

/// Where it is mended.
fn way(model: &Model, problem: &Problem, project: &str) -> Option<(&'static str, Route)> {
    let settings = |service| {
        let open = Open::at(Node::Service(service), Tab::Settings, model);
        Some(("Open settings", open.route(project)))
    };
    let variable = |at: &Address| {
        let open = match at {
            Address::ServiceVariable(id, _) => Open::at(Node::Service(*id), Tab::Variables, model),
            Address::GroupVariable(id, _) => Open::Group(id.to_string()),
            _ => {
                let (project, tab) = (project.to_owned(), "variables".to_owned());
                return Some(("Open variables", Route::ProjectSettingsTab { project, tab }));
            }
        };
        Some(("Open variables", open.route(project)))
    };
    match &problem.kind {
        ProblemKind::NameTaken { services: [_, service], .. }
        | ProblemKind::SlugTaken { services: [_, service], .. }
        | ProblemKind::VolumeShared { services: [_, service], .. }
        | ProblemKind::ManyWriters { service, .. }
        | ProblemKind::MissingGroup { service, .. }
        | ProblemKind::MissingVolume { service, .. }
        | ProblemKind::PathTaken { service, .. }
        | ProblemKind::PortTwice { service, .. } => settings(*service),
        ProblemKind::UnknownReference { at, .. } | ProblemKind::TooLarge { at } => variable(at),
        ProblemKind::Cycle { path } => path.first().and_then(variable),
    }
}
