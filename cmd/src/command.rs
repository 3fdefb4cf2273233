//! What each command does.

mod account;
mod apply;
mod change;
mod deployment;
mod describe;
mod find;
mod group;
mod key;
mod log;
mod project;
mod serve;
mod service;
mod stage;
mod status;
mod value;
mod variable;
mod volume;

use crate::{
    Config, Surroundings,
    args::{Arguments, Command, Scope, Target},
    client::{Client, Kept, Place},
    console::Console,
    exit::{Exit, Failure},
};
use anyhow::Result;
use domain::{canvas::Snapshot, project::ProjectSummary};

/// Does what was typed.
///
/// # Errors
/// With a sentence, and a code for scripts: see [`crate::exit`].
pub async fn run(arguments: Arguments, around: &Surroundings) -> Result<()> {
    match arguments.command {
        Command::Serve { settings, adopt_engine } => {
            let config = Config { adopt_engine, ..Config::build(&settings, around)? };
            serve::serve(&config).await
        }
        Command::Doctor { settings, json } => {
            crate::doctor::doctor(&settings, around, Console::new(json)).await
        }
        Command::Login { url, email, json } => {
            account::login(url, email, around, Console::new(json)).await
        }
        Command::Logout(target) => account::logout(&target, around).await,
        Command::Whoami(target) => account::whoami(&Desk::open(&target, around)?).await,
        Command::Projects { action, target } => {
            project::projects(&Desk::open(&target, around)?, action).await
        }
        Command::Services { action, scope } => {
            service::services(&Room::open(&scope, around).await?, action).await
        }
        Command::Variables { owner, scope } => {
            variable::list(&Room::open(&scope, around).await?, &owner).await
        }
        Command::Volumes(scope) => volume::list(&Room::open(&scope, around).await?).await,
        Command::Groups(scope) => group::list(&Room::open(&scope, around).await?).await,
        Command::Stage { what, scope } => {
            stage::stage(&Room::open(&scope, around).await?, what).await
        }
        Command::Changes { action, details, scope } => {
            change::changes(&Room::open(&scope, around).await?, action, details).await
        }
        Command::Apply(apply) => {
            apply::apply(&Room::open(&apply.scope, around).await?, &apply).await
        }
        Command::Status { watch, scope } => {
            status::status(&Room::open(&scope, around).await?, watch).await
        }
        Command::Logs { service, follow, tail, timestamps, scope } => {
            let wanted = log::Wanted { service, follow, tail, timestamps };
            log::logs(&Room::open(&scope, around).await?, &wanted).await
        }
        Command::Deployments { service, limit, scope } => {
            deployment::list(&Room::open(&scope, around).await?, &service, limit).await
        }
        Command::History { service, limit, scope } => {
            deployment::history(&Room::open(&scope, around).await?, &service, limit).await
        }
        Command::Redeploy { service, message, wait, scope } => {
            let room = Room::open(&scope, around).await?;
            deployment::redeploy(&room, &service, &message, &wait).await
        }
        Command::Keys { action, target } => key::keys(&Desk::open(&target, around)?, action).await,
        Command::Version { json } => {
            account::version(Console::new(json));
            Ok(())
        }
    }
}

/// A server, and somebody who works with it.
struct Desk {
    client: Client,
    console: Console,
    around: Surroundings,
}

impl Desk {
    fn open(target: &Target, around: &Surroundings) -> Result<Self> {
        Ok(Self {
            client: Client::open(target.url.as_deref(), around)?,
            console: Console::new(target.json),
            around: around.clone(),
        })
    }

    /// The project that a person means.
    async fn project(&self, wanted: Option<&str>) -> Result<ProjectSummary> {
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
struct Room {
    desk: Desk,
    place: Place,
}

impl Room {
    async fn open(scope: &Scope, around: &Surroundings) -> Result<Self> {
        let desk = Desk::open(&scope.target, around)?;
        let project = desk.project(scope.project.as_deref()).await?;
        let environment = scope.environment.clone();
        Ok(Self { place: Place { project: project.project.id, environment }, desk })
    }

    fn client(&self) -> &Client {
        &self.desk.client
    }

    fn console(&self) -> Console {
        self.desk.console
    }

    async fn snapshot(&self) -> Result<Snapshot> {
        self.client().snapshot(&self.place).await.map_err(|error| {
            if error.to_string() == "this environment does not exist" {
                let name = &self.place.environment;
                return Failure::not_found(format!("there is no environment {name}")).into();
            }
            error
        })
    }
}
