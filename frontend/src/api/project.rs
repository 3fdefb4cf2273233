//! Projects.

use domain::{
    Name, ProjectId,
    api::{Named, change::Staged},
    changes::Staging,
    page::Paged,
    project::{Project, ProjectSummary},
};

use super::{Api, ApiError, Method, Request, paging::PART, request::encoded};

impl Api {
    /// A part of the projects whose name contains this.
    pub async fn projects(
        &self,
        name: String,
        offset: u64,
    ) -> Result<Paged<ProjectSummary>, ApiError> {
        let request = Request::get("/projects")
            .query("name", &name)
            .query("offset", &offset.to_string())
            .query("limit", &PART.to_string());
        self.send(request).await
    }

    /// The project that an address names, by slug or id.
    pub async fn find_project(&self, named: String) -> Result<ProjectSummary, ApiError> {
        let mut offset = 0;
        loop {
            let part = self.projects(String::new(), offset).await?;
            let found = part.data.iter().find(|one| {
                one.project.slug.as_str() == named || one.project.id.to_string() == named
            });
            if let Some(found) = found {
                return Ok(found.clone());
            }
            offset += part.data.len() as u64;
            if part.data.is_empty() || offset >= part.total_count {
                return Err(ApiError::NotFound("this project does not exist".to_owned()));
            }
        }
    }

    /// The project of this slug or id.
    pub async fn project(&self, named: String) -> Result<Project, ApiError> {
        self.send(Request::get(&format!("/projects/{}", encoded(&named)))).await
    }

    pub async fn create_project(&self, name: Name) -> Result<Project, ApiError> {
        self.send(Request::post("/projects").json(&Named { name })).await
    }

    /// Stages another name.
    pub async fn rename_project(
        &self,
        project: ProjectId,
        name: Name,
    ) -> Result<Staging, ApiError> {
        let request = Request::new(Method::Patch, &format!("/projects/{project}"));
        self.send::<Staged>(request.json(&Named { name })).await.map(|staged| staged.staging)
    }

    pub async fn delete_project(&self, project: ProjectId) -> Result<(), ApiError> {
        self.send(Request::delete(&format!("/projects/{project}"))).await
    }
}
