//! Adding a service: some of its settings, and its variables.

use domain::{
    Address, Field, Map, Secret, Service, Setting, Slug,
    edit::{Edit, NewService, NewVariable},
    layout::Position,
    setting::Input,
};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state};

use super::form::{foot, send};
use crate::{
    api::{ApiError, AsyncAction, use_async_action},
    component::{Choice, Dialog, Form, Select, TextArea, TextField},
    project::{dotenv, staging::use_staging},
};

/// The settings that are asked for at once, and those behind a fold. All others come later.
const FIRST: [&str; 3] = ["image", "name", "ports"];
const MORE: [&str; 4] = ["pull", "command", "icon", "group"];

fn settings<'a>(words: &'a [&str]) -> impl Iterator<Item = &'static Setting> + 'a {
    words.iter().filter_map(|word| Setting::find(word))
}

/// The settings as they were typed, by their words, and the variables.
#[derive(Clone, Debug, Default, PartialEq)]
struct Typed {
    settings: Map<&'static str, String>,
    variables: String,
}

impl Typed {
    fn text(&self, word: &str) -> &str {
        self.settings.get(word).map_or("", String::as_str)
    }

    /// The name, or the one that the image suggests.
    fn name(&self) -> String {
        match self.text("name").trim() {
            "" => suggested(self.text("image")),
            name => name.to_owned(),
        }
    }

    /// The service that the fields describe, or what is wrong with each.
    fn read(&self, position: Position) -> Result<NewService, Map<String, Vec<String>>> {
        let mut wrong: Map<String, Vec<String>> = Map::new();
        let mut note = |field: &str, rule: String| {
            wrong.entry(field.to_owned()).or_default().push(rule);
        };
        let unnamed = "unnamed".parse().expect("it is a name");
        let mut service = Service::named(unnamed, Slug::suggest("", "service"));
        let name = self.name();
        for setting in settings(&FIRST).chain(settings(&MORE)) {
            let text = if setting.field == Field::Name { &name } else { self.text(setting.word) };
            // Nothing typed is what it has already.
            if text.trim().is_empty() && !matches!(setting.word, "name" | "image") {
                continue;
            }
            match setting.read(&service, text) {
                Ok(None) if setting.field == Field::Source => {
                    note(setting.word, "must not be empty".to_owned());
                }
                Ok(_) => {
                    // Read already: it belongs there.
                    let _ = setting.set(&mut service, text);
                }
                // Without an image there is nothing to pull; that is said of the image.
                Err(_) if setting.word == "pull" => (),
                Err(rule) => note(setting.word, rule.to_string()),
            }
        }
        let variables = dotenv::read(&self.variables);
        if let Err(rule) = &variables {
            note("variables", rule.clone());
        }
        let (true, Ok(variables)) = (wrong.is_empty(), variables) else { return Err(wrong) };
        let variables = variables
            .into_iter()
            .map(|(key, value)| (key, NewVariable { value: Secret::new(value), sealed: false }))
            .collect();
        let position = Some(position);
        Ok(NewService { slug: None, variables, position, ..NewService::like(service) })
    }
}

/// The name that an image suggests.
fn suggested(image: &str) -> String {
    let last = image.trim().rsplit('/').next().unwrap_or_default();
    last.split([':', '@']).next().unwrap_or_default().to_owned()
}

#[derive(Properties, PartialEq)]
pub(super) struct AddServiceProps {
    pub(super) at: Position,
    pub(super) on_close: Callback<()>,
    pub(super) on_made: Callback<Address>,
}

#[component]
pub(super) fn AddService(props: &AddServiceProps) -> Html {
    let actions = use_staging();
    let action = use_async_action();
    let typed = use_state(Typed::default);
    let on_submit = {
        let (action, typed, actions) = (action.clone(), typed.clone(), actions.clone());
        let (at, on_close, on_made) = (props.at, props.on_close.clone(), props.on_made.clone());
        Callback::from(move |()| match typed.read(at) {
            Err(fields) => action.refuse(ApiError::Invalid {
                message: "some fields need another value".to_owned(),
                fields,
            }),
            Ok(new) => {
                send(&actions, &action, Edit::CreateService(Box::new(new)), &on_close, &on_made);
            }
        })
    };
    let mut groups = vec![Choice::new("", "No group")];
    if let Some(model) = actions.live.canvas().model() {
        let known = model.whole.groups.iter();
        groups.extend(known.map(|(id, group)| Choice::new(id.to_string(), group.name.to_string())));
    }
    let row = |setting: &'static Setting| {
        let on_input = Callback::from({
            let typed = typed.clone();
            move |text: String| {
                let mut next = (*typed).clone();
                next.settings.insert(setting.word, text);
                typed.set(next);
            }
        });
        input(setting, &typed, &action, &groups, on_input)
    };
    let on_variables = Callback::from({
        let typed = typed.clone();
        move |variables: String| typed.set(Typed { variables, ..(*typed).clone() })
    });
    let shown: Vec<&str> = FIRST.into_iter().chain(MORE).chain(["variables"]).collect();
    html! {
        <Dialog title="Add a service" on_close={&props.on_close}>
            <div data-test="add-service">
            <Form {on_submit} error={action.other_errors(&shown)}>
                { for settings(&FIRST).map(row) }
                <TextArea id="add-variables" label="Variables" value={typed.variables.clone()} mono=true rows={4}
                    placeholder={"KEY=value\nDATABASE_URL=postgres://${{db.HOST}}/app"}
                    hint="One a line; a whole .env file may be pasted."
                    error={action.field("variables")} on_input={on_variables} />
                <details class="more">
                    <summary>{ "Pull policy, command, icon and group" }</summary>
                    <div class="stack">{ for settings(&MORE).map(row) }</div>
                </details>
                { foot("Stage service", action.is_busy(), &props.on_close) }
            </Form>
            </div>
        </Dialog>
    }
}

/// One setting to fill in.
fn input(
    setting: &'static Setting,
    typed: &Typed,
    action: &AsyncAction,
    groups: &[Choice],
    on_input: Callback<String>,
) -> Html {
    let id = AttrValue::from(format!("add-{}", setting.word));
    let value = typed.text(setting.word).to_owned();
    match setting.input {
        Input::Group if groups.len() == 1 => Html::default(),
        Input::Group => html! {
            <Select {id} label={setting.label} {value} choices={groups.to_vec()} on_change={on_input} />
        },
        Input::Choice(choices) => {
            let choices: Vec<Choice> =
                choices.iter().map(|(word, label)| Choice::new(*word, *label)).collect();
            // Before anything is chosen: what is shown is what would be sent.
            let value = if value.is_empty() { choices[0].value.to_string() } else { value };
            html! { <Select {id} label={setting.label} {value} {choices} on_change={on_input} /> }
        }
        Input::Text | Input::Machine | Input::Number | Input::List | Input::HealthCheck => {
            let placeholder = match setting.field {
                Field::Name => suggested(typed.text("image")),
                _ => setting.example.to_owned(),
            };
            let error = action.field(setting.word).or_else(|| {
                (setting.field == Field::Source).then(|| action.field("source")).flatten()
            });
            html! {
                <TextField {id} label={setting.label} {value} {placeholder} hint={setting.help} {error}
                    mono={matches!(setting.input, Input::Machine | Input::List)}
                    autofocus={setting.word == FIRST[0]} {on_input} />
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{PullPolicy, Source};

    fn typed(icon: &str) -> Typed {
        let settings = [("name", "web"), ("image", "nginx"), ("icon", icon)];
        let settings = settings.map(|(word, text)| (word, text.to_owned())).into_iter().collect();
        Typed { settings, ..Typed::default() }
    }

    #[test]
    fn a_blank_form_shows_the_way_of_pulling_that_it_sends() {
        let sent = typed("").read(Position::default()).unwrap();

        let Source::Image { pull, .. } = sent.source else { panic!("it has an image") };
        assert_eq!(PullPolicy::CHOICES[0].0, pull.as_str());
    }

    // DK-35
    #[test]
    fn an_icon_is_sent_if_there_is_one_and_refused_beside_its_field() {
        let read = |icon: &str| typed(icon).read(Position::default());

        let chosen = read(" https://example.org/icon.svg ").unwrap().icon;
        let wrong = read("nginx").unwrap_err();

        assert_eq!(chosen.unwrap().to_string(), "https://example.org/icon.svg");
        assert_eq!(read(" ").unwrap().icon, None, "it is known by its image");
        assert_eq!(wrong.keys().collect::<Vec<_>>(), ["icon"]);
    }

    #[test]
    fn a_service_without_a_name_is_called_after_its_image() {
        let settings = Map::from([("image", "registry.example.org/team/shop:2".to_owned())]);

        let sent = Typed { settings, ..Typed::default() }.read(Position::default()).unwrap();

        assert_eq!(sent.name.as_str(), "shop");
    }

    #[test]
    fn each_wrong_field_is_told_of_at_once() {
        let settings = Map::from([("image", "No Image".to_owned()), ("ports", "http".to_owned())]);

        let wrong = Typed { settings, ..Typed::default() }.read(Position::default()).unwrap_err();

        assert_eq!(wrong.keys().collect::<Vec<_>>(), ["image", "ports"]);
    }
}
