//! Deployments of a service.

use super::{apply, context::ProjectContext, describe, lookup, status};
use crate::args::Wait;
use anyhow::Result;
use domain::{Message, changes::Applied, deployment::Cause};

pub(super) async fn list(context: &ProjectContext, wanted: &str, limit: u64) -> Result<()> {
    let snapshot = context.snapshot().await?;
    let id = lookup::service(&snapshot.spec, wanted)?;
    let page = context.client().deployments(&context.place, id, limit).await?;
    let console = context.console();
    if console.json {
        console.value(&page);
        return Ok(());
    }
    if page.data.is_empty() {
        console.line("Never deployed yet.");
    }
    let rows: Vec<Vec<String>> = page
        .data
        .iter()
        .map(|one| {
            vec![
                format!("#{}", one.generation),
                apply::why(&one.state),
                one.image.to_string(),
                match one.cause {
                    Cause::Apply => format!("revision {}", one.revision),
                    Cause::Redeploy => "redeploy".to_owned(),
                    Cause::Rollback => "rollback".to_owned(),
                },
                one.author.map(|author| describe::person(&snapshot, author)).unwrap_or_default(),
                describe::moment(one.created_at),
                one.message.as_str().lines().next().unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    console.table(&["", "State", "Image", "Cause", "By", "When", "Message"], &rows);
    Ok(())
}

pub(super) async fn history(context: &ProjectContext, wanted: &str, limit: u64) -> Result<()> {
    let snapshot = context.snapshot().await?;
    let id = lookup::service(&snapshot.spec, wanted)?;
    let history = context.client().history(&context.place, id, limit).await?;
    let console = context.console();
    if console.json {
        console.value(&history);
        return Ok(());
    }
    let mut last = String::new();
    for line in history.data.iter().filter_map(|event| status::sentence(&snapshot, event)) {
        if status::says_more(&mut last, &line) {
            console.line(line);
        }
    }
    Ok(())
}

pub(super) async fn redeploy(
    context: &ProjectContext,
    wanted: &str,
    message: &str,
    wait: &Wait,
) -> Result<()> {
    let message: Message = super::value::parse("the message", message)?;
    let snapshot = context.snapshot().await?;
    let id = lookup::service(&snapshot.spec, wanted)?;
    let deployment = context.client().redeploy(&context.place, id, message).await?;
    let console = context.console();
    if wait.wait {
        let applied = Applied {
            changed: Vec::new(),
            revision: None,
            applied_count: 0,
            created: Vec::new(),
            deleted: Vec::new(),
            deployments: vec![(id, deployment.id)],
        };
        return apply::follow(context, &applied, wait.timeout).await;
    }
    if console.json {
        console.value(&deployment);
    } else {
        console.line(format!("Deployment #{} of {wanted} is queued.", deployment.generation));
    }
    Ok(())
}
