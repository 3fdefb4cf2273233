//! What each command does.

mod account;
mod apply;
mod change;
mod context;
mod deployment;
mod describe;
mod find;
mod group;
mod key;
mod log;
mod outage;
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
    args::{Arguments, Command},
    console::Console,
};
use anyhow::Result;
use context::{Desk, Room};

/// Does what was typed.
///
/// # Errors
/// With a sentence, and a code for scripts: see [`crate::exit`].
pub async fn run(arguments: Arguments, around: &Surroundings) -> Result<()> {
    match arguments.command {
        Command::Serve { settings, adopt_engine } => {
            let config = Config { adopt_engine, ..Config::build(&settings, around)? };
            serve::serve(&config, around).await
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
