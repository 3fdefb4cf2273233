//! How the services are doing, and what happens to them.

use super::{apply, change, context::ProjectContext, describe, outage::Outage};
use crate::{
    client::live::{LiveCanvas, LiveUpdate},
    clock::SystemClock,
    console::Tone,
};
use anyhow::Result;
use domain::{
    Clock, ServiceId,
    canvas::Snapshot,
    deployment::{Condition, DeploymentState},
    event::{Event, LoggedEvent},
    spec::EnvironmentSpec,
};
use serde_json::{Value, json};

pub(super) async fn status(context: &ProjectContext, watch: bool) -> Result<()> {
    if watch {
        return self::watch(context).await;
    }
    let snapshot = context.snapshot().await?;
    if context.console().json {
        context.console().value(&whole(&snapshot)?);
    } else {
        show(context, &snapshot);
        warn(context).await;
    }
    Ok(())
}

/// Says why nothing will move, where that is not the services' own doing.
async fn warn(context: &ProjectContext) {
    let Some(ready) = context.client().ready().await else { return };
    if ready.observe_only {
        context.console().to_stderr(
            "Observe-only: Easel changes nothing in the engine, since its data was copied or \
                restored, or belongs to another \
             engine. `easel serve --adopt-engine` ends that.",
        );
    } else if !ready.space {
        context.console().to_stderr(
            "The disk that holds Easel's data is full: nothing can be changed until some space is \
             free.",
        );
    } else if !ready.engine {
        context.console().to_stderr(
            "The container engine is away: this is what was last known. `easel doctor` on the \
             server says why.",
        );
    }
}

fn whole(snapshot: &Snapshot) -> Result<Value> {
    let services: Vec<Value> = snapshot
        .spec
        .services
        .iter()
        .map(|(id, service)| {
            let state = snapshot.states.get(id);
            Ok(json!({
                "id": id,
                "slug": service.slug,
                "name": service.name,
                "status": word(snapshot, *id).1,
                "state": serde_json::to_value(state)?,
            }))
        })
        .collect::<Result<_>>()?;
    Ok(json!({
        "project": snapshot.project,
        "environment": snapshot.environment,
        "revision": snapshot.spec.revision,
        "staged": snapshot.changes().len(),
        "services": services,
    }))
}

fn show(context: &ProjectContext, snapshot: &Snapshot) {
    let console = context.console();
    console.line(format!(
        "{} / {}, revision {}",
        snapshot.project.name, snapshot.environment.slug, snapshot.spec.revision
    ));
    table(context, snapshot);
    let staged = snapshot.changes().len();
    if staged > 0 {
        console.line(format!("{} staged: see `easel changes`.", change::count(staged)));
    } else if snapshot.spec.services.is_empty() {
        console
            .line("No services yet. Stage one with `easel stage create-service NAME --image …`.");
    }
}

/// All services in rows, those that are only staged too.
pub(super) fn table(context: &ProjectContext, snapshot: &Snapshot) {
    let console = context.console();
    let view = snapshot.spec.overlay(&snapshot.changes());
    let now = SystemClock.now();
    let mut rows = Vec::new();
    let only_staged =
        view.services.iter().filter(|(id, _)| !snapshot.spec.services.contains_key(id));
    for (id, service) in snapshot.spec.services.iter().chain(only_staged) {
        let (tone, word) = self::word(snapshot, *id);
        let state = snapshot.states.get(id);
        let newest = state.and_then(|state| state.newest.as_ref());
        let why = state.and_then(|state| state.why.clone()).or_else(|| match newest {
            Some(newest) if matches!(newest.state, DeploymentState::Failed { .. }) => {
                Some(apply::why(&newest.state))
            }
            Some(newest) => newest.state.waiting().map(str::to_owned),
            None => None,
        });
        rows.push(vec![
            service.slug.to_string(),
            console.tone(tone, &word),
            service.source.to_string(),
            service.replicas.count().to_string(),
            newest.map(|newest| format!("#{}", newest.generation)).unwrap_or_default(),
            state
                .and_then(|state| state.since)
                .map(|since| describe::lasting(now, since))
                .unwrap_or_default(),
            why.unwrap_or_default(),
        ]);
    }
    let head = ["Service", "Status", "Image", "Replicas", "Deployment", "For", "Why"];
    console.table(&head, &rows);
}

/// One word for how a service is doing, and what it means.
pub(super) fn word(snapshot: &Snapshot, id: ServiceId) -> (Tone, String) {
    let Some(service) = snapshot.spec.services.get(&id) else {
        return (Tone::Busy, "staged".to_owned());
    };
    let state = snapshot.states.get(&id);
    let newest = state.and_then(|state| state.newest.as_ref());
    if let Some(newest) = newest.filter(|newest| newest.state.is_candidate()) {
        return (Tone::Busy, newest.state.as_str().to_owned());
    }
    if let Some(condition) = state.and_then(|state| state.condition) {
        return self::condition(condition);
    }
    match newest.map(|newest| &newest.state) {
        Some(DeploymentState::Failed { .. }) => (Tone::Bad, "failed".to_owned()),
        Some(state) => (Tone::Plain, state.as_str().to_owned()),
        None if service.source.image().is_none() => (Tone::Quiet, "empty".to_owned()),
        None => (Tone::Quiet, "not deployed".to_owned()),
    }
}

fn condition(condition: Condition) -> (Tone, String) {
    let (tone, word) = match condition {
        Condition::Running => (Tone::Good, "running"),
        Condition::Degraded => (Tone::Busy, "degraded"),
        Condition::Restarting => (Tone::Busy, "restarting"),
        Condition::Crashed => (Tone::Bad, "crashed"),
        Condition::Completed => (Tone::Good, "completed"),
        Condition::Sleeping => (Tone::Quiet, "sleeping"),
        Condition::Stopped => (Tone::Quiet, "stopped"),
        Condition::Missing => (Tone::Bad, "missing"),
    };
    (tone, word.to_owned())
}

async fn watch(context: &ProjectContext) -> Result<()> {
    let console = context.console();
    let mut live = LiveCanvas::new(context.client(), context.place.clone());
    let mut outage = Outage::default();
    let mut last = String::new();
    loop {
        match live.next().await? {
            LiveUpdate::Fresh => {
                let Some(snapshot) = live.snapshot() else { continue };
                if console.json {
                    let mut value = whole(snapshot)?;
                    value["type"] = json!("status");
                    console.value_line(&value);
                } else {
                    show(context, snapshot);
                    warn(context).await;
                }
            }
            LiveUpdate::Happened(events) => {
                let Some(snapshot) = live.snapshot() else { continue };
                for event in &events {
                    if console.json {
                        console.value_line(event);
                    } else if let Some(line) = sentence(snapshot, event)
                        && says_more(&mut last, &line)
                    {
                        console.line(line);
                    }
                }
                if snapshot.deleted {
                    return Ok(());
                }
            }
            LiveUpdate::Lost(why) => {
                outage.begin(console, &why);
                continue;
            }
            LiveUpdate::Back => {
                outage.end(console);
            }
        }
        if !console.is_open() {
            return Ok(());
        }
    }
}

/// Whether a line says something else than the one before it, their times apart: progress within
/// one state is no news for people.
pub(super) fn says_more(last: &mut String, line: &str) -> bool {
    let text = line.split_once(' ').map_or(line, |(_, text)| text);
    let is_news = last != text;
    text.clone_into(last);
    is_news
}

/// An event in one line; nothing for what only moves pictures.
pub(super) fn sentence(snapshot: &Snapshot, numbered: &LoggedEvent) -> Option<String> {
    let view: EnvironmentSpec = snapshot.spec.overlay(&snapshot.changes());
    let service = |id: &ServiceId| describe::service_name(&view, *id);
    let person = |id| describe::person(snapshot, id);
    let text = match &numbered.event {
        Event::Staged { by, edits, .. } => {
            let places: Vec<String> =
                edits.iter().map(|edit| describe::address(&view, &edit.address)).collect();
            format!("{} staged {}", person(*by), places.join(", "))
        }
        Event::Discarded { by, edits } => {
            format!("{} discarded {}", person(*by), change::count(edits.len()))
        }
        Event::Applied { revision, changes, .. } => {
            let message = revision.message.as_str().lines().next().unwrap_or_default();
            let count = change::count(changes.len());
            format!(
                "{} applied {count} as revision {} {message}",
                person(revision.author),
                revision.number
            )
        }
        Event::Moved { deployment, .. } => format!(
            "{} #{}: {}",
            service(&deployment.service),
            deployment.generation,
            apply::why(&deployment.state)
        ),
        Event::Condition { service: id, condition, why } => {
            let word = self::condition(*condition).1;
            let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{} is {word}{why}", service(id))
        }
        Event::Incident { service: id, incident } => {
            format!("{}: {}", service(id), incident.text)
        }
        Event::Attempted { service: id, why, retry_at } => {
            format!("{}: {why}; next try at {}", service(id), describe::time(*retry_at))
        }
        Event::Deleted { by } => format!("{} deleted the project", person(*by)),
        // For programs (`--json`): a person is told what it means.
        Event::Container { .. } | Event::Placed { .. } => return None,
    };
    Some(format!("{} {}", describe::time(numbered.at), text.trim_end()))
}
