//! Between projects, environments and their rows.

use crate::{
    row::text,
    table::{environment, project},
};
use domain::{
    EnvironmentId, ProjectId, Result, Timestamp,
    project::{Environment, Project},
};

/// A row as a project.
pub(crate) fn read(row: project::Model) -> Result<Project> {
    Ok(Project {
        id: ProjectId::new(row.id),
        name: text(row.name)?,
        slug: text(row.slug)?,
        created_at: Timestamp::from_millis(row.created_at),
        updated_at: Timestamp::from_millis(row.updated_at),
    })
}

/// A row as an environment.
pub(crate) fn read_environment(row: environment::Model) -> Result<Environment> {
    Ok(Environment {
        id: EnvironmentId::new(row.id),
        project: ProjectId::new(row.project_id),
        name: text(row.name)?,
        slug: text(row.slug)?,
        created_at: Timestamp::from_millis(row.created_at),
    })
}
