//! Signing in and out, and who one is.

use domain::{
    SessionId,
    account::{Session, User},
};
use serde::{Deserialize, Serialize};

use super::{Api, ApiError, Request};

/// What the first account needs.
#[derive(Clone, PartialEq, Serialize)]
pub struct Claim {
    pub claim_token: String,
    pub email: String,
    pub name: String,
    pub password: String,
    kind: &'static str,
    device: String,
}

impl Claim {
    #[must_use]
    pub fn new(claim_token: &str, email: &str, name: &str, password: &str) -> Self {
        Self {
            claim_token: claim_token.trim().to_owned(),
            email: email.to_owned(),
            name: name.to_owned(),
            password: password.to_owned(),
            kind: "browser",
            device: device(),
        }
    }
}

/// E-mail and password.
#[derive(Clone, PartialEq, Serialize)]
pub struct Login {
    pub email: String,
    pub password: String,
    kind: &'static str,
    device: String,
}

impl Login {
    #[must_use]
    pub fn new(email: &str, password: &str) -> Self {
        let (email, password) = (email.to_owned(), password.to_owned());
        Self { email, password, kind: "browser", device: device() }
    }
}

/// Signed-in devices.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Devices {
    pub data: Vec<Session>,
    /// This one.
    pub current: Option<SessionId>,
}

#[derive(Deserialize)]
struct Registration {
    can_register: bool,
}

#[derive(Deserialize)]
struct SignedIn {
    user: User,
}

impl Api {
    /// Whether the instance waits for its first account.
    pub async fn can_register(&self) -> Result<bool, ApiError> {
        let answer: Registration = self.send(Request::get("/auth/register").account()).await?;
        Ok(answer.can_register)
    }

    /// Makes the first account, and signs it in.
    pub async fn claim(&self, claim: Claim) -> Result<User, ApiError> {
        let request = Request::post("/auth/register").account().json(&claim);
        self.send::<SignedIn>(request).await.map(|answer| answer.user)
    }

    pub async fn login(&self, login: Login) -> Result<User, ApiError> {
        let request = Request::post("/auth/login").account().json(&login);
        self.send::<SignedIn>(request).await.map(|answer| answer.user)
    }

    pub async fn logout(&self) -> Result<(), ApiError> {
        self.send(Request::post("/auth/logout").account()).await
    }

    /// Who is signed in.
    pub async fn me(&self) -> Result<User, ApiError> {
        self.send(Request::get("/auth/me").account()).await
    }

    pub async fn devices(&self) -> Result<Devices, ApiError> {
        self.send(Request::get("/auth/sessions")).await
    }

    pub async fn close_device(&self, session: SessionId) -> Result<(), ApiError> {
        self.send(Request::delete(&format!("/auth/sessions/{session}"))).await
    }
}

/// What this browser calls itself in the list of devices.
fn device() -> String {
    named(&crate::view::page::agent())
}

/// A browser and its system, in words.
fn named(agent: &str) -> String {
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    // Who pretends to be another comes first.
    let browser = find(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "macOS"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_by_what_it_is() {
        let edge =
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/128.0 Safari/537.36 Edg/128.0";
        let phone =
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36";

        assert_eq!(named(edge), "Edge on Windows");
        assert_eq!(named(phone), "Chrome on Android");
        assert_eq!(named("curl/8"), "Browser");
    }
}
