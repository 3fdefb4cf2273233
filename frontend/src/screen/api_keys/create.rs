//! Making a key, and showing its token this once.

use std::time::Duration;

use domain::{
    Map, Name, ProjectId, Set, Timestamp,
    access::KeyScope,
    api::api_key::{self, CreatedKey},
};
use icondata_lu::LuTriangleAlert;
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state_eq};

use super::scope::SCOPES;
use crate::{
    api::{ApiError, sentence, use_api, use_async_action, use_pages},
    component::{
        Banner, Button, ButtonKind, Checkbox, Choice, Colour, CopyButton, Dialog, Form, Select,
        TextField,
    },
    view::clock,
};

const LIVES: [(&str, &str, Option<u64>); 4] = [
    ("30", "In 30 days", Some(30)),
    ("90", "In 90 days", Some(90)),
    ("365", "In a year", Some(365)),
    ("", "Never", None),
];

#[derive(Properties, PartialEq)]
pub(super) struct CreateKeyProps {
    pub(super) on_made: Callback<()>,
    pub(super) on_close: Callback<()>,
}

#[component]
pub(super) fn CreateKey(props: &CreateKeyProps) -> Html {
    let made = use_state_eq(|| None::<CreatedKey>);
    if let Some(made) = &*made {
        return html! { <Shown made={made.clone()} on_close={props.on_close.clone()} /> };
    }
    let on_made = Callback::from({
        let (made, on_made) = (made.setter(), props.on_made.clone());
        move |key| {
            made.set(Some(key));
            on_made.emit(());
        }
    });
    html! {
        <Dialog title="New API key" on_close={props.on_close.clone()}>
            <KeyForm {on_made} on_close={props.on_close.clone()} />
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
struct KeyFormProps {
    on_made: Callback<CreatedKey>,
    on_close: Callback<()>,
}

#[component]
fn KeyForm(props: &KeyFormProps) -> Html {
    let description = use_state_eq(String::new);
    let scopes = use_state_eq(|| Set::from([KeyScope::Read, KeyScope::Stage, KeyScope::Deploy]));
    let life = use_state_eq(|| "90".to_owned());
    let project = use_state_eq(|| None::<ProjectId>);
    let api = use_api();
    let action = use_async_action();
    let projects = use_pages((), {
        let api = api.clone();
        move |(), offset| async move { api.projects(String::new(), offset).await }
    });
    let on_submit = {
        let (description, scopes) = (description.clone(), scopes.clone());
        let (life, project, action) = (life.clone(), *project, action.clone());
        let on_made = props.on_made.clone();
        Callback::from(move |()| {
            let description = match check(&description, &scopes) {
                Ok(description) => description,
                Err(error) => return action.refuse(error),
            };
            let key = api_key::CreateKey {
                description,
                scopes: (*scopes).clone(),
                expires_at: end(clock::now(), &life),
                project,
            };
            let (api, on_made) = (api.clone(), on_made.clone());
            action
                .start(async move { api.create_api_key(key).await }, move |key| on_made.emit(key));
        })
    };
    let mut choices = vec![Choice::new("", "Every project that I belong to")];
    for one in projects.rows.iter().flat_map(|rows| rows.iter()) {
        choices.push(Choice::new(one.project.id.to_string(), one.project.name.to_string()));
    }
    let missing = projects.missing();
    let lives =
        LIVES.iter().map(|(value, label, _)| Choice::new(*value, *label)).collect::<Vec<_>>();
    let never = life.is_empty().then_some(AttrValue::Static(
        "A key that never expires is easily forgotten. Prefer a date.",
    ));
    html! {
        <Form {on_submit} error={action.other_errors(&["description", "scopes", "expires_at"])}>
            <TextField id="key-for" label="Description" autofocus=true placeholder="Pipeline of \
                the shop"
                value={(*description).clone()} error={action.field("description")}
                on_input={{ let description = description.setter(); Callback::from(move |text| description.set(text)) }} />
            <fieldset class="scopes">
                <legend>{ "Scopes" }</legend>
                { for SCOPES.iter().map(|(scope, word, text)| {
                    let on_change = Callback::from({
                        let (scopes, scope) = (scopes.clone(), *scope);
                        move |is: bool| {
                            let mut chosen = (*scopes).clone();
                            if is { chosen.insert(scope); } else { chosen.remove(&scope); }
                            scopes.set(chosen);
                        }
                    });
                    html! {
                        <Checkbox key={*word} id={format!("scope-{word}")} label={*word} hint={*text}
                            checked={scopes.contains(scope)} {on_change} />
                    }
                }) }
                if let Some(error) = action.field("scopes") {
                    <p class="field-error" role="alert">{ error }</p>
                }
            </fieldset>
            <Select id="key-project" label="Project" value={project.map(|id| id.to_string()).unwrap_or_default()}
                {choices} hint="A key for one project sees nothing of others"
                on_change={{ let project = project.setter(); Callback::from(move |id: String| project.set(id.parse().ok())) }} />
            if missing > 0 {
                <Button kind={ButtonKind::Bare} busy={projects.is_busy} onclick={projects.more.reform(|_| ())}>
                    { format!("Load {missing} more projects") }
                </Button>
            }
            <Select id="key-life" label="Expires" value={(*life).clone()} choices={lives} hint={never}
                error={action.field("expires_at")}
                on_change={{ let life = life.setter(); Callback::from(move |chosen| life.set(chosen)) }} />
            <div class="row row--end">
                <Button onclick={props.on_close.reform(|_| ())}>{ "Cancel" }</Button>
                <Button kind={ButtonKind::Primary} submits=true busy={action.is_busy()}>{ "Create \
                    key" }</Button>
            </div>
        </Form>
    }
}

#[derive(Properties, PartialEq)]
struct ShownProps {
    made: CreatedKey,
    on_close: Callback<()>,
}

/// The only time that the token is seen: a press beside the dialog does not close it.
#[component]
fn Shown(props: &ShownProps) -> Html {
    let ShownProps { made, on_close } = props;
    html! {
        <Dialog title="Copy the key now" on_close={on_close.clone()} persistent=true>
            <div class="stack">
                <p>{ "This is the only time that it is shown. Easel keeps no copy of it." }</p>
                <div class="token row">
                    <code class="grow">{ made.token.expose().to_owned() }</code>
                    <CopyButton text={made.token.expose().to_owned()} what="key" />
                </div>
                <Banner colour={Colour::Staged} icon={LuTriangleAlert}>
                    { "Put it where secrets are kept, not into a repository." }
                </Banner>
                <p class="muted small">
                    { "Send it as " }<code>{ "Authorization: Bearer …" }</code>
                    { ", or give it to the command line as " }<code>{ "EASEL_API_KEY" }</code>{ "." }
                </p>
                <div class="row row--end">
                    <Button kind={ButtonKind::Primary} autofocus=true onclick={on_close.reform(|_| ())}>
                        { "I have copied it" }
                    </Button>
                </div>
            </div>
        </Dialog>
    }
}

fn check(description: &str, scopes: &Set<KeyScope>) -> Result<Name, ApiError> {
    let mut fields = Map::new();
    let description = Name::try_from(description);
    if let Err(rule) = &description {
        fields.insert("description".to_owned(), vec![sentence(&rule.to_string())]);
    }
    if scopes.is_empty() {
        fields.insert("scopes".to_owned(), vec!["Choose at least one".to_owned()]);
    }
    match description {
        Ok(description) if fields.is_empty() => Ok(description),
        _ => Err(ApiError::Invalid { message: String::new(), fields }),
    }
}

/// When a key ends that is made now; never for what is no life.
fn end(now: i64, life: &str) -> Option<Timestamp> {
    let days = LIVES.iter().find(|(value, ..)| *value == life)?.2?;
    Some(Timestamp::from_millis(now).plus(Duration::from_secs(days * 86_400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_when_it_was_said_to() {
        assert_eq!(end(0, "30"), Some(Timestamp::from_millis(30 * 86_400_000)));
        assert_eq!(end(0, ""), None);
    }

    // DK-13
    #[test]
    fn a_key_without_a_purpose_or_a_scope_is_not_asked_for() {
        let error = check(" ", &Set::new()).unwrap_err();

        assert!(error.field("description").is_some() && error.field("scopes").is_some());
    }
}
