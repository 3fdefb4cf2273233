//! Volumes, and where they are mounted.

use super::context::ProjectContext;
use anyhow::Result;
use serde_json::{Value, json};

pub(super) async fn list(context: &ProjectContext) -> Result<()> {
    let snapshot = context.snapshot().await?;
    let console = context.console();
    let view = snapshot.spec.overlay(&snapshot.changes());
    let mounts = |id| {
        view.services.values().filter_map(move |service| {
            service.mounts.get(&id).map(|path| (service.slug.to_string(), path.to_string()))
        })
    };
    if console.json {
        let all: Vec<Value> = view
            .volumes
            .iter()
            .map(|(id, volume)| {
                let mounts: Vec<Value> = mounts(*id)
                    .map(|(service, path)| json!({ "service": service, "path": path }))
                    .collect();
                let applied = snapshot.spec.volumes.contains_key(id);
                json!({ "id": id, "name": volume.name, "mounts": mounts, "applied": applied })
            })
            .collect();
        console.value(&json!({ "data": all }));
        return Ok(());
    }
    if view.volumes.is_empty() {
        console.line("No volumes. Stage one with `easel stage volume create NAME -s SERVICE …`.");
    }
    let rows: Vec<Vec<String>> = view
        .volumes
        .iter()
        .map(|(id, volume)| {
            let mounts: Vec<String> =
                mounts(*id).map(|(service, path)| format!("{service} at {path}")).collect();
            let state = if snapshot.spec.volumes.contains_key(id) { "" } else { "staged" };
            let mounts = if mounts.is_empty() { "–".to_owned() } else { mounts.join(", ") };
            vec![id.short(), volume.name.to_string(), mounts, state.to_owned()]
        })
        .collect();
    console.table(&["Id", "Volume", "Mounted in", ""], &rows);
    Ok(())
}
