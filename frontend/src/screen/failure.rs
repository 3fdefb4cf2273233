//! Where something could not be read: why, and what to do next.

use icondata_lu::{LuLock, LuSearch, LuTriangleAlert, LuUnplug};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html};

use crate::{
    api::ApiError,
    component::{Button, ButtonKind, CopyButton, Empty},
    route::{Route, link::Link},
};

#[derive(Properties, PartialEq)]
pub struct FailureProps {
    pub error: ApiError,
    #[prop_or_default]
    pub on_retry: Callback<()>,
}

#[component]
pub fn Failure(props: &FailureProps) -> Html {
    let error = &props.error;
    let (icon, title) = match error {
        ApiError::Offline | ApiError::Slow => (LuUnplug, "Easel does not answer"),
        ApiError::Forbidden(_) => (LuLock, "You may not see this"),
        ApiError::NotFound(_) => (LuSearch, "Nothing here"),
        ApiError::Unauthorized(_)
        | ApiError::Invalid { .. }
        | ApiError::Conflict { .. }
        | ApiError::Incomplete { .. }
        | ApiError::Blocked { .. }
        | ApiError::Other { .. } => (LuTriangleAlert, "This did not work"),
    };
    let text: AttrValue = match error {
        ApiError::Offline => "Check that it runs and that you have a network. What Easel has deployed runs on without it.".into(),
        ApiError::Slow => "It took too long. The host may be very busy.".into(),
        ApiError::NotFound(_) => {
            "It was deleted, or it never was, or you do not belong to it. Ask an owner for access."
                .into()
        }
        other => other.to_string().into(),
    };
    let onclick = props.on_retry.reform(|_| ());
    html! {
        <div role="alert">
            <Empty {icon} title={AttrValue::Static(title)} {text}>
                if error.is_passing() {
                    <Button kind={ButtonKind::Primary} {onclick}>{ "Try again" }</Button>
                } else {
                    <Link to={Route::Projects} classes="button button--primary">
                        { "Go to your projects" }
                    </Link>
                }
                if let Some(request) = error.request() {
                    <span class="row muted small">
                        { "In the log: " }<code>{ request.to_owned() }</code>
                        <CopyButton text={request.to_owned()} what="request id" />
                    </span>
                }
            </Empty>
        </div>
    }
}

/// What is shown is old: it could not be read again.
#[component]
pub fn Stale(props: &FailureProps) -> Html {
    html! {
        <div class="note note--warning row row--wrap" role="status">
            <span class="grow">{ format!("What you see may be out of date. {}", props.error) }</span>
            <Button onclick={props.on_retry.reform(|_| ())}>{ "Try again" }</Button>
        </div>
    }
}
