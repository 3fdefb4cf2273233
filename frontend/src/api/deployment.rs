//! Deployments of a service, and what happened to it.

use domain::{
    DeploymentId, ServiceId,
    api::{
        List,
        deployment::{ContainerItem, DeploymentDetail, Redeploy},
    },
    deployments::DeploymentSummary,
    event::LoggedEvent,
    page::Paged,
};

use super::{Api, ApiError, EnvironmentPath, Request, paging::PART};

impl Api {
    /// A part of a service's deployments, newest first.
    pub async fn deployments(
        &self,
        place: EnvironmentPath,
        service: ServiceId,
        offset: u64,
    ) -> Result<Paged<DeploymentSummary>, ApiError> {
        let request = Request::get(&place.path(&format!("/services/{service}/deployments")))
            .query("offset", &offset.to_string())
            .query("limit", &PART.to_string());
        self.send(request).await
    }

    /// One of them, with its last lines if it failed.
    pub async fn deployment(
        &self,
        place: EnvironmentPath,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<DeploymentDetail, ApiError> {
        let path = format!("/services/{service}/deployments/{deployment}");
        self.send(Request::get(&place.path(&path))).await
    }

    /// The replicas of a deployment that are wanted, in order.
    pub async fn replicas(
        &self,
        place: EnvironmentPath,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<Vec<ContainerItem>, ApiError> {
        let request = Request::get(&place.path(&format!("/services/{service}/containers")))
            .query("deployment_id", &deployment.to_string())
            .query("limit", "100");
        let answer: Paged<ContainerItem> = self.send(request).await?;
        let mut all = answer.data;
        all.sort_by_key(|one| one.replica.index);
        Ok(all)
    }

    /// Deploys the present configuration again.
    pub async fn redeploy(
        &self,
        place: EnvironmentPath,
        service: ServiceId,
    ) -> Result<DeploymentSummary, ApiError> {
        let request = Request::post(&place.path(&format!("/services/{service}/redeploy")));
        self.send(request.json(&Redeploy::default())).await
    }

    /// Stops one that does not serve yet.
    pub async fn cancel(
        &self,
        place: EnvironmentPath,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<DeploymentSummary, ApiError> {
        let path = format!("/services/{service}/deployments/{deployment}/cancel");
        self.send(Request::post(&place.path(&path))).await
    }

    /// What happened to a service, newest first.
    pub async fn history(
        &self,
        place: EnvironmentPath,
        service: ServiceId,
    ) -> Result<Vec<LoggedEvent>, ApiError> {
        let request = Request::get(&place.path(&format!("/services/{service}/history")));
        let answer: List<LoggedEvent> = self.send(request.query("limit", "100")).await?;
        Ok(answer.data)
    }
}
