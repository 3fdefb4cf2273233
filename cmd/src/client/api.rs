//! The API's calls: paths, and what goes in and comes out.

use super::{ApiCall, Client, json};
use anyhow::Result;
use domain::{
    ApiKeyId, ChangeId, DeploymentId, Message, Name, ProjectId, ServiceId,
    account::{ApiKey, User},
    api::{
        List, Named,
        account::{Login, Registration, SignedIn},
        api_key::{CreateKey, CreatedKey},
        change::{ApplyRequest, Discard, Edits, Restore, Settle, Staged},
        deployment::{DeploymentDetail, Redeploy},
        system::Readiness,
    },
    canvas::Snapshot,
    changes::{Applied, Discarded, Keep, Selection, Staging},
    deployments::DeploymentSummary,
    edit::Edit,
    event::LoggedEvent,
    page::Paged,
    project::{Project, ProjectSummary},
};
use reqwest::{Method, Response};
use serde::{Serialize, de::DeserializeOwned};

/// A project's environment, as paths name it.
#[derive(Clone, Debug)]
pub(crate) struct EnvironmentPath {
    pub(crate) project: ProjectId,
    pub(crate) environment: String,
}

impl EnvironmentPath {
    fn path(&self, rest: &str) -> String {
        format!("projects/{}/environments/{}/{rest}", self.project, self.environment)
    }
}

impl Client {
    /// Asks with a body, and reads the answer.
    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.request(Method::POST, path, &[], Some(&json(body)?)).await
    }

    pub(crate) async fn login(&self, login: &Login) -> Result<SignedIn> {
        self.post("auth/login", login).await
    }

    pub(crate) async fn logout(&self) -> Result<()> {
        self.send(Method::POST, "auth/logout", &[], None).await.map(drop)
    }

    /// Whether the server is well, as `ready` tells everybody; nothing where it does not answer so.
    pub(crate) async fn ready(&self) -> Option<Readiness> {
        self.attempt(&ApiCall::to("ready"), None).await.ok()?.json().await.ok()
    }

    /// Whether nobody has an account there yet.
    pub(crate) async fn is_unclaimed(&self) -> bool {
        let asked = self.request(Method::GET, "auth/register", &[], None).await;
        asked.is_ok_and(|registration: Registration| registration.can_register)
    }

    pub(crate) async fn me(&self) -> Result<User> {
        self.request(Method::GET, "auth/me", &[], None).await
    }

    pub(crate) async fn projects(&self, name: Option<&str>) -> Result<Vec<ProjectSummary>> {
        let mut all = Vec::new();
        loop {
            let mut query = vec![("offset", all.len().to_string()), ("limit", "100".to_owned())];
            query.extend(name.map(|name| ("name", name.to_owned())));
            let page: Paged<ProjectSummary> =
                self.request(Method::GET, "projects", &query, None).await?;
            let is_last = page.data.is_empty();
            all.extend(page.data);
            if is_last || all.len() as u64 >= page.total_count {
                return Ok(all);
            }
        }
    }

    pub(crate) async fn create_project(&self, name: Name) -> Result<Project> {
        self.post("projects", &Named { name }).await
    }

    pub(crate) async fn delete_project(&self, project: ProjectId) -> Result<()> {
        self.send(Method::DELETE, &format!("projects/{project}"), &[], None).await.map(drop)
    }

    pub(crate) async fn snapshot(&self, place: &EnvironmentPath) -> Result<Snapshot> {
        self.request(Method::GET, &place.path("canvas"), &[], None).await
    }

    pub(crate) async fn stage(&self, place: &EnvironmentPath, edits: Vec<Edit>) -> Result<Staging> {
        let staged: Staged = self.post(&place.path("pending-changes"), &Edits { edits }).await?;
        Ok(staged.staging)
    }

    pub(crate) async fn discard(
        &self,
        place: &EnvironmentPath,
        changes: Vec<ChangeId>,
        seen: Vec<ChangeId>,
    ) -> Result<Discarded> {
        let discard = Discard { changes, seen: Some(seen) };
        self.post(&place.path("pending-changes/discard"), &discard).await
    }

    pub(crate) async fn settle(
        &self,
        place: &EnvironmentPath,
        change: ChangeId,
        keep: Keep,
    ) -> Result<()> {
        let path = place.path(&format!("pending-changes/{change}/settle"));
        self.post(&path, &Settle { keep }).await
    }

    pub(crate) async fn restore(
        &self,
        place: &EnvironmentPath,
        edits: Vec<ChangeId>,
    ) -> Result<Staging> {
        self.post(&place.path("pending-changes/restore"), &Restore { edits }).await
    }

    pub(crate) async fn apply(
        &self,
        place: &EnvironmentPath,
        selection: Selection,
        message: Message,
    ) -> Result<Applied> {
        self.post(&place.path("deploy"), &ApplyRequest::new(selection, message)).await
    }

    pub(crate) async fn deployments(
        &self,
        place: &EnvironmentPath,
        service: ServiceId,
        limit: u64,
    ) -> Result<Paged<DeploymentSummary>> {
        let path = place.path(&format!("services/{service}/deployments"));
        self.request(Method::GET, &path, &[("limit", limit.to_string())], None).await
    }

    /// What happened to a service, newest first.
    pub(crate) async fn history(
        &self,
        place: &EnvironmentPath,
        service: ServiceId,
        limit: u64,
    ) -> Result<List<LoggedEvent>> {
        let path = place.path(&format!("services/{service}/history"));
        self.request(Method::GET, &path, &[("limit", limit.to_string())], None).await
    }

    /// One deployment, whole.
    pub(crate) async fn deployment(
        &self,
        place: &EnvironmentPath,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<DeploymentDetail> {
        let path = place.path(&format!("services/{service}/deployments/{deployment}"));
        self.request(Method::GET, &path, &[], None).await
    }

    pub(crate) async fn redeploy(
        &self,
        place: &EnvironmentPath,
        service: ServiceId,
        message: Message,
    ) -> Result<DeploymentSummary> {
        let path = place.path(&format!("services/{service}/redeploy"));
        self.post(&path, &Redeploy { message }).await
    }

    pub(crate) async fn logs(
        &self,
        place: &EnvironmentPath,
        service: ServiceId,
        tail: u32,
        follow: bool,
        after: Option<&str>,
    ) -> Result<Response> {
        let path = place.path(&format!("services/{service}/logs"));
        let query = [("tail", tail.to_string()), ("follow", follow.to_string())];
        let ask = ApiCall { method: Method::GET, path: &path, query: &query, body: None, after };
        self.send_this(&ask).await
    }

    pub(crate) async fn keys(&self) -> Result<Vec<ApiKey>> {
        let keys: Paged<ApiKey> =
            self.request(Method::GET, "api-keys", &[("limit", "100".to_owned())], None).await?;
        Ok(keys.data)
    }

    pub(crate) async fn create_key(&self, key: &CreateKey) -> Result<CreatedKey> {
        self.post("api-keys", key).await
    }

    pub(crate) async fn delete_key(&self, key: ApiKeyId) -> Result<()> {
        self.send(Method::DELETE, &format!("api-keys/{key}"), &[], None).await.map(drop)
    }

    /// RevealQuery the canvas's socket is.
    pub(super) fn socket(&self, place: &EnvironmentPath) -> Result<reqwest::Url> {
        let mut url = self.api(&place.path("canvas/ws"))?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // Both are schemes with a host, which can always be changed into each other.
        let _ = url.set_scheme(scheme);
        Ok(url)
    }
}
