//! The API's description: generated from the handlers, and shown as a page.

use crate::{
    authorization::{Known, May},
    server::Server,
};
use axum::{
    Extension, Json,
    http::header,
    response::{Html, IntoResponse, Response},
};
use domain::api::ErrorBody;
use serde_json::{Value, json};
use std::{fmt::Write as _, sync::Arc};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Easel",
        description = "Send `Authorization: Bearer <API key or access token>`. Mutations accept \
                       `Idempotency-Key`. Errors are `ErrorBody`."
    ),
    components(schemas(ErrorBody))
)]
struct Base;

/// The description before any route is in it.
pub(crate) fn base() -> utoipa::openapi::OpenApi {
    Base::openapi()
}

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(description))
        .routes(routes!(page))
        .route("/docs/style.css", axum::routing::get(style))
}

/// The description, and its page.
#[derive(Debug)]
pub(crate) struct Document {
    json: Value,
    page: String,
}

impl Document {
    /// Completes what the handlers say: path parameters, the error that each may answer, names.
    pub(crate) fn new(generated: &utoipa::openapi::OpenApi) -> Self {
        let mut json = serde_json::to_value(generated).unwrap_or_default();
        let failure = json!({
            "description": "An error",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ErrorBody" } } },
        });
        if let Some(paths) = json["paths"].as_object_mut() {
            for (path, methods) in paths {
                let Some(methods) = methods.as_object_mut() else { continue };
                for (method, operation) in methods {
                    complete(path, method, operation, &failure);
                }
            }
        }
        let page = render(&json);
        Self { json, page }
    }
}

fn complete(path: &str, method: &str, operation: &mut Value, failure: &Value) {
    // Handlers within an environment stand at two paths: each gets a name of its own.
    let words: Vec<String> = path
        .split(['/', '-'])
        .filter(|part| !part.is_empty() && *part != "api")
        .map(|part| part.trim_matches(['{', '}']).replace('.', "_"))
        .collect();
    operation["operationId"] = format!("{method}_{}", words.join("_")).into();
    operation["responses"]["default"] = failure.clone();
    if !operation["parameters"].is_array() {
        operation["parameters"] = json!([]);
    }
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        for name in named.collect::<Vec<_>>().into_iter().rev() {
            parameters.insert(
                0,
                json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
            );
        }
    }
}

/// The API's description, in the form of OpenAPI.
#[utoipa::path(get, path = "/openapi.json", tag = "system",
    responses((status = OK, body = serde_json::Value)))]
async fn description(_: May<Known>, Extension(document): Extension<Arc<Document>>) -> Response {
    Json(&document.json).into_response()
}

/// The same, to be read.
#[utoipa::path(get, path = "/docs", tag = "system",
    responses((status = OK, content_type = "text/html", body = String)))]
async fn page(_: May<Known>, Extension(document): Extension<Arc<Document>>) -> Html<String> {
    Html(document.page.clone())
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

const STYLE: &str = "\
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
summary { cursor: pointer; padding: .3rem 0; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow: auto; padding: .75rem; border: 1px solid #8884; border-radius: 6px; }
.method { display: inline-block; width: 4.5rem; font-weight: 600; text-transform: uppercase; }
h2 { margin-top: 2rem; text-transform: capitalize; }
";

/// A page without scripts: what can be opened is a `details`.
fn render(json: &Value) -> String {
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Easel's API</title>\
         <link rel=\"stylesheet\" href=\"/api/docs/style.css\"></head><body><h1>Easel's API</h1>",
    );
    let said = json["info"]["description"].as_str().unwrap_or_default();
    let _ = write!(
        html,
        "<p>{}</p><p><a href=\"/api/openapi.json\">openapi.json</a></p>",
        escape(said)
    );

    let mut by_tag: std::collections::BTreeMap<&str, Vec<(&str, &str, &Value)>> =
        std::collections::BTreeMap::new();
    for (path, methods) in json["paths"].as_object().into_iter().flatten() {
        // The same handlers stand there once more, with the environment spelled out.
        if path.contains("/environments/{environment}/") {
            continue;
        }
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or("other");
            by_tag.entry(tag).or_default().push((path, method, operation));
        }
    }
    for (tag, operations) in by_tag {
        let _ = write!(html, "<h2>{}</h2>", escape(tag));
        for (path, method, operation) in operations {
            let summary = operation["summary"].as_str().unwrap_or_default();
            let description = operation["description"].as_str().unwrap_or_default();
            let detail = json!({
                "parameters": operation["parameters"],
                "requestBody": operation["requestBody"],
                "responses": operation["responses"],
            });
            let _ = write!(
                html,
                "<details><summary><span class=\"method\">{}</span><code>{}</code> {}</summary>\
                 <p>{}</p><pre>{}</pre></details>",
                escape(method),
                escape(path),
                escape(summary),
                escape(description),
                escape(&serde_json::to_string_pretty(&detail).unwrap_or_default()),
            );
        }
    }
    html.push_str("<h2>Schemas</h2>");
    for (name, schema) in json["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = write!(
            html,
            "<details><summary><code>{}</code></summary><pre>{}</pre></details>",
            escape(name),
            escape(&serde_json::to_string_pretty(schema).unwrap_or_default()),
        );
    }
    html.push_str("</body></html>");
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
