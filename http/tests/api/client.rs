//! Somebody who calls the API.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request},
};
use serde_json::Value;
use std::net::SocketAddr;
use tower::ServiceExt;

/// A caller, with the headers that it always sends.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    headers: Vec<(String, String)>,
    peer: Option<SocketAddr>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: String,
    pub(crate) body: Value,
}

impl Reply {
    /// A text in the body, by pointer.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} of {}", self.raw)).to_owned()
    }

    /// A header's text; empty when absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Client {
    pub(crate) fn new(router: Router) -> Self {
        let headers = vec![("host".to_owned(), "easel.test".to_owned())];
        Self { router, headers, peer: None }
    }

    /// The same caller, from this address.
    pub(crate) fn peer(&self, address: &str) -> Self {
        let address = address.parse().expect("an address");
        Self { peer: Some(SocketAddr::new(address, 40_000)), ..self.clone() }
    }

    pub(crate) fn header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| known != name);
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    pub(crate) fn bearer(&self, token: String) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The token that it sends.
    pub(crate) fn token(&self) -> String {
        let (_, value) =
            self.headers.iter().find(|(name, _)| name == "authorization").expect("it has one");
        value.trim_start_matches("Bearer ").to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call("GET", &format!("/api{path}"), None, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", &format!("/api{path}"), None, Body::empty()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Reply {
        let body = Body::from(body.to_string());
        self.call(method, &format!("/api{path}"), Some("application/json"), body).await
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        uri: &str,
        kind: Option<&str>,
        body: Body,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let mut request = request.body(body).expect("a sound request");
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = self.router.clone().oneshot(request).await.expect("it never fails");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.expect("a whole body");
        let raw = String::from_utf8_lossy(&bytes).into_owned();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_str(&raw).unwrap_or_default(),
            raw,
        }
    }
}
