//! REST, WebSocket, SSE and the embedded web app.

mod account;
mod api_key;
mod app;
mod aside;
mod audit;
mod caller;
mod canvas;
mod change;
mod cookie;
mod deployment;
mod document;
mod door;
mod error;
mod group;
mod history;
mod json;
mod layout;
mod limit;
mod origin;
mod password;
mod path;
mod people;
mod project;
mod query;
mod request;
mod revision;
mod room;
mod serve;
mod service;
mod stream;
mod system;
mod token;
mod user;
mod variable;
mod volume;
mod web;

pub use app::{App, Config, Web};
pub use serve::{Site, housekeeping, serve};
pub use token::ClaimToken;

use app::Server;
use axum::{Router, middleware::from_fn_with_state};
use document::Document;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};
use utoipa_axum::router::OpenApiRouter;

/// How long a body may pause while it arrives.
const BODY_PAUSE: Duration = Duration::from_secs(15);

/// The API and the web app as one router, for whoever brings the connections.
pub fn router(app: App, config: Config, stop: CancellationToken) -> Router {
    Site::new(app, config, stop).router()
}

fn build(server: &Server) -> Router {
    let (api, description) =
        OpenApiRouter::with_openapi(document::base()).nest("/api", api()).split_for_parts();
    // Another router of the same server has described the same.
    let _ = server.document.set(Document::new(&description));

    api.fallback(web::serve)
        .method_not_allowed_fallback(request::wrong_method)
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(from_fn_with_state(server.clone(), origin::guard))
        .layer(from_fn_with_state(server.clone(), request::cors))
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
        .merge(document::routes())
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
