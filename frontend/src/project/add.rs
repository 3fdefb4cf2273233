//! Adding a service, a group or a volume: a form whose fields are read by the domain's own rules.

mod form;
mod service;

use domain::{
    Address, Map, MountPath, Name, ServiceId,
    edit::{Edit, NewMount},
    layout::Position,
};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state};

use self::{
    form::{foot, send},
    service::AddService,
};
use super::staging::{StagingActions, use_staging};
use crate::{
    api::{ApiError, use_async_action},
    component::{Choice, Dialog, Form, Select, TextField},
};

/// What is to be added, and where its middle shall lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Adding {
    Service(Position),
    Group(Position),
    /// Mounted in this service, if in one.
    Volume(Option<ServiceId>),
}

#[derive(Properties, PartialEq)]
pub struct AddProps {
    pub adding: Adding,
    pub on_close: Callback<()>,
    /// What has been made.
    #[prop_or_default]
    pub on_made: Callback<Address>,
}

#[component]
pub fn Add(props: &AddProps) -> Html {
    let AddProps { adding, on_close, on_made } = props;
    match adding {
        Adding::Service(at) => html! { <AddService at={*at} {on_close} {on_made} /> },
        Adding::Group(at) => html! { <AddGroup at={*at} {on_close} {on_made} /> },
        Adding::Volume(service) => html! { <AddVolume service={*service} {on_close} {on_made} /> },
    }
}

#[derive(Properties, PartialEq)]
struct AddGroupProps {
    at: Position,
    on_close: Callback<()>,
    on_made: Callback<Address>,
}

#[component]
fn AddGroup(props: &AddGroupProps) -> Html {
    let actions = use_staging();
    let action = use_async_action();
    let name = use_state(String::new);
    let on_submit = {
        let (action, name, at) = (action.clone(), name.clone(), props.at);
        let (on_close, on_made) = (props.on_close.clone(), props.on_made.clone());
        Callback::from(move |()| match Name::try_from(name.as_str()) {
            Err(rule) => action.refuse(wrong("name", &rule.to_string())),
            Ok(name) => {
                let edit = Edit::CreateGroup { name, services: Vec::new(), position: Some(at) };
                send(&actions, &action, edit, &on_close, &on_made);
            }
        })
    };
    html! {
        <Dialog title="Add a group" on_close={&props.on_close}>
            <Form {on_submit} error={action.other_errors(&["name"])}>
                <TextField id="add-name" label="Name" value={(*name).clone()} autofocus=true
                    hint="Services in a group share its variables. Drag them into it."
                    error={action.field("name")} on_input={Callback::from({ let name = name.setter(); move |text| name.set(text) })} />
                { foot("Stage group", action.is_busy(), &props.on_close) }
            </Form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
struct AddVolumeProps {
    service: Option<ServiceId>,
    on_close: Callback<()>,
    on_made: Callback<Address>,
}

#[component]
fn AddVolume(props: &AddVolumeProps) -> Html {
    let actions = use_staging();
    let action = use_async_action();
    let name = use_state(String::new);
    let path = use_state(|| "/data".to_owned());
    let chosen = use_state(|| props.service.map(|id| id.to_string()).unwrap_or_default());
    let set = |state: &yew::UseStateHandle<String>| {
        let state = state.setter();
        Callback::from(move |text: String| state.set(text))
    };
    let on_submit = {
        let (action, name, path, chosen) =
            (action.clone(), name.clone(), path.clone(), chosen.clone());
        let (actions, on_close, on_made) =
            (actions.clone(), props.on_close.clone(), props.on_made.clone());
        Callback::from(move |()| {
            let service: Option<ServiceId> = chosen.parse().ok();
            match (Name::try_from(name.as_str()), MountPath::try_from(path.trim())) {
                (Err(rule), _) => action.refuse(wrong("name", &rule.to_string())),
                (Ok(_), Err(rule)) if service.is_some() => {
                    action.refuse(wrong("path", &rule.to_string()));
                }
                (Ok(name), path) => {
                    let mount = service.zip(path.ok());
                    let mount = mount.map(|(service, path)| NewMount { service, path });
                    let edit = Edit::CreateVolume { name, mount };
                    send(&actions, &action, edit, &on_close, &on_made);
                }
            }
        })
    };
    let mut services = vec![Choice::new("", "Nowhere yet")];
    if let Some(model) = actions.live.canvas().model() {
        let known = model.whole.services.iter();
        services.extend(known.map(|(id, it)| Choice::new(id.to_string(), it.name.to_string())));
    }
    html! {
        <Dialog title="Add a volume" on_close={&props.on_close}>
            <Form {on_submit} error={action.other_errors(&["name", "path"])}>
                <TextField id="add-name" label="Name" value={(*name).clone()} autofocus=true
                    hint="Its data stays when containers are replaced." error={action.field("name")}
                    on_input={set(&name)} />
                <Select id="add-mount" label="Mounted in" value={(*chosen).clone()} choices={services}
                    on_change={set(&chosen)} />
                if !chosen.is_empty() {
                    <TextField id="add-path" label="At" value={(*path).clone()} mono=true
                        error={action.field("path")} on_input={set(&path)} />
                }
                { foot("Stage volume", action.is_busy(), &props.on_close) }
            </Form>
        </Dialog>
    }
}

/// One field is wrong.
#[must_use]
pub fn wrong(field: &str, rule: &str) -> ApiError {
    ApiError::Invalid {
        message: rule.to_owned(),
        fields: Map::from([(field.to_owned(), vec![rule.to_owned()])]),
    }
}

/// The name of a thing, for notices.
#[must_use]
pub fn named(actions: &StagingActions, address: &Address) -> AttrValue {
    actions.live.canvas().model().map_or_else(AttrValue::default, |model| {
        let spec = if model.whole.get(address).is_some() { &model.whole } else { &model.base };
        spec.describe(address).into()
    })
}
