//! Signing in and out, and who one is.

use domain::{
    SessionId,
    account::{SessionKind, User},
    api::account::{Claim, Login, Registered, Registration, Sessions, SignedIn},
};

use super::{Api, ApiError, Request};

/// What the first account needs.
#[must_use]
pub fn claim(claim_token: &str, email: &str, name: &str, password: &str) -> Claim {
    Claim {
        claim_token: claim_token.trim().into(),
        email: email.into(),
        name: name.into(),
        password: password.into(),
        kind: SessionKind::Browser,
        device: device(),
    }
}

/// E-mail and password, for this browser.
#[must_use]
pub fn login(email: &str, password: &str) -> Login {
    let kind = SessionKind::Browser;
    Login { email: email.into(), password: password.into(), kind, device: device() }
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
        self.send::<Registered>(request).await.map(|answer| answer.user)
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

    pub async fn sessions(&self) -> Result<Sessions, ApiError> {
        self.send(Request::get("/auth/sessions")).await
    }

    pub async fn close_session(&self, session: SessionId) -> Result<(), ApiError> {
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
