//! Who belongs to a project.

use domain::{
    Email, ProjectId, UserId,
    access::ProjectRole,
    api::{
        List,
        member::{NewMember, NewRole},
    },
    project::Member,
};

use super::{Api, ApiError, Method, Request};

impl Api {
    pub async fn members(&self, project: ProjectId) -> Result<Vec<Member>, ApiError> {
        let request = Request::get(&format!("/projects/{project}/members"));
        self.send::<List<Member>>(request).await.map(|answer| answer.data)
    }

    pub async fn add_member(
        &self,
        project: ProjectId,
        email: Email,
        role: ProjectRole,
    ) -> Result<Member, ApiError> {
        let request = Request::post(&format!("/projects/{project}/members"));
        self.send(request.json(&NewMember { email, role })).await
    }

    pub async fn set_member(
        &self,
        project: ProjectId,
        user: UserId,
        role: ProjectRole,
    ) -> Result<(), ApiError> {
        let request = Request::new(Method::Put, &format!("/projects/{project}/members/{user}"));
        self.send(request.json(&NewRole { role })).await
    }

    pub async fn remove_member(&self, project: ProjectId, user: UserId) -> Result<(), ApiError> {
        self.send(Request::delete(&format!("/projects/{project}/members/{user}"))).await
    }
}
