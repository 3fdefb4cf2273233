//! A request, before it is sent.

use std::{
    fmt::{self, Write as _},
    hash::{DefaultHasher, Hash, Hasher},
};

use serde::Serialize;

/// How long an answer may take, in milliseconds.
const TIMEOUT: u32 = 20_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What to ask of the server. `Debug` leaves the body out: it may hold secrets.
#[derive(Clone, PartialEq)]
pub struct Request {
    pub method: Method,
    /// With the query, from the root.
    pub path: String,
    /// JSON.
    pub body: Option<String>,
    /// The same key twice is one mutation.
    pub key: Option<String>,
    /// In milliseconds.
    pub timeout: u32,
    is_account: bool,
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.method.name(), self.path)
    }
}

impl Request {
    /// A request for a path below `/api`.
    #[must_use]
    pub fn new(method: Method, path: &str) -> Self {
        let path = format!("/api{path}");
        Self { method, path, body: None, key: None, timeout: TIMEOUT, is_account: false }
    }

    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new(Method::Get, path)
    }

    #[must_use]
    pub fn post(path: &str) -> Self {
        Self::new(Method::Post, path)
    }

    #[must_use]
    pub fn delete(path: &str) -> Self {
        Self::new(Method::Delete, path)
    }

    /// Adds to the query what has a value.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.path.push(if self.path.contains('?') { '&' } else { '?' });
            self.path.push_str(name);
            self.path.push('=');
            self.path.push_str(&encoded(value));
        }
        self
    }

    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).expect("what is sent is plain data");
        Self { body: Some(body), ..self }
    }

    /// Signing in and out, and asking who one is: it is not sent twice by itself, and a refusal is
    /// for the form, not the end of a session.
    #[must_use]
    pub fn account(self) -> Self {
        Self { is_account: true, ..self }
    }

    /// Whether a refusal means that the session has ended.
    #[must_use]
    pub fn minds_session(&self) -> bool {
        !self.is_account
    }

    /// Whether it changes something, and so must not happen twice.
    #[must_use]
    pub fn is_mutation(&self) -> bool {
        self.method != Method::Get && !self.is_account
    }

    /// Whether it may be sent again when the answer got lost.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.method == Method::Get || self.key.is_some()
    }

    /// The same for requests that ask for the very same.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.method, &self.path, &self.body).hash(&mut hasher);
        hasher.finish()
    }
}

/// Text as a part of an address.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The text that is a part of an address.
#[must_use]
pub fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_carries_any_text_and_leaves_out_what_is_empty() {
        let request = Request::get("/projects").query("name", "a&b ü").query("offset", "");

        assert_eq!(request.path, "/api/projects?name=a%26b%20%C3%BC");
    }

    #[test]
    fn a_body_is_never_printed() {
        let request = Request::post("/auth/login").json(&["hunter2"]);

        assert_eq!(format!("{request:?}"), "POST /api/auth/login");
    }
}
