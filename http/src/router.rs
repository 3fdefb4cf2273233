//! Which path leads to which handler, and what stands before all of them.

use crate::{
    account, api_key, audit, canvas, change, deployment, group, history, host, layout, openapi,
    openapi::Document, origin, project, request, revision, server::Server, service, stream, system,
    user, variable, volume, web,
};
use axum::{Extension, Router, middleware::from_fn_with_state};
use std::{sync::Arc, time::Duration};
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};
use utoipa_axum::router::OpenApiRouter;

/// How long a body may pause while it arrives.
const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// All that this server answers.
pub(crate) fn build(server: &Server) -> Router {
    let (api, description) =
        OpenApiRouter::with_openapi(openapi::base()).nest("/api", api()).split_for_parts();

    api.layer(Extension(Arc::new(Document::new(&description))))
        .fallback(web::serve)
        .method_not_allowed_fallback(request::wrong_method)
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(RequestBodyTimeoutLayer::new(BODY_IDLE_TIMEOUT))
        .layer(from_fn_with_state(server.clone(), origin::guard))
        .layer(from_fn_with_state(server.clone(), request::cors))
        .layer(from_fn_with_state(server.clone(), host::guard))
        .layer(from_fn_with_state(server.clone(), request::frame))
        .with_state(server.clone())
}

fn api() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .merge(account::routes())
        .merge(user::routes())
        .merge(api_key::routes())
        .merge(project::routes())
        .merge(audit::routes())
        .merge(system::routes())
        .merge(openapi::routes())
        .nest("/projects/{project}", environment())
        .nest("/projects/{project}/environments/{environment}", environment())
        .fallback(request::no_such_path)
}

/// What lies within an environment: mounted with it spelled out, and without for the first one.
fn environment() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .merge(service::routes())
        .merge(variable::routes())
        .merge(group::routes())
        .merge(volume::routes())
        .merge(change::routes())
        .merge(revision::routes())
        .merge(history::routes())
        .merge(deployment::routes())
        .merge(stream::routes())
        .merge(canvas::routes())
        .merge(layout::routes())
}
