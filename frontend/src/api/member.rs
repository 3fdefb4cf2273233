//! Who belongs to a project.

use domain::{ProjectId, UserId, access::ProjectRole, project::Member};
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Method, Request};

#[derive(Deserialize)]
struct Data<T> {
    data: Vec<T>,
}

impl Api {
    pub async fn members(&self, project: ProjectId) -> Result<Vec<Member>, ApiError> {
        let request = Request::get(&format!("/projects/{project}/members"));
        self.send::<Data<Member>>(request).await.map(|answer| answer.data)
    }

    pub async fn add_member(
        &self,
        project: ProjectId,
        email: String,
        role: ProjectRole,
    ) -> Result<Member, ApiError> {
        let request = Request::post(&format!("/projects/{project}/members"));
        self.send(request.json(&json!({ "email": email, "role": role }))).await
    }

    pub async fn set_member(
        &self,
        project: ProjectId,
        user: UserId,
        role: ProjectRole,
    ) -> Result<(), ApiError> {
        let request = Request::new(Method::Put, &format!("/projects/{project}/members/{user}"));
        self.send(request.json(&json!({ "role": role }))).await
    }

    pub async fn remove_member(&self, project: ProjectId, user: UserId) -> Result<(), ApiError> {
        self.send(Request::delete(&format!("/projects/{project}/members/{user}"))).await
    }
}
