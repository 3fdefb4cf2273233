//! The API, as a script with a key uses it.

use crate::{
    server::{EMAIL, PASSWORD},
    until,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub(crate) struct Api {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) key: String,
}

/// A project, its first environment, and the API.
pub(crate) struct Project<'a> {
    pub(crate) api: &'a Api,
    pub(crate) id: String,
}

impl Api {
    /// Makes the first account, and a key.
    pub(crate) async fn claim(url: &str, claim: &str) -> Self {
        let stranger =
            Self { http: reqwest::Client::new(), url: url.to_owned(), key: String::new() };
        let account = json!({
            "claim_token": claim, "email": EMAIL, "name": "Ada", "password": PASSWORD,
        });
        let registered = stranger.post("auth/register", &account).await;
        let token = registered["tokens"]["access_token"].as_str().expect("a token").to_owned();
        let person = Self { key: token, ..stranger };
        let scopes = ["read", "stage", "deploy", "logs", "write", "admin"];
        let key = json!({ "description": "e2e", "scopes": scopes });
        let key = person.post("api-keys", &key).await;
        Self { key: key["token"].as_str().expect("a key").to_owned(), ..person }
    }

    /// Somebody else, who may look at a project.
    pub(crate) async fn viewer(&self, project: &Project<'_>) -> Self {
        self.member(project, "viewer").await
    }

    /// Somebody else, who may change a project.
    pub(crate) async fn editor(&self, project: &Project<'_>) -> Self {
        self.member(project, "editor").await
    }

    async fn member(&self, project: &Project<'_>, role: &str) -> Self {
        let (email, password) = self.somebody().await;
        let member = json!({ "email": email, "role": role });
        self.post(&format!("projects/{}/members", project.id), &member).await;
        self.person(email, password).await
    }

    /// An account for Bob, who belongs to nothing yet.
    pub(crate) async fn somebody(&self) -> (&'static str, &'static str) {
        let (email, password) = ("bob@example.org", "another long password");
        let account = json!({ "email": email, "name": "Bob", "password": password });
        // People make people; keys cannot.
        self.person(EMAIL, PASSWORD).await.post("users", &account).await;
        (email, password)
    }

    /// A person who signs in.
    async fn person(&self, email: &str, password: &str) -> Self {
        let login = json!({ "email": email, "password": password });
        let tokens = self.post("auth/login", &login).await;
        let token = tokens["access_token"].as_str().expect("a token").to_owned();
        Self { http: self.http.clone(), url: self.url.clone(), key: token }
    }

    /// The key itself.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The same caller at another address.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self { http: self.http.clone(), url: url.to_owned(), key: self.key.clone() }
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.http.request(method, format!("{}/api/{path}", self.url));
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert!(status.is_success(), "GET {path}: {status} {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "POST {path}: {status} {answer}");
        answer
    }

    pub(crate) async fn project(&self, name: &str) -> Project<'_> {
        let project = self.post("projects", &json!({ "name": name })).await;
        Project { api: self, id: project["id"].as_str().expect("an id").to_owned() }
    }

    /// A stream of what a service prints.
    pub(crate) async fn stream(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}/api/{path}", self.url)).bearer_auth(&self.key);
        request.send().await.expect("a stream")
    }
}

impl Project<'_> {
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("projects/{}/environments/production/{rest}", self.id)
    }

    /// Stages edits; answers with the address of the first.
    pub(crate) async fn stage(&self, edits: &[Value]) -> String {
        let path = self.path("pending-changes");
        let staged = self.api.post(&path, &json!({ "edits": edits })).await;
        staged["addresses"][0].as_str().expect("an address").to_owned()
    }

    /// Applies all that is staged.
    pub(crate) async fn apply(&self, message: &str) -> Value {
        let pending = self.api.get(&self.path("pending-changes")).await;
        let body = json!({ "up_to": pending["up_to"], "message": message });
        self.api.post(&self.path("deploy"), &body).await
    }

    /// Stages a service; answers with its id.
    pub(crate) async fn stage_service(&self, mut service: Value) -> String {
        service["op"] = json!("create_service");
        let address = self.stage(&[service]).await;
        address.strip_prefix("service/").expect("a service").to_owned()
    }

    /// Stages a service, applies, and waits until it runs.
    pub(crate) async fn run(&self, service: Value) -> String {
        let id = self.stage_service(service).await;
        self.apply("run").await;
        self.until_running(&id).await;
        id
    }

    pub(crate) async fn service(&self, id: &str) -> Value {
        self.api.get(&self.path(&format!("services/{id}"))).await
    }

    /// Waits until the newest deployment of a service serves and all of it runs.
    pub(crate) async fn until_running(&self, id: &str) -> Value {
        until(&format!("service {id} to run"), async || {
            let service = self.service(id).await;
            let state = &service["newest_deployment"]["state"];
            assert_ne!(state, "failed", "{service:#}");
            (state == "live" && service["condition"] == "running").then_some(service)
        })
        .await
    }

    pub(crate) async fn deployments(&self, id: &str) -> Vec<Value> {
        let page = self.api.get(&self.path(&format!("services/{id}/deployments"))).await;
        page["data"].as_array().expect("a list").clone()
    }
}

/// A service that answers HTTP at port 8080 with its own slug.
pub(crate) fn web(name: &str) -> Value {
    json!({
        "name": name,
        "source": { "kind": "image", "image": "easel-test/busybox:1", "pull": "never" },
        "command": ["httpd", "-f", "-v", "-p", "8080", "-h", "/www"],
        "ports": [{ "number": 8080 }],
    })
}
