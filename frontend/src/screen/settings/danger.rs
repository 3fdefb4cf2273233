//! Deleting a project.

use std::rc::Rc;

use domain::canvas::Snapshot;
use yew::prelude::{Callback, Html, Properties, component, html, use_state_eq};

use crate::{
    api::{use_api, use_async_action},
    component::{Button, ButtonKind, Confirm, use_toasts},
    route::{Route, router::use_navigator},
};

#[derive(Properties, PartialEq)]
pub(super) struct DangerProps {
    pub(super) snapshot: Rc<Snapshot>,
}

#[component]
pub(super) fn Danger(props: &DangerProps) -> Html {
    let snapshot = &props.snapshot;
    let is_asked = use_state_eq(|| false);
    let api = use_api();
    let action = use_async_action();
    let toasts = use_toasts();
    let navigator = use_navigator();
    let name = snapshot.project.name.to_string();
    let on_confirm = {
        let (id, name, action) = (snapshot.project.id, name.clone(), action.clone());
        Callback::from(move |()| {
            let (api, toasts, name) = (api.clone(), toasts.clone(), name.clone());
            let navigator = navigator.clone();
            action.start(async move { api.delete_project(id).await }, move |()| {
                toasts.done(format!("{name} is deleted."));
                navigator.push(&Route::Projects);
            });
        })
    };
    let set = |is: bool| {
        let (is_asked, action) = (is_asked.setter(), action.clone());
        move || {
            action.clear();
            is_asked.set(is);
        }
    };
    let (open, close) = (set(true), set(false));
    html! {
        <section class="plate plate--danger">
            <h2>{ "Delete this project" }</h2>
            <p class="muted">{ goes(snapshot) }</p>
            <div><Button kind={ButtonKind::Danger} onclick={Callback::from(move |_| open())}>
                { "Delete the project" }
            </Button></div>
            if *is_asked {
                <Confirm title={format!("Delete {name}")} action={format!("Delete {name} for ever")}
                    name={name.clone()} busy={action.is_busy()}
                    error={action.error().map(ToString::to_string)}
                    {on_confirm} on_close={Callback::from(move |()| close())}>
                    <p>{ goes(snapshot) }</p>
                    <p><b>{ "This happens at once and cannot be undone." }</b></p>
                </Confirm>
            }
        </section>
    }
}

/// What goes and what stays, with numbers.
fn goes(snapshot: &Snapshot) -> String {
    let counted = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    let spec = &snapshot.spec;
    let services = match spec.services.len() {
        0 => "It has no services.".to_owned(),
        count => format!(
            "{} and all their containers stop and go, with their variables and history.",
            counted(count, "service")
        ),
    };
    let volumes = match spec.volumes.len() {
        0 => String::new(),
        count => format!(
            " The data of {} stays on the host, in the container engine, and is listed as \
                orphaned.",
            counted(count, "volume")
        ),
    };
    format!("{services}{volumes}")
}
