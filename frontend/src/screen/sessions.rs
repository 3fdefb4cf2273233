//! Where somebody is signed in.

use domain::account::{Session as Device, SessionKind};
use icondata_lu::{LuLaptop, LuTerminal};
use yew::prelude::{Callback, Html, component, html};

use crate::{
    api::{use_api, use_fetch},
    component::{Badge, Button, Colour, Column, Icon, RelativeTime, Skeleton, Table, use_toasts},
    screen::{
        account_page::{AccountPage, AccountTab},
        failure::{Failure, Stale},
    },
    view::page,
};

#[component]
pub fn SessionsScreen() -> Html {
    page::use_title("Sessions");
    let api = use_api();
    let toasts = use_toasts();
    let devices = use_fetch((), {
        let api = api.clone();
        move |()| async move { api.sessions().await }
    });
    let on_close = Callback::from({
        let reload = devices.reload.clone();
        move |device: Device| {
            let (api, toasts, reload) = (api.clone(), toasts.clone(), reload.clone());
            wasm_bindgen_futures::spawn_local(async move {
                match api.close_session(device.id).await {
                    Ok(()) => toasts.done("That session is signed out."),
                    Err(error) => toasts.failed(error.to_string()),
                }
                reload.emit(());
            });
        }
    });
    let columns = vec![
        Column::new("device", "Device"),
        Column::new("seen", "Last seen"),
        Column::new("since", "Signed in"),
        Column::new("ends", "Expires"),
        Column::new("deeds", "Actions").silent(),
    ];
    let content = match (&devices.value, &devices.error) {
        (None, Some(error)) => html! {
            <Failure error={error.clone()} on_retry={devices.reload.clone()} />
        },
        (None, None) => html! { <Skeleton label="devices" /> },
        (Some(known), error) => html! {
            <>
                if let Some(error) = error {
                    <Stale error={error.clone()} on_retry={devices.reload.clone()} />
                }
                <p class="muted lead">
                    { "Your sessions: everywhere that you are signed in. If you do not know one \
                        of them, sign it out." }
                </p>
                <Table caption="Sessions" {columns}>
                    { for known.data.iter().map(|device| line(device, known.current == Some(device.id), &on_close)) }
                </Table>
            </>
        },
    };
    html! { <AccountPage tab={AccountTab::Sessions}>{ content }</AccountPage> }
}

fn line(device: &Device, is_this: bool, on_close: &Callback<Device>) -> Html {
    let (icon, fallback) = match device.kind {
        SessionKind::Browser => (LuLaptop, "Browser"),
        SessionKind::Token => (LuTerminal, "Command line"),
    };
    let name = if device.device.is_empty() { fallback } else { &device.device };
    let onclick = on_close.reform({
        let device = device.clone();
        move |_| device.clone()
    });
    html! {
        <tr key={device.id.to_string()}>
            <td><span class="row"><span class="muted"><Icon {icon} /></span><b>{ name.to_owned() }</b>
                if is_this { <Badge colour={Colour::Live}>{ "● This one" }</Badge> }</span></td>
            <td data-label="Last seen"><RelativeTime at={device.last_seen_at.as_millis()} /></td>
            <td data-label="Signed in"><RelativeTime at={device.created_at.as_millis()} /></td>
            <td data-label="Expires"><RelativeTime at={device.expires_at.as_millis()} /></td>
            <td class="variable-actions">
                if !is_this {
                    <Button {onclick}>{ "Sign out" }</Button>
                }
            </td>
        </tr>
    }
}
