//! The command line's side of the API: one server, one way to be known there.

pub(crate) mod api;
mod credentials;
pub(crate) mod live;

pub(crate) use credentials::{CredentialStore, Credentials};

use crate::{
    ProcessEnv,
    clock::SystemClock,
    exit::{Exit, Failure},
};
use anyhow::{Context, Result};
use domain::{
    Clock, Secret,
    api::{
        ErrorBody,
        account::{Refresh, Tokens},
    },
};
use reqwest::{Method, Response, StatusCode, Url, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::Mutex;

/// Where a server is expected when nobody has said otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, and how we are known there.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    auth: Auth,
}

/// What is asked of the server.
pub(crate) struct ApiCall<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, String)],
    body: Option<&'a Value>,
    /// The last event of a stream that is there already.
    after: Option<&'a str>,
}

impl<'a> ApiCall<'a> {
    /// A plain question.
    fn to(path: &'a str) -> Self {
        Self { method: Method::GET, path, query: &[], body: None, after: None }
    }
}

/// How we are known.
enum Auth {
    /// Not at all.
    Anonymous,
    /// By a key from the environment.
    Key(Secret),
    /// By tokens that are renewed and kept.
    Tokens { store: CredentialStore, tokens: Box<Mutex<Tokens>> },
}

impl Client {
    /// A server, without being known there.
    ///
    /// # Errors
    /// When this is no address of a server.
    pub(crate) fn anonymous(url: &str) -> Result<Self> {
        Ok(Self { http: http()?, base: parse(url)?, auth: Auth::Anonymous })
    }

    /// The server that a command means, known by key or by the tokens of the last sign-in.
    ///
    /// # Errors
    /// When there is neither.
    pub(crate) fn open(url: Option<&str>, env: &ProcessEnv) -> Result<Self> {
        let store = CredentialStore::at(env);
        let credentials = store.as_ref().map(CredentialStore::load).transpose()?.flatten();
        let remembered = credentials.as_ref().map(|known| known.url.as_str());
        let base = parse(url.or(remembered).unwrap_or(DEFAULT_URL))?;
        let auth = if let Some(key) = &env.api_key {
            if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Failure::usage(
                    "EASEL_API_KEY is no key: it has a space, a line end or another strange letter",
                )
                .into());
            }
            Auth::Key(Secret::from(key.as_str()))
        } else {
            let known = credentials
                .filter(|known| parse(&known.url).is_ok_and(|url| url == base))
                .and_then(|known| known.tokens);
            let (Some(store), Some(tokens)) = (store, known) else {
                return Err(Failure::new(
                    Exit::Forbidden,
                    format!(
                        "not signed in at {}; run `easel login --url {}`, or set EASEL_API_KEY",
                        shown(&base),
                        shown(&base)
                    ),
                )
                .into());
            };
            Auth::Tokens { store, tokens: Box::new(Mutex::new(tokens)) }
        };
        Ok(Self { http: http()?, base, auth })
    }

    /// The server's address.
    pub(crate) fn url(&self) -> String {
        shown(&self.base)
    }

    /// What proves who we are, renewed where it is about to end.
    async fn token(&self) -> Result<Option<Secret>> {
        match &self.auth {
            Auth::Anonymous => Ok(None),
            Auth::Key(key) => Ok(Some(key.clone())),
            Auth::Tokens { store, tokens } => {
                let mut tokens = tokens.lock().await;
                if tokens.is_stale(SystemClock.now()) {
                    *tokens = self.renew(store, &tokens).await?;
                }
                Ok(Some(tokens.access_token.clone()))
            }
        }
    }

    async fn renew(&self, store: &CredentialStore, old: &Tokens) -> Result<Tokens> {
        let _lock = store.lock()?;
        // Another command may have renewed them while this one waited for its turn.
        if let Some(newer) = store.load()?.and_then(|known| known.tokens)
            && newer.refresh_token != old.refresh_token
            && !newer.is_stale(SystemClock.now())
        {
            return Ok(newer);
        }
        let body = json(&Refresh { refresh_token: old.refresh_token.clone() })?;
        let call =
            ApiCall { method: Method::POST, body: Some(&body), ..ApiCall::to("auth/refresh") };
        let answer = self.attempt(&call, None).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(Failure::new(
                Exit::Forbidden,
                format!("the sign-in at {} has ended; run `easel login` again", self.url()),
            )
            .into());
        }
        let tokens: Tokens = read(answer).await?;
        store.change(|known| known.tokens = Some(tokens.clone()))?;
        Ok(tokens)
    }

    /// Asks, and reads the answer.
    pub(crate) async fn request<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<T> {
        read(self.send(method, path, query, body).await?).await
    }

    /// Asks; an answer that says no is an error.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Response> {
        self.send_this(&ApiCall { method, path, query, body, after: None }).await
    }

    /// The same, for more than the usual.
    pub(crate) async fn send_this(&self, call: &ApiCall<'_>) -> Result<Response> {
        let token = self.token().await?;
        let mut answer = self.attempt(call, token.as_ref()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED
            && let Auth::Tokens { store, tokens } = &self.auth
        {
            let mut tokens = tokens.lock().await;
            *tokens = self.renew(store, &tokens).await?;
            answer = self.attempt(call, Some(&tokens.access_token)).await?;
        }
        refuse(answer).await
    }

    async fn attempt(&self, call: &ApiCall<'_>, token: Option<&Secret>) -> Result<Response> {
        let mut url = self.api(call.path)?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        let mut request = self.http.request(call.method.clone(), url);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        if let Some(last) = call.after {
            request = request.header("last-event-id", last);
        }
        if let Some(body) = call.body {
            request = request.json(body);
        }
        let answer = tokio::time::timeout(PATIENCE, request.send());
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let why = root(&error);
                // What a server without TLS says to a client with it.
                let hint = if self.base.scheme() == "https" && why.contains("InvalidContentType") {
                    "; it seems to speak plain HTTP: try http://"
                } else {
                    ""
                };
                let sentence = format!("no answer from {}: {why}{hint}", self.url());
                Err(Failure::new(Exit::Unreachable, sentence).into())
            }
            Err(_) => Err(Failure::new(
                Exit::Unreachable,
                format!("no answer from {} within {} s", self.url(), PATIENCE.as_secs()),
            )
            .into()),
        }
    }

    fn api(&self, path: &str) -> Result<Url> {
        self.base.join(&format!("api/{path}")).context("the path of the API")
    }
}

/// A client as all parts of the command line use it.
pub(crate) fn http() -> Result<reqwest::Client> {
    crate::tls::ready();
    reqwest::Client::builder()
        .user_agent(concat!("easel/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        // Tokens go where they were meant to go, or nowhere.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("prepare to ask the server")
}

fn parse(url: &str) -> Result<Url> {
    let wrong = || {
        Failure::usage(format!(
            "`{url}` is not the address of a server, such as https://easel.example.org"
        ))
    };
    let mut parsed = Url::parse(url.trim()).map_err(|_| wrong())?;
    if !matches!(parsed.scheme(), "http" | "https")
        || !parsed.has_host()
        || !parsed.username().is_empty()
        || parsed.password().is_some()
    {
        return Err(wrong().into());
    }
    parsed.set_query(None);
    parsed.set_fragment(None);
    if !parsed.path().ends_with('/') {
        parsed.set_path(&format!("{}/", parsed.path()));
    }
    Ok(parsed)
}

fn shown(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T> {
    let answer = refuse(answer).await?;
    let is_json = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json && answer.status() != StatusCode::NO_CONTENT {
        let url = answer.url().origin().ascii_serialization();
        return Err(Failure::failed(format!("{url} answers, but not as Easel does")).into());
    }
    let text = answer.bytes().await.context("read the server's answer")?;
    let text: &[u8] = if text.is_empty() { b"null" } else { &text };
    serde_json::from_slice(text)
        .context("the server's answer is not understood; is it of another version?")
}

/// The answer, unless it says no.
async fn refuse(answer: Response) -> Result<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let exit = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::Forbidden,
        StatusCode::NOT_FOUND => Exit::NotFound,
        StatusCode::CONFLICT => Exit::Conflict,
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Exit::Usage,
        _ => Exit::Failed,
    };
    let url = answer.url().origin().ascii_serialization();
    let text = answer.text().await.unwrap_or_default();
    let Ok(problem) = serde_json::from_str(&text) else {
        let what = format!("{url} answers with {status}, but not as Easel does");
        return Err(Failure::failed(format!("{what}; is this its address?")).into());
    };
    Err(Failure::new(exit, explain(problem)).into())
}

/// The sentence of a problem, with what is wrong by field where the sentence does not say it.
fn explain(problem: ErrorBody) -> String {
    let mut sentence = problem.message;
    for (field, rules) in &problem.errors {
        for rule in rules {
            if !sentence.contains(rule) {
                sentence = format!("{sentence}\n  {field}: {rule}");
            }
        }
    }
    sentence
}

fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// What goes over the wire as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).context("write the request")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::api::ErrorCode;

    #[test]
    fn servers_are_named_by_http_addresses_without_secrets() {
        assert_eq!(shown(&parse("http://127.0.0.1:8080").unwrap()), "http://127.0.0.1:8080");
        assert_eq!(shown(&parse("https://host/easel?x#y").unwrap()), "https://host/easel");
        for wrong in ["host", "ftp://host", "http://user:pass@host", "file:///etc/passwd", ""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_names_the_fields() {
        let mut problem = ErrorBody::new(ErrorCode::Invalid, "the input is not valid");
        problem.errors.insert("name".to_owned(), vec!["must not be empty".to_owned()]);

        assert_eq!(explain(problem), "the input is not valid\n  name: must not be empty");
    }
}
