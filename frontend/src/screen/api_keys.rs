//! Keys for scripts and the command line (DK-17).

mod create;
mod scope;

use domain::{Timestamp, account::ApiKey};
use icondata_lu::{LuKeyRound, LuPlus, LuTrash2};
use yew::prelude::{Callback, Html, Properties, component, html, use_context, use_state_eq};

use self::{create::CreateKey, scope::SCOPES};
use crate::{
    api::{use_api, use_async_action, use_fetch, use_pages},
    component::{
        Badge, Button, ButtonKind, Colour, Column, Confirm, Empty, IconButton, Now, RelativeTime,
        Skeleton, Table, use_toasts,
    },
    screen::{
        account_page::{AccountPage, AccountTab},
        failure::{Failure, Stale},
    },
    view::page,
};

#[component]
pub fn ApiKeys() -> Html {
    page::use_title("API keys");
    let api = use_api();
    let toasts = use_toasts();
    let keys = use_pages((), {
        let api = api.clone();
        move |(), offset| async move { api.api_keys(offset).await }
    });
    let is_creating = use_state_eq(|| false);
    let doomed = use_state_eq(|| None::<ApiKey>);
    let deletion = use_async_action();
    let open = Callback::from({
        let is_creating = is_creating.setter();
        move |_| is_creating.set(true)
    });
    let on_delete = Callback::from({
        let (api, doomed, deletion) = (api.clone(), doomed.clone(), deletion.clone());
        let reload = keys.reload.clone();
        move |()| {
            let Some(key) = (*doomed).clone() else { return };
            let (api, doomed, reload) = (api.clone(), doomed.setter(), reload.clone());
            let toasts = toasts.clone();
            let id = key.id;
            deletion.start(async move { api.delete_api_key(id).await }, move |()| {
                doomed.set(None);
                toasts.done(format!("The key “{}” is refused from now on.", key.description));
                reload.emit(());
            });
        }
    });
    let content = match (&keys.rows, &keys.error) {
        (None, Some(error)) => html! {
            <Failure error={error.clone()} on_retry={keys.reload.clone()} />
        },
        (None, None) => html! { <Skeleton label="API keys" /> },
        (Some(rows), _) if rows.is_empty() => html! {
            <Empty icon={LuKeyRound} title="No keys yet"
                text="A key lets a script or a pipeline act for you, with less than you may do, and never with your password.">
                <Button kind={ButtonKind::Primary} icon={LuPlus} onclick={open.clone()}>
                    { "Create a key" }
                </Button>
            </Empty>
        },
        (Some(rows), error) => html! {
            <>
                if let Some(error) = error {
                    <Stale error={error.clone()} on_retry={keys.reload.clone()} />
                }
                <Table caption="API keys" columns={columns()}>
                    { for rows.iter().map(|key| html! {
                        <KeyRow api_key={key.clone()} key={key.id.to_string()}
                            on_delete={{ let doomed = doomed.setter(); Callback::from(move |key| doomed.set(Some(key))) }} />
                    }) }
                </Table>
                if keys.missing() > 0 {
                    <div class="row load-more">
                        <Button busy={keys.is_busy} onclick={keys.more.reform(|_| ())}>{ "Load more" }</Button>
                        <span class="muted">{ format!("{} of {}", rows.len(), keys.total) }</span>
                    </div>
                }
            </>
        },
    };
    let actions = html! {
        if keys.rows.as_ref().is_some_and(|rows| !rows.is_empty()) {
            <Button kind={ButtonKind::Primary} icon={LuPlus} onclick={open}>{ "New key" }</Button>
        }
    };
    html! {
        <AccountPage tab={AccountTab::ApiKeys} {actions}>
            { content }
            if *is_creating {
                <CreateKey on_made={keys.reload.clone()}
                    on_close={{ let is_creating = is_creating.setter(); Callback::from(move |()| is_creating.set(false)) }} />
            }
            if let Some(key) = &*doomed {
                <Confirm title="Delete this key" action="Delete the key" busy={deletion.is_busy()}
                    error={deletion.error().map(ToString::to_string)} on_confirm={on_delete}
                    on_close={{ let (doomed, deletion) = (doomed.setter(), deletion.clone()); Callback::from(move |()| { deletion.clear(); doomed.set(None); }) }}>
                    <p>{ format!("Whatever uses “{}” is refused from that moment on, also what is connected now.", key.description) }</p>
                </Confirm>
            }
        </AccountPage>
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("what", "Description"),
        Column::new("prefix", "Prefix"),
        Column::new("scopes", "Scopes"),
        Column::new("used", "Last used"),
        Column::new("ends", "Expires"),
        Column::new("deeds", "Actions").silent(),
    ]
}

#[derive(Properties, PartialEq)]
struct KeyRowProps {
    api_key: ApiKey,
    on_delete: Callback<ApiKey>,
}

#[component]
fn KeyRow(props: &KeyRowProps) -> Html {
    let KeyRowProps { api_key: key, on_delete } = props;
    let Now(now) = use_context::<Now>().unwrap_or(Now(0));
    let is_terminal = key.expires_at.is_some_and(|end| end <= Timestamp::from_millis(now));
    let onclick = on_delete.reform({
        let key = key.clone();
        move |_| key.clone()
    });
    html! {
        <tr class={is_terminal.then_some("is-over")}>
            <td data-label="Description">
                <b>{ key.description.as_str() }</b>
                <Bound project={key.project} />
            </td>
            <td data-label="Prefix"><code>{ format!("easel_{}_…", key.prefix) }</code></td>
            <td data-label="Scopes">
                <span class="row row--wrap badges">
                    { for SCOPES.iter().filter(|(scope, ..)| key.scopes.contains(scope)).map(|(_, word, text)| html! {
                        <span key={*word} title={*text}><Badge>{ *word }</Badge></span>
                    }) }
                </span>
            </td>
            <td data-label="Last used">
                if let Some(at) = key.last_used_at {
                    <RelativeTime at={at.as_millis()} />
                } else {
                    <span class="muted">{ "never" }</span>
                }
            </td>
            <td data-label="Expires">
                if let Some(at) = key.expires_at {
                    if is_terminal {
                        <Badge colour={Colour::Fail}>{ "▲ Expired" }</Badge>
                    } else {
                        <RelativeTime at={at.as_millis()} />
                    }
                } else {
                    <span class="muted">{ "never" }</span>
                }
            </td>
            <td class="variable-actions">
                <IconButton icon={LuTrash2} danger=true label={format!("Delete {}", key.description)} {onclick} />
            </td>
        </tr>
    }
}

#[derive(Properties, PartialEq)]
struct BoundProps {
    project: Option<domain::ProjectId>,
}

/// The project that a key is bound to, by name.
#[component]
fn Bound(props: &BoundProps) -> Html {
    let api = use_api();
    let found = use_fetch(props.project, move |project| async move {
        match project {
            Some(project) => api.find_project(project.to_string()).await.map(Some),
            None => Ok(None),
        }
    });
    if props.project.is_none() {
        return Html::default();
    }
    let name = found.value.as_deref().and_then(|it| it.as_ref());
    let name = name.map_or_else(|| "one project".to_owned(), |it| it.project.name.to_string());
    html! { <span class="muted small block">{ format!("only for {name}") }</span> }
}
