//! The web app: embedded in the binary, or read from a folder.

use crate::{app::Web, error::ErrorResponse, server::Server};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use domain::api::ErrorCode;
use include_dir::{Dir, include_dir};
use std::{
    borrow::Cow,
    path::{Component, Path},
};

static EMBEDDED: Dir<'static> = include_dir!("$EASEL_WEB");

/// What a page of ours may load and do: nothing inline, and nothing from elsewhere: another host
/// would learn who looks.
pub(crate) const PAGE_CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);
/// Names of assets hold their content's hash: they never change.
const CACHE_IMMUTABLE: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");
/// Pages are asked for again every time.
const CACHE_REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The hash of the web app, which the canvas's greeting carries; empty where there is none.
pub(crate) fn app_hash(web: &Web) -> String {
    let text = match web {
        Web::Embedded => {
            EMBEDDED.get_file("app.txt").and_then(|file| file.contents_utf8()).map(str::to_owned)
        }
        Web::Folder(folder) => std::fs::read_to_string(folder.join("app.txt")).ok(),
    };
    text.unwrap_or_default().trim().to_owned()
}

/// Everything that is not the API: a file of the web app, or else its page, which knows the way.
pub(crate) async fn serve(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if uri.path() == "/api" || uri.path().starts_with("/api/") {
        return ErrorResponse::no_such_path().into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return ErrorResponse::new(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::MethodNotAllowed,
            "pages can only be looked at",
        )
        .into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let web = &server.config.web;
    let is_file = !path.is_empty() && path != "index.html" && is_plain(path);
    if is_file && let Some(content) = encoded(web, path, &headers).await {
        let caching = if path.starts_with("assets/") { CACHE_IMMUTABLE } else { CACHE_REVALIDATE };
        return file(content, path, caching);
    }
    // A missing asset is missing: the page in its place would be no script.
    if path.starts_with("assets/") {
        return (StatusCode::NOT_FOUND, "not found").into_response();
    }
    match encoded(web, "index.html", &headers).await {
        Some(content) => page(content, &headers),
        None => (StatusCode::NOT_FOUND, "the web app has not been built").into_response(),
    }
}

/// No way out of the folder.
fn is_plain(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
        && !path.contains(['%', '\\', '\0'])
        && !path.ends_with(".br")
        && !path.ends_with(".gz")
}

struct Content {
    bytes: Cow<'static, [u8]>,
    encoding: Option<&'static str>,
}

/// A file, in the best form that there is and the client reads.
async fn encoded(web: &Web, path: &str, headers: &HeaderMap) -> Option<Content> {
    for (encoding, ending) in [("br", ".br"), ("gzip", ".gz")] {
        if accepts(headers, encoding)
            && let Some(bytes) = read(web, &format!("{path}{ending}")).await
        {
            return Some(Content { bytes, encoding: Some(encoding) });
        }
    }
    read(web, path).await.map(|bytes| Content { bytes, encoding: None })
}

/// Whether a client reads what is packed so.
pub(crate) fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
            let refused = parts.any(|part| {
                part.strip_prefix("q=")
                    .is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0))
            });
            is_it && !refused
        })
}

async fn read(web: &Web, path: &str) -> Option<Cow<'static, [u8]>> {
    match web {
        Web::Embedded => EMBEDDED.get_file(path).map(|file| Cow::Borrowed(file.contents())),
        Web::Folder(folder) => tokio::fs::read(folder.join(path)).await.ok().map(Cow::Owned),
    }
}

fn file(content: Content, path: &str, caching: HeaderValue) -> Response {
    let body = match content.bytes {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(path)));
    headers.insert(header::CACHE_CONTROL, caching);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = content.encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn page(content: Content, asked: &HeaderMap) -> Response {
    let tag = crate::token::digest_bytes(&content.bytes);
    let mut response = file(content, "index.html", CACHE_REVALIDATE);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, PAGE_CSP);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", &hex::encode(tag)[..32])) {
        let is_known = asked.get(header::IF_NONE_MATCH) == Some(&tag);
        headers.insert(header::ETAG, tag);
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
        }
    }
    response
}

/// What a file is, by its ending.
fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "webmanifest") => "application/json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
