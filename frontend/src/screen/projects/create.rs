//! Making a project.

use domain::{Name, Slug};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state_eq};

use crate::{
    api::{sentence, use_api, use_async_action},
    component::{Button, ButtonKind, Dialog, Form, TextField},
    route::{Route, router::use_navigator},
};

#[derive(Properties, PartialEq)]
pub(super) struct CreateProjectProps {
    pub(super) on_close: Callback<()>,
}

#[component]
pub(super) fn CreateProject(props: &CreateProjectProps) -> Html {
    let name = use_state_eq(String::new);
    let is_tried = use_state_eq(|| false);
    let api = use_api();
    let action = use_async_action();
    let navigator = use_navigator();
    let sound = Name::try_from(name.as_str());
    let on_submit = {
        let (sound, action, is_tried) = (sound.clone(), action.clone(), is_tried.setter());
        let on_close = props.on_close.clone();
        Callback::from(move |()| {
            is_tried.set(true);
            let Ok(name) = sound.clone() else { return };
            let (api, navigator, on_close) = (api.clone(), navigator.clone(), on_close.clone());
            action.start(async move { api.create_project(name).await }, move |project| {
                on_close.emit(());
                navigator.push(&Route::Canvas { project: project.slug.to_string() });
            });
        })
    };
    let error = action.field("name").or_else(|| {
        let rule = sound.as_ref().err().filter(|_| *is_tried)?;
        Some(AttrValue::from(sentence(&rule.to_string())))
    });
    let hint = match &sound {
        Ok(name) => format!(
            "Its address will be {}-… and never changes.",
            Slug::suggest(name.as_str(), "project")
        ),
        Err(_) => "You can rename it later.".to_owned(),
    };
    let on_input = Callback::from({
        let (name, action) = (name.setter(), action.clone());
        move |text| {
            action.clear();
            name.set(text);
        }
    });
    html! {
        <Dialog title="New project" on_close={props.on_close.clone()}>
            <Form {on_submit} error={action.other_errors(&["name"])}>
                <TextField id="project-name" label="Name" autofocus=true placeholder="Shop"
                    value={(*name).clone()} {hint} {error} {on_input} />
                <div class="row row--end">
                    <Button onclick={props.on_close.reform(|_| ())}>{ "Cancel" }</Button>
                    <Button kind={ButtonKind::Primary} submits=true busy={action.is_busy()}>
                        { "Create project" }
                    </Button>
                </div>
            </Form>
        </Dialog>
    }
}
