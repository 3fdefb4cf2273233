//! What a command works with: a server, and perhaps a project there.

use super::find;
use crate::{
    Surroundings,
    args::{Scope, Target},
    client::{Client, Kept, api::EnvironmentPath},
    console::Console,
    exit::{Exit, Failure},
};
use anyhow::Result;
use domain::{canvas::Snapshot, project::ProjectSummary};

/// A server, and somebody who works with it.
pub(super) struct Desk {
    pub(super) client: Client,
    pub(super) console: Console,
    pub(super) around: Surroundings,
}

impl Desk {
    pub(super) fn open(target: &Target, around: &Surroundings) -> Result<Self> {
        Ok(Self {
            client: Client::open(target.url.as_deref(), around)?,
            console: Console::new(target.json),
            around: around.clone(),
        })
    }

    /// The project that a person means.
    pub(super) async fn project(&self, wanted: Option<&str>) -> Result<ProjectSummary> {
        let mut all = self.client.projects(None).await?;
        let is_named = wanted.is_some();
        let remembered = || {
            let known = Kept::at(&self.around)?.load().ok()??;
            known.project.filter(|_| known.url == self.client.url())
        };
        let wanted = wanted.map(ToOwned::to_owned).or_else(remembered);
        match wanted {
            Some(wanted) => match find::project(&all, &wanted) {
                Err(error) if !is_named && crate::exit::code(&error) == Exit::NotFound as u8 => {
                    let sentence = format!("{error}; choose another with `easel projects use`");
                    Err(Failure::not_found(sentence).into())
                }
                found => found.cloned(),
            },
            None if all.len() == 1 => Ok(all.remove(0)),
            None if all.is_empty() => Err(Failure::not_found(
                "there is no project yet; make one with `easel projects create NAME`",
            )
            .into()),
            None => Err(Failure::usage(format!(
                "which project? say it with -p, or choose one with `easel projects use`: {}",
                find::list(all.iter().map(|one| one.project.slug.as_str()))
            ))
            .into()),
        }
    }
}

/// A desk with a project open on it.
pub(super) struct Room {
    pub(super) desk: Desk,
    pub(super) place: EnvironmentPath,
}

impl Room {
    pub(super) async fn open(scope: &Scope, around: &Surroundings) -> Result<Self> {
        let desk = Desk::open(&scope.target, around)?;
        let project = desk.project(scope.project.as_deref()).await?;
        let environment = scope.environment.clone();
        Ok(Self { place: EnvironmentPath { project: project.project.id, environment }, desk })
    }

    pub(super) fn client(&self) -> &Client {
        &self.desk.client
    }

    pub(super) fn console(&self) -> Console {
        self.desk.console
    }

    pub(super) async fn snapshot(&self) -> Result<Snapshot> {
        self.client().snapshot(&self.place).await.map_err(|error| {
            if error.to_string() == "this environment does not exist" {
                let name = &self.place.environment;
                return Failure::not_found(format!("there is no environment {name}")).into();
            }
            error
        })
    }
}
