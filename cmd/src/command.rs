//! What each command does.

mod account;
mod apply;
mod change;
mod context;
mod deployment;
mod describe;
mod group;
mod key;
mod log;
mod lookup;
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
    Config, ProcessEnv,
    args::{Arguments, Command},
    console::Console,
};
use anyhow::Result;
use context::{CommandContext, ProjectContext};

/// Does what was typed.
///
/// # Errors
/// With a sentence, and a code for scripts: see [`crate::exit`].
pub async fn run(arguments: Arguments, env: &ProcessEnv) -> Result<()> {
    match arguments.command {
        Command::Serve { settings, adopt_engine } => {
            let config = Config { adopt_engine, ..Config::build(&settings, env)? };
            serve::serve(&config, env).await
        }
        Command::Doctor { settings, json } => {
            crate::doctor::doctor(&settings, env, Console::new(json)).await
        }
        Command::Isolate { settings } => {
            let config = Config::build(&settings, env)?;
            crate::isolate::isolate(&config, Console::new(false)).await
        }
        Command::Login { url, email, json } => {
            account::login(url, email, env, Console::new(json)).await
        }
        Command::Logout(target) => account::logout(&target, env).await,
        Command::Whoami(target) => account::whoami(&CommandContext::open(&target, env)?).await,
        Command::Projects { action, target } => {
            project::projects(&CommandContext::open(&target, env)?, action).await
        }
        Command::Services { action, scope } => {
            service::services(&ProjectContext::open(&scope, env).await?, action).await
        }
        Command::Variables { owner, scope } => {
            variable::list(&ProjectContext::open(&scope, env).await?, &owner).await
        }
        Command::Volumes(scope) => volume::list(&ProjectContext::open(&scope, env).await?).await,
        Command::Groups(scope) => group::list(&ProjectContext::open(&scope, env).await?).await,
        Command::Stage { what, scope } => {
            stage::stage(&ProjectContext::open(&scope, env).await?, what).await
        }
        Command::Changes { action, details, scope } => {
            change::changes(&ProjectContext::open(&scope, env).await?, action, details).await
        }
        Command::Apply(apply) => {
            apply::apply(&ProjectContext::open(&apply.scope, env).await?, &apply).await
        }
        Command::Status { watch, scope } => {
            status::status(&ProjectContext::open(&scope, env).await?, watch).await
        }
        Command::Logs { service, follow, tail, timestamps, scope } => {
            let wanted = log::LogOptions { service, follow, tail, timestamps };
            log::logs(&ProjectContext::open(&scope, env).await?, &wanted).await
        }
        Command::Deployments { service, limit, scope } => {
            deployment::list(&ProjectContext::open(&scope, env).await?, &service, limit).await
        }
        Command::History { service, limit, scope } => {
            deployment::history(&ProjectContext::open(&scope, env).await?, &service, limit).await
        }
        Command::Redeploy { service, message, wait, scope } => {
            let context = ProjectContext::open(&scope, env).await?;
            deployment::redeploy(&context, &service, &message, &wait).await
        }
        Command::Keys { action, target } => {
            key::keys(&CommandContext::open(&target, env)?, action).await
        }
        Command::Version { json } => {
            account::version(Console::new(json));
            Ok(())
        }
    }
}
