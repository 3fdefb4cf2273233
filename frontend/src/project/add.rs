//! Adding a service, a group or a volume: a form whose fields are read by the domain's own rules.

use domain::{
    Address, Command, IconUrl, ImageRef, Map, MountPath, Name, PullPolicy, Secret, ServiceId,
    Source,
    edit::{Edit, NewMount, NewService, NewVariable},
    layout::Position,
};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state};

use super::{
    deeds::{Deeds, use_deeds},
    dotenv, words,
};
use crate::{
    api::{ApiError, use_deed},
    component::{Button, ButtonKind, Choice, Dialog, Form, Select, TextArea, TextField},
    live::Staged,
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

/// The fields as they were typed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Typed {
    name: String,
    image: String,
    command: String,
    ports: String,
    variables: String,
    icon: String,
    group: String,
    pull: String,
}

impl Typed {
    /// Before anything is typed: what is chosen is what would be sent.
    fn blank() -> Self {
        Self { pull: "missing".to_owned(), ..Self::default() }
    }

    /// The service that the fields describe, or what is wrong with each.
    fn read(&self, position: Position) -> Result<NewService, Map<String, Vec<String>>> {
        let mut wrong: Map<String, Vec<String>> = Map::new();
        let mut note = |field: &str, rule: String| {
            wrong.entry(field.to_owned()).or_default().push(rule);
        };
        let name = Name::try_from(self.name.as_str());
        let image = ImageRef::try_from(self.image.trim());
        let command = match self.command.trim() {
            "" => Ok(None),
            line => Command::parse(line).map(Some),
        };
        let icon = match self.icon.trim() {
            "" => Ok(None),
            address => IconUrl::try_from(address).map(Some),
        };
        let ports = words::read_ports(&self.ports);
        let variables = dotenv::read(&self.variables);
        if let Err(rule) = &name {
            note("name", rule.to_string());
        }
        if let Err(rule) = &image {
            note("image", rule.to_string());
        }
        if let Err(rule) = &command {
            note("command", rule.to_string());
        }
        if let Err(rule) = &icon {
            note("icon", rule.to_string());
        }
        if let Err(rule) = &ports {
            note("ports", rule.clone());
        }
        if let Err(rule) = &variables {
            note("variables", rule.clone());
        }
        let (Ok(name), Ok(image), Ok(command), Ok(icon), Ok(ports), Ok(variables)) =
            (name, image, command, icon, ports, variables)
        else {
            return Err(wrong);
        };
        let pull = match self.pull.as_str() {
            "always" => PullPolicy::Always,
            "never" => PullPolicy::Never,
            _ => PullPolicy::Missing,
        };
        let variables = variables
            .into_iter()
            .map(|(key, value)| (key, NewVariable { value: Secret::new(value), sealed: false }))
            .collect();
        Ok(NewService {
            name,
            slug: None,
            icon,
            group: self.group.parse().ok(),
            source: Source::Image { image, pull },
            command,
            ports,
            replicas: domain::Replicas::ONE,
            limits: domain::Limits::default(),
            check: domain::Check::default(),
            strategy: domain::Strategy::default(),
            variables,
            position: Some(position),
        })
    }
}

#[derive(Properties, PartialEq)]
struct AddServiceProps {
    at: Position,
    on_close: Callback<()>,
    on_made: Callback<Address>,
}

#[component]
fn AddService(props: &AddServiceProps) -> Html {
    let deeds = use_deeds();
    let deed = use_deed();
    let typed = use_state(Typed::blank);
    let field = |set: fn(&mut Typed, String)| {
        let typed = typed.clone();
        Callback::from(move |text: String| {
            let mut next = (*typed).clone();
            set(&mut next, text);
            typed.set(next);
        })
    };
    let on_submit = {
        let (deed, typed, deeds) = (deed.clone(), typed.clone(), deeds.clone());
        let (at, on_close, on_made) = (props.at, props.on_close.clone(), props.on_made.clone());
        Callback::from(move |()| {
            let mut filled = (*typed).clone();
            if filled.name.trim().is_empty() {
                filled.name = suggested(&filled.image);
            }
            match filled.read(at) {
                Err(fields) => deed.refuse(ApiError::Invalid {
                    message: "some fields need another value".to_owned(),
                    fields,
                }),
                Ok(new) => {
                    send(&deeds, &deed, Edit::CreateService(Box::new(new)), &on_close, &on_made);
                }
            }
        })
    };
    let mut groups = vec![Choice::new("", "No group")];
    if let Some(drawn) = deeds.live.desk().picture() {
        let known = drawn.whole.groups.iter();
        groups.extend(known.map(|(id, group)| Choice::new(id.to_string(), group.name.to_string())));
    }
    let shown = ["name", "image", "command", "icon", "ports", "variables"];
    html! {
        <Dialog title="Add a service" on_close={&props.on_close}>
            <div data-test="add-service">
            <Form {on_submit} error={deed.beside(&shown)}>
                <TextField id="add-image" label="Image" value={typed.image.clone()} mono=true autofocus=true
                    placeholder="nginx:1.29" error={deed.field("image").or_else(|| deed.field("source"))}
                    hint="From a registry, or one that this machine has already."
                    on_input={field(|typed, text| typed.image = text)} />
                <TextField id="add-name" label="Name" value={typed.name.clone()}
                    placeholder={suggested(&typed.image)} error={deed.field("name")}
                    on_input={field(|typed, text| typed.name = text)} />
                <TextField id="add-ports" label="Ports" value={typed.ports.clone()} mono=true placeholder="80"
                    hint="On which it listens inside its container. The first one is the main one."
                    error={deed.field("ports")} on_input={field(|typed, text| typed.ports = text)} />
                <TextArea id="add-variables" label="Variables" value={typed.variables.clone()} mono=true rows={4}
                    placeholder={"KEY=value\nDATABASE_URL=postgres://${{db.HOST}}/app"}
                    hint="One a line; a whole .env file may be pasted."
                    error={deed.field("variables")} on_input={field(|typed, text| typed.variables = text)} />
                <details class="more">
                    <summary>{ "Command, icon, group and pulling" }</summary>
                    <div class="stack">
                        <TextField id="add-command" label="Command" value={typed.command.clone()} mono=true
                            hint="In place of the image's own. Split at blanks; quotes group; no shell reads it."
                            error={deed.field("command")} on_input={field(|typed, text| typed.command = text)} />
                        <TextField id="add-icon" label="Icon" value={typed.icon.clone()} mono=true
                            placeholder="https://example.org/icon.svg" hint="The https address of a picture. Empty: by its image."
                            error={deed.field("icon")} on_input={field(|typed, text| typed.icon = text)} />
                        if groups.len() > 1 {
                            <Select id="add-group" label="Group" value={typed.group.clone()} choices={groups}
                                on_change={field(|typed, text| typed.group = text)} />
                        }
                        <Select id="add-pull" label="Ask the registry" value={typed.pull.clone()}
                            choices={pull_choices()} on_change={field(|typed, text| typed.pull = text)} />
                    </div>
                </details>
                { foot("Add service", deed.is_busy(), &props.on_close) }
            </Form>
            </div>
        </Dialog>
    }
}

/// How often the registry is asked.
#[must_use]
pub fn pull_choices() -> Vec<Choice> {
    vec![
        Choice::new("missing", "When this machine does not have the image"),
        Choice::new("always", "For every deployment"),
        Choice::new("never", "Never"),
    ]
}

fn foot(deed: &'static str, is_busy: bool, on_close: &Callback<()>) -> Html {
    html! {
        <div class="row row--end">
            <span class="muted small grow">{ "Nothing runs before you apply." }</span>
            <Button onclick={on_close.reform(|_| ())}>{ "Cancel" }</Button>
            <Button kind={ButtonKind::Primary} submits=true busy={is_busy}>{ deed }</Button>
        </div>
    }
}

fn send(
    deeds: &Deeds,
    deed: &crate::api::Deed,
    edit: Edit,
    on_close: &Callback<()>,
    on_made: &Callback<Address>,
) {
    let (live, deeds) = (deeds.live.clone(), deeds.clone());
    let (on_close, on_made) = (on_close.clone(), on_made.clone());
    deed.start(async move { live.stage(vec![edit]).await }, move |staged| {
        on_close.emit(());
        match staged {
            Staged::Stored(staging) => {
                if let Some(made) = staging.addresses.first() {
                    on_made.emit(made.clone());
                }
            }
            Staged::Held => {
                deeds.say("You are offline. It will be staged when the network is back.")
            }
        }
    });
}

/// The name that an image suggests.
#[must_use]
pub fn suggested(image: &str) -> String {
    let last = image.trim().rsplit('/').next().unwrap_or_default();
    last.split([':', '@']).next().unwrap_or_default().to_owned()
}

#[derive(Properties, PartialEq)]
struct AddGroupProps {
    at: Position,
    on_close: Callback<()>,
    on_made: Callback<Address>,
}

#[component]
fn AddGroup(props: &AddGroupProps) -> Html {
    let deeds = use_deeds();
    let deed = use_deed();
    let name = use_state(String::new);
    let on_submit = {
        let (deed, name, at) = (deed.clone(), name.clone(), props.at);
        let (on_close, on_made) = (props.on_close.clone(), props.on_made.clone());
        Callback::from(move |()| match Name::try_from(name.as_str()) {
            Err(rule) => deed.refuse(wrong("name", &rule.to_string())),
            Ok(name) => {
                let edit = Edit::CreateGroup { name, services: Vec::new(), position: Some(at) };
                send(&deeds, &deed, edit, &on_close, &on_made);
            }
        })
    };
    html! {
        <Dialog title="Add a group" on_close={&props.on_close}>
            <Form {on_submit} error={deed.beside(&["name"])}>
                <TextField id="add-name" label="Name" value={(*name).clone()} autofocus=true
                    hint="Services in a group share its variables. Drag them into it."
                    error={deed.field("name")} on_input={Callback::from({ let name = name.setter(); move |text| name.set(text) })} />
                { foot("Add group", deed.is_busy(), &props.on_close) }
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
    let deeds = use_deeds();
    let deed = use_deed();
    let name = use_state(String::new);
    let path = use_state(|| "/data".to_owned());
    let chosen = use_state(|| props.service.map(|id| id.to_string()).unwrap_or_default());
    let set = |state: &yew::UseStateHandle<String>| {
        let state = state.setter();
        Callback::from(move |text: String| state.set(text))
    };
    let on_submit = {
        let (deed, name, path, chosen) = (deed.clone(), name.clone(), path.clone(), chosen.clone());
        let (deeds, on_close, on_made) =
            (deeds.clone(), props.on_close.clone(), props.on_made.clone());
        Callback::from(move |()| {
            let service: Option<ServiceId> = chosen.parse().ok();
            match (Name::try_from(name.as_str()), MountPath::try_from(path.trim())) {
                (Err(rule), _) => deed.refuse(wrong("name", &rule.to_string())),
                (Ok(_), Err(rule)) if service.is_some() => {
                    deed.refuse(wrong("path", &rule.to_string()));
                }
                (Ok(name), path) => {
                    let mount = service.zip(path.ok());
                    let mount = mount.map(|(service, path)| NewMount { service, path });
                    let edit = Edit::CreateVolume { name, mount };
                    send(&deeds, &deed, edit, &on_close, &on_made);
                }
            }
        })
    };
    let mut services = vec![Choice::new("", "Nowhere yet")];
    if let Some(drawn) = deeds.live.desk().picture() {
        let known = drawn.whole.services.iter();
        services.extend(known.map(|(id, it)| Choice::new(id.to_string(), it.name.to_string())));
    }
    html! {
        <Dialog title="Add a volume" on_close={&props.on_close}>
            <Form {on_submit} error={deed.beside(&["name", "path"])}>
                <TextField id="add-name" label="Name" value={(*name).clone()} autofocus=true
                    hint="Its data stays when containers are replaced." error={deed.field("name")}
                    on_input={set(&name)} />
                <Select id="add-mount" label="Mounted in" value={(*chosen).clone()} choices={services}
                    on_change={set(&chosen)} />
                if !chosen.is_empty() {
                    <TextField id="add-path" label="At" value={(*path).clone()} mono=true
                        error={deed.field("path")} on_input={set(&path)} />
                }
                { foot("Add volume", deed.is_busy(), &props.on_close) }
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
pub fn named(deeds: &Deeds, address: &Address) -> AttrValue {
    deeds.live.desk().picture().map_or_else(AttrValue::default, |drawn| {
        let spec = if drawn.whole.get(address).is_some() { &drawn.whole } else { &drawn.base };
        spec.describe(address).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_form_shows_the_way_of_pulling_that_it_sends() {
        let filled = Typed { name: "web".into(), image: "nginx".into(), ..Typed::blank() };

        let sent = filled.read(Position::default()).unwrap();

        assert!(matches!(sent.source, Source::Image { pull: PullPolicy::Missing, .. }));
        assert!(pull_choices().iter().any(|choice| choice.value == filled.pull.as_str()));
    }

    // DK-35
    #[test]
    fn an_icon_is_sent_if_there_is_one_and_refused_beside_its_field() {
        let with = |icon: &str| Typed {
            name: "web".into(),
            image: "nginx".into(),
            icon: icon.into(),
            ..Typed::blank()
        };
        let read = |icon: &str| with(icon).read(Position::default());

        let chosen = read(" https://example.org/icon.svg ").unwrap().icon;
        let wrong = read("nginx").unwrap_err();

        assert_eq!(chosen.unwrap().to_string(), "https://example.org/icon.svg");
        assert_eq!(read(" ").unwrap().icon, None, "it is known by its image");
        assert_eq!(wrong.keys().collect::<Vec<_>>(), ["icon"]);
    }
}
