//! Applying staged changes, and waiting for what comes of it.

use super::{change, context::ProjectContext, describe, lookup, outage::Outage, project::confirm};
use crate::{
    args::Apply,
    client::live::{LiveCanvas, LiveUpdate},
    console::Tone,
    exit::{Exit, Failure},
};
use anyhow::Result;
use domain::{
    ChangeId, DeploymentId, Message, ServiceId,
    canvas::Snapshot,
    change::StagedChange,
    changes::{Applied, Selection},
    consequence::consequences,
    dependency::closure,
    deployment::DeploymentState,
    deployments::DeploymentSummary,
};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

pub(super) async fn apply(context: &ProjectContext, wanted: &Apply) -> Result<()> {
    let console = context.console();
    let message: Message = super::value::parse("the message", &wanted.message)?;
    let snapshot = context.snapshot().await?;
    let all = snapshot.changes();
    let chosen: Vec<ChangeId> = if wanted.changes.is_empty() {
        all.iter().map(|change| change.id).collect()
    } else {
        lookup::changes(&all, &wanted.changes)?
    };
    // What is named brings along what it needs: shown, and asked for.
    let whole = closure(&snapshot.spec, &all, &chosen);
    let taken: Vec<StagedChange> =
        all.into_iter().filter(|change| whole.contains(&change.id)).collect();
    if taken.is_empty() {
        console.note("Nothing is staged: nothing to apply.");
        if console.json {
            console.value(&json!({ "revision": null, "applied_count": 0 }));
        }
        return Ok(());
    }
    if !console.json {
        show(context, &snapshot, &taken);
    }
    if whole.len() > chosen.len() {
        console.note(format!(
            "{} more came along, since the named ones need them.",
            whole.len() - chosen.len()
        ));
    }
    let conflicts = change::conflicts(&snapshot, &taken);
    if !conflicts.is_empty() {
        return Err(Failure::new(Exit::Conflict, conflicts.join("\n")).into());
    }
    confirm(wanted.yes, &format!("Apply {}?", change::count(taken.len())))?;

    let selection = Selection::Changes { changes: whole };
    let applied = context.client().apply(&context.place, selection, message).await?;
    if console.json && !wanted.wait.wait {
        console.value(&applied);
    }
    if let Some(revision) = &applied.revision {
        console.note(format!(
            "Applied {} as revision {}.",
            change::count(taken.len()),
            revision.number
        ));
    }
    if wanted.wait.wait {
        follow(context, &applied, wanted.wait.timeout).await?;
    }
    Ok(())
}

fn show(context: &ProjectContext, snapshot: &Snapshot, taken: &[StagedChange]) {
    let console = context.console();
    change::table(context, snapshot, taken, false);
    let after = snapshot.spec.overlay(taken);
    let what = consequences(&snapshot.spec, &after);
    for line in describe::consequences(&snapshot.spec, &after, &what) {
        let tone = if line.starts_with("gives up") { Tone::Bad } else { Tone::Plain };
        console.line(format!("  {}", console.tone(tone, &line)));
    }
}

/// Waits until all deployments of an apply have ended well or badly.
pub(super) async fn follow(
    context: &ProjectContext,
    applied: &Applied,
    patience: Duration,
) -> Result<()> {
    let waiting: BTreeMap<DeploymentId, ServiceId> =
        applied.deployments.iter().map(|(service, deployment)| (*deployment, *service)).collect();
    let ended = if waiting.is_empty() {
        BTreeMap::new()
    } else {
        let waited = tokio::time::timeout(patience, wait(context, &waiting));
        waited.await.map_err(|_| {
            Failure::failed(format!(
                "not all deployments have ended within {} s; follow them with `easel status -w`",
                patience.as_secs()
            ))
        })??
    };
    let console = context.console();
    if console.json {
        let mut value = serde_json::to_value(applied)?;
        value["ended"] = serde_json::to_value(ended.values().collect::<Vec<_>>())?;
        console.value(&value);
    }
    let failed: Vec<&DeploymentSummary> =
        ended.values().filter(|one| !one.state.is_serving()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let mut sentences = Vec::new();
    for one in failed {
        let spec = context.snapshot().await?.spec;
        let name = describe::service_name(&spec, one.service);
        sentences.push(format!("{name}: {}", why(&one.state)));
        if let DeploymentState::Failed { .. } = one.state
            && !console.json
            && let Ok(whole) =
                context.client().deployment(&context.place, one.service, one.id).await
            && let Some(tail) = &whole.log_tail
        {
            for line in tail.expose().lines().rev().take(20).collect::<Vec<_>>().into_iter().rev() {
                console.line(format!("  {name} | {line}"));
            }
        }
    }
    Err(Failure::new(Exit::Broken, sentences.join("\n")).into())
}

/// How a deployment ended, in words.
pub(super) fn why(state: &DeploymentState) -> String {
    match state {
        DeploymentState::Failed { failure, .. } => match failure.exit_code {
            Some(code) if !failure.reason.contains(&format!("exit code {code}")) => {
                format!("failed: {} (exit code {code})", failure.reason)
            }
            _ => format!("failed: {}", failure.reason),
        },
        state => match state.waiting() {
            Some(what) => format!("{}, waiting: {what}", state.as_str()),
            None => state.as_str().to_owned(),
        },
    }
}

async fn wait(
    context: &ProjectContext,
    waiting: &BTreeMap<DeploymentId, ServiceId>,
) -> Result<BTreeMap<DeploymentId, DeploymentSummary>> {
    let console = context.console();
    let mut live = LiveCanvas::new(context.client(), context.place.clone());
    let mut outage = Outage::default();
    let mut said: BTreeMap<DeploymentId, (&'static str, Option<String>)> = BTreeMap::new();
    let mut ended: BTreeMap<DeploymentId, DeploymentSummary> = BTreeMap::new();
    loop {
        match live.next().await? {
            LiveUpdate::Fresh | LiveUpdate::Happened(_) => (),
            LiveUpdate::Lost(why) => {
                outage.begin(console, &why);
                continue;
            }
            LiveUpdate::Back => {
                outage.end(console);
                continue;
            }
        }
        let Some(snapshot) = live.snapshot() else { continue };
        for (id, service) in waiting {
            let Some(now) = find_deployment(snapshot, *service, *id) else { continue };
            let update = (now.state.as_str(), now.state.waiting().map(str::to_owned));
            if said.insert(*id, update.clone()) != Some(update) {
                let name = describe::service_name(&snapshot.spec, *service);
                console.note(format!(
                    "{} {name}: {}",
                    describe::time(now.state.since()),
                    why(&now.state)
                ));
            }
            if matches!(now.state, DeploymentState::Live { .. }) || now.state.is_terminal() {
                ended.insert(*id, now.clone());
            }
        }
        // What was overtaken by a later one is not in the snapshot any more.
        for (id, service) in waiting {
            let state = snapshot.states.get(service);
            let newest = state.and_then(|state| state.newest.as_ref());
            if !ended.contains_key(id)
                && newest.is_none_or(|newest| newest.id != *id)
                && let Ok(list) = context.client().deployments(&context.place, *service, 100).await
                && let Some(one) = list.data.into_iter().find(|one| one.id == *id)
                && (one.state.is_terminal() || matches!(one.state, DeploymentState::Live { .. }))
            {
                ended.insert(*id, one);
            }
        }
        if ended.len() == waiting.len() {
            return Ok(ended);
        }
    }
}

fn find_deployment(
    snapshot: &Snapshot,
    service: ServiceId,
    id: DeploymentId,
) -> Option<&DeploymentSummary> {
    let state = snapshot.states.get(&service)?;
    [&state.newest, &state.active].into_iter().flatten().find(|one| one.id == id)
}
