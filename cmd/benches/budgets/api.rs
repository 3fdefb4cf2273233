//! The API, as a script with a token uses it.

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// A caller with an account.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

/// A project of that caller.
#[derive(Clone)]
pub(crate) struct Project {
    pub(crate) api: Api,
    pub(crate) id: String,
}

impl Api {
    pub(crate) async fn claim(url: &str, claim: &str) -> Result<Self> {
        let mut api = Self { http: Client::new(), url: url.to_owned(), token: String::new() };
        let account = json!({
            "claim_token": claim, "email": "ada@example.org", "name": "Ada",
            "password": "correct horse battery staple",
        });
        let registered = api.call(Method::POST, "auth/register", Some(&account)).await?;
        let token = registered["tokens"]["access_token"].as_str().context("a token")?;
        token.clone_into(&mut api.token);
        // A key lives as long as the bench, however long that is.
        let key = json!({ "description": "bench" });
        let key = api.call(Method::POST, "api-keys", Some(&key)).await?;
        key["token"].as_str().context("a key")?.clone_into(&mut api.token);
        Ok(api)
    }

    /// Somebody who has an account already.
    pub(crate) async fn login(url: &str, email: &str, password: &str) -> Result<Self> {
        let mut api = Self { http: Client::new(), url: url.to_owned(), token: String::new() };
        let login = json!({ "email": email, "password": password });
        let tokens = api.call(Method::POST, "auth/login", Some(&login)).await?;
        tokens["access_token"].as_str().context("a token")?.clone_into(&mut api.token);
        Ok(api)
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let mut request = self.http.request(method.clone(), format!("{}/api/{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("{method} {path}: {status} {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

impl Project {
    pub(crate) async fn create(api: &Api, name: &str) -> Result<Self> {
        let made = api.call(Method::POST, "projects", Some(&json!({ "name": name }))).await?;
        let id = made["id"].as_str().context("an id")?.to_owned();
        Ok(Self { api: api.clone(), id })
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("projects/{}/environments/production/{rest}", self.id)
    }

    /// Stages edits; answers with what to apply, and the addresses.
    pub(crate) async fn stage(&self, edits: &[Value]) -> Result<(Value, Vec<String>)> {
        let body = json!({ "edits": edits });
        let path = self.path("pending-changes");
        let staged = self.api.call(Method::POST, &path, Some(&body)).await?;
        let addresses = staged["addresses"].as_array().context("addresses")?;
        let addresses = addresses.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let pending = self.api.call(Method::GET, &path, None).await?;
        let apply = json!({ "up_to": pending["up_to"], "message": "bench" });
        Ok((apply, addresses))
    }

    /// Applies what was staged.
    pub(crate) async fn apply(&self, what: &Value) -> Result<Value> {
        self.api.call(Method::POST, &self.path("deploy"), Some(what)).await
    }
}
