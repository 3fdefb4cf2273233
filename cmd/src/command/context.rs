//! What a command works with: a server, and perhaps a project there.

use super::lookup;
use crate::{
    ProcessEnv,
    args::{EnvironmentArgs, ServerArgs},
    client::{Client, CredentialStore, api::EnvironmentPath},
    console::Console,
    exit::{Exit, Failure},
};
use anyhow::Result;
use domain::{canvas::Snapshot, project::ProjectSummary};

/// A server, and somebody who works with it.
pub(super) struct CommandContext {
    pub(super) client: Client,
    pub(super) console: Console,
    pub(super) env: ProcessEnv,
}

impl CommandContext {
    pub(super) fn open(target: &ServerArgs, env: &ProcessEnv) -> Result<Self> {
        Ok(Self {
            client: Client::open(target.url.as_deref(), env)?,
            console: Console::new(target.json),
            env: env.clone(),
        })
    }

    /// The project that a person means.
    pub(super) async fn project(&self, wanted: Option<&str>) -> Result<ProjectSummary> {
        let mut all = self.client.projects(None).await?;
        let is_named = wanted.is_some();
        let remembered = || {
            let known = CredentialStore::at(&self.env)?.load().ok()??;
            known.project.filter(|_| known.url == self.client.url())
        };
        let wanted = wanted.map(ToOwned::to_owned).or_else(remembered);
        match wanted {
            Some(wanted) => match lookup::project(&all, &wanted) {
                Err(error) if !is_named && crate::exit::code(&error) == Exit::NotFound as u8 => {
                    let sentence = format!("{error}; choose another with `easel projects use`");
                    Err(Failure::not_found(sentence).into())
                }
                found => found.cloned(),
            },
            None if all.len() == 1 => Ok(all.remove(0)),
            None if all.is_empty() => Err(Failure::not_found(
                "there is no project yet; create one with `easel projects create NAME`",
            )
            .into()),
            None => Err(Failure::usage(format!(
                "which project? say it with -p, or choose one with `easel projects use`: {}",
                lookup::list(all.iter().map(|one| one.project.slug.as_str()))
            ))
            .into()),
        }
    }
}

/// A desk with a project open on it.
pub(super) struct ProjectContext {
    pub(super) context: CommandContext,
    pub(super) place: EnvironmentPath,
}

impl ProjectContext {
    pub(super) async fn open(scope: &EnvironmentArgs, env: &ProcessEnv) -> Result<Self> {
        let context = CommandContext::open(&scope.target, env)?;
        let project = context.project(scope.project.as_deref()).await?;
        let environment = scope.environment.clone();
        Ok(Self { place: EnvironmentPath { project: project.project.id, environment }, context })
    }

    pub(super) fn client(&self) -> &Client {
        &self.context.client
    }

    pub(super) fn console(&self) -> Console {
        self.context.console
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
