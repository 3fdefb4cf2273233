//! Projects.

use super::{context::CommandContext, describe, lookup};
use crate::{args::ProjectAction, client::CredentialStore, console::Console, exit::Failure};
use anyhow::Result;
use serde_json::json;

pub(super) async fn projects(
    context: &CommandContext,
    action: Option<ProjectAction>,
) -> Result<()> {
    let console = context.console;
    match action.unwrap_or(ProjectAction::List { name: None }) {
        ProjectAction::List { name } => {
            let all = context.client.projects(name.as_deref()).await?;
            if console.json {
                console.value(&json!({ "data": all }));
                return Ok(());
            }
            if all.is_empty() {
                console.line("No projects yet. Create one with `easel projects create NAME`.");
            }
            let rows: Vec<Vec<String>> = all
                .iter()
                .map(|one| {
                    vec![
                        one.project.slug.to_string(),
                        one.project.name.to_string(),
                        format!("{} of {}", one.running, one.services),
                        one.failing.to_string(),
                        one.pending.to_string(),
                        describe::moment(one.project.created_at),
                    ]
                })
                .collect();
            console.table(&["Project", "Name", "Running", "Failing", "Staged", "Created"], &rows);
        }
        ProjectAction::Create { name } => {
            let name = super::value::parse("the name", &name)?;
            let project = context.client.create_project(name).await?;
            let is_remembered = remember(context, project.slug.as_str())?;
            if console.json {
                console.value(&project);
            } else {
                let use_it = if is_remembered {
                    "Commands mean it from now on.".to_owned()
                } else {
                    format!("Name it with -p {}.", project.slug)
                };
                console
                    .line(format!("Created project {} ({}). {use_it}", project.name, project.slug));
            }
        }
        ProjectAction::Delete { project, yes } => {
            let all = context.client.projects(None).await?;
            let one = lookup::project(&all, &project)?;
            let question = format!(
                "Delete project {} with its {} services? The data of its volumes stays.",
                one.project.name, one.services
            );
            confirm(yes, &question)?;
            context.client.delete_project(one.project.id).await?;
            forget(context, one.project.slug.as_str())?;
            if console.json {
                console.value(&json!({ "deleted": one.project.id }));
            } else {
                console.line(format!("Deleted project {}.", one.project.name));
            }
        }
        ProjectAction::Use { project } => {
            let all = context.client.projects(None).await?;
            let one = lookup::project(&all, &project)?;
            if !remember(context, one.project.slug.as_str())? {
                return Err(Failure::usage(format!(
                    "a choice is remembered for the server that you are signed in at, which is not \
                     {}; name it with -p {}, or set EASEL_PROJECT",
                    context.client.url(),
                    one.project.slug
                ))
                .into());
            }
            if console.json {
                console.value(&one);
            } else {
                console.line(format!("Commands mean project {} from now on.", one.project.name));
            }
        }
    }
    Ok(())
}

/// Asks, unless told not to. Where nobody can be asked, the answer is no.
pub(super) fn confirm(yes: bool, question: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !Console::can_ask() {
        return Err(
            Failure::usage(format!("{question} Nobody can be asked here: add --yes")).into()
        );
    }
    if Console::confirm(question) {
        Ok(())
    } else {
        Err(Failure::failed("nothing was done").into())
    }
}

/// Remembers which project commands mean at the server that one is signed in at. Says whether.
fn remember(context: &CommandContext, slug: &str) -> Result<bool> {
    let Some(store) = CredentialStore::at(&context.env) else { return Ok(false) };
    let known = store.load()?.unwrap_or_default();
    if !known.url.is_empty() && known.url != context.client.url() {
        return Ok(false);
    }
    store.change(|known| {
        known.url = context.client.url();
        known.project = Some(slug.to_owned());
    })?;
    Ok(true)
}

fn forget(context: &CommandContext, slug: &str) -> Result<()> {
    let Some(store) = CredentialStore::at(&context.env) else { return Ok(()) };
    let known = store.load()?.unwrap_or_default();
    if known.url == context.client.url() && known.project.as_deref() == Some(slug) {
        store.change(|known| known.project = None)?;
    }
    Ok(())
}
