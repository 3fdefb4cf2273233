//! What a project is called.

use std::rc::Rc;

use domain::{Address, Name, access::ProjectRole, canvas::Snapshot};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state_eq};

use super::{danger::Danger, staged::to_canvas};
use crate::{
    api::{EnvironmentPath, sentence, use_api, use_async_action},
    component::{
        Badge, Button, ButtonKind, Colour, CopyButton, Form, RelativeTime, TextField, use_toasts,
    },
};

#[derive(Properties, PartialEq)]
pub(super) struct GeneralProps {
    pub(super) snapshot: Rc<Snapshot>,
    pub(super) named: String,
    pub(super) role: Option<ProjectRole>,
    pub(super) on_changed: Callback<()>,
}

#[component]
pub(super) fn General(props: &GeneralProps) -> Html {
    let GeneralProps { snapshot, named, role, on_changed } = props;
    let project = &snapshot.project;
    let changes = snapshot.changes();
    let staged = changes.iter().find(|change| change.address == Address::ProjectName);
    let planned = snapshot.spec.overlay(&changes).project_name.to_string();
    html! {
        <div class="stack stack--loose">
            <section class="plate">
                // The form begins anew when somebody else stages a name.
                <Rename key={planned.clone()} snapshot={snapshot.clone()} planned={planned.clone()}
                    can_edit={*role >= Some(ProjectRole::Editor)} on_changed={on_changed.clone()} />
                if let Some(change) = staged {
                    <div class="row row--wrap staged-line">
                        <Badge colour={Colour::Staged}>{ "◇ Staged" }</Badge>
                        <span class="grow">
                            <s class="muted">{ project.name.as_str() }</s>{ " → " }<b>{ planned }</b>
                        </span>
                        if *role >= Some(ProjectRole::Editor) {
                            <UndoRename place={EnvironmentPath::of(snapshot)} change={change.id}
                                on_changed={on_changed.clone()} />
                        }
                    </div>
                }
                <dl class="facts">
                    <dt>{ "Slug" }</dt>
                    <dd><code>{ project.slug.as_str() }</code>
                        <CopyButton text={project.slug.to_string()} what="slug" /></dd>
                    <dt>{ "Id" }</dt>
                    <dd><code class="truncate">{ project.id.to_string() }</code>
                        <CopyButton text={project.id.to_string()} what="id" /></dd>
                    <dt>{ "Created" }</dt>
                    <dd><RelativeTime at={project.created_at.as_millis()} /></dd>
                </dl>
                <p class="field-hint">{ "Slug and id never change, so addresses and scripts stay right after a rename." }</p>
            </section>
            { to_canvas(snapshot, named, *role >= Some(ProjectRole::Editor)) }
            if *role == Some(ProjectRole::Owner) {
                <Danger snapshot={snapshot.clone()} />
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct RenameProps {
    snapshot: Rc<Snapshot>,
    /// With what is staged.
    planned: String,
    can_edit: bool,
    on_changed: Callback<()>,
}

#[component]
fn Rename(props: &RenameProps) -> Html {
    let RenameProps { snapshot, planned, can_edit, on_changed } = props;
    let name = use_state_eq(|| planned.clone());
    let api = use_api();
    let action = use_async_action();
    let toasts = use_toasts();
    let sound = Name::try_from(name.as_str());
    let is_new = sound.as_ref().is_ok_and(|sound| sound.as_str() != planned);
    let on_submit = {
        let (sound, action, id) = (sound.clone(), action.clone(), snapshot.project.id);
        let on_changed = on_changed.clone();
        Callback::from(move |()| {
            let Ok(name) = sound.clone() else { return };
            let (api, toasts, on_changed) = (api.clone(), toasts.clone(), on_changed.clone());
            action.start(async move { api.rename_project(id, name).await }, move |_| {
                toasts.done("The new name is staged. It counts once it is applied.");
                on_changed.emit(());
            });
        })
    };
    let error = action
        .field("name")
        .or_else(|| sound.as_ref().err().map(|rule| AttrValue::from(sentence(&rule.to_string()))));
    let on_input = Callback::from({
        let name = name.setter();
        move |text| name.set(text)
    });
    html! {
        <Form {on_submit} error={action.other_errors(&["name", "content"])} label="Name">
            <div class="field-row">
                <TextField id="rename" label="Name" value={(*name).clone()} {error} {on_input}
                    disabled={!can_edit} hint="A new name is staged, and applied with the other changes." />
                if *can_edit {
                    <Button kind={ButtonKind::Primary} submits=true busy={action.is_busy()} disabled={!is_new}>
                        { "Stage name" }
                    </Button>
                }
            </div>
        </Form>
    }
}

#[derive(Properties, PartialEq)]
struct UndoRenameProps {
    place: EnvironmentPath,
    change: domain::ChangeId,
    on_changed: Callback<()>,
}

#[component]
fn UndoRename(props: &UndoRenameProps) -> Html {
    let UndoRenameProps { place, change, on_changed } = props;
    let api = use_api();
    let action = use_async_action();
    let toasts = use_toasts();
    let onclick = {
        let (place, change, action) = (*place, *change, action.clone());
        let on_changed = on_changed.clone();
        Callback::from(move |_| {
            let (api, on_changed, toasts) = (api.clone(), on_changed.clone(), toasts.clone());
            action.start(
                async move {
                    let outcome = api.discard(place, vec![change], None).await;
                    if let Err(error) = &outcome {
                        toasts.failed(error.to_string());
                    }
                    outcome
                },
                move |_| on_changed.emit(()),
            );
        })
    };
    html! { <Button kind={ButtonKind::Bare} busy={action.is_busy()} {onclick}>{ "Discard" }</Button> }
}
