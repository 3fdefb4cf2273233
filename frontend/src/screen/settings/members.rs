//! Who belongs to a project.

use domain::{Email, ProjectId, access::ProjectRole, project::Member};
use icondata_lu::{LuTrash2, LuUserPlus, LuUsers};
use yew::prelude::{
    AttrValue, Callback, Html, Properties, component, html, use_context, use_state_eq,
};

use crate::{
    api::{ApiError, use_api, use_async_action, use_fetch},
    component::{
        Avatar, Badge, Button, ButtonKind, Choice, Column, Confirm, Dialog, Empty, Form,
        IconButton, Person, Select, Skeleton, Table, TextField, use_toasts,
    },
    screen::failure::{Failure, Stale},
    session::Session,
};

const ROLES: [(ProjectRole, &str, &str, &str); 3] = [
    (ProjectRole::Viewer, "viewer", "Viewer", "sees everything but values and logs"),
    (ProjectRole::Editor, "editor", "Editor", "stages, applies, reads values and logs"),
    (ProjectRole::Owner, "owner", "Owner", "also deletes the project and says who belongs to it"),
];

fn word(role: ProjectRole) -> &'static str {
    ROLES.iter().find(|(one, ..)| *one == role).map_or("", |(_, word, ..)| word)
}

fn named(word: &str) -> ProjectRole {
    ROLES.iter().find(|(_, one, ..)| *one == word).map_or(ProjectRole::Viewer, |(role, ..)| *role)
}

fn choices() -> Vec<Choice> {
    ROLES.iter().map(|(_, word, label, _)| Choice::new(*word, *label)).collect()
}

#[derive(Properties, PartialEq)]
pub(super) struct MembersProps {
    pub(super) project: ProjectId,
    pub(super) role: Option<ProjectRole>,
}

#[component]
pub(super) fn Members(props: &MembersProps) -> Html {
    let MembersProps { project, role } = props;
    let (project, is_owner) = (*project, *role == Some(ProjectRole::Owner));
    let api = use_api();
    let toasts = use_toasts();
    let members = use_fetch(project, {
        let api = api.clone();
        move |project| async move { api.members(project).await }
    });
    let is_adding = use_state_eq(|| false);
    let leaving = use_state_eq(|| None::<Member>);
    let removal = use_async_action();
    let add = Callback::from({
        let is_adding = is_adding.setter();
        move |_| is_adding.set(true)
    });
    let on_role = Callback::from({
        let (api, toasts, reload) = (api.clone(), toasts.clone(), members.reload.clone());
        move |(member, role): (Member, ProjectRole)| {
            let (api, toasts, reload) = (api.clone(), toasts.clone(), reload.clone());
            wasm_bindgen_futures::spawn_local(async move {
                match api.set_member(project, member.user.id, role).await {
                    Ok(()) => toasts.done(format!("{} is now {}.", member.user.name, word(role))),
                    Err(error) => toasts.failed(error.to_string()),
                }
                // Also after a refusal: the list shows what counts.
                reload.emit(());
            });
        }
    });
    let on_remove = Callback::from({
        let (api, toasts, reload) = (api.clone(), toasts.clone(), members.reload.clone());
        let (leaving, removal) = (leaving.clone(), removal.clone());
        move |()| {
            let Some(member) = (*leaving).clone() else { return };
            let (api, toasts) = (api.clone(), toasts.clone());
            let (reload, leaving) = (reload.clone(), leaving.setter());
            let user = member.user.id;
            removal.start(async move { api.remove_member(project, user).await }, move |()| {
                leaving.set(None);
                toasts
                    .done(format!("{} does not belong to the project any more.", member.user.name));
                reload.emit(());
            });
        }
    });
    let content = match (&members.value, &members.error) {
        (None, Some(error)) => html! {
            <Failure error={error.clone()} on_retry={members.reload.clone()} />
        },
        (None, None) => html! { <Skeleton label="members" /> },
        (Some(list), _) if list.is_empty() => html! {
            <Empty icon={LuUsers} title="Nobody belongs to it"
                text="Admins of this instance see every project. Add those who shall work on this one.">
                if is_owner {
                    <Button kind={ButtonKind::Primary} icon={LuUserPlus} onclick={add.clone()}>
                        { "Add somebody" }
                    </Button>
                }
            </Empty>
        },
        (Some(list), error) => html! {
            <>
                if let Some(error) = error {
                    <Stale error={error.clone()} on_retry={members.reload.clone()} />
                }
                <div class="row row--between row--wrap variables-bar">
                    <span class="muted">
                        { match list.len() { 1 => "1 member".to_owned(), count => format!("{count} members") } }
                    </span>
                    if is_owner {
                        <Button icon={LuUserPlus} onclick={add.clone()}>{ "Add somebody" }</Button>
                    }
                </div>
                <Table caption="Members" columns={vec![
                    Column::new("who", "Who"),
                    Column::new("role", "Role"),
                    Column::new("deeds", "Actions").silent(),
                ]}>
                    { for list.iter().map(|member| html! {
                        <MemberRow key={member.user.id.to_string()} member={member.clone()} {is_owner}
                            on_role={on_role.clone()}
                            on_remove={{ let leaving = leaving.setter(); Callback::from(move |member| leaving.set(Some(member))) }} />
                    }) }
                </Table>
                <dl class="roles small muted">
                    { for ROLES.iter().map(|(_, _, label, text)| html! {
                        <><dt>{ *label }</dt><dd>{ *text }</dd></>
                    }) }
                </dl>
            </>
        },
    };
    html! {
        <section class="variables">
            { content }
            if *is_adding {
                <AddMember {project} on_added={members.reload.clone()}
                    on_close={{ let is_adding = is_adding.setter(); Callback::from(move |()| is_adding.set(false)) }} />
            }
            if let Some(member) = &*leaving {
                <Confirm title={format!("Remove {}", member.user.name)} action="Remove from the project"
                    busy={removal.is_busy()} error={removal.error().map(ToString::to_string)}
                    on_confirm={on_remove}
                    on_close={{ let (leaving, removal) = (leaving.setter(), removal.clone()); Callback::from(move |()| { removal.clear(); leaving.set(None); }) }}>
                    <p>{ "Open canvases of this person close at once. What they staged stays." }</p>
                </Confirm>
            }
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct MemberRowProps {
    member: Member,
    is_owner: bool,
    on_role: Callback<(Member, ProjectRole)>,
    on_remove: Callback<Member>,
}

#[component]
fn MemberRow(props: &MemberRowProps) -> Html {
    let MemberRowProps { member, is_owner, on_role, on_remove } = props;
    let user = &member.user;
    let session = use_context::<Session>().unwrap_or_default();
    let is_self = session.user.is_some_and(|it| it.id.as_str() == user.id.to_string());
    let on_change = on_role.reform({
        let member = member.clone();
        move |chosen: String| (member.clone(), named(&chosen))
    });
    let remove = on_remove.reform({
        let member = member.clone();
        move |_| member.clone()
    });
    let id: AttrValue = format!("role-{}", user.id).into();
    html! {
        <tr>
            <td>
                <span class="row person">
                    <Avatar person={Person::new(user.id.to_string(), user.name.to_string())} />
                    <span class="person-text">
                        <b class="truncate">{ user.name.as_str() }
                            if is_self { <span class="faint">{ " (you)" }</span> }
                        </b>
                        <span class="muted small truncate">{ user.email.as_str() }</span>
                    </span>
                </span>
            </td>
            <td class="member-role">
                if *is_owner {
                    <Select {id} label={format!("Role of {}", user.name)} label_hidden=true
                        value={word(member.role)} choices={choices()} {on_change} />
                } else {
                    <Badge>{ word(member.role) }</Badge>
                }
            </td>
            <td class="variable-actions">
                if *is_owner {
                    <IconButton icon={LuTrash2} danger=true label={format!("Remove {}", user.name)}
                        onclick={remove} />
                }
            </td>
        </tr>
    }
}

#[derive(Properties, PartialEq)]
struct AddMemberProps {
    project: ProjectId,
    on_added: Callback<()>,
    on_close: Callback<()>,
}

#[component]
fn AddMember(props: &AddMemberProps) -> Html {
    let AddMemberProps { project, on_added, on_close } = props;
    let email = use_state_eq(String::new);
    let role = use_state_eq(|| ProjectRole::Editor);
    let api = use_api();
    let action = use_async_action();
    let on_submit = {
        let (project, email, role, action) = (*project, email.clone(), *role, action.clone());
        let (on_added, on_close) = (on_added.clone(), on_close.clone());
        Callback::from(move |()| {
            let email = match Email::try_from(email.trim()) {
                Ok(email) => email,
                Err(rule) => return action.refuse(ApiError::of_field("email", &rule)),
            };
            let (api, on_added, on_close) = (api.clone(), on_added.clone(), on_close.clone());
            action.start(async move { api.add_member(project, email, role).await }, move |_| {
                on_close.emit(());
                on_added.emit(());
            });
        })
    };
    let hint = ROLES.iter().find(|(one, ..)| *one == *role).map_or("", |(_, _, _, text)| text);
    html! {
        <Dialog title="Add somebody" on_close={on_close.clone()}>
            <Form {on_submit} error={action.other_errors(&["email", "role"])}>
                <TextField id="member-email" label="E-mail" kind="email" autofocus=true
                    hint="Of somebody whom you share a project with; an admin can add anybody with an account"
                    value={(*email).clone()} error={action.field("email")}
                    on_input={{ let email = email.setter(); Callback::from(move |text| email.set(text)) }} />
                <Select id="member-role" label="Role" value={word(*role)} choices={choices()}
                    hint={format!("An {} {hint}", word(*role)).replacen("An viewer", "A viewer", 1)}
                    on_change={{ let role = role.setter(); Callback::from(move |chosen: String| role.set(named(&chosen))) }} />
                <div class="row row--end">
                    <Button onclick={on_close.reform(|_| ())}>{ "Cancel" }</Button>
                    <Button kind={ButtonKind::Primary} submits=true busy={action.is_busy()}>
                        { "Add to the project" }
                    </Button>
                </div>
            </Form>
        </Dialog>
    }
}
