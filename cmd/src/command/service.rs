//! Services: what there is, and direct writes.

use super::{apply, context::ProjectContext, describe, lookup, project::confirm, stage, status};
use crate::args::{ServiceAction, Wait};
use anyhow::Result;
use domain::{
    Address, Field, Message, ServiceId, canvas::Snapshot, changes::Selection, edit::Edit,
};
use serde_json::{Value, json};

pub(super) async fn services(
    context: &ProjectContext,
    action: Option<ServiceAction>,
) -> Result<()> {
    match action.unwrap_or(ServiceAction::List) {
        ServiceAction::List => list(context, &context.snapshot().await?),
        ServiceAction::Show { service } => show(context, &context.snapshot().await?, &service),
        ServiceAction::Create { new, wait } => {
            let snapshot = context.snapshot().await?;
            let edit = stage::create_service(*new, &snapshot)?;
            write(context, edit, "created", &wait).await
        }
        ServiceAction::Delete { service, yes } => {
            let snapshot = context.snapshot().await?;
            let id = lookup::service(&snapshot.spec, &service)?;
            let slug = describe::service_name(&snapshot.spec, id);
            confirm(yes, &format!("Delete service {slug} now? The data of its volumes stays."))?;
            let no_wait = Wait { wait: false, timeout: std::time::Duration::ZERO };
            write(context, Edit::Clear { address: Address::Service(id) }, "deleted", &no_wait).await
        }
    }
}

/// Stages one edit and applies exactly what came of it.
async fn write(context: &ProjectContext, edit: Edit, verb: &str, wait: &Wait) -> Result<()> {
    let staging = context.client().stage(&context.place, vec![edit]).await?;
    let snapshot = context.snapshot().await?;
    let changes = snapshot
        .changes()
        .into_iter()
        .filter(|change| staging.addresses.contains(&change.address))
        .map(|change| change.id)
        .collect();
    let selection = Selection::Changes { changes };
    let applied = context.client().apply(&context.place, selection, Message::default()).await;
    let applied = match applied {
        Ok(applied) => applied,
        Err(error) => {
            // A direct write leaves nothing staged behind when it does not come about.
            let edits = staging.edits;
            let _ = context.client().discard(&context.place, edits.clone(), edits).await;
            return Err(error);
        }
    };
    let console = context.console();
    if console.json && !wait.wait {
        console.value(&applied);
    } else if let Some(Address::Service(id)) = staging.addresses.first() {
        let spec = context.snapshot().await?.spec;
        let name = if spec.services.contains_key(id) { &spec } else { &snapshot.spec };
        console.note(format!("Service {} is {verb}.", describe::service_name(name, *id)));
    }
    if wait.wait {
        apply::follow(context, &applied, wait.timeout).await?;
    }
    Ok(())
}

fn list(context: &ProjectContext, snapshot: &Snapshot) -> Result<()> {
    let console = context.console();
    let staged = snapshot.spec.overlay(&snapshot.changes());
    if console.json {
        let all: Vec<Value> =
            staged.services.keys().map(|id| whole(snapshot, *id)).collect::<Result<_>>()?;
        console.value(&json!({ "data": all }));
        return Ok(());
    }
    if staged.services.is_empty() && snapshot.spec.services.is_empty() {
        console
            .line("No services yet. Stage one with `easel stage create-service NAME --image …`.");
    }
    status::table(context, snapshot);
    Ok(())
}

fn show(context: &ProjectContext, snapshot: &Snapshot, wanted: &str) -> Result<()> {
    let console = context.console();
    let staged = snapshot.spec.overlay(&snapshot.changes());
    let (spec, id) = match lookup::service(&snapshot.spec, wanted) {
        Ok(id) => (&snapshot.spec, id),
        Err(error) => (&staged, lookup::service(&staged, wanted).map_err(|_| error)?),
    };
    if console.json {
        console.value(&whole(snapshot, id)?);
        return Ok(());
    }
    let service = &spec.services[&id];
    let (tone, word) = status::word(snapshot, id);
    let mut rows = vec![
        vec!["Name".to_owned(), service.name.to_string()],
        vec!["Slug".to_owned(), service.slug.to_string()],
        vec!["Id".to_owned(), id.to_string()],
        vec!["Status".to_owned(), console.tone(tone, &word)],
    ];
    for field in Field::ALL.iter().copied().filter(|field| *field != Field::Name) {
        let content = service.get(field);
        if content.is_some() {
            let label = field.form().label.to_owned();
            rows.push(vec![label, describe::value(spec, content.as_ref())]);
        }
    }
    for (volume, path) in &service.mounts {
        let name = spec.volumes.get(volume).map(|volume| volume.name.to_string());
        rows.push(vec![
            "Volume".to_owned(),
            format!("{} at {path}", name.unwrap_or_else(|| volume.short())),
        ]);
    }
    for (address, variable) in spec.variables_of(id) {
        let from = match &address {
            Address::Variable(_) => "  (shared)",
            Address::GroupVariable(..) => "  (from its group)",
            _ => "",
        };
        let key = address.variable_key().map(ToString::to_string).unwrap_or_default();
        rows.push(vec![key, format!("{}{from}", describe::variable(variable))]);
    }
    console.table(&[], &rows);
    Ok(())
}

/// A service with its state, for scripts.
fn whole(snapshot: &Snapshot, id: ServiceId) -> Result<Value> {
    let staged = snapshot.spec.overlay(&snapshot.changes());
    let applied = snapshot.spec.services.get(&id);
    let service = applied.or_else(|| staged.services.get(&id));
    let mut value = serde_json::to_value(service)?;
    value["id"] = json!(id);
    value["status"] = json!(status::word(snapshot, id).1);
    value["applied"] = json!(applied.is_some());
    value["state"] = serde_json::to_value(snapshot.states.get(&id))?;
    Ok(value)
}
